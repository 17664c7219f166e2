"""What an answer costs and how fast it comes, in words: the line of state while it streams, the figures at its end."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from time import monotonic

from atlas_tui.models.base import (
    CostEstimate,
    End,
    Event,
    FellBack,
    ModelResponse,
    ReasoningDelta,
    RetryScheduled,
    Start,
    TextDelta,
    TokenUsage,
    UsageUpdate,
)
from atlas_tui.models.names import target_shown

_SILENCE = 3.0
"""Seconds without a token after which the line says so."""
_DOT = " · "


class Meter:
    """Watches the events of one answer."""

    def __init__(self, target: str, clock: Callable[[], float] = monotonic) -> None:
        self._target = target
        self._clock = clock
        self._begun = self._heard = clock()
        self._first: float | None = None
        self._state = "waiting"
        self._mock = False
        self._retry_at: float | None = None
        self._usage: TokenUsage | None = None
        self._cost: CostEstimate | None = None

    def see(self, event: Event) -> None:
        """The next event."""
        now = self._heard = self._clock()
        match event:
            case Start(provider, model, _, mock):
                self._target, self._mock, self._retry_at = f"{provider}:{model}", mock, None
            case TextDelta() | ReasoningDelta():
                self._state = "answering" if isinstance(event, TextDelta) else "thinking"
                self._first = self._first or now
            case UsageUpdate(usage, cost):
                self._usage, self._cost = usage, cost
            case RetryScheduled(_, delay, _):
                self._retry_at = now + delay
            case FellBack(_, target):
                self._target, self._state = target, "waiting"
                self._first = self._usage = self._cost = None
            case End():
                self._state = "done"

    def line(self) -> str:
        """State, elapsed time, tok/s, tokens and cost now."""
        now = self._clock()
        parts = [self._state_at(now), f"{now - self._begun:.1f} s"]
        if self._usage and self._first is not None and now > self._first:
            parts.append(f"{self._usage.output_tokens / (now - self._first):.0f} tok/s")
        if self._usage:
            parts.append(f"{_about(self._usage.estimated)}{self._usage.output_tokens} tokens")
        if self._cost:
            parts.append(cost_words(self._cost))
        parts.append(_target(self._target, self._mock))
        return _DOT.join(parts)

    def _state_at(self, now: float) -> str:
        if self._retry_at is not None and now < self._retry_at:
            return f"retrying in {ceil(self._retry_at - now)} s"
        silent = now - self._heard
        return f"no token for {silent:.0f} s" if self._first is not None and silent >= _SILENCE else self._state


def summary(response: ModelResponse) -> str:
    """The figures of an answer that has ended, in one line."""
    parts = [_target(f"{response.provider}:{response.model}".rstrip(":"), response.mock)]
    timing, usage = response.timing, response.usage
    if timing.ttft is not None:
        parts.append(f"TTFT {timing.ttft:.2f} s")
    if timing.tokens_per_second is not None:
        parts.append(f"{timing.tokens_per_second:.1f} tok/s")
    about = _about(usage.estimated)
    cached = f" ({usage.cache_read_tokens} cached)" if usage.cache_read_tokens else ""
    reasoning = f" ({usage.reasoning_tokens} reasoning)" if usage.reasoning_tokens else ""
    parts.append(f"{about}{usage.input_tokens} in{cached}, {about}{usage.output_tokens} out{reasoning}")
    parts += [cost_words(response.cost), f"{timing.duration:.2f} s"]
    if not response.complete:
        parts.append("incomplete")
    if tried := response.tried:
        parts.append(f"after {tried}")
    return _DOT.join(parts)


def cost_words(cost: CostEstimate) -> str:
    """A cost with `~` where it is estimated."""
    return f"{_about(cost.estimated)}{cost}" if cost.known else "cost unknown"


def _about(estimated: bool) -> str:
    return "~" if estimated else ""


def _target(target: str, mock: bool) -> str:
    """The target for people, visibly mock where no model is asked."""
    target = target_shown(target)
    return f"{target} (mock)" if mock and not target.startswith("mock:") else target
