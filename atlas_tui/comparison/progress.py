"""What a column does just now: taken from its events in the worker, read by whoever draws."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Literal

from atlas_tui.models.base import (
    CostEstimate,
    End,
    Event,
    FellBack,
    ReasoningDelta,
    RetryScheduled,
    Sink,
    Start,
    TextDelta,
    TokenUsage,
    UsageUpdate,
)

State = Literal["idle", "waiting", "thinking", "answering", "retrying", "done", "failed", "stopped"]
RUNNING: frozenset[State] = frozenset({"waiting", "thinking", "answering", "retrying"})


class Progress:
    """A sink before the sink: every event of one answer passes through it."""

    def __init__(self, sink: Sink, clock: Callable[[], float] = perf_counter) -> None:
        self._sink = sink
        self._clock = clock
        self.begun = clock()
        self.state: State = "waiting"
        self.target = ""
        """Who answers just now, where it is not who was asked."""
        self.ttft: float | None = None
        """Seconds from the start to the first token; the response's own timing at the end is exact."""
        self.usage: TokenUsage | None = None
        self.cost: CostEstimate | None = None
        self.attempts = 1
        self.end: End | None = None
        self._pieces: list[str] = []

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self.begun

    @property
    def text(self) -> str:
        """The answer so far."""
        if self.end is not None:
            return self.end.response.content
        return "".join(self._pieces)

    def put(self, event: Event) -> None:
        """Called in the worker."""
        kind = type(event)
        if kind is TextDelta:
            self._pieces.append(event.text)  # type: ignore[union-attr]
            if self.state != "answering":
                self._first("answering")
        elif kind is ReasoningDelta:
            if self.state != "thinking":
                self._first("thinking")
        else:
            self._note(event)
        self._sink.put(event)

    def full(self) -> bool:
        """True while the consumer is behind."""
        return self._sink.full()

    def _first(self, state: State) -> None:
        self.state = state
        if self.ttft is None:
            self.ttft = self._clock() - self.begun

    def _note(self, event: Event) -> None:
        match event:
            case Start(provider, model):
                self.state = "waiting"
                self.target = f"{provider}:{model}"
            case UsageUpdate(usage, cost):
                self.usage, self.cost = usage, cost
            case RetryScheduled(_, _, attempt):
                self.state, self.attempts = "retrying", attempt
            case FellBack(_, target):
                self.state, self.target, self.ttft = "waiting", target, None
                self.attempts += 1
                self._pieces.clear()
            case End(_, error):
                self.end = event
                self.state = "done" if error is None else "stopped" if error.kind == "cancelled" else "failed"
