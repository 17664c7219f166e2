"""Waiting for what cannot be interrupted, and not waiting for it any more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, NoReturn, TypeVar

from atlas_tui.models.base import CancelToken

T = TypeVar("T")


class Stopped(Exception):
    """The cancel has come."""


class Stop:
    """A cancel that can be waited for. `forget` when nothing is waited for any more."""

    def __init__(self, cancel: CancelToken | None) -> None:
        self._cancel = cancel or CancelToken()
        # A signal's handler may cancel in the middle of a wait, which an Event does not bear.
        self._news: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._cancel.on_cancel(self._wake)

    def within(self, seconds: float) -> bool:
        """Whether it comes within so many seconds."""
        if seconds and not self._cancel.cancelled:
            with suppress(Empty):
                self._news.get(timeout=seconds)
        return self._cancel.cancelled

    def during(self, work: Callable[[], T]) -> T:
        """What the work gives, or raises; a cancel leaves it alone.

        Raises:
            Stopped: the cancel came first.
        """

        def run() -> None:
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - raised where it is waited for
                self._news.put(partial(_raise, error))
            else:
                self._news.put(lambda: result)

        if self._cancel.cancelled:
            raise Stopped
        threading.Thread(target=run, name="atlas-waiting", daemon=True).start()
        outcome = self._news.get()
        if outcome is None:
            raise Stopped
        given: T = outcome()
        return given

    def forget(self) -> None:
        """The cancel is of no interest any more."""
        self._cancel.forget(self._wake)

    def _wake(self) -> None:
        self._news.put(None)


def _raise(error: Exception) -> NoReturn:
    raise error
