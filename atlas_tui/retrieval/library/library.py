"""The library: its collections."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from atlas_tui.retrieval.library.collection import Collection
from atlas_tui.retrieval.library.connections import Connections


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    """A collection in a list."""

    name: str
    embedder: str | None
    """Which one its vectors are from; None while it has none."""
    sources: int
    """Indexed files that have a text."""
    chunks: int
    vectors: int
    """Chunks that have a vector of this embedder."""
    updated: datetime


class Library:
    """The file with everything that was indexed. Any thread and any number of processes may use it at once.

    Nothing is opened or made before it is needed: reading a library that is not there finds nothing and leaves
    nothing behind. What cannot be read or written raises an `AtlasError` of one sentence.
    """

    def __init__(self, file: Path) -> None:
        self._connections = Connections(file)
        self.file = file

    @property
    def notices(self) -> list[str]:
        """What the user should know: that a damaged file was set aside, say."""
        return self._connections.notices

    def collection(self, name: str) -> Collection:
        """A collection, which begins to be with the first that is written to it."""
        return Collection(self._connections, name)

    def collections(self) -> list[CollectionInfo]:
        """All of them, by name."""
        with self._connections.reading() as connection:
            rows = connection.execute(_LIST).fetchall() if connection else []
        return [
            CollectionInfo(name, embedder, sources, chunks, vectors, datetime.fromtimestamp(updated, UTC))
            for name, embedder, sources, chunks, vectors, updated in rows
        ]

    def delete_collection(self, name: str) -> bool:
        """Take a collection out, with all that only it holds; False if there is none of this name."""
        if all(info.name != name for info in self.collections()):
            return False
        with self._connections.writing() as connection:
            row = connection.execute("SELECT id FROM collections WHERE name = ?", (name,)).fetchone()
            if row is None:
                return False
            connection.execute(f"DROP TABLE words_{row[0]}")
            connection.execute("DELETE FROM collections WHERE id = ?", row)
            connection.execute(_PRUNE)
        self._connections.shrink()
        return True

    def compact(self) -> None:
        """Drop the vectors that no chunk has any more, and give the disk back what was taken out. They are kept until
        then: a text may come back."""
        with self._connections.writing() as connection:
            connection.execute(_PRUNE)
        self._connections.shrink()

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._connections.close()


_LIST = """
SELECT name, embedder,
    (SELECT count(*) FROM sources s WHERE collection = c.id AND EXISTS (SELECT 1 FROM chunks WHERE source = s.id)),
    (SELECT count(*) FROM sources s JOIN chunks ON chunks.source = s.id WHERE s.collection = c.id),
    (SELECT count(*) FROM sources s JOIN chunks k ON k.source = s.id JOIN vectors v ON v.hash = k.hash
        AND v.model = c.embedder WHERE s.collection = c.id),
    updated
FROM collections c ORDER BY name
"""
_PRUNE = "DELETE FROM vectors WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.hash = vectors.hash)"
