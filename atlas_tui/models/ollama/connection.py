"""The way to an Ollama server: its address, and the official client with what the client cannot do by itself."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from atlas_tui.config import Timeouts
from atlas_tui.errors import ConfigError, ProviderError
from atlas_tui.models.base.faults import http_error
from atlas_tui.models.base.network import speed_up
from atlas_tui.models.base.transport import checked_url, is_loopback, is_whole, tls_context
from atlas_tui.text import one_line, remember_secret

if TYPE_CHECKING:
    import httpx
    from ollama import AsyncClient

PORT = 11434
DEFAULT_URL = f"http://127.0.0.1:{PORT}"
_CHAT = "/api/chat"
_BODY_LIMIT = 65536
"""Bytes of an error body that are read."""


def server_url(host: str) -> str:
    """The URL for what `OLLAMA_HOST` may hold: `host`, `:port`, `host:port/path`, a URL; empty is this machine.

    Raises:
        ConfigError: it is no address.
    """
    host = host.strip()
    scheme, _, rest = host.rpartition("://")
    port = {"http": 80, "https": 443}.get(scheme, PORT)
    try:
        parts = urlsplit(f"//{rest}")
        remember_secret(parts.password or parts.username)
        name, port, path = parts.hostname or "127.0.0.1", parts.port or port, parts.path.rstrip("/")
    except ValueError:
        raise ConfigError(f"the Ollama host {one_line(host, 80)!r} is none: it looks like 127.0.0.1:11434") from None
    if name in ("0.0.0.0", "::"):
        # Where the server listens, in a variable that server and clients share; clients need a place to go to.
        name = "127.0.0.1"
    name = f"[{name}]" if ":" in name else name
    return checked_url(f"{scheme or 'http'}://{name}:{port}{path}")


@asynccontextmanager
async def connect(
    url: str, key: str | None, timeouts: Timeouts, read: float | None, server: str, model: str
) -> AsyncGenerator[AsyncClient, None]:
    """The official client for one request or a few; `read` is the longest silence of the server, in seconds.

    `server` and `model` name who was asked in an error's sentence.
    """
    import httpcore
    import httpx
    from ollama import AsyncClient

    async def prepare(request: httpx.Request) -> None:
        # The SDK sends OLLAMA_API_KEY to every server; whose key it is, is decided here.
        request.headers.pop("authorization", None)
        if key:
            request.headers["authorization"] = f"Bearer {key}"
        if request.url.path.endswith(_CHAT):
            # Refuse a prompt that is too long instead of cutting it, and end an answer at the context's end instead
            # of forgetting the prompt's beginning. The SDK has no argument for these two fields of the API; servers
            # that do not know them ignore them.
            body = b'{"truncate":false,"shift":false,' + request.content[1:]
            request.stream = httpx.ByteStream(body)
            request.headers["content-length"] = str(len(body))

    async def inspect(response: httpx.Response) -> None:
        await _raise_refusal(response, server, model)
        if response.request.url.path.endswith(_CHAT) and "content-encoding" not in response.headers:
            response.stream = _mended(response)

    async with AsyncClient(
        url,
        timeout=httpx.Timeout(connect=timeouts.connect, read=read, write=30.0, pool=None),
        # The conversation goes to this server and nowhere else; a proxy cannot reach this machine for us.
        follow_redirects=False,
        trust_env=not is_loopback(url),
        verify=tls_context(url),
        # Compressed lines could not be mended.
        headers={"accept-encoding": "identity"},
        event_hooks={"request": [prepare], "response": [inspect]},
    ) as client:
        speed_up(getattr(client, "_client", None), httpcore)
        yield client


async def _raise_refusal(response: httpx.Response, server: str, model: str) -> None:
    """Raise what the SDK would lose: the headers of an error, where a redirect leads, a page in place of an API."""
    status = response.status_code
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if status < 300:
        if status != 200 or kind == "text/html":
            raise ProviderError(
                "protocol",
                f"{server} answered with {one_line(kind, 40) or 'nothing'} (HTTP {status})",
                remedy="check that the address is that of an Ollama server",
                status=status,
            )
        return
    body = b""
    if status >= 400:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) >= _BODY_LIMIT:
                break
    raise refusal(server, model, status, response.headers, body.decode("utf-8", "replace"))


_CODES = {
    # In a stream that began with 200 an error is a text and nothing else.
    "context size": "context_length_exceeded",
    "context length": "context_length_exceeded",
    "context window": "context_length_exceeded",
    "input length": "context_length_exceeded",
    "not found": "model_not_found",
    "unauthorized": "authentication_error",
    "rate limit": "rate_limit_error",
    "too many requests": "rate_limit_error",
    "overloaded": "overloaded_error",
    "server busy": "overloaded_error",
    "timed out": "timeout_error",
    "timeout": "timeout_error",
    "deadline exceeded": "timeout_error",
}


def refusal(server: str, model: str, status: int, headers: Mapping[str, str], text: str) -> ProviderError:
    """The error that the server reports in this body or, with status 200, in this line of a stream."""
    body = _unwrapped(text)
    if isinstance(body, str) and status == 200:
        code = next((code for words, code in _CODES.items() if words in body.lower()), None)
        body = {"error": {"message": body, "code": code}}
    error = http_error(server, model, status=status, headers=headers, body=body)
    if error.kind == "not_found" and "model" in str(body):
        error.remedy = f"get it with `ollama pull {one_line(model, 80)}`"
    elif "system memory" in str(body):
        error.retryable, error.remedy = False, "choose a smaller model or free some memory"
    return error


def _unwrapped(text: str) -> object:
    """An error body. The server hands on the JSON of its model runner as a string inside its own."""
    body: object = text
    for _ in range(3):
        try:
            body = json.loads(body) if isinstance(body, str) else body
        except ValueError:
            break
        inner = body.get("error") if isinstance(body, dict) else None
        if not isinstance(inner, str) or not inner.lstrip().startswith("{"):
            break
        body = inner
    return body


# Characters that JSON allows raw inside a string, but at which httpx ends a line: U+0085, U+2028, U+2029.
_LINE_BREAK = re.compile(rb"\xc2\x85|\xe2\x80[\xa8\xa9]")


def _mended(response: httpx.Response) -> httpx.AsyncByteStream:
    """The body with those characters as JSON escapes, so that each line holds one whole object. Half a line at its
    end is left out: then the last line is missing, and with it the word that the answer is complete."""
    import httpx

    assert isinstance(response.stream, httpx.AsyncByteStream)
    body: httpx.AsyncByteStream = response.stream

    class Mended(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            held = b""
            broken: Exception | None = None
            try:
                async for chunk in body:
                    lines, newline, rest = chunk.rpartition(b"\n")
                    if newline:
                        yield _LINE_BREAK.sub(_escaped, held + lines + newline)
                        held = b""
                    held += rest
            except Exception as error:  # noqa: BLE001 - raised below, after what had come
                broken = error
            if is_whole(held):
                yield _LINE_BREAK.sub(_escaped, held) + b"\n"
            if broken is not None:
                raise broken

        async def aclose(self) -> None:
            await body.aclose()

    return Mended()


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(found[0].decode())
