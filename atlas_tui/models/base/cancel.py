"""Stopping a request from another thread."""

from __future__ import annotations

import threading
from collections.abc import Callable


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
