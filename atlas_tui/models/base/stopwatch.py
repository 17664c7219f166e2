"""The clock of an answer. It stamps arrival in the worker, so drawing and slow callbacks are no part of it."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from atlas_tui.models.base.response import Timing
from atlas_tui.pricing import TokenUsage

_USAGE_EVERY = 0.25
"""Seconds between two estimates of usage and cost while streaming."""
_USAGE_CHARACTERS = 2000
"""Characters after which an estimate is due all the same: a cost limit must also stop a flood."""

_SHORTEST = 0.01
"""Seconds from the first delta to the last below which nothing is said about the speed: they came in one piece, and
how fast that was taken apart says nothing about the model."""


class Stopwatch:
    """Times one attempt.

    Args:
        clock: gives the time in seconds, from any beginning.
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._begun = self._ended = clock()
        self._first = self._last = 0.0
        self._first_size = self._size = 0
        self._usage_at = 0.0
        self._usage_size = 0
        self.rate: float | None = None
        """Tokens per second by the provider's own clock, which the network and a slow reader do not touch."""

    def start(self) -> None:
        """The request is sent now."""
        self._begun = self._clock()

    def delta(self, text: str) -> None:
        """A delta has arrived."""
        now = self._last = self._clock()
        size = len(text)
        if not self._first:
            self._first = now
            self._first_size = size
            self._usage_at = now
        self._size += size

    def stop(self) -> None:
        """The stream is over."""
        self._ended = self._clock()

    def usage_due(self) -> bool:
        """True a few times a second, from the first delta on."""
        due = self._last - self._usage_at >= _USAGE_EVERY or self._size - self._usage_size >= _USAGE_CHARACTERS
        if due:
            self._usage_at, self._usage_size = self._last, self._size
        return due

    def timing(self, usage: TokenUsage, reasoning_shown: bool) -> Timing:
        """The figures. What came in the first delta and hidden reasoning took no time after the first token."""
        ttft = self._first - self._begun if self._first else None
        rate = self.rate
        elapsed = self._last - self._first
        if rate is None and elapsed >= _SHORTEST and self._size > self._first_size:
            tokens = usage.output_tokens - (0 if reasoning_shown else usage.reasoning_tokens)
            rate = max(0, tokens) * (1 - self._first_size / self._size) / elapsed
        return Timing(ttft, self._ended - self._begun, rate)
