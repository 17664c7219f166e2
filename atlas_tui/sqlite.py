"""A file of SQLite: opened, brought up to date, set aside when it is damaged."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from atlas_tui.config import make_private_folder, private_opener
from atlas_tui.errors import AtlasError
from atlas_tui.locks import exclusive
from atlas_tui.text import one_line

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
_NOT_WRITABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
_LOCK_PATIENCE = 5.0
Failure = (sqlite3.Error, OSError)
"""What reading and writing raise when the disk or the file is at fault."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a file of one kind is."""

    name: str
    """As sentences call it: `the history`."""
    migrations: Sequence[str]
    """The scripts that make its tables, in order; `user_version` says how many the file has seen."""
    pragmas: Sequence[str]
    """In force on every connection that may write."""
    patience: float
    """Seconds to wait for another process's write."""


def connect(path: Path, form: Form) -> tuple[sqlite3.Connection, str | None]:
    """Open the file, or begin it; with the new name of a damaged one that had to be set aside.

    Raises:
        AtlasError: it cannot be used; nothing was changed.
    """
    try:
        make_private_folder(path.parent)
        with exclusive(_lock_of(path), _LOCK_PATIENCE):
            try:
                return _open(path, form), None
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                aside = _rename(path)
                return _open(path, form), aside
    except Failure as error:
        named = f"{form.name} {one_line(str(path))}"
        raise AtlasError(f"{named} cannot be used ({reason(error)}): check the folder") from error


def connect_to_read(path: Path, form: Form) -> sqlite3.Connection | None:
    """Open a file that is there, to read it; None if there is none. Only one of an older Atlas is changed by it.

    Raises:
        sqlite3.Error, OSError: it cannot be read.
        AtlasError: it was written by a newer Atlas.
    """
    if not path.exists():
        if path.parent.is_file():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return None
    connection, version = _open_to_read(path, form)
    if version == len(form.migrations):
        return connection
    connection.close()
    return connect(path, form)[0] if version else None  # or another process is just making it


def in_memory(form: Form) -> sqlite3.Connection:
    """The same tables, gone with the process."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _migrate(connection, form.migrations)
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
    """All of it or nothing; on disk when it ends. A `DEFERRED` one reads from one state of the file."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield connection
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


def set_aside(path: Path, inode: int) -> str | None:
    """Rename a file that proved to be damaged after it had been opened; None if another process has done so."""
    with exclusive(_lock_of(path), _LOCK_PATIENCE):
        return _rename(path) if path.exists() and path.stat().st_ino == inode else None


def _primary_code(error: BaseException) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _open(path: Path, form: Form) -> sqlite3.Connection:
    # So that the file, and those that SQLite puts beside it, are for their owner alone. One that is there is left
    # alone: to close it would give back the locks that this process's other connections have on it, whereupon the next
    # process to end would take away the log into which they go on writing.
    with suppress(FileExistsError):
        open(path, "xb", opener=private_opener).close()
    if not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise OSError(errno.EACCES, "it may not be written")  # SQLite would say so with the first write
    connection = sqlite3.connect(path, timeout=form.patience, isolation_level=None, check_same_thread=False)
    try:
        _version(connection, form)
        for pragma in form.pragmas:
            connection.execute(f"PRAGMA {pragma}")
        _migrate(connection, form.migrations)
    except BaseException:
        connection.close()
        raise
    return connection


def _open_to_read(path: Path, form: Form) -> tuple[sqlite3.Connection, int]:
    # In a folder that cannot be written there is no place for the log's index: the file is then read as it lies.
    for options in ("mode=rw", "mode=ro", "mode=ro&immutable=1"):
        address = f"{path.absolute().as_uri()}?{options}"
        connection = sqlite3.connect(
            address, uri=True, timeout=form.patience, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA query_only = ON")
            return connection, _version(connection, form)
        except BaseException as error:
            connection.close()
            if _primary_code(error) not in _NOT_WRITABLE or "immutable" in options:
                raise
    raise AssertionError("the last way returns or raises")


def _version(connection: sqlite3.Connection, form: Form) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if version > len(form.migrations):
        raise AtlasError(f"{form.name} was written by a newer Atlas and is left as it is: update Atlas to use it")
    return version


def _migrate(connection: sqlite3.Connection, migrations: Sequence[str]) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, script in enumerate(migrations[version:], version + 1):
        try:
            connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
    if not connection.in_transaction and version == len(migrations):
        # A file in a folder that cannot be written opens well; only a write tells.
        with transaction(connection):
            pass


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
