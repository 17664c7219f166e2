"""The tree against the library: what is new or changed is read and put in, what is gone is taken out.

A file whose size and time are those of the last indexing costs nothing; one whose time alone has changed is compared
by the hash of its bytes. Documents go in by batches, each in one transaction: whatever ends the process, each document
is whole or absent, and the next indexing does the rest. Several processes may index the same at once.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeVar

from atlas_tui.errors import ConfigError
from atlas_tui.models.base.cancel import CancelToken
from atlas_tui.retrieval.chunking import chunk
from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.places import Wanted, given, indexed, keep, remembered
from atlas_tui.retrieval.reading import Reader, Unreadable
from atlas_tui.retrieval.tree import MAX_SIZE, FoundFile, Skipped, read_file, walk
from atlas_tui.retrieval.values import Chunk, Place, SourceState
from atlas_tui.text import one_line, sound

T = TypeVar("T")
_BATCH_SIZE = 2_000_000
"""Bytes of documents that go into the library together."""
_BATCH_SECONDS = 2.0
"""How long a document that was read waits for company."""
_TICK = 0.05
"""Seconds between two reports of progress."""
_PARTS = 500
"""Chunks between two looks whether it is cancelled."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is."""

    found: int
    """Files seen in the tree."""
    files: int = 0
    """Those to be read; 0 while the tree is still being looked through."""
    files_done: int = 0
    bytes: int = 0
    bytes_done: int = 0
    seconds: float = 0.0
    """Since reading began."""
    skipped: int = 0
    source: str = ""
    """The file that is being read."""

    @property
    def rate(self) -> float | None:
        """Bytes in a second; None before there is anything to go by."""
        return self.bytes_done / self.seconds if self.seconds > 0.2 and self.bytes_done else None

    @property
    def remaining(self) -> float | None:
        """Seconds that the rest will take at this rate."""
        return (self.bytes - self.bytes_done) / self.rate if self.rate else None


@dataclass(slots=True)
class Report:
    """What an indexing has done."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    chunks: int = 0
    bytes: int = 0
    """Of the files that were read and put in."""
    seconds: float = 0.0
    looking: float = 0.0
    """Of them, until it was known which files are to be read."""
    skipped: list[Skipped] = field(default_factory=list)
    """Files and folders that are not in the library, each with the reason."""
    notices: list[Skipped] = field(default_factory=list)
    """Files of which only a part is."""
    left: int = 0
    """Files that were not come to, because it was interrupted."""
    cancelled: bool = False

    @property
    def reasons(self) -> dict[str, int]:
        """How often each reason for skipping occurs, the most frequent first."""
        return dict(Counter(_kind(skipped.reason) for skipped in self.skipped).most_common())

    @property
    def quiet(self) -> bool:
        """True if nothing has happened."""
        return not (self.added or self.changed or self.removed)


def index(
    paths: Sequence[str],
    collection: Collection,
    *,
    max_size: int = MAX_SIZE,
    again: bool = False,
    shared: bool = False,
    reader: Reader | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancel: CancelToken | None = None,
) -> Report:
    """Bring the collection to what the files and folders are now. What is not below the paths stays as it is.

    Args:
        paths: files and folders; one that is gone takes out what was indexed there. None at all stands for all that
            were ever taken in, each with the limit of then, but for what was taken out of them.
        max_size: bytes; larger files are skipped.
        again: read every file, as if all had changed.
        shared: the collection is on a server, and other people have put documents into it.
        reader: what reads them, and is closed at the end.
        progress: called about 20 times a second, from this thread.
        cancel: ends it within a file; what is done stays, and the report says so.

    Raises:
        ConfigError: a path is not there and never was, or cannot be read.
        AtlasError: the library cannot be read or written.
    """
    wanted = given(paths, collection, max_size) if paths else remembered(collection, shared=shared)
    return bring(wanted, collection, again=again, reader=reader, progress=progress, cancel=cancel)


def bring(
    wanted: Wanted,
    collection: Collection,
    *,
    again: bool = False,
    reader: Reader | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancel: CancelToken | None = None,
) -> Report:
    """`index` for what was found out to be wanted; raises the same."""
    run = _Indexing(collection, reader or Reader(), again, progress, cancel or CancelToken())
    try:
        return run.bring(wanted)
    finally:
        run.reader.close()


class _Indexing:
    def __init__(
        self,
        collection: Collection,
        reader: Reader,
        again: bool,
        progress: Callable[[Progress], None] | None,
        cancel: CancelToken,
    ) -> None:
        self.reader = reader
        self._collection = collection
        self._again = again
        self._progress = progress
        self._cancel = cancel
        self._report = Report()
        self._known: dict[str, SourceState] = {}
        self._found: dict[str, FoundFile] = {}
        self._given: set[str] = set()
        self._batch = _Batch(collection)
        self._told = self._reading_since = 0.0
        self._files = self._bytes = self._files_done = self._bytes_done = 0

    def bring(self, wanted: Wanted) -> Report:
        """Look, take out, read and put in."""
        begun = monotonic()
        for place in wanted.places:
            self._look(place, wanted)
        report = self._report
        if not self._cancel.cancelled:
            keep(wanted, self._collection)
            self._take_out()
            waiting = self._waiting_files()
            report.unchanged = len(self._found) - len(waiting)
            report.looking = monotonic() - begun
            self._read_all(waiting)
        report.cancelled = self._cancel.cancelled
        report.seconds = monotonic() - begun
        return report

    def _look(self, place: Place, wanted: Wanted) -> None:
        path, max_size = place.path, place.max_size or 0
        known = indexed(self._collection, path)
        self._known |= known
        self._given.add(sound(path))
        try:
            for file in walk(path, self._report.skipped.append, max_size=max_size, without=wanted.without):
                if self._found.setdefault(file.source, file).path != file.path:
                    self._report.skipped.append(
                        Skipped(file.source, "named like another, but for bytes that are no text")
                    )
                self._tell()
                if self._cancel.cancelled:
                    return
        except FileNotFoundError:
            if not known and path in wanted.named:
                raise ConfigError(f"there is no {one_line(wanted.named[path])}: check the path") from None
        except OSError as error:
            reason = f"cannot be read ({error.strerror})"
            if path in wanted.named:
                raise ConfigError(f"{one_line(wanted.named[path])} {reason}: check its permissions") from error
            self._report.skipped.append(Skipped(sound(path), reason))
            for source in known:  # nobody knows what has become of them
                del self._known[source]

    def _take_out(self) -> None:
        """What was indexed and is not there any more. Of a folder that cannot be read, nobody knows."""
        unseen = tuple(skipped.source + os.sep for skipped in self._report.skipped if not skipped.usual)
        gone = [source for source in self._known if source not in self._found and not source.startswith(unseen)]
        if gone:
            self._collection.remove(gone)
        self._report.removed = len(gone)

    def _waiting_files(self) -> list[FoundFile]:
        return [file for file in self._found.values() if self._again or not self._same(file)]

    def _same(self, file: FoundFile) -> bool:
        known = self._known.get(file.source)
        return known is not None and (known.size, known.modified_ns) == (file.size, file.modified_ns)

    def _read_all(self, files: list[FoundFile]) -> None:
        self._files, self._bytes = len(files), sum(file.size for file in files)
        self._reading_since = monotonic()
        self._tell(now=True)
        for number, file in enumerate(files):
            try:
                self._index(file)
            except _Stopped:
                self._report.left = len(files) - number
                break
            self._files_done, self._bytes_done = number + 1, self._bytes_done + file.size
        self._batch.flush()
        self._tell(now=True)

    def _index(self, file: FoundFile) -> None:
        """Read one file and put it in. Raises _Stopped where that was interrupted, and nothing of it is there."""
        if self._stopped(file.source):
            raise _Stopped
        report = self._report
        read = read_file(file.path, file.max_size)
        if isinstance(read, str):
            report.skipped.append(Skipped(file.source, read))
            return
        data, status = read
        state = SourceState(file.source, len(data), status.st_mtime_ns, hashlib.sha256(data).hexdigest())
        known = self._known.get(file.source)
        if known and known.digest == state.digest and not self._again:
            self._batch.touch(state)
            report.unchanged += 1
            return
        chunks = self._chunks(file, data)
        if state.size < _BATCH_SIZE:
            self._batch.put(state, chunks)
        else:
            self._batch.flush()
            self._collection.replace(state, self._until_stopped(chunks, state.source))
        report.chunks += len(chunks)
        if chunks:
            report.bytes += len(data)
        if known:
            report.changed += 1
        elif chunks:
            report.added += 1

    def _chunks(self, file: FoundFile, data: bytes) -> list[Chunk]:
        """The file's chunks; none of a file without text, which is kept in mind so that it is not read again.
        Raises _Stopped."""
        try:
            reading = self.reader.read(file.path, data, lambda: self._stopped(file.source))
            chunks = chunk(self._until_stopped(reading.blocks, file.source))
        except _Stopped:
            raise
        except Unreadable as error:
            if self._cancel.cancelled:
                raise _Stopped from error
            usual = str(error) == "binary" and file.source not in self._given
            self._report.skipped.append(Skipped(file.source, str(error), usual))
            return []
        except Exception as error:
            logging.getLogger(__name__).exception("a document that cannot be read")
            reason = f"reading it fails ({type(error).__name__})"
            self._report.skipped.append(Skipped(file.source, reason))
            return []
        if self._cancel.cancelled and reading.notice:
            raise _Stopped
        if reading.notice:
            self._report.notices.append(Skipped(file.source, reading.notice))
        if not chunks:
            self._report.skipped.append(Skipped(file.source, "empty", True))
        return chunks

    def _until_stopped(self, parts: Iterable[T], source: str) -> Iterator[T]:
        """The parts of a document; in the middle of a long one, `_Stopped` is raised."""
        for number, part in enumerate(parts, 1):
            if not number % _PARTS and self._stopped(source):
                raise _Stopped
            yield part

    def _stopped(self, source: str) -> bool:
        self._tell(source)
        return self._cancel.cancelled

    def _tell(self, source: str = "", *, now: bool = False) -> None:
        time = monotonic()
        if self._progress is None or (time - self._told < _TICK and not now):
            return
        self._told = time
        seconds = time - self._reading_since if self._files else 0.0
        self._progress(
            Progress(
                len(self._found), self._files, self._files_done, self._bytes, self._bytes_done, seconds,
                len(self._report.skipped), source,
            )
        )  # fmt: skip


class _Stopped(Exception):
    """The cancel has come before a document, or in the middle of one."""


class _Batch:
    """Documents that wait to go in together."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._documents: list[tuple[SourceState, list[Chunk]]] = []
        self._times: list[tuple[str, int]] = []
        self._size = 0
        self._begun = 0.0

    def put(self, state: SourceState, chunks: list[Chunk]) -> None:
        if not self._documents:
            self._begun = monotonic()
        self._documents.append((state, chunks))
        self._size += state.size
        if self._size >= _BATCH_SIZE or monotonic() - self._begun >= _BATCH_SECONDS:
            self.flush()

    def touch(self, state: SourceState) -> None:
        self._times.append((state.source, state.modified_ns))

    def flush(self) -> None:
        if self._documents:
            self._collection.replace_many(self._documents)
        if self._times:
            self._collection.touch(self._times)
        self._documents, self._times, self._size = [], [], 0


def _kind(reason: str) -> str:
    """A reason without what differs from file to file."""
    return "too large" if "more than " in reason else reason.partition(" (")[0].partition(":")[0]
