"""The one thread that touches the history's file: it opens it, and reads and writes it in the order of the wishes."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from atlas_tui.errors import AtlasError

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")
log = logging.getLogger(__name__)

FLUSH = 0.2
"""Seconds that what has come may wait to be written, with whatever else comes meanwhile."""
_AGAIN = 2.0
"""Seconds until what could not be written is tried again."""
_IN_MEMORY = "this session is kept in memory only, export what you want to keep"
_LATER = (
    "the conversation goes on, and what is missing is written as soon as that is possible; until then export what you"
    " want to keep"
)


class Entry(Protocol):
    """Something that is written when its time has come; what fails is tried again as a whole."""

    @property
    def key(self) -> object:
        """What a later entry replaces this one by."""

    def write(self, connection: sqlite3.Connection) -> None:
        """Write all that has come, inside a transaction that may yet be undone."""

    def written(self) -> None:
        """It is on the disk."""


@dataclass(frozen=True, slots=True)
class Change:
    """A statement; a later one with the same key takes its place while it still waits."""

    key: tuple[object, ...]
    statement: str
    values: tuple[object, ...]

    def write(self, connection: sqlite3.Connection) -> None:
        """See `Entry`."""
        connection.execute(self.statement, self.values)

    def written(self) -> None:
        """Nothing is kept."""


class Writer:
    """Runs jobs on the connection. Its thread and the file are there from the first job on.

    Args:
        path: the file; None keeps everything in memory.
        on_notice: told once, in the thread, what the user should know: that nothing can be written, say.
        on_open: called when a file has been opened, with its connection.
        on_close: called at the end.
        otherwise: what follows where the file cannot be used, as a clause; None where a conversation is kept in it.
    """

    def __init__(
        self,
        path: Path | None,
        on_notice: Callable[[str], None],
        on_open: Callable[[sqlite3.Connection], None],
        on_close: Callable[[], None],
        *,
        otherwise: str | None = None,
    ) -> None:
        self.path = path
        self._on_notice = on_notice
        self._on_open = on_open
        self._on_close = on_close
        self._otherwise = otherwise
        self._told: set[str] = set()
        self._due = 0.0
        self._closed = False
        self._inode = 0
        self._begin()
        _writers.add(self)

    def _begin(self) -> None:
        """As in a process that has opened nothing yet: a child that was forked has neither the thread nor a right to
        the connection, and what waits to be written is written by its parent."""
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._pending: dict[object, Entry] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._connection: sqlite3.Connection | None = None

    def call(self, job: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Run a job; the future has its result, or an AtlasError if the file is at fault or the writer is closed."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(self._guarded(job))
            except Exception as error:  # noqa: BLE001 - handed on to whoever waits
                future.set_exception(error)

        if not self._put(run):
            raise AtlasError("the history is closed")
        return future

    def soon(self, entry: Entry) -> None:
        """Write this within `FLUSH` seconds. Once the history is closed nothing is written any more."""
        self._put(lambda: self._add(entry, FLUSH))

    def now(self, entry: Entry) -> Future[None]:
        """Write this, and all that waits; the future is done when it is on the disk, or could not be written."""
        future: Future[None] = Future()

        def run() -> None:
            try:
                self._add(entry, 0.0)
                self._flush()
            finally:  # whatever happens, nobody waits for ever
                future.set_result(None)

        if not self._put(run):
            future.set_result(None)
        return future

    def close(self, patience: float) -> bool:
        """Write what waits and end; False if that took longer than `patience` seconds."""
        with self._lock:
            thread = self._thread
            if not self._closed:
                self._jobs.put(None)
            self._closed = True
        if thread is None:
            return True
        thread.join(patience)
        return not thread.is_alive()

    def _put(self, job: Callable[[], None]) -> bool:
        with self._lock:
            if self._closed:
                return False
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="atlas-history", daemon=True)
                self._thread.start()
            self._jobs.put(job)
            return True

    # In the thread

    def _run(self) -> None:
        while True:
            wait = max(0.0, self._due - time.monotonic()) if self._pending else None
            try:
                job = self._jobs.get(timeout=wait)
            except queue.Empty:
                self._flush()
                continue
            if job is None:
                break
            try:
                job()
            except Exception:
                log.exception("a job of the history failed")
            if self._pending and time.monotonic() >= self._due:
                self._flush()
        self._flush()
        if self._connection is not None:
            self._connection.close()
        self._on_close()

    def _add(self, entry: Entry, wait: float) -> None:
        due = time.monotonic() + wait
        self._due = min(self._due, due) if self._pending else due
        self._pending[entry.key] = entry

    def _flush(self) -> None:
        from atlas_tui.sqlite import transaction

        for key, entry in list(self._pending.items()):
            connection = self._open()
            try:
                with transaction(connection):
                    entry.write(connection)
            except Exception as error:  # noqa: BLE001 - no entry may end the thread that writes the others
                self._trouble(error)
                self._due = time.monotonic() + _AGAIN
            else:
                del self._pending[key]
                entry.written()

    def _guarded(self, job: Callable[[sqlite3.Connection], T]) -> T:
        from atlas_tui.sqlite import Failure, reason

        try:
            return job(self._open())
        except Failure as error:
            self._replace_if_damaged(error)
            raise AtlasError(f"the history cannot be used ({reason(error)}): try again") from error

    def _trouble(self, error: Exception) -> None:
        from atlas_tui.sqlite import reason

        if not self._replace_if_damaged(error):
            self._tell(f"the history cannot be written ({reason(error)}): {self._otherwise or _LATER}", error)

    def _replace_if_damaged(self, error: Exception) -> bool:
        from atlas_tui.sqlite import is_damage, reason, set_aside

        if not is_damage(error) or self._connection is None or self.path is None:
            return False
        self._connection.close()
        self._connection = None
        try:
            aside = set_aside(self.path, self._inode)
        except OSError as problem:
            self.path = None
            self._tell(
                f"the history is damaged and cannot be set aside ({reason(problem)}): {self._otherwise or _IN_MEMORY}",
                error,
            )
        else:
            if aside:  # else another process has done so, and there is a new one already
                self._tell(_set_aside_words(aside), error)
        return True

    def _prepare(self, connection: sqlite3.Connection) -> None:
        from atlas_tui.sqlite import Failure

        try:
            self._on_open(connection)
        except Failure as error:
            self._trouble(error)

    def _tell(self, sentence: str, error: Exception | None = None) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            log.warning("%s", sentence, exc_info=error)
            try:
                self._on_notice(sentence)
            except Exception:
                log.exception("a notice could not be given")

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            from atlas_tui.sqlite import connect, in_memory
            from atlas_tui.store.schema import FORM

            if self.path is not None:
                try:
                    self._connection, aside = connect(self.path, FORM)
                    self._inode = self.path.stat().st_ino
                    if aside:
                        self._tell(_set_aside_words(aside))
                except AtlasError as error:
                    self.path = None
                    self._tell(f"{error}: {self._otherwise or _IN_MEMORY}")
            if self._connection is None:
                self._connection = in_memory(FORM)
            self._prepare(self._connection)
            return self._connection or self._open()  # what proved to be damaged was replaced
        return self._connection


def _set_aside_words(name: str) -> str:
    return f"the history was damaged: it is set aside as {name}, and a new one has begun"


_writers: weakref.WeakSet[Writer] = weakref.WeakSet()
_of_the_parent: list[sqlite3.Connection | None] = []
"""Never closed here, nor by the garbage collector: that would take the parent's locks for the child's."""


def _after_fork() -> None:
    for writer in list(_writers):
        _of_the_parent.append(writer._connection)
        writer._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
