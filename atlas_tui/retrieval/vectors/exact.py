"""Exact search: every vector is compared. Fast enough for a hundred thousand, and never wrong."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
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
    """The vectors of some chunks of a collection.

    Which ones, `hold` says. Questions may be asked from other threads meanwhile: they see the vectors of before.
    """

    def __init__(self, collection: Collection, model: str, dimensions: int, *, limit: int = HELD) -> None:
        import numpy as np

        self._collection = collection
        self._model = model
        self._dimensions = dimensions
        self._limit = limit
        self._blocks: list[tuple[Ids, Rows]] = []
        self.ids: Ids = np.empty(0, np.int64)
        """The chunks that are searched, ascending."""

    def hold(self, wanted: Ids) -> None:
        """Search these chunks (ascending ids) from now on: read what is new, forget what is not among them.

        Raises:
            AtlasError: the library cannot be read.
        """
        import numpy as np

        if wanted.size * self._dimensions * 4 > self._limit:
            self._blocks, self.ids = [], wanted
            return
        held = [block for block in (_kept(block, wanted) for block in self._blocks) if block[0].size]
        have = np.sort(np.concatenate([ids for ids, _ in held])) if held else np.empty(0, np.int64)
        held += self._read(np.setdiff1d(wanted, have, assume_unique=True))
        self._blocks, self.ids = held, wanted

    def best(self, vector: Rows, k: int, allowed: Ids | None = None) -> list[Scored]:
        """The `k` nearest of them, best first; `allowed` (ascending ids) leaves the others out."""
        import numpy as np

        ids = self.ids if allowed is None else np.intersect1d(self.ids, allowed, assume_unique=True)
        if not ids.size:
            return []
        blocks = self._blocks
        if sum(block[0].size for block in blocks) == self.ids.size:
            few = allowed is not None
            found = (_best(block, vector, k, ids if few else None) for block in blocks)
        else:
            found = (_best(block, vector, k, None) for block in self._read(ids))
        return heapq.nlargest(k, (hit for hits in found for hit in hits), key=lambda hit: hit.score)

    def of(self, wanted: Ids, vector: Rows, k: int) -> list[Scored]:
        """The `k` nearest of any chunks, whether they are held or not."""
        found = (_best(block, vector, k, None) for block in self._read(wanted))
        return heapq.nlargest(k, (hit for hits in found for hit in hits), key=lambda hit: hit.score)

    def _read(self, ids: Ids) -> Iterator[tuple[Ids, Rows]]:
        import numpy as np

        size = self._dimensions * 4
        for start in range(0, ids.size, _PAGE):
            rows = self._collection.vectors_of(self._model, ids[start : start + _PAGE].tolist())
            rows = [row for row in rows if len(row[1]) == size]  # another size is nobody's vector
            if rows:
                matrix = np.frombuffer(b"".join(row[1] for row in rows), "<f4").reshape(len(rows), -1)
                yield np.array([row[0] for row in rows], np.int64), matrix


def _kept(block: tuple[Ids, Rows], wanted: Ids) -> tuple[Ids, Rows]:
    import numpy as np

    ids, rows = block
    mask = np.isin(ids, wanted, assume_unique=True)
    return block if mask.all() else (ids[mask], rows[mask])


def _best(block: tuple[Ids, Rows], vector: Rows, k: int, allowed: Ids | None) -> list[Scored]:
    import numpy as np

    ids, rows = block
    if allowed is not None:
        ids, rows = _kept(block, allowed)
    scores = rows @ vector
    if scores.size > k:
        top = np.argpartition(scores, scores.size - k)[scores.size - k :]
        ids, scores = ids[top], scores[top]
    return [Scored(id_, score) for id_, score in zip(ids.tolist(), scores.tolist(), strict=True)]
