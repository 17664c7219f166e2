"""Exact search: every vector is compared. Fast enough for a hundred thousand, and never wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.values import Scored

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = NDArray[np.int64]
    Rows = NDArray[np.float32]

HELD = 256 << 20
"""Bytes of vectors that are held in memory at most: 170,000 of 384 numbers. More are read at each question."""
_PAGE = 4096
"""Vectors that are read from the library at a time."""


class ExactVectors:
    """The vectors of some chunks of a collection. Never changed: `holding` makes another one, with the same memory.

    Args:
        limit: bytes of vectors that are held in memory at most.
    """

    def __init__(self, collection: Collection, model: str, *, limit: int = HELD) -> None:
        import numpy as np

        self._collection = collection
        self._model = model
        self._size = int(model.rpartition(":")[2]) * 4
        self._limit = limit
        self._blocks: list[tuple[Ids, Rows]] | None = []
        self.ids: Ids = np.empty(0, np.int64)
        """The chunks that are searched, ascending."""

    def holding(self, wanted: Ids) -> ExactVectors:
        """The vectors of these chunks (ascending ids): what is here and wanted, and what is read for it.

        Raises:
            AtlasError: the library cannot be read.
        """
        import numpy as np

        other = ExactVectors(self._collection, self._model, limit=self._limit)
        other.ids = wanted
        if wanted.size * self._size > self._limit:
            other._blocks = None
            return other
        held = [block for block in (_kept(block, wanted) for block in self._blocks or ()) if block[0].size]
        have = np.concatenate([ids for ids, _ in held]) if held else np.empty(0, np.int64)
        other._blocks = [*held, *self._read(np.setdiff1d(wanted, have, assume_unique=True))]
        return other

    def best(self, vector: Rows, k: int, allowed: Ids | None = None) -> list[Scored]:
        """The `k` nearest of them, best first; `allowed` (ascending ids) leaves the others out."""
        import numpy as np

        ids = self.ids if allowed is None else np.intersect1d(self.ids, allowed, assume_unique=True)
        if not ids.size:
            return []
        if self._blocks is None:
            return self.of(ids, vector, k)
        blocks = self._blocks if allowed is None else (_kept(block, ids) for block in self._blocks)
        return _best(blocks, vector, k)

    def of(self, wanted: Ids, vector: Rows, k: int) -> list[Scored]:
        """The `k` nearest of any chunks, whether they are held or not."""
        return _best(self._read(wanted), vector, k)

    def _read(self, ids: Ids) -> Iterator[tuple[Ids, Rows]]:
        import numpy as np

        seen = np.zeros(ids.size, np.bool_)
        for page in self._collection.scan_vectors(self._model, ids.size) if ids.size else ():
            found, matrix = self._matrix(page)
            places = np.searchsorted(ids, found)
            wanted = ids[np.minimum(places, ids.size - 1)] == found
            seen[places[wanted]] = True
            yield (found, matrix) if wanted.all() else (found[wanted], matrix[wanted])
        ids = ids[~seen]
        for start in range(0, ids.size, _PAGE):
            yield self._matrix(self._collection.vectors_of(self._model, ids[start : start + _PAGE].tolist()))

    def _matrix(self, rows: list[tuple[int, bytes]]) -> tuple[Ids, Rows]:
        import numpy as np

        rows = [row for row in rows if len(row[1]) == self._size]  # another size is nobody's vector
        matrix = np.frombuffer(b"".join(row[1] for row in rows), "<f4").reshape(len(rows), self._size // 4)
        return np.array([row[0] for row in rows], np.int64), matrix


class CollectionVectors:
    """All vectors of a collection that a model made, as they are at each question. Usable from any thread."""

    def __init__(self, collection: Collection, model: str) -> None:
        self._collection = collection
        self._model = model
        self._lock = threading.Lock()
        self._generation = -1
        self._exact = ExactVectors(collection, model)

    def catch_up(self) -> ExactVectors:
        """Read what is new.

        Raises:
            AtlasError: the library cannot be read.
        """
        import numpy as np

        with self._lock:
            generation = self._collection.generation
            if generation != self._generation:
                ids = np.array(self._collection.vector_ids(self._model), np.int64)
                self._exact, self._generation = self._exact.holding(ids), generation
            return self._exact

    def nearest(self, vector: bytes, k: int, allowed: Iterable[int] | None) -> list[Scored]:
        """The `k` nearest, best first; `allowed` (ascending ids) leaves the others out.

        Raises:
            AtlasError: the library cannot be read.
        """
        import numpy as np

        within = None if allowed is None else np.array(list(allowed), np.int64)
        return self.catch_up().best(np.frombuffer(vector, "<f4"), k, within)


def _kept(block: tuple[Ids, Rows], wanted: Ids) -> tuple[Ids, Rows]:
    import numpy as np

    ids, rows = block
    mask = np.isin(ids, wanted, assume_unique=True)
    return block if mask.all() else (ids[mask], rows[mask])


def _best(blocks: Iterable[tuple[Ids, Rows]], vector: Rows, k: int) -> list[Scored]:
    """The `k` nearest, best first."""
    import numpy as np

    # Not `rows @ vector`: BLAS shares that out to threads that wait for each other in a loop, and on a busy machine a
    # question then takes ten times as long. One thread needs 5 ms for 100,000 vectors.
    found = [_top(ids, np.einsum("ij,j->i", rows, vector), k) for ids, rows in blocks]
    if not found:
        return []
    ids, scores = _top(np.concatenate([each[0] for each in found]), np.concatenate([each[1] for each in found]), k)
    order = np.argsort(-scores, kind="stable")
    return [Scored(id_, score) for id_, score in zip(ids[order].tolist(), scores[order].tolist(), strict=True)]


def _top(ids: Ids, scores: Rows, k: int) -> tuple[Ids, Rows]:
    import numpy as np

    if scores.size <= k:
        return ids, scores
    best = np.argpartition(scores, scores.size - k)[scores.size - k :]
    return ids[best], scores[best]
