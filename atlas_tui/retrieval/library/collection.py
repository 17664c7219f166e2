"""A collection: sources with their chunks, words and vectors."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from atlas_tui.retrieval.lexical import split
from atlas_tui.retrieval.library import ranking
from atlas_tui.retrieval.library.connections import Connections
from atlas_tui.retrieval.library.schema import WORDS
from atlas_tui.retrieval.values import Chunk, Place, Scored, SourceState, StoredChunk
from atlas_tui.text import sound


class Collection:
    """What belongs together under one name. Made by `Library.collection`.

    Every method is one transaction: it reads one state of the file, or changes all that it is given or nothing.
    """

    def __init__(self, connections: Connections, name: str) -> None:
        self.name = name
        self.file = connections.file
        self._connections = connections

    # Sources

    def sources(self, under: str = "") -> dict[str, SourceState]:
        """The indexed files, by source; only those whose source begins with `under`."""
        rows = self._rows(
            "SELECT source, size, modified_ns, digest FROM sources"
            " WHERE collection = :collection AND source >= :under AND source < :under || char(0x10FFFF)"
            " AND substr(source, 1, :length) = :under",
            under=sound(under),
            length=len(under),
        )
        return {row[0]: SourceState(*row) for row in rows}

    def documents(self) -> list[SourceState]:
        """The indexed files that have a text, by source. Those without one are kept in mind, not to be read again."""
        rows = self._rows(
            "SELECT source, size, modified_ns, digest FROM sources s WHERE collection = :collection"
            " AND EXISTS (SELECT 1 FROM chunks WHERE source = s.id) ORDER BY source"
        )
        return [SourceState(*row) for row in rows]

    def replace(self, state: SourceState, chunks: Iterable[Chunk]) -> None:
        """Put a document in the place of what was there under its source; what `chunks` raises changes nothing."""
        self.replace_many([(state, chunks)])

    def replace_many(self, documents: Iterable[tuple[SourceState, Iterable[Chunk]]]) -> None:
        """Put documents in, all of them or none; the later of two with the same source stays."""
        with self._writing() as (connection, number):
            for state, chunks in documents:
                _take_out(connection, number, sound(state.source))
                _put_in(connection, number, state, chunks)

    def touch(self, times: Iterable[tuple[str, int]]) -> None:
        """New modification times, in nanoseconds, of sources whose bytes are the same."""
        with self._connections.writing() as connection:
            connection.executemany(
                "UPDATE sources SET modified_ns = ? WHERE source = ?"
                " AND collection = (SELECT id FROM collections WHERE name = ?)",
                ((modified, sound(source), self.name) for source, modified in times),
            )

    def remove(self, sources: Iterable[str]) -> None:
        """Take documents out; a source that is not there is no error."""
        with self._writing() as (connection, number):
            for source in sources:
                _take_out(connection, number, sound(source))

    def places(self) -> list[Place]:
        """What was taken in, and what of it was taken out, by path."""
        rows = self._rows("SELECT path, max_size FROM places WHERE collection = :collection ORDER BY path")
        return [Place(os.fsdecode(path), max_size) for path, max_size in rows]

    def set_places(self, places: Iterable[Place]) -> None:
        """These instead of those that were."""
        with self._writing() as (connection, number):
            connection.execute("DELETE FROM places WHERE collection = ?", (number,))
            connection.executemany(
                "INSERT INTO places (collection, path, max_size) VALUES (?, ?, ?)",
                [(number, os.fsencode(place.path), place.max_size) for place in places],
            )

    # Chunks

    def chunks(self, ids: Iterable[int]) -> list[StoredChunk]:
        """The chunks with these ids, in this order; those that are gone are left out."""
        wanted = list(ids)
        rows = self._rows(
            "SELECT c.id, s.source, c.hash, c.text, c.title, c.first_line, c.last_line, c.page FROM chunks c"
            " JOIN sources s ON s.id = c.source WHERE c.collection = :collection"
            " AND c.id IN (SELECT value FROM json_each(:ids))",
            ids=json.dumps(wanted),
        )
        found = {row[0]: StoredChunk(row[0], row[1], Chunk(*row[3:]), row[2]) for row in rows}
        return [found[each] for each in wanted if each in found]

    def lexical(self, question: str, k: int, *, within: Sequence[str] | None = None) -> list[Scored]:
        """The chunks that have words of the question, best first.

        Args:
            within: only chunks of these sources: paths, folders, or patterns with `*`, `?` and `[...]`; None takes all.
        """
        with self._reading() as found:
            if found is None:
                return []
            return ranking.search(*found, question, k, None if within is None else _condition(within))

    def matched(self, question: str, ids: Sequence[int]) -> dict[int, list[str]]:
        """Which words of the question each of these chunks has, in the question's order."""
        with self._reading() as found:
            return ranking.matched(*found, question, ids) if found else {}

    def ids(self, within: Sequence[str] | None = None) -> set[int]:
        """The ids of all chunks, or of those in these sources, as in `lexical`."""
        condition, values = _condition(within)
        return {row[0] for row in self._rows(f"SELECT id FROM chunks WHERE source IN ({condition})", **values)}

    # Vectors

    @property
    def embedder(self) -> str | None:
        """Which one the collection's vectors are from; None until one is set."""
        rows = self._rows("SELECT embedder FROM collections WHERE id = :collection")
        return rows[0][0] if rows else None

    def set_embedder(self, name: str | None) -> None:
        """From now on the vectors of this embedder count. Those of others stay, in case it is set back."""
        with self._writing() as (connection, number):
            connection.execute("UPDATE collections SET embedder = ? WHERE id = ?", (name, number))

    def missing(self, model: str, limit: int, after: str = "") -> list[tuple[str, str]]:
        """Texts that have no vector of this model yet: hash and what to embed, each text once, in the order of the
        hashes. `after` is the last hash of the page before: what could not be embedded is passed over by it."""
        rows = self._rows(
            "SELECT hash, title, text FROM chunks WHERE id IN ("
            " SELECT min(id) FROM chunks c WHERE collection = :collection AND hash > :after"
            " AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.hash = c.hash AND v.model = :model)"
            " GROUP BY hash ORDER BY hash LIMIT :limit) ORDER BY hash",
            after=after,
            model=model,
            limit=limit,
        )
        return [(key, Chunk(text, title).embedded) for key, title, text in rows]

    def add_vectors(self, model: str, vectors: Mapping[str, bytes]) -> None:
        """Keep vectors (float32, little-endian) by the hash of what was embedded; one that is there is replaced."""
        with self._writing() as (connection, _):
            connection.executemany(
                "INSERT INTO vectors (hash, model, vector) VALUES (?, ?, ?)"
                " ON CONFLICT (hash, model) DO UPDATE SET vector = excluded.vector",
                ((key, model, vector) for key, vector in vectors.items()),
            )

    def vectors(self, model: str, after: int = 0, limit: int = 1000) -> list[tuple[int, bytes]]:
        """Chunk ids with their vectors of this model, by id: the first `limit` with an id above `after`."""
        return self._rows(
            "SELECT c.id, v.vector FROM chunks c CROSS JOIN vectors v ON v.hash = c.hash AND v.model = :model"
            " WHERE c.collection = :collection AND c.id > :after ORDER BY c.id LIMIT :limit",
            model=model,
            after=after,
            limit=limit,
        )

    def vector_ids(self, model: str) -> list[int]:
        """The ids of all chunks that have a vector of this model, ascending."""
        rows = self._rows(
            "SELECT id FROM chunks c WHERE collection = :collection"
            " AND EXISTS (SELECT 1 FROM vectors v WHERE v.hash = c.hash AND v.model = :model) ORDER BY id",
            model=model,
        )
        return [row[0] for row in rows]

    def vectors_of(self, model: str, ids: Iterable[int]) -> list[tuple[int, bytes]]:
        """The vectors of this model that these chunks have, with the ids, in no order."""
        return self._rows(
            "SELECT c.id, v.vector FROM json_each(:ids) wanted CROSS JOIN chunks c ON c.id = wanted.value"
            " CROSS JOIN vectors v ON v.hash = c.hash AND v.model = :model WHERE c.collection = :collection",
            ids=json.dumps(list(ids)),
            model=model,
        )

    def scan_vectors(self, model: str, wanted: int) -> Iterator[list[tuple[int, bytes]]]:
        """All vectors of this model with the ids of the chunks that have them, in pages, as they lie in the file. Where
        that many are wanted it is several times as fast as to look each up; else there are no pages. What is written
        meanwhile may be left out."""
        (last,) = self._rows("SELECT coalesce(max(id), 0) FROM vectors") or [(0,)]
        for start in range(0, last[0] if wanted >= _MOST * last[0] else 0, _PAGE):
            yield self._rows(
                "SELECT c.id, v.vector FROM vectors v CROSS JOIN chunks c"
                " ON c.hash = v.hash AND c.collection = :collection"
                " WHERE v.id > :start AND v.id <= :end AND v.model = :model",
                model=model,
                start=start,
                end=start + _PAGE,
            )

    @property
    def number(self) -> int:
        """The collection's own in the file, never given to another; 0 while there is nothing."""
        rows = self._rows("SELECT :collection")
        return rows[0][0] if rows else 0

    @property
    def generation(self) -> int:
        """A number that grows with every change of chunks or vectors: what an index compares itself by. 0 while there
        is nothing; a collection that is deleted and begun again goes on with higher ones."""
        rows = self._rows("SELECT generation FROM collections WHERE id = :collection")
        return rows[0][0] if rows else 0

    # The file

    @contextmanager
    def _reading(self) -> Iterator[tuple[sqlite3.Connection, int] | None]:
        """The connection and the collection's number; None while there is no such collection."""
        with self._connections.reading() as connection:
            row = connection and connection.execute(_FIND, (self.name,)).fetchone()
            yield (connection, row[0]) if connection and row else None

    def _rows(self, statement: str, **values: Any) -> list[Any]:
        with self._reading() as found:
            if found is None:
                return []
            connection, number = found
            return connection.execute(statement, {"collection": number, **values}).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        with self._connections.writing() as connection:
            row = connection.execute(_FIND, (self.name,)).fetchone()
            if row is None:
                row = connection.execute(_BEGIN, (self.name, time.time_ns() // 1000)).fetchone()
                connection.execute(WORDS.format(collection=row[0]))
            yield connection, row[0]
            connection.execute(_CHANGED, (time.time(), row[0]))


_PAGE = 4096
"""Vectors that are read at a time."""
_MOST = 0.25
"""Part of all vectors in the file, of whatever collection and model, from which on they are all looked at."""
_FIND = "SELECT id FROM collections WHERE name = ?"
_BEGIN = "INSERT INTO collections (name, generation, updated) VALUES (?, ?, 0) RETURNING id"
_CHANGED = "UPDATE collections SET generation = generation + 1, updated = ? WHERE id = ?"
_PUT = """
INSERT INTO chunks (collection, source, hash, first_line, last_line, page, title, text, parts, place)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
"""


def _put_in(connection: sqlite3.Connection, number: int, state: SourceState, chunks: Iterable[Chunk]) -> None:
    source = sound(state.source)
    place = f"{source} {split(source)}"
    (document,) = connection.execute(
        "INSERT INTO sources (collection, source, size, modified_ns, digest) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (number, source, state.size, state.modified_ns, state.digest),
    ).fetchone()
    for chunk in chunks:
        text, title = sound(chunk.text), sound(chunk.title)
        parts = split(f"{title} {text}")
        key = Chunk(text, title).hash
        row = (number, document, key, chunk.first_line, chunk.last_line, chunk.page, title, text, parts, place)
        (id_,) = connection.execute(_PUT, row).fetchone()
        connection.execute(
            f"INSERT INTO words_{number} (rowid, text, parts, title, place) VALUES (?, ?, ?, ?, ?)",
            (id_, text, parts, title, place),
        )


def _take_out(connection: sqlite3.Connection, number: int, source: str) -> None:
    row = connection.execute("SELECT id FROM sources WHERE collection = ? AND source = ?", (number, source)).fetchone()
    if row is None:
        return
    words = f"words_{number}"
    connection.execute(
        f"INSERT INTO {words} ({words}, rowid, text, parts, title, place)"
        " SELECT 'delete', id, text, parts, title, place FROM chunks WHERE source = ?",
        row,
    )
    connection.execute("DELETE FROM chunks WHERE source = ?", row)
    connection.execute("DELETE FROM sources WHERE id = ?", row)


def _condition(within: Sequence[str] | None) -> tuple[str, dict[str, Any]]:
    """A statement that gives the numbers of the wanted sources, and its values."""
    if within is None:
        return "SELECT id FROM sources WHERE collection = :collection", {}
    values: dict[str, Any] = {}
    tests = ["0"]
    for number, wanted in enumerate(map(sound, within)):
        name = f"within{number}"
        values[name] = wanted
        if any(sign in wanted for sign in "*?["):
            tests.append(f"source GLOB :{name}")
        folder = wanted.rstrip("/") + "/"
        values[f"{name}folder"], values[f"{name}length"] = folder, len(folder)
        tests.append(f"source = :{name} OR substr(source, 1, :{name}length) = :{name}folder")
    return f"SELECT id FROM sources WHERE collection = :collection AND ({' OR '.join(tests)})", values
