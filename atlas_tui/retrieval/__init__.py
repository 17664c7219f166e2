"""Retrieval: passages from the user's own documents."""

from __future__ import annotations

from typing import Any, TypedDict


class Document(TypedDict):
    """A passage that was found for a prompt."""

    content: str
    metadata: dict[str, Any]
    """At least `source`: where the passage stands."""
    relevance_score: float
    """1 is best, 0 is worst."""


class KnowledgeBase:
    """The indexed documents of one collection."""

    def __init__(self, db_path: str | None = None, collection_name: str | None = None) -> None:
        self.db_path = db_path
        self.collection_name = collection_name

    def search(self, query: str, k: int = 5) -> list[Document]:
        """The `k` passages that answer the query best, best first; an empty knowledge base gives none."""
        return []
