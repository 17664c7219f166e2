"""Several things at the same time: the slowest decides how long they take."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from time import monotonic


def together(works: Sequence[Callable[[], None]], patience: float) -> None:
    """Do all of them, each in a thread of its own; what takes longer than `patience` seconds is left alone."""
    until = monotonic() + patience
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - monotonic()))
