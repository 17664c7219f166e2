"""What the failures of servers, SDKs and HTTP libraries mean: each becomes one `ProviderError`, by these tables."""

from __future__ import annotations

import errno
import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from atlas_tui.errors import Kind, ProviderError
from atlas_tui.text import one_line


def error_fields(body: object) -> dict[str, str]:
    """`message`, `code` and `type` of an error body, from the shapes that servers use; empty where absent."""
    inner = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(inner, str):
        inner = {"message": inner}
    if not isinstance(inner, dict):
        inner = {}
    details = inner.get("details")  # where Anthropic names the cause
    if isinstance(details, dict) and "error_code" in details:
        inner = {**inner, "code": details["error_code"]}
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
NOT_WORTH_RETRYING = frozenset(
    {
        "insufficient_quota",
        "billing_error",
        "contract_spend_limit_reached",
        "enforced_spend_limit_reached",
        "linked_organization_spend_limit_reached",
    }
)
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
    if kind in (None, "bad_request", "server"):
        if "credit balance" in message.lower():
            return "permission"  # Anthropic calls it an invalid request
        if status in (400, 413, 422, 500) and any(words in message.lower() for words in _TOO_LONG):
            return "context_length"
        kind = _STATUSES.get(status) or kind
    if kind is None:
        kind = "server" if status >= 500 or status == 409 else "protocol" if status < 400 else "bad_request"
    return kind


_SENTENCES: dict[Kind, str] = {
    "auth": "{server} rejects the API key",
    "permission": "{server} does not allow this",
    "bad_request": "{server} rejects the request",
    "context_length": "the prompt is too long for {model}",
    "rate_limit": "{server} takes no more requests for now",
    "overloaded": "{server} is overloaded",
    "server": "{server} failed",
    "timeout": "{server} gave up waiting",
    "refused": "{server} refused to answer",
}


def http_error(
    server: str, model: str, *, status: int, headers: Mapping[str, str], body: object, request_id: str | None = None
) -> ProviderError:
    """The failure that a server reports: with an error status, or inside a stream that began with 200.

    Args:
        server: who was asked, for the sentence.
        model: the model that was asked for.
        status: the HTTP status.
        headers: the response's headers, which say whether and when to retry; empty inside a stream.
        body: the decoded error body, or its text where it is no JSON.
        request_id: the provider's id of the request.
    """
    if 300 <= status < 400:
        target = one_line(headers.get("location", "nowhere"), 120)
        return ProviderError(
            "protocol",
            f"{server} redirects to {target}",
            status=status,
            remedy="if you trust that address, set it as the base URL",
        )
    said = error_fields(body)
    message, code, type_ = said["message"], said["code"], said["type"]
    if message.lstrip()[:1] == "<":
        message = ""  # a web page
    if status < 400:
        inner = int(code) if code.isascii() and code.isdigit() and len(code) == 3 else 0
        kind = kind_of_status(inner, code, type_, message) if inner >= 400 else kind_of_code(code, type_) or "server"
    else:
        kind = kind_of_status(status, code, type_, message)
    remedy: str | None = None
    wait = retry_after(headers)
    if wait is not None and wait >= 1:
        remedy = f"wait {_spelled(wait)}, then retry"
    retryable = {"true": True, "false": False}.get(headers.get("x-should-retry", ""))
    if {code, type_} & NOT_WORTH_RETRYING:
        retryable, remedy = False, "check the account's quota and its billing"
    if kind == "not_found":
        sentence, remedy = _not_found(server, model, status, message, code)
    else:
        sentence = _SENTENCES.get(kind, "{server} failed").format(server=server, model=model or "this model")
        if not message and status >= 400:
            sentence += f" (HTTP {status})"
    if message:
        sentence += f" ({one_line(message.strip().rstrip('.'), 240)})"
    return ProviderError(
        kind,
        sentence,
        status=status if status >= 400 else None,
        request_id=request_id,
        retry_after=wait,
        retryable=retryable,
        remedy=remedy,
    )


def _spelled(seconds: float) -> str:
    """A time to wait, rounded up, in the unit that a person would use."""
    unit, words = next((each for each in ((3600, "h"), (60, "min")) if seconds >= 1.5 * each[0]), (1, "s"))
    return f"{math.ceil(seconds / unit)} {words}"


def _not_found(server: str, model: str, status: int, message: str, code: str) -> tuple[str, str | None]:
    if code == "model_not_found" or "model" in message.lower():
        return f"{server} has no model {one_line(model, 80)!r}", "choose another (`atlas-tui models` lists them)"
    if not message:
        return f"{server} answers {status} where a model API should be", "check the base URL"
    return f"{server} knows neither this address nor the model {one_line(model, 80)!r}", None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: from `retry-after-ms`, or `retry-after` in seconds or as a date.

    None where it does not ask, or asks for something unreadable or past.
    """
    try:
        if milliseconds := headers.get("retry-after-ms"):
            seconds = float(milliseconds) / 1000
        else:
            value = headers.get("retry-after", "").strip()
            try:
                seconds = float(value)
            except ValueError:
                seconds = parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None
    return seconds if 0 <= seconds < 1e9 else None


def sdk_error(error: Exception, kinds: Mapping[str, Kind], server: str, model: str) -> ProviderError | None:
    """An exception of an SDK made by the usual generator (anthropic, openai), or None if `kinds` does not have it.

    The most specific class named in `kinds` decides. Where the server answered, its status and body say more.
    """
    name = next((cls.__name__ for cls in type(error).__mro__ if cls.__name__ in kinds), None)
    if name is None:
        return None
    kind = kinds[name]
    status: Any = getattr(error, "status_code", None)
    if isinstance(status, int) and kind != "protocol":
        response: Any = getattr(error, "response", None)
        return http_error(
            server,
            model,
            status=status,
            headers=response.headers if response is not None else {},
            body=getattr(error, "body", None),
            request_id=getattr(error, "request_id", None),
        )
    if kind in ("connection", "timeout"):
        return transport_error(error, server) or ProviderError(kind, f"{server} cannot be reached")
    return ProviderError(kind, f"{server}: {one_line(str(error), 200)}")


# By class name, because the SDKs stand on two HTTP libraries with the same tree (httpx and httpx2), neither of
# which may be imported just to name its errors.
TRANSPORT_ERRORS: dict[str, tuple[Kind, str]] = {
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
    "RemoteProtocolError": ("connection", "closed the connection before its answer was complete"),
    "LocalProtocolError": ("bad_request", "cannot be sent this request (check the key for odd characters)"),
    "ProtocolError": ("protocol", "does not speak HTTP properly"),
    "UnsupportedProtocol": ("bad_request", "has an address that does not begin with http:// or https://"),
    "InvalidURL": ("bad_request", "has an invalid address"),
    "DecodingError": ("protocol", "sent a body that cannot be decompressed"),
    "TooManyRedirects": ("protocol", "redirects in a circle"),
    "TransportError": ("connection", "cannot be reached"),
    "RequestError": ("connection", "cannot be reached"),
    "HTTPStatusError": ("protocol", "answers with an error"),
    "HTTPError": ("connection", "cannot be reached"),
    "SSEError": ("protocol", "sent malformed events"),
    "CookieConflict": ("protocol", "sent contradictory cookies"),
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
_DEPTH = 20
"""Links of a chain of causes to look at; one can be a circle."""
# Where the outermost error is only "Connection error.", one of these further down says what really happened.
_PRECISE = ("gaierror", "SSLCertVerificationError", "ConnectionRefusedError", "SSLError")
_NO_FILES = (errno.EMFILE, errno.ENFILE)


def transport_error(error: BaseException, server: str) -> ProviderError | None:
    """The failure below the SDK, found along the chain of causes; None if there is none."""
    names: list[str] = []
    link: BaseException | None = error
    for _ in range(_DEPTH):
        if link is None:
            break
        if isinstance(link, OSError) and link.errno in _NO_FILES:
            return no_files(server)
        names += [cls.__name__ for cls in type(link).__mro__ if cls.__name__ in TRANSPORT_ERRORS]
        link = link.exceptions[0] if isinstance(link, BaseExceptionGroup) else link.__cause__ or link.__context__
    name = next((name for name in names if name in _PRECISE), names[0] if names else None)
    if name is None:
        return None
    kind, words = TRANSPORT_ERRORS[name]
    return ProviderError(kind, f"{server} {words}")


def no_files(server: str) -> ProviderError:
    """The failure to open a connection because the system gives this program no more files."""
    remedy = "ask fewer at once, or raise the limit (`ulimit -n`)"
    return ProviderError("connection", f"too many files are open to ask {server}", remedy=remedy)
