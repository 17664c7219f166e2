"""The file of the history: opened, brought up to date, set aside when it is damaged. The one place of sqlite3."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from atlas_tui.config import make_private_folder, private_opener
from atlas_tui.errors import AtlasError
from atlas_tui.store.locks import exclusive
from atlas_tui.store.schema import MIGRATIONS
from atlas_tui.text import one_line

_BUSY = 5.0
"""Seconds to wait for another process's write."""
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_PERM: "access is denied",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_BUSY: "another process keeps it locked",
    **dict.fromkeys(_DAMAGED, "the file is damaged"),
}
Failure = (sqlite3.Error, OSError)
"""What reading and writing raise when the disk or the file is at fault."""


def connect(path: Path) -> tuple[sqlite3.Connection, str | None]:
    """Open the file, or begin it; with the new name of a damaged one that had to be set aside.

    Raises:
        AtlasError: it cannot be used; nothing was changed.
    """
    try:
        make_private_folder(path.parent)
        with exclusive(_lock_of(path), _BUSY):
            try:
                return _open(path), None
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                aside = _rename(path)
                return _open(path), aside
    except Failure as error:
        raise AtlasError(f"the history {one_line(str(path))} cannot be used ({reason(error)})") from error


def in_memory() -> sqlite3.Connection:
    """The same tables, gone with the process."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _migrate(connection)
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing; on disk when it ends."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # some failures have rolled back by themselves
            connection.execute("ROLLBACK")
        raise


def is_damage(error: BaseException) -> bool:
    """Whether the file itself is broken, rather than the disk full or read-only."""
    return _primary_code(error) in _DAMAGED


def reason(error: BaseException) -> str:
    """Why, as a clause."""
    if isinstance(error, OSError):
        return one_line(error.strerror or str(error), 120)
    return _REASONS.get(_primary_code(error) or -1) or one_line(str(error), 120)


def _primary_code(error: BaseException) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _open(path: Path) -> sqlite3.Connection:
    with open(path, "ab", opener=private_opener):
        pass  # so that the file, and those that SQLite puts beside it, are for their owner alone
    connection = sqlite3.connect(path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
    try:
        _check_version(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        # A commit is on the disk itself when it returns: also what has streamed must outlive a loss of power.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_version(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if version > len(MIGRATIONS):
        raise AtlasError("the history was written by a newer Atlas and is left as it is: update Atlas to use it")


def _migrate(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        try:
            connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
    if not connection.in_transaction and version == len(MIGRATIONS):
        # A file in a folder that cannot be written opens well; only a write tells.
        with transaction(connection):
            pass


def set_aside(path: Path, inode: int) -> str | None:
    """Rename a file that proved to be damaged after it had been opened; None if another process has done so."""
    with exclusive(_lock_of(path), _BUSY):
        return _rename(path) if path.exists() and path.stat().st_ino == inode else None


def _lock_of(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _rename(path: Path) -> str:
    """Give a damaged file, with what SQLite keeps beside it, another name."""
    stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S")
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    count = 1
    while aside.exists():
        count += 1
        aside = path.with_name(f"{path.name}.damaged-{stamp}-{count}")
    os.rename(path, aside)
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.rename(f"{path}{suffix}", f"{aside}{suffix}")
    return aside.name
