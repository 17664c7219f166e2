"""What retrieval speaks of, as values: pieces of documents, indexed files, what a search finds."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NotRequired, TypedDict


class Document(TypedDict):
    """A passage that was found for a prompt."""

    content: str
    metadata: dict[str, Any]
    """At least `source`: where the passage stands. From the knowledge base also `title` ("Guide > Setup"),
    `first_line` and `last_line` or `page`, where they are known, `collection` and `hash`."""
    relevance_score: float
    """1 is best, 0 is worst."""
    id: NotRequired[str]
    """Names the passage as long as its document stays as it is."""
    why: NotRequired[list[str]]
    """Why it was found: the words of the prompt that it has, and `meaning` where its vector is near."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document."""

    text: str
    title: str = ""
    """The headings above it, outermost first: `Guide > Setup`."""
    first_line: int | None = None
    """Counted from 1."""
    last_line: int | None = None
    page: int | None = None

    @property
    def embedded(self) -> str:
        """What an embedder is given: the text under its headings."""
        return f"{self.title}\n\n{self.text}" if self.title else self.text

    @property
    def hash(self) -> str:
        """Of what an embedder is given: equal chunks share a vector, in whatever file they stand."""
        return sha256(self.embedded.encode("utf-8", "replace")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class SourceState:
    """A file as it was when it was indexed."""

    source: str
    """Its path, as it is shown."""
    size: int
    """In bytes."""
    modified_ns: int
    digest: str
    """SHA-256 of its bytes, as hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder that was taken into a collection, or taken out of one that was."""

    path: str
    """Where it really is, without links."""
    max_size: int | None
    """Bytes above which its files are skipped; None where it was taken out."""


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk in the library."""

    id: int
    source: str
    chunk: Chunk
    hash: str


@dataclass(frozen=True, slots=True)
class Scored:
    """A chunk that was found; the higher the score the better, comparable only within one search."""

    id: int
    score: float
