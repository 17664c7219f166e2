"""The library: one SQLite file that holds what was indexed, from which every other index can be built again."""

from __future__ import annotations

from atlas_tui.retrieval.library.collection import Collection
from atlas_tui.retrieval.library.library import CollectionInfo, Library

__all__ = ["Collection", "CollectionInfo", "Library"]
