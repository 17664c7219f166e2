"""What a scripted server plays: values that say nothing about a wire format.

An *answer* is what one request gets: a `Script` (a stream of steps) or something worse (`HttpError`,
`NoHeaders` ...). The same script is played as Anthropic Messages, OpenAI Chat Completions, OpenAI Responses
or Ollama NDJSON, whichever the request asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

# --- Steps of a stream -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Delta:
    """A piece of the answer. A raw U+0085 stays raw, a lone surrogate becomes a JSON escape."""

    text: str


@dataclass(frozen=True)
class Reasoning:
    """A piece of reasoning. `field` is its name in Chat Completions, where servers disagree."""

    text: str
    field: str = "reasoning_content"


@dataclass(frozen=True)
class Refusal:
    """A piece of a refusal; plain text where the format has no such thing."""

    text: str


@dataclass(frozen=True)
class Flood:
    """`count` deltas of the same text, as fast as the client reads or at `rate` a second."""

    count: int
    text: str = "token "
    rate: float | None = None


@dataclass(frozen=True)
class Wait:
    """A pause in the stream, in seconds; ends early when the client leaves."""

    seconds: float


@dataclass(frozen=True)
class Stall:
    """Silence until the client leaves or the server stops."""


@dataclass(frozen=True)
class Reset:
    """The connection is reset (RST)."""


@dataclass(frozen=True)
class CutBody:
    """The connection is closed (FIN) in the middle of the chunked body."""


@dataclass(frozen=True)
class EndWithoutTerminal:
    """The HTTP body ends properly, but the service's final event never came."""


@dataclass(frozen=True)
class RawBytes:
    """Bytes of the body exactly as given."""

    data: bytes


@dataclass(frozen=True)
class Json:
    """One event with any JSON value as its data, and an SSE event name where the format has names."""

    value: object
    event: str | None = None


@dataclass(frozen=True)
class MalformedLine:
    """One event whose JSON breaks off."""


@dataclass(frozen=True)
class InvalidUtf8:
    """A delta whose text holds bytes that are not UTF-8."""


@dataclass(frozen=True)
class ErrorEvent:
    """An error inside a stream that began with 200; nothing follows it.

    `{key}` in the message becomes the API key that the request carried. With `failed`, Responses says
    `response.failed` instead of `error`.
    """

    type: str
    message: str
    code: str | None = None
    failed: bool = False


@dataclass(frozen=True)
class Ping:
    """Anthropic's `ping`; elsewhere a `KeepAlive`."""


@dataclass(frozen=True)
class KeepAlive:
    """An SSE comment; for Ollama a line without text."""


@dataclass(frozen=True)
class Beat:
    """Keep-alives and nothing else, so many seconds apart, until the client leaves or the server stops."""

    every: float = 0.02


@dataclass(frozen=True)
class Finish:
    """The terminal event.

    Reasons: stop, max_tokens, refusal, content_filter, stop_sequence; any other goes out as given.

    With `terminal=False` Chat Completions sends `[DONE]` but no finish reason, as some compatible servers do.
    """

    reason: str = "stop"
    terminal: bool = True


@dataclass(frozen=True)
class Usage:
    """The token counts that the service reports, wherever its format has them.

    The place in the script is free. `input` is all of the input, cached or not (Anthropic's split is made from
    it), and `output` includes reasoning.
    """

    input: int = 11
    output: int = 7
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    eval_seconds: float = 0.5
    """Ollama's `eval_duration`."""


@dataclass(frozen=True)
class NoUsage:
    """The service reports no token counts."""


Step = (
    Delta
    | Reasoning
    | Refusal
    | Flood
    | Wait
    | Stall
    | Reset
    | CutBody
    | EndWithoutTerminal
    | RawBytes
    | Json
    | MalformedLine
    | InvalidUtf8
    | ErrorEvent
    | Ping
    | KeepAlive
    | Beat
    | Finish
    | Usage
    | NoUsage
)
ENDINGS = (Stall, Beat, Reset, CutBody, EndWithoutTerminal, ErrorEvent, Finish)


@dataclass(frozen=True)
class Script:
    """A stream that began with 200. Without an ending among its steps it ends with `Finish()`."""

    steps: Sequence[Step] = ()
    split: int | None = None
    """The body in HTTP chunks of so many bytes, wherever that cuts characters and events."""
    crlf: bool = False
    gzip: bool = False
    leave_open: bool = False
    """The body stays open after the last event until the client leaves."""
    model: str | None = None
    """The model that the service says it used; the one asked for if None."""
    headers: Mapping[str, str] = field(default_factory=dict)
    headers_after: float = 0.0
    """Seconds until the response headers."""
    hints: bool = False
    """An informational response (103) goes before the real one."""
    unclosed: bool = False
    """The terminal event lacks the line ends that close it."""

    @classmethod
    def text(cls, *deltas: str) -> Script:
        """A complete answer in these deltas."""
        return cls([Delta(text) for text in deltas])

    @property
    def usage(self) -> Usage | None:
        for step in self.steps:
            if isinstance(step, NoUsage):
                return None
            if isinstance(step, Usage):
                return step
        return Usage()

    @property
    def stream(self) -> list[Step]:
        """The steps to play in order, with an ending."""
        steps: list[Step] = [step for step in self.steps if not isinstance(step, Usage | NoUsage)]
        return steps if any(isinstance(step, ENDINGS) for step in steps) else [*steps, Finish()]


# --- Answers that are no stream ---------------------------------------------------------------------------


@dataclass(frozen=True)
class HttpError:
    """An error status with the service's own error body, or with `body`.

    `{key}` in the message or body becomes the API key that the request carried. `type` and
    `code` default to what the service sends with that status.
    """

    status: int
    message: str = "the scripted server says no"
    type: str | None = None
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"


@dataclass(frozen=True)
class Redirect:
    """A redirect; 307 would make a client repeat the whole request, conversation included, at `location`."""

    location: str
    status: int = 307


@dataclass(frozen=True)
class Body:
    """Any complete body with any status, as from a proxy or a captive portal in between."""

    data: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def HtmlPage(status: int = 200, title: str = "Sign in") -> Body:
    """A web page where an API should be."""
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Body(page.encode(), status, "text/html; charset=utf-8")


def EmptyBody(status: int = 200, content_type: str = "text/event-stream") -> Body:
    """Headers and nothing else."""
    return Body(b"", status, content_type)


@dataclass(frozen=True)
class JsonErrorWith200:
    """The service's error body, but with status 200."""

    message: str = "the scripted server says no"
    type: str | None = None
    code: str | None = None


@dataclass(frozen=True)
class NoHeaders:
    """The request is read and never answered."""


@dataclass(frozen=True)
class Hangup:
    """The request is read and the connection closed, or reset, without an answer."""

    reset: bool = False


@dataclass(frozen=True)
class Raw:
    """A whole response as bytes, head included, in as many writes; then the connection is closed, reset or left."""

    pieces: tuple[bytes, ...]
    then: Literal["close", "reset", "stall"] = "close"


Answer = Script | HttpError | Redirect | Body | JsonErrorWith200 | NoHeaders | Hangup | Raw


@dataclass(frozen=True)
class ServedModel:
    """A model in the listings."""

    id: str
    context: int = 8192
    max_output: int = 4096
    size: int = 4_661_224_676
    capabilities: tuple[str, ...] = ("completion",)
    parameter_size: str = "8.0B"
    extra: Mapping[str, object] = field(default_factory=dict)
    """Keys that a compatible server adds to its entry in `/v1/models`."""
