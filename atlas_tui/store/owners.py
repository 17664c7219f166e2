"""The processes that write: each keeps a lock, which the system gives back when its process ends, however it ends.

So a response that a living process still writes is told from one whose process was killed, at once and without a
guess: process numbers are used again, differ between containers, and a heartbeat is late.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from atlas_tui.config import make_private_folder
from atlas_tui.locks import lock


class Owner:
    """This process as the owner of what it writes: a locked file in `folder` for as long as it lives."""

    def __init__(self, folder: Path) -> None:
        make_private_folder(folder)
        self.process = os.getpid()
        """Not that of a child that was forked, which has an owner of its own."""
        while True:
            self.name = os.urandom(6).hex()
            self._path = folder / self.name
            self._file = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            with suppress(OSError):  # a file system without locks: others then see an owner that has ended
                lock(self._file)
            if self._path.exists():  # another process may have swept it away before it was locked
                return
            os.close(self._file)

    def release(self) -> None:
        """Nothing of it streams any more."""
        with suppress(OSError):
            os.close(self._file)
            if self.process == os.getpid():
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
            lock(file)
            path.unlink(missing_ok=True)
        except OSError:
            alive.add(path.name)
        finally:
            os.close(file)
    return alive
