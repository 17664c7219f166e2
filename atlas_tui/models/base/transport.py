"""What the HTTP-based adapters share: the client, the events of a stream, the errors below the SDKs."""

from __future__ import annotations

import importlib
import json
import os
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from functools import lru_cache
from ipaddress import ip_address
from types import UnionType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from atlas_tui.config import Timeouts
from atlas_tui.errors import ConfigError, ProviderError
from atlas_tui.models.base.events import ALIVE, WireEvent
from atlas_tui.models.base.faults import error_fields, http_error
from atlas_tui.models.base.network import speed_up
from atlas_tui.models.base.worker import in_thread
from atlas_tui.text import one_line, remember_secret

if TYPE_CHECKING:
    import httpx2

    from atlas_tui.models.base.provider import Provider

_HEAD = 65_536
"""Bytes of a body that are looked at where it is no stream."""
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")


def is_loopback(url: str) -> bool:
    """True for an address on this machine, which no proxy can reach on our behalf."""
    host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def checked_url(url: str) -> str:
    """A base URL without a slash at its end.

    Raises:
        ConfigError: it is none.
    """
    try:
        parts = urlsplit(url.strip())
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ConfigError(f"the base URL {one_line(url, 80)!r} is none: it looks like https://host/v1")
    remember_secret(parts.password or parts.username)
    return url.strip().rstrip("/")


def shown_url(url: str) -> str:
    """The URL for a sentence: without a user's name and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


@lru_cache(maxsize=2)
def _tls(with_authorities: bool) -> ssl.SSLContext:
    if with_authorities:
        import httpx2

        return httpx2.create_ssl_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def tls_context(base_url: str) -> ssl.SSLContext:
    """The process's one TLS context. Loading the authorities takes 35 to 70 ms, so a plain address goes without."""
    proxied = any(os.environ.get(name) or os.environ.get(name.upper()) for name in _PROXY_VARIABLES)
    return _tls(base_url.startswith("https:") or (proxied and not is_loopback(base_url)))


async def load_sdk(name: str, base_url: str) -> None:
    """Have everything that a request imports or reads from disk ready, off the loop: it takes a second at first."""

    def load() -> None:
        importlib.import_module(name)
        tls_context(base_url)

    await in_thread(load)


def http_client(base_url: str, timeouts: Timeouts) -> httpx2.AsyncClient:
    """An HTTP client for one request.

    Redirects are not followed: the SDKs would send the whole conversation to wherever they point. Silence is
    limited by `StreamDeadline`, not by the read timeout, which counts keep-alive bytes as progress for ever.

    Raises:
        ProviderError: of kind `connection`, where the environment's proxy settings are none.
    """
    import httpcore2
    import httpx2

    try:
        client = httpx2.AsyncClient(
            verify=tls_context(base_url),
            trust_env=not is_loopback(base_url),
            follow_redirects=False,
            timeout=httpx2.Timeout(connect=timeouts.connect, read=None, write=30.0, pool=None),
            event_hooks={"request": [_remember_keys]},
        )
    except (ImportError, ValueError, httpx2.InvalidURL) as error:
        # All that the client reads besides these arguments are the proxy variables.
        raise ProviderError(
            "connection",
            f"the proxy settings of the environment cannot be used ({one_line(str(error), 120)})",
            retryable=False,
            remedy="check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY",
        ) from error
    speed_up(client, httpcore2)
    return client


async def _remember_keys(request: httpx2.Request) -> None:
    # Also those that the SDK takes from the user's custom headers: a server may echo them.
    for name in ("authorization", "x-api-key", "api-key"):
        remember_secret(request.headers.get(name, "").removeprefix("Bearer "))


async def event_data(response: httpx2.Response, provider: Provider) -> AsyncIterator[list[str]]:
    """The data of a body's events, as many at a time as came together; none where bytes came without a whole event.

    The fields are decoded here because the SDKs' typed event objects cost several times what the rest of the way
    to the screen does. Names of events are left out: all wire formats repeat them in the data. Line ends and
    comments follow the HTML Living Standard, section 9.2; an event that lacks only its closing blank line where the
    body ends or breaks off still counts, and half a one is what it is: a stream that broke off.

    Raises:
        ProviderError: the body is no stream of events.
    """
    chunks: AsyncIterator[bytes] = response.aiter_bytes()
    if response.status_code != 200 or _media_type(response) != "text/event-stream":
        chunks = _resumed(await _opening(response, chunks, provider), chunks)
    pending = b""
    broken: Exception | None = None
    try:
        async for chunk in chunks:
            pending += chunk
            if b"\r" in pending:
                held = b"\r" if pending.endswith(b"\r") else b""
                pending = pending[: len(pending) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n") + held
            end = pending.rfind(b"\n\n")
            if end < 0:
                yield []
                continue
            whole, pending = pending[:end], pending[end + 2 :]
            yield [data for block in whole.decode("utf-8", "replace").split("\n\n") if (data := _data(block))]
    except Exception as error:  # noqa: BLE001 - raised below, after what had come
        broken = error
    data = _data(pending.replace(b"\r", b"\n").decode("utf-8", "replace"))
    if data and is_whole(data):
        yield [data]
    if broken is not None:
        raise broken


def is_whole(data: str | bytes) -> bool:
    """Whether what stands at the end of a body is all of an event, and not the beginning of one."""
    try:
        json.loads(data)
    except ValueError:
        return data == "[DONE]"
    return True


def _data(block: str) -> str:
    if block.startswith("data: ") and "\n" not in block:
        return block[6:]
    lines = [line[5:].removeprefix(" ") for line in block.split("\n") if line.startswith("data:")]
    return "\n".join(lines)


_NOTHING_NEW = (ALIVE,)


async def wire_events(
    response: httpx2.Response, provider: Provider, read: Callable[[dict[str, Any]], Sequence[WireEvent]]
) -> AsyncGenerator[WireEvent, None]:
    """What `read` makes of each event of a body, up to its end or to `[DONE]`.

    Raises:
        ProviderError: the body is no stream of events, or an event is malformed or of another form.
    """
    async for batch in event_data(response, provider):
        if not batch:
            yield ALIVE
        for data in batch:
            if data == "[DONE]":
                return
            for item in understood(data, provider, read) or _NOTHING_NEW:
                yield item


def understood(
    data: str, provider: Provider, read: Callable[[dict[str, Any]], Sequence[WireEvent]]
) -> Sequence[WireEvent]:
    """What `read` makes of one event.

    Raises:
        ProviderError: it is malformed or of another form.
    """
    event = parse_event(data, provider)
    try:
        return read(event)
    except (TypeError, AttributeError, LookupError) as error:
        raise _unknown_form(data, provider) from error


_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
"""What a stream of events begins with."""


async def _opening(response: httpx2.Response, chunks: AsyncIterator[bytes], provider: Provider) -> bytes:
    """The beginning of a body that does not say it is a stream of events, and is one: small servers forget to.

    Raises:
        ProviderError: it is none.
    """
    body = b""
    async for chunk in chunks:
        body += chunk
        if response.status_code == 200 and body.lstrip().startswith(_FIELDS):
            return body
        if len(body) >= _HEAD:
            break
    try:
        parsed = json.loads(body[:_HEAD])
    except ValueError:
        parsed = None
    if error_fields(parsed)["message"]:
        raise reported_error(provider, parsed)
    remedy = "check that the base URL is that of a model API"
    if isinstance(parsed, dict) and not parsed.keys().isdisjoint(("choices", "content", "output")):
        remedy = "use a server that streams its answers"
    raise ProviderError(
        "protocol", f"{provider.server} answered with {_media_type(response)} instead of a stream", remedy=remedy
    )


async def _resumed(body: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield body
    async for chunk in chunks:
        yield chunk


def _media_type(response: httpx2.Response) -> str:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return one_line(kind, 40) or "nothing"


def parse_event(data: str, provider: Provider) -> dict[str, Any]:
    """The JSON object of an event.

    Raises:
        ProviderError: it is malformed, or no object.
    """
    try:
        value = json.loads(data)
    except ValueError as error:
        raise ProviderError("protocol", f"{provider.server} sent a malformed event: {one_line(data, 80)}") from error
    if not isinstance(value, dict):
        raise _unknown_form(data, provider)
    return value


def reported_error(provider: Provider, body: object, request_id: str | None = None) -> ProviderError:
    """The failure that a server reports although the status of its answer is 200."""
    return http_error(provider.server, provider.model_name, status=200, headers={}, body=body, request_id=request_id)


def _unknown_form(data: str, provider: Provider) -> ProviderError:
    return ProviderError("protocol", f"{provider.server} sent an event of an unknown form: {one_line(data, 80)}")


def as_text(value: object) -> str:
    """A piece of text in an event.

    Raises:
        TypeError: it is none; the event has an unknown form.
    """
    if not isinstance(value, str):
        raise TypeError(f"expected text, not {type(value).__name__}")
    return value


def as_count(value: object) -> int:
    """A number of tokens that a server reports; 0 where it says nothing sensible."""
    return value if isinstance(value, int) and value > 0 else 0


def json_body(response: httpx2.Response, provider: Provider, form: type | UnionType = dict) -> Any:
    """The JSON object, or value of another form, that a server answered with.

    Raises:
        ProviderError: it is none.
    """
    try:
        value = response.json()
    except ValueError:
        value = None
    if not isinstance(value, form):
        raise ProviderError(
            "protocol",
            f"{provider.server} answers with {_media_type(response)} where a model list should be",
            remedy="check that the base URL is that of a model API",
        )
    return value
