"""Which index: exact, Chroma in a folder, or a Chroma server."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from atlas_tui.errors import ConfigError
from atlas_tui.retrieval.embedders import Embedder
from atlas_tui.retrieval.embedders.minilm import MiniLM
from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.vectors import VectorIndex, is_server

if TYPE_CHECKING:
    from atlas_tui.retrieval.vectors.engine import Engine

_AT_LEAST = 1000
"""Vectors below which exact search takes under a millisecond; Chroma's process takes 160 MB and two seconds."""
_INSTALL = "install them with pip install 'atlas-tui[vectors]'"


def open_vectors(
    collection: Collection, db_path: str, embedder: Embedder | None, vectors: str, once: bool
) -> VectorIndex:
    """See `atlas_tui.retrieval.vectors.open_index`.

    Raises:
        ConfigError: a package that the search needs is not installed.
    """
    if importlib.util.find_spec("numpy") is None:
        raise ConfigError(f"searching by meaning needs numpy and Chroma: {_INSTALL}")
    if once and vectors == "auto":
        vectors = "exact"
        model = collection.embedder
        if isinstance(embedder, MiniLM) and model and not is_server(db_path):
            from atlas_tui.retrieval.vectors.beside import BesideIndex

            return BesideIndex(collection, embedder, model)
    return _layered(collection, db_path, embedder, vectors)


def _layered(collection: Collection, db_path: str, embedder: Embedder | None, vectors: str) -> VectorIndex:
    from atlas_tui.models.base.transport import checked_url
    from atlas_tui.retrieval.vectors.engine import Engine
    from atlas_tui.retrieval.vectors.generations import name_of
    from atlas_tui.retrieval.vectors.layered import LayeredIndex

    served = is_server(db_path)
    chroma = served or vectors != "exact"
    if chroma and importlib.util.find_spec("chromadb") is None:
        if served or vectors == "chroma":
            raise ConfigError(f"Chroma is not installed: {_INSTALL}")
        chroma = False
    folder = collection.file.parent / "chroma"

    def engine_for(model: str | None) -> Engine | None:
        values = {"library": str(collection.file), "collection": collection.name, "model": model}
        if served:
            root = folder / name_of(collection.name, "")
            return Engine("chroma_server", root, {**values, "url": checked_url(db_path)}, remote=True)
        if not chroma or model is None:
            return None
        return Engine("chroma_local", folder / name_of(collection.name, model), values)

    at_least = 0 if served or vectors == "chroma" else _AT_LEAST
    return LayeredIndex(collection, embedder.name if embedder else None, engine_for, at_least=at_least)
