"""What the HTTP-based adapters share: the client, the events of a stream, the errors below the SDKs."""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import AsyncIterator
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from atlas_tui.config import Timeouts
from atlas_tui.errors import Kind, ProviderError
from atlas_tui.text import one_line

if TYPE_CHECKING:
    import httpx2

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


def http_client(base_url: str, timeouts: Timeouts) -> httpx2.AsyncClient:
    """An HTTP client for one request.

    Redirects are not followed: the SDKs would send the whole conversation to wherever they point. Silence is
    limited by `StreamDeadline`, not by the read timeout, which counts keep-alive bytes as progress for ever.
    """
    import httpx2

    return httpx2.AsyncClient(
        verify=tls_context(base_url),
        trust_env=not is_loopback(base_url),
        follow_redirects=False,
        timeout=httpx2.Timeout(connect=timeouts.connect, read=None, write=30.0, pool=None),
    )


async def server_sent_events(response: httpx2.Response) -> AsyncIterator[tuple[str, str] | None]:
    """The events of a body as (event name, data), or None where bytes came without a whole event.

    The fields are decoded here because the SDKs' typed event objects cost several times what the rest of the way
    to the screen does. Line ends and comments follow the HTML Living Standard, section 9.2; an event that lacks
    only its closing blank line at the end of the body still counts.

    Raises:
        ProviderError: the body is no stream of events.
    """
    await _require_event_stream(response)
    pending = b""
    async for chunk in response.aiter_bytes():
        pending += chunk
        if b"\r" in pending:
            held = b"\r" if pending.endswith(b"\r") else b""
            pending = pending[: len(pending) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n") + held
        end = pending.rfind(b"\n\n")
        if end < 0:
            yield None
            continue
        whole, pending = pending[:end], pending[end + 2 :]
        seen = False
        for block in whole.split(b"\n\n"):
            event = _decode(block)
            if event is not None:
                seen = True
                yield event
        if not seen:
            yield None
    event = _decode(pending.replace(b"\r", b"\n"))
    if event is not None:
        yield event


def _decode(block: bytes) -> tuple[str, str] | None:
    name, data = "", []
    for line in block.decode("utf-8", "replace").split("\n"):
        if line.startswith("data:"):
            data.append(line[6:] if line.startswith("data: ") else line[5:])
        elif line.startswith("event:"):
            name = line[6:].strip()
    return (name, "\n".join(data)) if data else None


async def _require_event_stream(response: httpx2.Response) -> None:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/event-stream" and response.status_code == 200:
        return
    status = response.status_code
    if 300 <= status < 400:
        raise ProviderError(
            "protocol",
            f"the server redirects to {one_line(response.headers.get('location', 'nowhere'), 120)}, "
            "which Atlas does not follow: set the base URL to the final address",
            status=status,
        )
    body = await _head(response)
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    said = error_fields(parsed)
    if said["message"]:
        raise ProviderError(
            kind_of_code(said["code"], said["type"]) or "server",
            f"the server answered with an error: {one_line(said['message'])}",
            status=status,
        )
    raise ProviderError(
        "protocol",
        f"the server answered with {one_line(kind or 'no content', 40)} instead of a stream: "
        "check that the base URL is that of a model API",
        status=status,
    )


async def _head(response: httpx2.Response, limit: int = 65536) -> bytes:
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) >= limit:
            break
    return body[:limit]


def parse_event(data: str) -> dict[str, Any]:
    """The JSON object of an event.

    Raises:
        ProviderError: it is malformed, or no object.
    """
    try:
        value = json.loads(data)
    except ValueError as error:
        raise ProviderError("protocol", f"the server sent a malformed event: {one_line(data, 80)}") from error
    if not isinstance(value, dict):
        raise ProviderError("protocol", f"the server sent an event of an unknown form: {one_line(data, 80)}")
    return value


def error_fields(body: object) -> dict[str, str]:
    """`message`, `code` and `type` of an error body, from the shapes that servers use; empty where absent."""
    inner = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(inner, str):
        inner = {"message": inner}
    if not isinstance(inner, dict):
        inner = {}
    return {name: str(inner[name]) if inner.get(name) is not None else "" for name in ("message", "code", "type")}


_CODES: dict[str, Kind] = {
    "authentication_error": "auth",
    "invalid_api_key": "auth",
    "permission_error": "permission",
    "billing_error": "permission",
    "not_found_error": "not_found",
    "model_not_found": "not_found",
    "invalid_request_error": "bad_request",
    "request_too_large": "context_length",
    "context_length_exceeded": "context_length",
    "exceed_context_size_error": "context_length",
    "string_above_max_length": "context_length",
    "rate_limit_error": "rate_limit",
    "rate_limit_exceeded": "rate_limit",
    "insufficient_quota": "rate_limit",
    "overloaded_error": "overloaded",
    "overloaded": "overloaded",
    "unavailable_error": "overloaded",
    "api_error": "server",
    "server_error": "server",
    "internal_error": "server",
    "timeout_error": "timeout",
    "content_filter": "refused",
    "content_policy_violation": "refused",
}
_STATUSES: dict[int, Kind] = {
    400: "bad_request",
    401: "auth",
    402: "permission",
    403: "permission",
    404: "not_found",
    405: "not_found",
    408: "timeout",
    413: "context_length",
    422: "bad_request",
    429: "rate_limit",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}
NOT_WORTH_RETRYING = frozenset({"insufficient_quota", "billing_error"})
_TOO_LONG = (
    "prompt is too long",
    "maximum context length",
    "context length",
    "context window",
    "exceeds the available context",
    "context size",
)


def kind_of_code(code: str, type_: str = "") -> Kind | None:
    """The kind that a server's error code or type names, if it is a known one. The code is the more precise."""
    return _CODES.get(code) or _CODES.get(type_)


def kind_of_status(status: int, code: str = "", type_: str = "", message: str = "") -> Kind:
    """The kind of an HTTP error. The server's code comes before the status, which proxies change."""
    kind = kind_of_code(code, type_)
    if kind in (None, "bad_request"):
        if status in (400, 413, 422, 500) and any(words in message.lower() for words in _TOO_LONG):
            return "context_length"
        kind = _STATUSES.get(status) or kind
    if kind is None:
        kind = "server" if status >= 500 or status == 409 else "protocol" if status < 400 else "bad_request"
    return kind


# By class name, because the SDKs stand on two HTTP libraries with the same tree (httpx and httpx2), neither of
# which may be imported just to name its errors.
_TRANSPORT: dict[str, tuple[Kind, str]] = {
    "ConnectTimeout": ("timeout", "could not be reached in time"),
    "PoolTimeout": ("timeout", "had no free connection in time"),
    "ReadTimeout": ("timeout", "did not answer in time"),
    "WriteTimeout": ("timeout", "did not take the request in time"),
    "TimeoutException": ("timeout", "did not answer in time"),
    "ConnectError": ("connection", "cannot be reached"),
    "ReadError": ("connection", "broke the connection"),
    "WriteError": ("connection", "broke the connection"),
    "CloseError": ("connection", "broke the connection"),
    "NetworkError": ("connection", "cannot be reached"),
    "ProxyError": ("connection", "cannot be reached through the proxy"),
    "RemoteProtocolError": ("connection", "broke off in the middle of its answer"),
    "LocalProtocolError": ("bad_request", "cannot be sent this request (check the key for odd characters)"),
    "ProtocolError": ("protocol", "does not speak HTTP properly"),
    "UnsupportedProtocol": ("bad_request", "has an address that does not begin with http:// or https://"),
    "InvalidURL": ("bad_request", "has an invalid address"),
    "DecodingError": ("protocol", "sent a body that cannot be decompressed"),
    "TooManyRedirects": ("protocol", "redirects in a circle"),
    "TransportError": ("connection", "cannot be reached"),
    "HTTPError": ("connection", "cannot be reached"),
    "StreamError": ("connection", "broke the connection"),
    "JSONDecodeError": ("protocol", "sent malformed JSON"),
    "UnicodeDecodeError": ("protocol", "sent bytes that are no text"),
    "gaierror": ("connection", "cannot be found: its host name does not resolve"),
    "SSLCertVerificationError": ("connection", "has a certificate that this machine does not trust"),
    "SSLError": ("connection", "does not speak TLS properly (http:// instead of https://?)"),
    "ConnectionRefusedError": ("connection", "refuses the connection: nothing listens there"),
    "ConnectionResetError": ("connection", "broke the connection"),
    "BrokenPipeError": ("connection", "broke the connection"),
    "TimeoutError": ("timeout", "did not answer in time"),
    "OSError": ("connection", "cannot be reached"),
}
# Where the outermost error is only "Connection error.", one of these further down says what really happened.
_PRECISE = ("gaierror", "SSLCertVerificationError", "ConnectionRefusedError", "SSLError")


def transport_error(error: BaseException, server: str) -> ProviderError | None:
    """The failure below the SDK, found along the chain of causes; None if there is none."""
    names: list[str] = []
    link: BaseException | None = error
    while link is not None and len(names) < 20:
        names += [cls.__name__ for cls in type(link).__mro__ if cls.__name__ in _TRANSPORT]
        link = link.exceptions[0] if isinstance(link, BaseExceptionGroup) else link.__cause__ or link.__context__
    name = next((name for name in names if name in _PRECISE), names[0] if names else None)
    if name is None:
        return None
    kind, words = _TRANSPORT[name]
    return ProviderError(kind, f"{server} {words}")
