"""Exact search in MiniLM's process: for a command, whose own process has an SDK to import at the same time."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING

from atlas_tui.retrieval.embedders.minilm import MiniLM
from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.values import Scored

if TYPE_CHECKING:
    from atlas_tui.models.base import CancelToken


class BesideIndex:
    """See `VectorIndex`. The vectors are read while the model loads.

    Args:
        collection: the library's.
        embedder: the one that made its vectors.
        model: its name with their number of dimensions.
    """

    notice = ""
    searched_by = "exact search"

    def __init__(self, collection: Collection, embedder: MiniLM, model: str) -> None:
        self._embedder = embedder
        embedder.compare_with(collection.file, collection.name, model)

    def query(self, vector: bytes, k: int, *, allowed: set[int] | None = None) -> list[Scored]:
        """See `VectorIndex`."""
        answer = self._embedder.call(
            "nearest", vector=b64encode(vector).decode(), k=k, allowed=None if allowed is None else sorted(allowed)
        )
        return [Scored(*hit) for hit in answer["hits"]]

    def refresh(self) -> None:
        """See `VectorIndex`. Each question looks for what is new."""

    def build(self, progress: Callable[[int, int], None], cancel: CancelToken) -> None:
        """See `VectorIndex`. There is nothing to make."""

    def close(self) -> None:
        """See `VectorIndex`. The process is the embedder's."""
