"""Vector indexes: the nearest chunks to a question's vector.

The vectors themselves are the library's; an index is a way to search them fast, and can always be made again.
How a knowledge base uses one:

    index = open_index(collection, db_path, embedder)     # cheap, once a collection; also while it has no vectors yet
    index.refresh()                                       # returns at once; at the start, and after indexing
    hits = index.query(vector, k, allowed=ids_or_none)    # also of chunks that were embedded a moment ago
    index.notice                                          # one sentence when something is slower or missing, or ""
    index.close()

A hit's id may have left the library between the question and the look-up: leave it out. Where `db_path` is a server,
`refresh` also fetches what others indexed: open an index without an embedder then, so that it can be found by words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from atlas_tui.models.base import CancelToken
    from atlas_tui.retrieval.embedders import Embedder
    from atlas_tui.retrieval.library import Collection
    from atlas_tui.retrieval.values import Scored

__all__ = ["VectorIndex", "is_server", "open_index"]


def is_server(db_path: str) -> bool:
    """Whether a path of the knowledge base is the URL of a Chroma server."""
    return db_path.startswith(("http://", "https://"))


class VectorIndex(Protocol):
    """Searches the vectors that one embedder made for one collection; usable from any thread."""

    @property
    def notice(self) -> str:
        """What a user should know (a server that is down, say), in one sentence; empty where all is well."""

    @property
    def searched_by(self) -> str:
        """What answers now, for a person: `Chroma` or `exact search`."""

    def query(self, vector: bytes, k: int, *, allowed: set[int] | None = None) -> list[Scored]:
        """The `k` nearest chunks, best first; the score is the cosine, 1 is best.

        Args:
            vector: the question's, as the embedder made it (float32, little-endian, of length 1).
            k: how many at most.
            allowed: only chunks with these ids.

        Raises:
            AtlasError: the vector is another embedder's, or the library cannot be read.
        """

    def refresh(self) -> None:
        """Bring the index to the library's state, behind, never in a question's way. Returns at once."""

    def build(self, progress: Callable[[int, int], None], cancel: CancelToken) -> None:
        """`refresh`, waited for: `progress(done, total)` in chunks. A cancel keeps what is done.

        Raises:
            AtlasError: the index could not be made; questions are answered without it.
        """

    def close(self) -> None:
        """End what runs behind, within a second or two."""


def open_index(
    collection: Collection, db_path: str, embedder: Embedder | None, *, vectors: str = "auto", once: bool = False
) -> VectorIndex:
    """The index of what `embedder` made for `collection`.

    Args:
        collection: the library's.
        db_path: the folder in which its library lies, or the `http://host:port` of a Chroma server.
        embedder: which one embeds the questions; None where none will be asked, see above.
        vectors: `auto`: Chroma where it is installed and the collection is large; `exact`; `chroma`.
        once: there is one question, for which `auto` is exact: that is done before Chroma is there.

    Raises:
        ConfigError: what is asked for is not installed. `query` raises it where another embedder made the
            collection's vectors: they cannot be mixed.
    """
    from atlas_tui.retrieval.vectors.opening import open_vectors

    return open_vectors(collection, db_path, embedder, vectors, once)
