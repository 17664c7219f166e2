"""Which index: exact, Chroma in a folder, or a Chroma server."""

from __future__ import annotations

import importlib.util
from hashlib import sha256

from atlas_tui.errors import ConfigError
from atlas_tui.models.base.transport import checked_url
from atlas_tui.retrieval.embedders import Embedder
from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.vectors.engine import Engine
from atlas_tui.retrieval.vectors.layered import LayeredIndex
from atlas_tui.text import one_line

_AT_LEAST = 1000
"""Vectors below which exact search takes under a millisecond; Chroma's process takes 160 MB and two seconds."""
_INSTALL = "install them with pip install 'atlas-tui[vectors]'"


def open_vectors(collection: Collection, db_path: str, embedder: Embedder, vectors: str) -> LayeredIndex:
    """See `atlas_tui.retrieval.vectors.open_index`."""
    if importlib.util.find_spec("numpy") is None:
        raise ConfigError(f"searching by meaning needs numpy and Chroma: {_INSTALL}")
    model = model_of(collection, embedder)
    served = is_server(db_path)
    wanted = served or vectors != "exact"
    if wanted and importlib.util.find_spec("chromadb") is None:
        if served or vectors == "chroma":
            raise ConfigError(f"Chroma is not installed: {_INSTALL}")
        wanted = False
    # Without a vector there is nothing that could be nearest, whatever the number of dimensions.
    if not wanted or model is None:
        return LayeredIndex(collection, model or f"{embedder.name}:1", None)
    key = sha256(f"{collection.name}\0{model}".encode()).hexdigest()[:12]
    values = {"library": str(collection.file), "collection": collection.name, "model": model}
    folder = collection.file.parent / "chroma" / key
    if served:
        return LayeredIndex(
            collection, model, Engine("chroma_server", folder, {**values, "url": checked_url(db_path)}, remote=True)
        )
    at_least = 0 if vectors == "chroma" else _AT_LEAST
    return LayeredIndex(collection, model, Engine("chroma_local", folder, values), at_least=at_least)


def is_server(db_path: str) -> bool:
    """Whether a path of the knowledge base is the URL of a Chroma server."""
    return db_path.startswith(("http://", "https://"))


def model_of(collection: Collection, embedder: Embedder) -> str | None:
    """Under which name the library keeps the embedder's vectors for this collection; None while there are none.

    Raises:
        ConfigError: another embedder made them.
    """
    have = collection.embedder
    if have is None or have.rpartition(":")[0] == embedder.name:
        return have
    raise mixed(collection.name, have, embedder.name)


def mixed(collection: str, have: str, other: str) -> ConfigError:
    """That vectors of two embedders cannot be compared, and what to do."""
    return ConfigError(
        f"the collection {one_line(collection, 60)!r} was embedded by {have.rpartition(':')[0]}, not by {other}: use"
        f" that one, or embed all of it again with `atlas-tui index --embedder {other}`"
    )
