"""What follows a failure: wait and retry, fall back, or stop. One table, one state, no clock of its own.

Retries follow the practice of large services: full jitter, so that clients do not come back together; the server's
own wish (`Retry-After`) first; a budget of retries, so that an outage is not made worse by those who suffer it.
After the first token nothing is retried in silence: what was shown stays, and the user decides.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from atlas_tui.config import RetrySettings as RetrySettings
from atlas_tui.errors import Kind, ProviderError

# A request that is wrong in itself, or a key that is, stays wrong elsewhere: those kinds end the prompt.
_RETRY: frozenset[Kind] = frozenset({"rate_limit", "overloaded", "server", "connection", "timeout", "truncated"})
_FALL_BACK: frozenset[Kind] = _RETRY | {"not_found", "permission", "protocol"}


@dataclass(frozen=True, slots=True)
class Retry:
    """Ask the same target again after `delay` seconds."""

    delay: float
    reason: Literal["backoff", "retry_after"] = "backoff"
    """Who chose the delay: Atlas, or the server."""


@dataclass(frozen=True, slots=True)
class FallBack:
    """Ask the next target."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Tell the user."""


Decision = Retry | FallBack | Stop


@dataclass
class Policy:
    """Decides about failures, and remembers how the targets have done."""

    settings: RetrySettings = field(default_factory=RetrySettings)
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    """A number from 0 to 1."""
    _left: float = field(init=False)
    _cooling: dict[str, tuple[float, ProviderError]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._left = float(self.settings.budget)

    def decide(self, error: ProviderError, attempt: int, waited: float, *, begun: bool, others: bool) -> Decision:
        """What to do about a failure.

        Args:
            error: the failure.
            attempt: the number of the attempt that failed, from 1.
            waited: seconds waited so far for this prompt.
            begun: a token had arrived.
            others: there is a target to fall back to.
        """
        if begun or error.kind not in _FALL_BACK:
            return Stop()
        if error.kind in _RETRY and error.retryable and attempt < self.settings.attempts:
            delay = self._delay(error, attempt)
            if delay is not None and waited + delay <= self.settings.total_wait and self._affords(error):
                return Retry(delay, "backoff" if error.retry_after is None else "retry_after")
        return FallBack() if others else Stop()

    def _affords(self, error: ProviderError) -> bool:
        """Whether one more retry is within the budget. What the server asks for is no outage: many requests at once
        that a rate limit turns away come back when it says so."""
        if error.kind == "rate_limit" or error.retry_after is not None:
            return True
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def _delay(self, error: ProviderError, attempt: int) -> float | None:
        settings = self.settings
        backoff = self.jitter() * min(settings.longest_wait, settings.first_wait * 2.0 ** (attempt - 1))
        if error.retry_after is None:
            return backoff
        # Everybody else was told the same moment: come a little after it.
        return error.retry_after + 0.1 * backoff if error.retry_after <= settings.longest_retry_after else None

    def succeeded(self, target: str) -> None:
        """A target has answered."""
        self._cooling.pop(target, None)
        self._left = min(float(self.settings.budget), self._left + 0.1)

    def failed(self, target: str, error: ProviderError) -> None:
        """A target was given up."""
        if error.kind in _FALL_BACK:
            self._cooling[target] = (self.clock() + self.settings.cooldown, error)

    def cooling(self, target: str) -> ProviderError | None:
        """The failure for which a target is asked last for a while, or None."""
        until, error = self._cooling.get(target, (0.0, None))
        return error if until > self.clock() else None


class Wish(Enum):
    """What the user wants while an attempt runs or the next one is awaited."""

    RETRY = "retry"
    FALL_BACK = "fall back"


class Steering:
    """Lets the user decide from another thread: retry now, or fall back now. (Stopping is the cancel token's.)"""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed: asyncio.Event | None = None
        self._interrupt: Callable[[], None] | None = None
        self._wish: Wish | None = None

    def retry_now(self) -> None:
        """End the wait: ask again at once."""
        self._express(Wish.RETRY)

    def fall_back_now(self) -> None:
        """End the wait or the running attempt: ask the next target."""
        self._express(Wish.FALL_BACK)

    def begin(self) -> None:
        """A prompt is asked: what is wished from here on is about it, also before its worker has begun."""
        with self._lock:
            self._loop = self._wish = None

    def _express(self, wish: Wish) -> None:
        with self._lock:
            loop = self._loop
            if loop is None:
                self._wish = wish
        if loop is None or loop.is_closed():
            return

        def apply() -> None:
            self._wish = wish
            if self._changed is not None:
                self._changed.set()
            elif wish is Wish.FALL_BACK and self._interrupt is not None:
                self._interrupt()

        with suppress(RuntimeError):  # the loop closed between the look and the call: the prompt is over
            loop.call_soon_threadsafe(apply)

    def attach(self) -> None:
        """Called on the worker's loop, before the first attempt."""
        with self._lock:
            self._loop = asyncio.get_running_loop()

    def running(self, interrupt: Callable[[], None] | None) -> None:
        """An attempt runs, and `interrupt` ends it; None when it has ended."""
        self._interrupt = interrupt

    @property
    def wish(self) -> Wish | None:
        """What `take` would give."""
        return self._wish

    def take(self) -> Wish | None:
        """The wish since the last look."""
        wish, self._wish = self._wish, None
        return wish

    async def wait(self, delay: float) -> Wish | None:
        """Wait for `delay` seconds or for a wish."""
        if self._wish is not None:
            return self.take()
        self._changed = asyncio.Event()
        try:
            async with asyncio.timeout(delay):
                await self._changed.wait()
        except TimeoutError:
            return None
        finally:
            self._changed = None
        return self.take()
