"""In the worker's process: a collection of the library and one on a Chroma server brought to the same documents.

The records on the server carry text and place as well as vectors, so that what one person indexes another finds, by
words too: everyone's library is a full copy. A document is a group of records whose ids say which source and contents
they belong to and how many there are: `source-contents-number-count`. A group that lacks records, because who wrote
it was stopped, counts for nobody. What was on both sides at the last time tells a document that is new on one side
from one that was removed on the other.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Any

from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.values import Chunk, SourceState, StoredChunk
from atlas_tui.retrieval.worker import Line

if TYPE_CHECKING:
    import numpy as np

_PAGE = 2000
"""Chunks of the library, or ids on the server, that are read at a time."""
_BATCH = 250
"""Records sent or fetched in one request: two or three megabytes of JSON."""
EMBEDDER, CHANGE = "atlas_embedder", "atlas_change"
"""In the server's collection: which embedder made it, and a word that is another one after each change."""


@dataclass(frozen=True, slots=True)
class Group:
    """A document in the library."""

    key: str
    """`source-contents`, as on the server."""
    state: SourceState
    chunks: list[StoredChunk]

    @property
    def records(self) -> list[str]:
        """The ids of its records, in the order of its chunks."""
        return [f"{self.key}-{number}-{len(self.chunks)}" for number in range(len(self.chunks))]


def key_of(source: str, digest: str, chunks: Iterable[Chunk]) -> str:
    """Names a document with its contents."""
    contents = sha256(digest.encode())
    for chunk in chunks:
        contents.update(f"\0{chunk.hash} {chunk.first_line} {chunk.last_line} {chunk.page}".encode())
    return f"{_source_key(source)}-{contents.hexdigest()[:16]}"


def _source_key(source: str) -> str:
    return sha256(source.encode("utf-8", "replace")).hexdigest()[:16]


class Sharing:
    """One meeting of the two sides.

    Args:
        target: the server's collection.
        collection: the library's.
        model: the embedder of the vectors on both sides.
        base: the keys of the documents that were on both sides the last time.
    """

    def __init__(self, line: Line, target: Any, collection: Collection, model: str, base: set[str]) -> None:
        self._line = line
        self._target = target
        self._collection = collection
        self._model = model
        self._base = base
        self.gave = False
        """The server has changed."""
        self.took = False
        """The library has changed."""

    def run(self) -> set[str]:
        """Bring both to the same; the keys of the documents that are on both sides now."""
        theirs = self._theirs()
        ours = {group.key: group for group in self.groups()}
        new = [key for key in ours if key not in theirs and key not in self._base]
        pushed = self._push([ours[key] for key in new])
        # What is here in another form, or here no more, was replaced or removed here.
        sources = {key.partition("-")[0] for key in pushed}
        old = [
            key
            for key in theirs
            if key not in ours and (key in self._base or key.partition("-")[0] in sources) and key not in pushed
        ]
        self._delete(old, theirs)
        pulled = self._pull([key for key in theirs if key not in ours and key not in old], theirs)
        gone = [key for key in ours if key not in theirs and key in self._base]
        here = {ours[key].state.source for key in gone} - pulled
        if here:
            self._collection.remove(sorted(here))
        self.took = bool(pulled or here)
        if self.gave:
            self._target.modify(metadata={**(self._target.metadata or {}), CHANGE: uuid.uuid4().hex})
        return (theirs.keys() | pushed) - set(old)

    def _theirs(self) -> dict[str, list[str]]:
        """The whole documents on the server: the ids of their records, by key."""
        found: dict[str, set[tuple[int, int]]] = {}
        offset = 0
        while ids := self._target.get(limit=_PAGE, offset=offset, include=[])["ids"]:
            offset += len(ids)
            for id_ in ids:
                source, contents, number, count = (id_.split("-") + [""] * 4)[:4]
                if number.isdigit() and count.isdigit():
                    found.setdefault(f"{source}-{contents}", set()).add((int(number), int(count)))
        return {
            key: [f"{key}-{number}-{count}" for number, count in sorted(parts)]
            for key, parts in found.items()
            if {count for _, count in parts} == {len(parts)}
        }

    def groups(self) -> Iterator[Group]:
        """The documents in the library that have all their vectors."""
        embedded = set(self._collection.vector_ids(self._model))
        states = self._collection.sources()
        for source, group in groupby(self._chunks(), key=lambda chunk: chunk.source):
            chunks = list(group)
            state = states.get(source)
            if state is not None and all(chunk.id in embedded for chunk in chunks):
                yield Group(key_of(source, state.digest, (chunk.chunk for chunk in chunks)), state, chunks)

    def _chunks(self) -> Iterator[StoredChunk]:
        ids = sorted(self._collection.ids())  # a document's are neighbours: it was put in as a whole
        for start in range(0, len(ids), _PAGE):
            yield from self._collection.chunks(ids[start : start + _PAGE])

    def _push(self, groups: list[Group]) -> set[str]:
        pushed: set[str] = set()
        total, done = sum(len(group.chunks) for group in groups), 0
        for group in groups:
            if self._line.stopped.is_set():
                break
            for start in range(0, len(group.chunks), _BATCH):
                self._send(group, start)
            pushed.add(group.key)
            done += len(group.chunks)
            self._line.progress(done=done, total=total)
        self.gave |= bool(pushed)
        return pushed

    def _send(self, group: Group, start: int) -> None:
        chunks = group.chunks[start : start + _BATCH]
        vectors = dict(self._collection.vectors_of(self._model, [chunk.id for chunk in chunks]))
        self._target.upsert(
            ids=group.records[start : start + _BATCH],
            documents=[chunk.chunk.text for chunk in chunks],
            metadatas=[_metadata(group.state, chunk.chunk) for chunk in chunks],
            embeddings=[_floats(vectors[chunk.id]) for chunk in chunks],
        )

    def _delete(self, keys: list[str], theirs: dict[str, list[str]]) -> None:
        ids = [id_ for key in keys for id_ in theirs[key]]
        for start in range(0, len(ids), _PAGE):
            self._target.delete(ids=ids[start : start + _PAGE])
        self.gave |= bool(ids)

    def _pull(self, keys: list[str], theirs: dict[str, list[str]]) -> set[str]:
        """Fetch documents into the library; their sources."""
        sources: set[str] = set()
        total, done = sum(len(theirs[key]) for key in keys), 0
        for key in keys:
            if self._line.stopped.is_set():
                break
            found = self._fetch(key, theirs[key])
            if found is not None:
                state, chunks, vectors = found
                self._collection.replace(state, chunks)
                self._collection.add_vectors(self._model, vectors)
                sources.add(state.source)
            done += len(theirs[key])
            self._line.progress(done=done, total=total)
        return sources

    def _fetch(self, key: str, ids: list[str]) -> tuple[SourceState, list[Chunk], dict[str, bytes]] | None:
        records: dict[str, tuple[Any, Any, Any]] = {}
        for start in range(0, len(ids), _BATCH):
            got = self._target.get(ids=ids[start : start + _BATCH], include=["documents", "metadatas", "embeddings"])
            parts = zip(got["documents"], got["metadatas"], got["embeddings"], strict=True)
            records |= dict(zip(got["ids"], parts, strict=True))
        try:
            rows = [records[id_] for id_ in ids]
            chunks = [_chunk(text, metadata) for text, metadata, _ in rows]
            state = _state(rows[0][1])
        except (KeyError, TypeError, ValueError, IndexError):
            return None  # somebody else's record, or one that was removed this moment
        if key_of(state.source, state.digest, chunks) != key:
            return None
        return state, chunks, {chunk.hash: _bytes(row[2]) for chunk, row in zip(chunks, rows, strict=True)}


def _metadata(state: SourceState, chunk: Chunk) -> dict[str, Any]:
    values = {
        "source": state.source,
        "size": state.size,
        "modified_ns": state.modified_ns,
        "digest": state.digest,
        "title": chunk.title,
        "first_line": chunk.first_line,
        "last_line": chunk.last_line,
        "page": chunk.page,
        "hash": chunk.hash,
    }
    return {name: value for name, value in values.items() if value is not None}


def _chunk(text: object, metadata: dict[str, Any]) -> Chunk:
    if not isinstance(text, str):
        raise TypeError("a record without a text")
    places = (metadata.get(name) for name in ("first_line", "last_line", "page"))
    return Chunk(text, str(metadata.get("title", "")), *(None if place is None else int(place) for place in places))


def _state(metadata: dict[str, Any]) -> SourceState:
    return SourceState(
        str(metadata["source"]), int(metadata["size"]), int(metadata["modified_ns"]), str(metadata["digest"])
    )


def _floats(vector: bytes) -> np.ndarray[Any, Any]:
    import numpy as np

    return np.frombuffer(vector, "<f4")


def _bytes(vector: Any) -> bytes:
    import numpy as np

    row = np.asarray(vector, "<f4")
    return bytes((row / max(float(np.linalg.norm(row)), 1e-12)).astype("<f4").tobytes())
