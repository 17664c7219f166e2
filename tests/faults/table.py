"""Every fault that servers, networks and what lies between are known for, and what must become of each.

One row is one fault: what the server does, what of the answer comes through, of which kind the failure is, and
whether it is worth another try. Where a provider's format makes a difference, the row says so; where it has no such
thing, the row says why.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from atlas_tui.config import Timeouts
from atlas_tui.errors import KINDS, Kind
from tests.faults.providers import WIRES
from tests.servers.script import (
    Answer,
    Beat,
    Body,
    CutBody,
    Delta,
    EmptyBody,
    EndWithoutTerminal,
    ErrorEvent,
    Finish,
    Flood,
    Hangup,
    HtmlPage,
    HttpError,
    InvalidUtf8,
    Json,
    JsonErrorWith200,
    KeepAlive,
    MalformedLine,
    NoHeaders,
    NoUsage,
    Ping,
    Raw,
    RawBytes,
    Reasoning,
    Redirect,
    Refusal,
    Reset,
    Script,
    Stall,
    Step,
)
from tests.servers.scripted import Request
from tests.servers.tape import Framing, record

HALF = "Half an answer"
HALVES: list[Step] = [Delta("Half an "), Delta("answer")]
PATIENT = Timeouts(connect=10, first_token=20, between_tokens=20, total=None)
SOON = 0.1
"""Seconds of a time limit that is to trip before anything has come."""
SHORTLY = 0.4
"""Seconds of one that is to trip in silence, and must not between two pieces or signs of life on a busy machine."""
WIRE_OF = {
    "/v1/messages": "anthropic",
    "/v1/chat/completions": "chat",
    "/v1/responses": "responses",
    "/api/chat": "ollama",
}
Answers = Answer | Callable[[Request], Answer]


@dataclass(frozen=True)
class Fault:
    """One row."""

    name: str
    answer: Answers
    """What the server does, at every attempt."""
    kind: Kind | None
    """The kind of the failure; None where the answer is complete in spite of it."""
    arrives: str = ""
    """What of the answer comes through, and must be kept."""
    retryable: bool | None = None
    """Whether another try is worth it; None as the kind says."""
    asked: int | None = None
    """How many requests are made where two may be; None follows from `retryable` and from whether a token came."""
    sent: int | None = None
    """How many requests the server sees; None as many as are made. (Ollama is asked again with a larger context.)"""
    limits: Timeouts = PATIENT
    place: str = "the server"
    """Where the request goes: `the server`, or another place that `tests.faults.conftest.place` knows."""
    thought: str = ""
    """What of the reasoning comes through."""
    differs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """By wire format: the fields in which its row is another."""
    not_for: Mapping[str, str] = field(default_factory=dict)
    """By wire format: why it cannot happen there."""

    def at(self, wire: str) -> Fault:
        """The row as it is for a wire format."""
        return replace(self, **{**self.differs.get(wire, {}), "differs": {}})  # type: ignore[arg-type]

    @property
    def wires(self) -> list[str]:
        """The wire formats that can have it."""
        return [wire for wire in WIRES if wire not in self.not_for]

    def response(self, asked: Request) -> Answer:
        """What the server does with this request."""
        answer = self.at(WIRE_OF[asked.path]).answer
        return answer(asked) if callable(answer) else answer

    @property
    def worth_a_try(self) -> bool:
        """Whether the error says that another try is worth it."""
        assert self.kind is not None
        return KINDS[self.kind].retryable if self.retryable is None else self.retryable

    @property
    def attempts(self) -> int:
        """How many requests a policy of two attempts makes."""
        if self.asked is not None:
            return self.asked
        return 1 if self.kind is None or self.arrives or self.thought or not self.worth_a_try else 2

    @property
    def content(self) -> str:
        """The answer as it is kept."""
        return self.arrives

    @property
    def patience(self) -> float:
        """Seconds after which a request must have ended, with room for a machine that has other work."""
        trips = [limit for limit in (self.limits.connect, self.limits.first_token, self.limits.between_tokens) if limit]
        shortest = min([*trips, self.limits.total or 1e9])
        return self.attempts * (shortest if shortest < 1 else 0.0) + 5.0


def within(**limits: float) -> Timeouts:
    """Limits that are wide but for these."""
    return replace(PATIENT, **limits)


def broken(name: str, *steps: Step, kind: Kind | None, **fields: object) -> Fault:
    """A stream that goes wrong after half of the answer."""
    return Fault(name, Script([*HALVES, *steps]), kind, HALF, **fields)  # type: ignore[arg-type]


def status(number: int, kind: Kind, **fields: object) -> Fault:
    """An error status with the service's own body."""
    return Fault(f"status {number}", HttpError(number, "No."), kind, **fields)  # type: ignore[arg-type]


def taped(steps: Sequence[Step], framing: Framing, *, until: str = HALF, more: bytes = b"") -> Answers:
    """A response in bytes that ends with the event that makes the text so far `until`."""

    def answer(asked: Request) -> Answer:
        wire = WIRE_OF[asked.path]
        tape = record(wire, [*steps, Finish()], framing=framing, dice=random.Random(1))
        cut = next(at for at in range(len(tape.data) + 1) if tape.text(at) == until)
        line_ends = b"\n" if wire == "ollama" else b"\n\n"
        return Raw((tape.data[:cut] + (line_ends + more if more else b""),))

    return answer


def shaped(values: Mapping[str, object]) -> Answers:
    """Half of the answer, then an event whose JSON has another shape in each format."""
    return lambda asked: Script([*HALVES, Json(values[WIRE_OF[asked.path]])])


_NO_CODES = {"ollama": "its errors are texts without codes"}
_NOT_OLLAMA = {"ollama": "its lines have no such thing"}
_ONLY_CHAT = dict.fromkeys(("anthropic", "responses", "ollama"), "only Chat Completions has choices and [DONE]")
_MEGABYTES = "x" * 2_000_000
_LONG = "x" * 70_000
"""More than the 64 KiB in which much reads a line."""

TIME = [
    Fault("no headers", NoHeaders(), "timeout", limits=within(first_token=SOON)),
    Fault("headers and no event", Script([Stall()]), "timeout", limits=within(first_token=SOON)),
    broken("a stall between tokens", Stall(), kind="timeout", limits=within(between_tokens=SHORTLY)),
    Fault("keep-alives and nothing else", Script([Beat()]), "timeout",
          limits=within(first_token=SHORTLY, total=2 * SHORTLY)),
    broken("keep-alives after half", Beat(), kind="timeout", limits=within(between_tokens=SHORTLY, total=2 * SHORTLY)),
    Fault("a host that swallows packets", NoHeaders(), "timeout", limits=within(connect=SOON), place="the black hole"),
    Fault("an error body that stalls", Body(b'{"error":', 500, headers={"content-length": "99"}), "timeout",
          limits=within(first_token=SOON)),
    Fault("half a head, then silence", Raw((b"HTTP/1.1 200 OK\r\ncontent-ty",), "stall"), "timeout",
          limits=within(first_token=SOON)),
    Fault("a body left open after an error",
          Script([*HALVES, ErrorEvent("api_error", "oops", "server_error")], leave_open=True), "server", HALF),
    Fault("a body left open after the end", Script(HALVES, leave_open=True), None, HALF),
]  # fmt: skip

STATUSES = [
    status(400, "bad_request"),
    status(401, "auth"),
    status(402, "permission"),
    status(403, "permission"),
    status(404, "not_found"),
    status(408, "timeout"),
    status(409, "server"),
    status(413, "context_length", differs={"ollama": {"sent": 2}}),
    status(422, "bad_request"),
    status(429, "rate_limit"),
    status(500, "server"),
    status(502, "server"),
    status(503, "overloaded"),
    status(504, "timeout"),
    status(529, "overloaded"),
    Fault("a quota that is used up", HttpError(429, "No credit.", code="insufficient_quota"), "rate_limit",
          retryable=False, not_for={**_NO_CODES, "anthropic": "it has spend limits, in the next row"}),
    Fault("a spend limit", HttpError(429, body=json.dumps({"type": "error", "error": {
        "type": "rate_limit_error", "message": "No.", "details": {"error_code": "enforced_spend_limit_reached"},
    }}).encode()), "rate_limit", retryable=False,
          not_for={**_NO_CODES, **dict.fromkeys(("chat", "responses"), "only Anthropic's errors have it")}),
    Fault("a wait in milliseconds", HttpError(429, headers={"retry-after-ms": "1"}), "rate_limit"),
    Fault("a wait of a day", HttpError(429, headers={"retry-after": "86400"}), "rate_limit", asked=1),
    Fault("a wait that is over", HttpError(503, headers={"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}),
          "overloaded"),
    Fault("a wait that cannot be read", HttpError(503, headers={"retry-after": "soon"}), "overloaded"),
    Fault("a server that wants no retry", HttpError(500, headers={"x-should-retry": "false"}), "server",
          retryable=False),
    Fault("a prompt that is too long", HttpError(400, "prompt is too long: 210000 tokens > 200000"), "context_length",
          differs={"ollama": {"sent": 2}}),
]  # fmt: skip

TRUNCATED = [
    broken("an end without the ending", EndWithoutTerminal(), kind="truncated"),
    Fault("an end before the first token", Script([EndWithoutTerminal()]), "truncated"),
    broken("half an event at the end", RawBytes(b'data: {"type":"resp'), EndWithoutTerminal(), kind="truncated",
           differs={"ollama": {"answer": Script([*HALVES, RawBytes(b'{"model":"m","mess'), EndWithoutTerminal()])}}),
    broken("[DONE] without a finish reason", Finish(terminal=False), kind="truncated", not_for=_ONLY_CHAT),
    Fault("an empty body", EmptyBody(), "truncated"),
    Fault("no content", EmptyBody(204), "protocol"),
    broken("a reset", Reset(), kind="connection"),
    Fault("a reset before the first token", Script([Reset()]), "connection"),
    broken("the last chunk is missing", CutBody(), kind="connection"),
    Fault("a content-length that was too long", taped([*HALVES, Delta(" more")], "length"), "connection", HALF),
    Fault("an end of the connection, the body's only one", taped([*HALVES, Delta(" more")], "until closed"),
          "truncated", HALF),
    Fault("a cut inside a character", taped([*HALVES, Delta(" 😀")], "until closed", more=b"\xf0\x9f"),
          "truncated", HALF),
    Fault("a hang-up", Hangup(), "connection"),
    Fault("a reset in place of an answer", Hangup(reset=True), "connection"),
    Fault("a head that breaks off", Raw((b"HTTP/1.1 200 OK\r\ncontent-ty",)), "connection"),
    Fault("no HTTP at all", Raw((b"SSH-2.0-OpenSSH_9.6\r\n",)), "connection"),
    Fault("the terminal event without its line end", Script(HALVES, unclosed=True), None, HALF),
]  # fmt: skip

REPORTED = [
    broken("an overload in the stream", ErrorEvent("overloaded_error", "overloaded", "overloaded"), kind="overloaded"),
    broken("a rate limit in the stream", ErrorEvent("rate_limit_error", "rate limit", "rate_limit_exceeded"),
           kind="rate_limit"),
    broken("a failure in the stream", ErrorEvent("api_error", "oops", "server_error"), kind="server"),
    broken("a failed response", ErrorEvent("api_error", "oops", "server_error", failed=True), kind="server"),
    Fault("an overload before the first token", Script([ErrorEvent("overloaded_error", "overloaded", "overloaded")]),
          "overloaded"),
    Fault("a failure before the first token", Script([ErrorEvent("api_error", "oops", "server_error")]), "server"),
    Fault("an error with status 200", JsonErrorWith200("we are closed"), "server"),
    Fault("a refusal", Script([Refusal("I will not."), Finish("refusal")]), "refused", "I will not.",
          not_for={"ollama": "it has no word for it: a refusal is an answer"}),
    broken("an answer that a filter ended", Finish("content_filter"), kind="refused",
           not_for={"anthropic": "it says refusal", "responses": "in a form of its own, see its provider's tests",
                    "ollama": "it has no filter"}),
]  # fmt: skip

FORMS = [
    Fault("a web page", HtmlPage(), "protocol"),
    Fault("a web page with an error", HtmlPage(502), "server"),
    Fault("a web page that is not there", HtmlPage(404), "not_found"),
    Fault("JSON that is no stream", Body(b'["a list"]'), "protocol"),
    Fault("an error body of megabytes", HttpError(500, _MEGABYTES), "server"),
    Fault("an error body that is no JSON", Body(b"\x1b[2Jgone \xff\xfe", 500, "text/plain"), "server"),
    Fault("an error with escape sequences", HttpError(400, "No.\x1b]0;owned\x07\x9b31m\u202e"), "bad_request"),
    Fault("an error that repeats the key", HttpError(401, "wrong key {key}"), "auth"),
    Fault("a page that repeats the key", HttpError(500, body=b"<h1>{key}</h1>", content_type="text/html"), "server"),
    broken("an error in the stream that repeats the key", ErrorEvent("api_error", "bad {key}", "server_error"),
           kind="server"),
    Fault("an elsewhere", Redirect("http://127.0.0.1:9/elsewhere"), "protocol"),
    Fault("an elsewhere by GET", Redirect("http://127.0.0.1:9/elsewhere", 302), "protocol"),
    broken("malformed JSON", MalformedLine(), kind="protocol"),
    broken("a list for an object", Json([1, 2]), kind="protocol"),
    broken("a number for an object", Json(7), kind="protocol"),
    Fault("objects of another shape", shaped({
        "anthropic": {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": {"a": 1}}},
        "chat": {"choices": [{"delta": {"content": 5}}]},
        "responses": {"type": "response.output_text.delta", "delta": ["a"]},
        "ollama": {"message": {"role": "assistant", "content": 5}},
    }), "protocol", HALF),
    Fault("bytes that are no gzip", Body(b"no gzip", 200, "text/event-stream", {"content-encoding": "gzip"}),
          "protocol"),
    Fault("gzip that breaks off", Body(gzip.compress(b": nothing yet\n\n")[:-9], 200, "text/event-stream",
                                       {"content-encoding": "gzip"}), "truncated",
          not_for={"ollama": "its format has no comments"}),
]  # fmt: skip

PLACES = [
    Fault("nobody listens", NoHeaders(), "connection", place="the dead port"),
    Fault("a host that does not exist", NoHeaders(), "connection", place="the unknown host"),
    Fault("a certificate that nobody signed", NoHeaders(), "connection", place="the untrusted host"),
    Fault("TLS where there is none", Script.text("never"), "connection", place="the plain port by TLS"),
    Fault(
        "a TLS handshake that stalls",
        Script.text("never"),
        "timeout",
        limits=within(connect=SOON),
        place="the silent port by TLS",
    ),
]

HARMLESS = [
    Fault("bytes that are not UTF-8", Script([InvalidUtf8()]), None, "caf\ufffd\ufffd"),
    Fault("a lone surrogate", Script.text("a\ud83db"), None, "a\ufffdb"),
    Fault("line ends that are none", Script.text("a\u2028b", "\u2029c"), None, "a\u2028b\u2029c"),
    Fault("carriage returns", Script(HALVES, crlf=True), None, HALF),
    Fault("single bytes", Script(HALVES, split=1), None, HALF),
    Fault("a compressed body", Script(HALVES, gzip=True), None, HALF),
    Fault("early hints", Script(HALVES, hints=True), None, HALF),
    Fault("no usage", Script([*HALVES, NoUsage()]), None, HALF),
    Fault("pings and comments", Script([Ping(), KeepAlive(), *HALVES, Ping(), KeepAlive()]), None, HALF),
    Fault("unknown events", Script([Json({"type": "novelty", "x": [1]}, "novelty"), *HALVES]), None, HALF,
          not_for={"ollama": "a line without a message is none, see `objects of another shape`"}),
    Fault("no choices", Script([Json({"choices": []}), *HALVES, Json({"choices": [], "usage": None})]), None, HALF,
          not_for=_ONLY_CHAT),
    Fault("empty and null deltas", Script([Json({"choices": [{"index": 0, "delta": {"content": value}}]})
                                           for value in ("", None)] + HALVES), None, HALF, not_for=_ONLY_CHAT),
    Fault("a very long delta", Script.text(_LONG), None, _LONG),
    Fault("a flood", Script([Flood(2_000, "word ")]), None, "word " * 2_000),
    Fault("a thought and no answer", Script([Reasoning("Hm."), Finish("max_tokens")]), None, thought="Hm."),
]  # fmt: skip

FAULTS = [*TIME, *STATUSES, *TRUNCATED, *REPORTED, *FORMS, *PLACES, *HARMLESS]
CELLS = [(fault.at(wire), wire) for fault in FAULTS for wire in fault.wires]
"""Every fault at every wire format that can have it."""
NAMES_OF_CELLS = [f"{fault.name}-{wire}" for fault, wire in CELLS]
