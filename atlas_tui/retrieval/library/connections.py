"""The library's two ways to its file: one connection reads, another writes, so that no question waits for a batch."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from atlas_tui.errors import AtlasError
from atlas_tui.retrieval.library.schema import FORM
from atlas_tui.sqlite import Failure, connect, connect_to_read, is_damage, reason, set_aside, transaction
from atlas_tui.text import one_line

_MUCH = 0.25
"""Part of a file that is free, from which on the file is written anew."""


class Connections:
    """Opened at first use, from any thread; again where the file is no longer the one that was opened."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.notices: list[str] = []
        """What the user should know: that a damaged file was set aside, say."""
        self._reader: _Opened | None = None
        self._writer: _Opened | None = None
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
                connection = self._open_to_read()
                if connection is None:
                    yield None
                    return
                with transaction(connection, "DEFERRED"):
                    yield connection
            except Failure as error:
                remedy = "index again, which builds a new one" if is_damage(error) else "check its permissions"
                raise AtlasError(f"{self._named} cannot be read ({reason(error)}): {remedy}") from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it or nothing.

        Raises:
            AtlasError: it cannot be written; nothing was changed.
        """
        with self._writing:
            try:
                with transaction(self._open_to_write()) as connection:
                    yield connection
            except Failure as error:
                raise AtlasError(self._trouble(error)) from error

    def shrink(self) -> None:
        """Give the disk back what was taken out, where that is much: its place would stay, with its text.

        Where that fails, nothing else is lost.
        """
        with self._writing:
            try:
                connection = self._open_to_write()
                pages, free = (
                    connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count")
                )
                if free >= _MUCH * pages:
                    connection.execute("VACUUM")
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except Failure:
                logging.getLogger(__name__).warning("what was taken out keeps its place on disk", exc_info=True)

    def close(self) -> None:
        """Both; the next use opens them again."""
        with self._writing, self._reading:
            for opened in (self._reader, self._writer):
                if opened is not None:
                    opened.connection.close()
            self._reader = self._writer = None

    @property
    def _named(self) -> str:
        return f"{FORM.name} {one_line(str(self.file))}"

    def _open_to_read(self) -> sqlite3.Connection | None:
        if self._reader is not None and self._reader.inode == self._inode():
            return self._reader.connection
        if self._reader is not None:
            self._reader.connection.close()
            self._reader = None
        connection = connect_to_read(self.file, FORM)
        if connection is not None:
            self._reader = _Opened(connection, self._inode())
        return connection

    def _open_to_write(self) -> sqlite3.Connection:
        if self._writer is not None and self._writer.inode == self._inode():
            return self._writer.connection
        if self._writer is not None:
            self._writer.connection.close()
            self._writer = None
        connection, aside = connect(self.file, FORM)
        self._writer = _Opened(connection, self._inode())
        if aside:
            self.notices.append(f"{FORM.name} was damaged: it is set aside as {aside}; index again")
        return connection

    def _inode(self) -> int:
        try:
            return self.file.stat().st_ino
        except OSError:
            return 0

    def _trouble(self, error: BaseException) -> str:
        if not is_damage(error) or self._writer is None:
            return f"{self._named} cannot be written ({reason(error)}): check the disk and its permissions"
        inode = self._writer.inode
        self.close()
        aside = set_aside(self.file, inode)
        return f"{FORM.name} was damaged{f': it is set aside as {aside}' if aside else ''}; index again"


class _Opened(NamedTuple):
    connection: sqlite3.Connection
    inode: int
    """Of the file as it was opened: a damaged one is set aside, and another begun in its place."""
