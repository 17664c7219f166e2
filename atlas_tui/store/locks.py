"""Locks between processes, on files: the system gives a lock back when its process ends, however it ends.

So a response that a living process still writes is told from one whose process was killed, at once and without a
guess: process numbers are used again, differ between containers, and a heartbeat is late.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from atlas_tui.config import make_private_folder

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


_POLL = 0.02


class Owner:
    """This process as the owner of what it writes: a locked file in `folder` for as long as it lives."""

    def __init__(self, folder: Path) -> None:
        make_private_folder(folder)
        while True:
            self.name = os.urandom(6).hex()
            self._path = folder / self.name
            self._file = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            with suppress(OSError):  # a file system without locks: others then see an owner that has ended
                _lock(self._file)
            if self._path.exists():  # another process may have swept it away before it was locked
                return
            os.close(self._file)

    def release(self) -> None:
        """Nothing of it streams any more."""
        with suppress(OSError):
            os.close(self._file)
            self._path.unlink()


def owners_alive(folder: Path) -> set[str]:
    """The names of the owners that live; the files of the others are removed."""
    alive: set[str] = set()
    if not folder.is_dir():
        return alive
    for path in folder.iterdir():
        try:
            file = os.open(path, os.O_RDWR)
        except OSError:  # it has just ended
            continue
        try:
            _lock(file)
            path.unlink(missing_ok=True)
        except OSError:
            alive.add(path.name)
        finally:
            os.close(file)
    return alive


@contextmanager
def exclusive(path: Path, patience: float) -> Iterator[None]:
    """Alone among processes; after `patience` seconds also if another one holds the lock (it may be suspended)."""
    file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        until = time.monotonic() + patience
        while True:
            try:
                _lock(file)
                break
            except OSError:
                if time.monotonic() > until:
                    break
                time.sleep(_POLL)
        yield
    finally:
        os.close(file)
