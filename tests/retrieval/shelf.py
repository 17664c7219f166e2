"""Libraries with vectors for tests: small, made at once, with every chunk's nearest neighbours known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from zlib import crc32

import numpy as np

from atlas_tui.retrieval.library import Collection, Library
from atlas_tui.retrieval.values import Chunk, SourceState

DIMENSIONS = 16
EMBEDDER = "test:model"
MODEL = f"{EMBEDDER}:{DIMENSIONS}"


class Plain:
    """An embedder that knows no meaning: a text's vector is drawn by its bytes, so only equal texts are near."""

    def __init__(self, name: str = EMBEDDER, dimensions: int = DIMENSIONS) -> None:
        self.name = name
        self.dimensions = dimensions
        self.texts: list[str] = []
        """All that it was given."""

    def embed(self, texts: Sequence[str], *, question: bool = False) -> list[bytes]:
        self.texts += texts
        return [vector_of(text, self.dimensions) for text in texts]

    def ready(self) -> bool:
        return True

    def warm(self) -> None:
        pass

    def close(self) -> None:
        pass


def vector_of(text: str, dimensions: int = DIMENSIONS) -> bytes:
    row = np.random.default_rng(crc32(text.encode())).standard_normal(dimensions)
    return bytes((row / np.linalg.norm(row)).astype("<f4").tobytes())


def state(source: str, digest: str = "0" * 64) -> SourceState:
    return SourceState(source, 1, 1, digest)


def put(collection: Collection, source: str, texts: Iterable[str], digest: str = "0" * 64) -> None:
    """A document of these chunks, with their vectors."""
    chunks = [Chunk(text, "Title", n + 1, n + 1) for n, text in enumerate(texts)]
    collection.replace(state(source, digest), chunks)
    if collection.embedder != MODEL:
        collection.set_embedder(MODEL)
    collection.add_vectors(MODEL, {chunk.hash: vector_of(chunk.text) for chunk in chunks})


def fill_shelf(collection: Collection, chunks: int, per_source: int = 100) -> None:
    """So many chunks: `text 0`, `text 1` … in `doc0.md`, `doc1.md` …"""
    documents = []
    for first in range(0, chunks, per_source):
        held = [Chunk(f"text {n}", "Title", n + 1, n + 1) for n in range(first, min(first + per_source, chunks))]
        documents.append((state(f"doc{first // per_source}.md"), held))
    collection.replace_many(documents)
    collection.set_embedder(MODEL)
    collection.add_vectors(MODEL, {chunk.hash: vector_of(chunk.text) for _, held in documents for chunk in held})


def shelf(folder: Path, chunks: int = 0, name: str = "docs") -> Collection:
    collection = Library(folder / "library.sqlite3").collection(name)
    if chunks:
        fill_shelf(collection, chunks)
    return collection


def texts(collection: Collection, ids: Iterable[int]) -> list[str]:
    return [stored.chunk.text for stored in collection.chunks(ids)]


def truth(collection: Collection, vector: bytes, k: int, allowed: set[int] | None = None) -> list[int]:
    """The ids of the nearest chunks, one by one."""
    rows = [row for row in collection.vectors(MODEL, limit=10**9) if allowed is None or row[0] in allowed]
    matrix = np.frombuffer(b"".join(row for _, row in rows), "<f4").reshape(len(rows), -1).astype(np.float64)
    scores = matrix @ np.frombuffer(vector, "<f4")
    return [rows[place][0] for place in np.argsort(-scores)[:k]]
