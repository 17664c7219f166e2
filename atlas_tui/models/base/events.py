"""The one closed union of what can happen to a prompt. Every consumer - iterator, callbacks, command line, SSE,
screen, journal - reads these and nothing else. A stream of events has exactly one ending: `End`, the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from atlas_tui.errors import ProviderError
from atlas_tui.models.base.response import ModelResponse, Reason
from atlas_tui.pricing import CostEstimate, TokenUsage


@dataclass(frozen=True, slots=True)
class Start:
    """The provider has accepted the request and begun to answer."""

    provider: str
    model: str
    request_id: str | None = None
    mock: bool = False


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """A piece of the model's thinking; never a part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class UsageUpdate:
    """Usage and cost so far: estimated a few times a second while streaming, then the provider's own."""

    usage: TokenUsage
    cost: CostEstimate


@dataclass(frozen=True, slots=True)
class End:
    """The one ending. With an `error` the response holds what had arrived (`response.complete` is False)."""

    response: ModelResponse
    error: ProviderError | None = None


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Passages were found for the prompt, or chosen, and will be sent with it; none if none fits."""

    documents: tuple[Mapping[str, Any], ...]
    dropped: int = 0
    """How many more were found that the context window has no room for: the weakest."""
    notices: tuple[str, ...] = ()
    """What the user should know, a sentence each: that passages were found by words alone, say, and why."""


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """An attempt failed before its first token; the next begins after `delay` seconds."""

    error: ProviderError
    delay: float
    attempt: int
    """The number of the attempt to come; the first is 1."""
    reason: Reason = "backoff"
    """Who chose the delay: Atlas (`backoff`) or the server (`retry_after`)."""


@dataclass(frozen=True, slots=True)
class FellBack:
    """A target failed for good; the prompt goes to the next one."""

    error: ProviderError
    target: str
    reason: Reason = "fallback"
    """Why just now: it failed; it had failed a moment ago and is not even asked (`cooldown`); the user wished so."""


Event = Start | TextDelta | ReasoningDelta | UsageUpdate | End | Retrieved | RetryScheduled | FellBack

_TYPES: dict[type, str] = {
    Start: "start",
    TextDelta: "text",
    ReasoningDelta: "reasoning",
    UsageUpdate: "usage",
    End: "end",
    Retrieved: "retrieved",
    RetryScheduled: "retry",
    FellBack: "fallback",
}


def event_to_dict(event: Event) -> dict[str, Any]:
    """The stable form of `--events` and of SSE: `type` and the event's fields, ready for JSON."""
    result: dict[str, Any] = {"type": _TYPES[type(event)]}
    for field in fields(event):
        value = getattr(event, field.name)
        result[field.name] = value.to_dict() if hasattr(value, "to_dict") else value
    if isinstance(event, Retrieved):
        result["documents"] = [dict(document) for document in event.documents]
        result["notices"] = list(event.notices)
    return result


# What an adapter yields besides `Start`, `TextDelta` and `ReasoningDelta`: the wire's own facts, from which the
# base makes `UsageUpdate` and `End`.


@dataclass(frozen=True, slots=True)
class Counted:
    """The provider's own usage; replaces what it said before."""

    usage: TokenUsage
    cost: float | None = None
    """US dollars, where the provider bills by the answer."""
    tokens_per_second: float | None = None
    """Where the provider measured it itself."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The provider's own terminal event was seen: the answer is complete."""

    reason: str
    detail: str = ""
    """What else it says about that, in its own words: why it refused."""


class _Alive:
    """Bytes came without a token (a ping, a comment): the server works on it."""

    __slots__ = ()


ALIVE = _Alive()
WireEvent = Start | TextDelta | ReasoningDelta | Counted | Finish | _Alive
