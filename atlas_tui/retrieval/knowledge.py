"""The knowledge base: the indexed documents of one collection, asked for passages."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from atlas_tui.config import data_dir
from atlas_tui.retrieval.values import Document, StoredChunk
from atlas_tui.retrieval.vectors import is_server

if TYPE_CHECKING:
    from atlas_tui.config import Config
    from atlas_tui.retrieval.library import Collection, CollectionInfo, Library
    from atlas_tui.retrieval.meaning import Meaning

DEFAULT_COLLECTION = "documents"
MEANING = "meaning"
"""Why a passage was found, where it was not by a word."""
_SPARE = 3
"""As many hits are fetched for one that is wanted, as the same text may stand in several files."""


def library_file(db_path: str | None = None) -> Path:
    """Where the library lies that belongs to a folder (None takes the usual one) or to a Chroma server's URL."""
    if db_path is None:
        folder = data_dir() / "chroma"
    elif is_server(db_path):
        host = db_path.partition("://")[2].rpartition("@")[2].rstrip("/")
        folder = data_dir() / "servers" / re.sub(r"[^\w.]+", "-", host)
    else:
        folder = Path(db_path).expanduser()
    return folder / "library.sqlite3"


class KnowledgeBase:
    """The indexed documents of one collection. Usable from any thread; nothing is opened before the first use.

    Args:
        db_path: its folder, or `http://host:port` of a Chroma server; None takes the usual folder.
        collection_name: the collection; None takes the usual one.
        config: the settings, for the embedder; None loads the user's.
        patience: seconds that a question waits for an embedder that is a server.
        once: there is one question, and the command ends with its answer: it waits as `search` does with `wait`, and
            vectors are compared exactly, as Chroma would be there later than that is done.
    """

    def __init__(
        self,
        db_path: str | None = None,
        collection_name: str | None = None,
        *,
        config: Config | None = None,
        patience: float = 3.0,
        once: bool = False,
    ) -> None:
        self.db_path = db_path
        self.collection_name = collection_name or DEFAULT_COLLECTION
        self._config = config
        self._patience = patience
        self._once = once
        self._lock = threading.Lock()
        self._opened: tuple[Library, Meaning] | None = None

    @property
    def served(self) -> bool:
        """Whether a Chroma server has it, so that others may have indexed what this machine does not know yet."""
        return self.db_path is not None and is_server(self.db_path)

    @property
    def place(self) -> str:
        """Where its index of vectors is: the folder of the library, or the URL of a Chroma server."""
        return self.db_path if self.db_path and self.served else str(library_file(self.db_path).parent)

    @property
    def library(self) -> Library:
        """The file with all collections."""
        return self._open()[0]

    @property
    def collection(self) -> Collection:
        """What is indexed into, and searched."""
        return self.library.collection(self.collection_name)

    @property
    def notices(self) -> list[str]:
        """What the user should know, a sentence each: that passages are found by words alone for now, and why."""
        library, meaning = self._open()
        return [*library.notices, *meaning.notices]

    @property
    def late(self) -> bool:
        """Whether the last search went without meaning, where the same one may find by it a little later."""
        return bool(self._open()[1].late)

    def search(
        self,
        query: str,
        k: int = 5,
        *,
        within: Sequence[str] | None = None,
        wait: bool = False,
        hurry: float | None = None,
    ) -> list[Document]:
        """The `k` passages that answer the query best, best first; a knowledge base that is empty or not there gives
        none. By words always, and by meaning where an embedder has made vectors; without it the notices say why.

        Args:
            within: only passages of these sources: paths, folders, or patterns with `*`, `?` and `[...]`.
            wait: also while the embedder still loads, which takes seconds, at most 30; else words alone answer
                meanwhile.
            hurry: seconds after which it goes on by words alone, this time; the notices say so until the next search.
                For an embedder that still loads it waits besides, until `hasten`.

        Raises:
            AtlasError: the library cannot be read.
        """
        if k <= 0 or not query.strip():
            return []
        from atlas_tui.retrieval.fusion import DEPTH, fuse

        collection = self.collection
        meaning, wait = self._open()[1], wait or self._once
        looked = meaning.look(collection, query, max(k, DEPTH), within=within, wait=wait, hurry=hurry)
        lexical = collection.lexical(query, max(_SPARE * k, DEPTH), within=within)  # while the question is embedded
        dense = looked()
        ranked = fuse(lexical, dense)[: _SPARE * k]
        chunks: dict[str, StoredChunk] = {}
        for chunk in collection.chunks([hit.id for hit in ranked]):
            chunks.setdefault(chunk.hash, chunk)
        best = list(chunks.values())[:k]
        words = collection.matched(query, [chunk.id for chunk in best])
        scores = {hit.id: hit.score for hit in ranked}
        near, far = {hit.id for hit in dense[:k]}, {hit.id for hit in dense[k:]}
        return [
            self._document(
                chunk, scores[chunk.id], why + [MEANING] * (chunk.id in near or (not why and chunk.id in far))
            )
            for chunk in best
            for why in [words.get(chunk.id, [])]
        ]

    def warm(self) -> None:
        """Begin to load what a search by meaning needs, behind, so that the first question finds it there."""
        self._open()[1].warm(self.collection)

    def hasten(self) -> None:
        """Have no search wait for an embedder that still loads on this machine: words alone answer, and the notices
        say so. An embedder that is a server is waited for as before."""
        self._open()[1].hasten()

    def collections(self) -> list[CollectionInfo]:
        """All collections beside this one, and this one.

        Raises:
            AtlasError: the library cannot be read.
        """
        return self.library.collections()

    def info(self) -> CollectionInfo | None:
        """What is in this collection; None while nothing is.

        Raises:
            AtlasError: the library cannot be read.
        """
        return next((info for info in self.collections() if info.name == self.collection_name), None)

    def close(self) -> None:
        """End what runs behind, and close the files; the next use opens them again."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            library, meaning = opened
            meaning.close()
            library.close()

    def _open(self) -> tuple[Library, Meaning]:
        with self._lock:
            if self._opened is None:
                from atlas_tui.retrieval.library import Library
                from atlas_tui.retrieval.meaning import Meaning

                file = library_file(self.db_path)
                self._opened = Library(file), Meaning(self.place, self.served, self._config, self._patience, self._once)
            return self._opened

    def _document(self, stored: StoredChunk, score: float, why: list[str]) -> Document:
        chunk = stored.chunk
        places = {
            "title": chunk.title or None,
            "first_line": chunk.first_line,
            "last_line": chunk.last_line,
            "page": chunk.page,
        }
        return {
            "content": chunk.text,
            "metadata": {
                "source": stored.source,
                **{name: place for name, place in places.items() if place is not None},
                "collection": self.collection_name,
                "hash": stored.hash,
            },
            "relevance_score": round(score, 4),
            "id": str(stored.id),
            "why": why,
        }
