"""Answers over HTTP: the events of a stream as server-sent events, and a small page that shows them.

`POST /stream` with `{"query": "..."}` answers with one server-sent event for each event of the stream, named by its
type (`start`, `text`, `reasoning`, `usage`, `retrieved`, `retry`, `fallback`), its data as in `ask --events`, and then
with exactly one ending: `done` with the whole response, or `error` with the failure and the response so far. With
`POST /stream?html` the answer comes as `html` in place of `text`, its Markdown made HTML that does nothing: `done`,
blocks that are finished, and `open`, what follows all of those and changes with the next; or `whole`, in place of all.

A callback cannot `yield`, so `client.query_streaming` cannot feed an HTTP response; `client.stream` is an iterator and
can. When the reader leaves, the stream is closed, and with it the request to the provider: nobody pays for an answer
that nobody reads.

Only `create_app` needs Starlette (the extra `web`); `frames` and `read_query` serve any framework.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Collection, Iterator
from importlib.resources import files
from ipaddress import ip_address
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from atlas_tui.client import QueryClient
from atlas_tui.errors import AtlasError, ConfigError
from atlas_tui.markup import STYLE, GrowingMarkup
from atlas_tui.models.base import End, Event, EventStream, FellBack, TextDelta, event_to_dict
from atlas_tui.text import clean, redact

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

KEEP_ALIVE = 5.0
"""Seconds of silence after which a comment is sent: proxies keep the connection, and a server that only learns by
writing that the reader has left (every WSGI server) learns it."""
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}
MEDIA_TYPE = "text/event-stream"
_LARGEST = 4_000_000
"""Bytes that a request may have."""
_FRAME = 0.06
"""Seconds between two pieces of HTML."""
_SHARE = 8
"""So many times as long as its rendering took the next piece of HTML waits: of an endless table, say."""


def frame(event: Event) -> str:
    """An event of a stream as a server-sent event; text in it is cleaned, keys are removed."""
    form = event_to_dict(event)
    name = form.pop("type")
    if isinstance(event, End):
        name = "done" if event.error is None else "error"
        form = {**(form["error"] or {}), "response": form["response"]}
    return _sent(name, form)


def _sent(name: str, form: dict[str, Any]) -> str:
    # JSON keeps the data on one line, whatever the text contains.
    return f"event: {name}\ndata: {json.dumps(_cleaned(form), default=str)}\n\n"


def frames(stream: EventStream, keep_alive: float = KEEP_ALIVE, *, html: bool = False) -> Iterator[str]:
    """A stream as server-sent events; closing this generator closes the stream.

    Args:
        keep_alive: seconds of silence after which a comment is sent.
        html: the answer as HTML, as the page wants it.
    """
    shown = _Shown() if html else None
    with stream:
        yield ": the request is on its way\n\n"  # the headers go out now, not with the first token
        while True:
            due = shown.due if shown is not None else None
            event = stream.next_within(keep_alive if due is None else max(0.0, due - monotonic()))
            if shown is not None:
                yield from shown.take(event)
            if event is None and due is None:
                yield ": still waiting\n\n"
            elif event is not None and not (html and isinstance(event, TextDelta)):
                yield frame(event)
            if isinstance(event, End):
                return


class _Shown:
    """The answer as a reader sees it: Markdown as HTML, a few times a second."""

    def __init__(self) -> None:
        self._markup = GrowingMarkup()
        self.due: float | None = None
        """When the next piece is to be sent; None while there is nothing to send."""
        self._earliest = 0.0

    def take(self, event: Event | None) -> Iterator[str]:
        """What is to be sent before this event; None says that time has passed."""
        if isinstance(event, TextDelta):
            self._markup.add(event.text)
            self.due = self.due or max(monotonic(), self._earliest)
        elif isinstance(event, FellBack):
            self._markup, self.due = GrowingMarkup(), None
        ended = isinstance(event, End)
        if self.due is not None and (ended or monotonic() >= self.due):
            yield self._piece()
        if ended and (whole := self._markup.whole()) is not None:
            yield _sent("html", {"whole": whole})

    def _piece(self) -> str:
        begun = monotonic()
        done, rest = self._markup.take()
        now, self.due = monotonic(), None
        self._earliest = now + max(_FRAME, _SHARE * (now - begun))
        return _sent("html", {"done": done, "open": rest})


def read_query(content_type: str, body: bytes) -> str:
    """The prompt of a request.

    Only declared JSON is taken: any web page can make a browser send a form to this address, but not this type.

    Raises:
        ConfigError: there is none.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise ConfigError("send the query as application/json")
    try:
        query = json.loads(body)["query"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ConfigError('send a JSON object such as {"query": "Why is the sky blue?"}') from error
    if not isinstance(query, str):
        raise ConfigError("the query must be a text")
    return query


def page() -> tuple[str, dict[str, str]]:
    """The page that asks and shows, and its headers: nothing runs or loads in it but its own script and style."""
    nonce = secrets.token_urlsafe(16)
    text = files("atlas_tui.web").joinpath("page.html").read_text(encoding="utf-8")
    text = text.replace("/* ANSWER */", STYLE).replace("NONCE", nonce)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return text, {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy, **HEADERS}


def create_app(
    client: QueryClient,
    *,
    hosts: Collection[str] = ("127.0.0.1", "localhost", "[::1]"),
    token: str | None = None,
    keep_alive: float = KEEP_ALIVE,
) -> Starlette:
    """The page at `/` and the stream at `/stream`.

    Args:
        client: who answers; every query stands alone.
        hosts: the names under which it is served. A request for another one is refused: a foreign page that points a
            name of its own at this machine would read the answers. With a token, addresses as numbers are taken too.
        token: what `Authorization: Bearer` must carry; None asks for nothing.
        keep_alive: seconds of silence after which a comment is sent.

    Raises:
        ModuleNotFoundError: Starlette is not installed.
    """
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import HTMLResponse, JSONResponse, StreamingResponse
    from starlette.routing import Route

    def refused(request: Request) -> Response | None:
        host = request.headers.get("host", "")
        origin = request.headers.get("origin")
        # A foreign page can only come by a name: where a token is asked for, every number will do.
        known = _name_of(host) in hosts or (token is not None and _is_number(_name_of(host)))
        if not known or (origin is not None and urlsplit(origin).netloc != host):
            return JSONResponse({"message": "this address is not served here: atlas-tui serve --name takes it"}, 403)
        return None

    async def index(request: Request) -> Response:
        text, headers = page()
        return refused(request) or HTMLResponse(text, headers=headers)

    async def stream(request: Request) -> Response:
        if (refusal := refused(request)) is not None:
            return refusal
        given = request.headers.get("authorization", "")
        if token is not None and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return JSONResponse({"message": "open the whole address that `atlas-tui serve` printed"}, 401)
        if (body := await _body(request)) is None:
            return JSONResponse({"message": f"the query is larger than {_LARGEST:,} bytes"}, 413)
        try:
            query = read_query(request.headers.get("content-type", ""), body)
            events = await run_in_threadpool(client.stream, query)
        except AtlasError as error:
            return JSONResponse({"message": _cleaned(str(error))}, 400)
        sent = frames(events, keep_alive, html="html" in request.query_params)
        streams.add(events)
        return StreamingResponse(_watched(request, events, sent, streams), media_type=MEDIA_TYPE, headers=HEADERS)

    app = Starlette(routes=[Route("/", index), Route("/stream", stream, methods=["POST"])])
    streams: set[EventStream] = set()
    app.state.streams = streams  # those that run: who ends the server closes them first
    return app


async def _body(request: Request) -> bytes | None:
    """What was sent; None if it is too much, whatever length was announced."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST:
            return None
    return bytes(body)


async def _watched(
    request: Request, events: EventStream, sent: Iterator[str], running: set[EventStream]
) -> AsyncIterator[str]:
    """The frames of a stream, read in Starlette's thread pool, so that waiting for the model blocks nobody else.

    The thread waits in a read that a cancelled task cannot interrupt, but closing the stream ends it at once. The
    pool has 40 threads, and so many answers can stream at a time.
    """
    from starlette.concurrency import iterate_in_threadpool

    async def close_when_the_reader_leaves() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        events.close()

    watcher = asyncio.create_task(close_when_the_reader_leaves())
    try:
        async for each in iterate_in_threadpool(sent):
            yield each
    finally:
        events.close()
        running.discard(events)
        watcher.cancel()


def _name_of(host: str) -> str:
    """A Host header without its port."""
    name, _, port = host.rpartition(":")
    return (name if name and port.isdigit() else host).lower()


def _is_number(host: str) -> bool:
    """Whether it is an address as a number, IPv4 or IPv6."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _cleaned(value: Any) -> Any:
    """The same value with every text in it cleaned, and without keys."""
    if isinstance(value, str):
        return clean(redact(value))
    if isinstance(value, dict):
        return {str(key): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value
