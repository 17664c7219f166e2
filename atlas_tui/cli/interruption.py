"""Ctrl+C, SIGTERM and SIGHUP while an answer streams: the request is cancelled, and what has arrived stays."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))


class Interruption:
    """Inside this context the first signal cancels in place of ending the process; a second one ends it."""

    def __init__(self) -> None:
        self.signal: int | None = None
        """The signal that came, or None."""
        self._cancels: tuple[Callable[[], None], ...] = ()
        self._before: dict[int, Any] = {}

    def cancels(self, *calls: Callable[[], None]) -> None:
        """What to call at the signal; at once if that has come."""
        self._cancels = calls
        if self.signal is not None:
            self._call()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        self.signal = number
        self._call()

    def _call(self) -> None:
        for call in self._cancels:
            call()

    def __enter__(self) -> Interruption:
        self._before = {
            number: signal.signal(number, self._handle)
            for number in _SIGNALS
            if signal.getsignal(number) is not signal.SIG_IGN  # nohup means to outlive its terminal
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
