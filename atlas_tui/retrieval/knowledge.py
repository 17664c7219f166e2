"""The knowledge base: the indexed documents of one collection, asked for passages."""

from __future__ import annotations

from atlas_tui.retrieval.values import Document


class KnowledgeBase:
    """The indexed documents of one collection."""

    def __init__(self, db_path: str | None = None, collection_name: str | None = None) -> None:
        self.db_path = db_path
        self.collection_name = collection_name

    def search(self, query: str, k: int = 5) -> list[Document]:
        """The `k` passages that answer the query best, best first; an empty knowledge base gives none."""
        return []
