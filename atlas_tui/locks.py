"""A lock between processes, on a file: the system gives it back when its holder ends, however it ends."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def lock(file: int) -> None:
        """Lock an open file; OSError if another process holds it."""
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

    def share(file: int) -> None:
        """Nothing: here the system itself keeps what is open from being removed."""
else:
    import fcntl

    def lock(file: int) -> None:
        """Lock an open file; OSError if another process holds it."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def share(file: int) -> None:
        """Lock an open file together with others who share it; OSError if a process holds it alone."""
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


_POLL = 0.02


@contextmanager
def exclusive(path: Path, patience: float) -> Iterator[None]:
    """Alone among processes; after `patience` seconds also if another one holds the lock (it may be suspended)."""
    file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        until = time.monotonic() + patience
        while True:
            try:
                lock(file)
                break
            except OSError:
                if time.monotonic() > until:
                    break
                time.sleep(_POLL)
        yield
    finally:
        os.close(file)
