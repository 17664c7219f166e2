"""The library's two ways to its file: one connection reads, another writes, so that no question waits for a batch."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from atlas_tui.errors import AtlasError
from atlas_tui.retrieval.library.schema import FORM
from atlas_tui.sqlite import Failure, connect, connect_to_read, is_damage, reason, set_aside, transaction
from atlas_tui.text import one_line


class Connections:
    """Opened at first use, from any thread."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.notices: list[str] = []
        """What the user should know: that a damaged file was set aside, say."""
        self._reader: sqlite3.Connection | None = None
        self._writer: sqlite3.Connection | None = None
        self._inode = 0
        self._reading = threading.RLock()
        self._writing = threading.RLock()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """One state of the file, however long that takes; None while there is no library.

        Raises:
            AtlasError: it cannot be read.
        """
        with self._reading:
            try:
                if self._reader is None or self._replaced():
                    self._open_to_read()
                if self._reader is None:
                    yield None
                    return
                with transaction(self._reader, "DEFERRED"):
                    yield self._reader
            except Failure as error:
                remedy = ": index again, which builds a new one" if is_damage(error) else ""
                raise AtlasError(
                    f"the knowledge base {one_line(str(self.file))} cannot be read ({reason(error)}){remedy}"
                ) from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it or nothing.

        Raises:
            AtlasError: it cannot be written; nothing was changed.
        """
        with self._writing:
            if self._writer is None:
                self._writer, aside = connect(self.file, FORM)
                self._inode = self.file.stat().st_ino
                if aside:
                    self.notices.append(f"the knowledge base was damaged: it is set aside as {aside}; index again")
            try:
                with transaction(self._writer):
                    yield self._writer
            except Failure as error:
                raise AtlasError(self._trouble(error)) from error

    def close(self) -> None:
        """Both; the next use opens them again."""
        with self._writing, self._reading:
            for connection in (self._reader, self._writer):
                if connection is not None:
                    connection.close()
            self._reader = self._writer = None

    def _open_to_read(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader = connect_to_read(self.file, FORM)
        if self._reader is not None:
            self._inode = self.file.stat().st_ino

    def _replaced(self) -> bool:
        """Whether the file is another one than was opened: a damaged one was set aside, or it was deleted."""
        try:
            return self.file.stat().st_ino != self._inode
        except FileNotFoundError:
            return True

    def _trouble(self, error: BaseException) -> str:
        if not is_damage(error):
            return f"the knowledge base {one_line(str(self.file))} cannot be written ({reason(error)})"
        inode = self._inode
        self.close()
        aside = set_aside(self.file, inode)
        return f"the knowledge base was damaged{f': it is set aside as {aside}' if aside else ''}; index again"
