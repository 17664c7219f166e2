"""The figures of an answer while it comes: taken from its events, read a few times a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import (
    End,
    Event,
    FellBack,
    ReasoningDelta,
    RetryScheduled,
    Start,
    TextDelta,
    TokenUsage,
    UsageUpdate,
)
from atlas_tui.pricing import UNKNOWN_COST, CostEstimate
from atlas_tui.tui.widgets import figures
from atlas_tui.tui.widgets.reading import Phase, Reading

SLOT = 0.5
"""Seconds that one column of the sparkline stands for. Columns are cut at fixed times, so drawn ones never change."""
SLOTS = 60
_WINDOW = 2.0
"""Seconds over which the running tok/s is taken."""
_SILENCE = 3.0
"""Seconds without a token after which the silence is worth a word."""


class Gauge:
    """Takes the events of one answer after the other."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._still = Reading()
        self._begun = self._last = 0.0
        self._first: float | None = None
        self._samples: deque[tuple[float, int]] = deque()
        self._slots: deque[float] = deque(maxlen=SLOTS)
        self._slot_end = 0.0
        self._slot_tokens = 0
        self._next_attempt = 0.0

    def about(self, *, target: str, mock: bool, session_cost: CostEstimate) -> None:
        """What holds besides the answer: who is asked, and what the session has cost."""
        target = figures.target(target)
        if target != self._still.target:
            self._still = self._still._replace(window=None)
        self._still = self._still._replace(target=target, mock=mock, session_cost=session_cost)

    def know_window(self, tokens: int | None) -> None:
        """The context window of the target."""
        self._still = self._still._replace(window=tokens)

    def reset(self) -> None:
        """A new conversation has begun."""
        still = self._still
        self._still = Reading(target=still.target, mock=still.mock, window=still.window)

    def begin(self, input_tokens: int) -> None:
        """A request is sent now, of about so many tokens."""
        self._begun = self._last = self._clock()
        self._first = None
        self._samples.clear()
        self._slots.clear()
        still = self._still
        self._still = Reading(
            "waiting",
            still.target,
            still.mock,
            usage=TokenUsage(input_tokens, 0, estimated=True),
            cost=UNKNOWN_COST,
            session_cost=still.session_cost,
            window=still.window,
        )

    def take(self, event: Event) -> None:
        """The next event of the answer."""
        now = self._clock()
        match event:
            case Start():
                self._still = self._still._replace(phase="waiting", note="")
            case TextDelta() | ReasoningDelta():
                self._last = now
                if self._first is None:
                    self._first = self._slot_end = now
                    self._slot_end += SLOT
                    self._samples.append((now, 0))
                self._still = self._still._replace(phase="streaming" if isinstance(event, TextDelta) else "thinking")
            case UsageUpdate(usage, cost):
                self._still = self._still._replace(usage=usage, cost=cost)
                if usage.estimated:  # the provider's own count comes at the end and differs: no rate of tokens
                    self._sample(now, usage.output_tokens)
            case RetryScheduled(error, delay, attempt):
                self._next_attempt = now + delay
                self._still = self._still._replace(phase="retrying", note=f"{_words(error)}: attempt {attempt} in")
            case FellBack(_, target):
                self._first, target = None, figures.target(target)
                self._still = self._still._replace(phase="waiting", target=target, note=f"fell back to {target}")
            case End():
                self._end(event)

    def _end(self, end: End) -> None:
        response, timing = end.response, end.response.timing
        phase: Phase = "done" if end.error is None else "stopped" if end.error.kind == "cancelled" else "failed"
        self._still = self._still._replace(
            phase=phase,
            elapsed=timing.duration,
            ttft=timing.ttft,
            rate=timing.tokens_per_second,
            rates=tuple(self._slots),
            usage=response.usage,
            cost=response.cost,
            note="",
        )

    def read(self) -> Reading:
        """The figures now."""
        still = self._still
        if not still.running:
            return still
        now = self._clock()
        self._close_slots(now)
        quiet = now - self._last
        if still.phase == "retrying" and now < self._next_attempt:
            still = still._replace(note=f"{still.note} {self._next_attempt - now:.0f} s")
        elif still.phase == "retrying":
            still = still._replace(phase="waiting", note="")
        return still._replace(
            elapsed=now - self._begun,
            ttft=None if self._first is None else self._first - self._begun,
            rate=self._rate(now),
            rates=tuple(self._slots),
            # A slow first token is no stall: the model reads a long prompt, or is being loaded.
            silence=quiet if quiet >= _SILENCE and self._first is not None else None,
        )

    def _sample(self, now: float, tokens: int) -> None:
        if self._first is None:
            return
        before = self._samples[-1][1] if self._samples else 0
        self._close_slots(now)
        self._slot_tokens += max(0, tokens - before)
        self._samples.append((now, tokens))
        while len(self._samples) > 2 and now - self._samples[1][0] > _WINDOW:
            self._samples.popleft()

    def _close_slots(self, now: float) -> None:
        while self._first is not None and now >= self._slot_end:
            self._slots.append(self._slot_tokens / SLOT)
            self._slot_tokens = 0
            self._slot_end += SLOT
            if now - self._slot_end > SLOT * SLOTS:
                self._slot_end = now

    def _rate(self, now: float) -> float | None:
        if len(self._samples) < 2:
            return None
        (since, before), (_, tokens) = self._samples[0], self._samples[-1]
        # A stream that has fallen silent slows down visibly instead of keeping its last figure.
        until = max(self._samples[-1][0], now - 1.0)
        return (tokens - before) / (until - since) if until > since else None


def _words(error: ProviderError) -> str:
    return error.kind.replace("_", " ")
