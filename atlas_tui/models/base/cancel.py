"""Stopping a request from another thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable


class CancelToken:
    """Says once, from any thread, that nobody waits for the answer any more.

    Args:
        parent: what also stops whatever this token stops: a prompt's token is the parent of its attempts'.
    """

    def __init__(self, parent: CancelToken | None = None) -> None:
        self._parent = parent
        self._lock = threading.Lock()
        self._cancelled = False
        self._callbacks: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        """True from the first `cancel` on, of this token or of its parent."""
        return self._cancelled or (self._parent is not None and self._parent.cancelled)

    def cancel(self) -> None:
        """Stop: whatever state the request is in, it ends within milliseconds. Repeating it does nothing."""
        with self._lock:
            if self._cancelled:
                return
            self._cancelled = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Have `callback` called at the cancel, or now if that has been. It must not block."""
        with self._lock:
            if not self._cancelled:
                self._callbacks.append(callback)
                return
        callback()

    def forget(self, callback: Callable[[], None]) -> None:
        """Take back an `on_cancel`."""
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)


def settle_cancel() -> None:
    """A cancel that was meant for the request, not for the task around it, has been dealt with."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


async def undisturbed(cancel: CancelToken, step: Callable[[], Awaitable[None]]) -> None:
    """Do what follows the end of an answer, whether or not a stop comes into it: the answer must not be lost to it.

    Args:
        cancel: the token whose stop is meant.
        step: what to do; if a stop interrupts it, it is called once more and does the rest.
    """
    try:
        await step()
    except asyncio.CancelledError:
        if not cancel.cancelled:
            raise
        settle_cancel()
        await step()
