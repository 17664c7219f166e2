"""Which passages are to go along with a prompt: those that were found, and what the user says about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from atlas_tui.retrieval import Document
from atlas_tui.retrieval.knowledge import KnowledgeBase

TAKEN = 5
"""Passages that go along by themselves."""
OFFERED = 8
"""Passages that are shown, so that there is something to choose from."""

_HURRY = 0.06
"""Seconds that a prompt which was sent waits for its vector: the answer is not kept waiting for it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave, and for what."""

    query: str
    knowledge: KnowledgeBase
    documents: Sequence[Document]
    notices: Sequence[str] = ()
    late: bool = False
    """By words alone, though a little later it may be by meaning too."""


@dataclass(frozen=True)
class Choice:
    """What the user has said so far. It stands in the session for the knowledge base, so that a prompt that is sent
    faster than its passages are found is sent with the same ones that the panel would have shown."""

    knowledge: KnowledgeBase
    words: str = ""
    """What is looked for in place of the prompt."""
    pinned: tuple[Document, ...] = ()
    """They go along with every prompt."""
    said: Mapping[str, bool] = field(default_factory=dict)
    """Passages that were taken in or left out by hand."""

    def query(self, prompt: str) -> str:
        """What is looked for."""
        return self.words or prompt

    def look(self, prompt: str, *, hurry: float | None = None) -> Found:
        """Look for passages, in a thread. Raises AtlasError."""
        query, knowledge = self.query(prompt), self.knowledge
        documents = knowledge.search(query, OFFERED, hurry=hurry)
        return Found(query, knowledge, documents, tuple(knowledge.notices), knowledge.late)

    def candidates(self, documents: Sequence[Document]) -> list[tuple[Document, bool]]:
        """The pinned ones and those found, in the order in which they are sent, and whether each of them is."""
        pinned = {name_of(document) for document in self.pinned}
        found = [document for document in documents if name_of(document) not in pinned]
        ranked = [(document, True) for document in self.pinned]
        ranked += [(document, rank < TAKEN) for rank, document in enumerate(found)]
        return [(document, self.said.get(name_of(document), taken)) for document, taken in ranked]

    def search(self, query: str, /) -> list[Document]:
        """What is sent. Raises AtlasError."""
        return [document for document, taken in self.candidates(self.look(query, hurry=_HURRY).documents) if taken]

    @property
    def notices(self) -> Sequence[str]:
        """What the user should know of the knowledge base."""
        return self.knowledge.notices

    def hasten(self) -> None:
        """See `KnowledgeBase`."""
        self.knowledge.hasten()

    def saying(self, document: Document, taken: bool) -> Choice:
        """With this passage taken in or left out."""
        return replace(self, said={**self.said, name_of(document): taken})

    def pinning(self, document: Document) -> Choice:
        """With this passage pinned, or no longer."""
        name = name_of(document)
        kept = tuple(other for other in self.pinned if name_of(other) != name)
        pinned = kept if len(kept) < len(self.pinned) else (*kept, document)
        return replace(self, pinned=pinned, said={key: value for key, value in self.said.items() if key != name})

    def after(self) -> Choice:
        """What is left of it when the prompt is sent: the pins."""
        return replace(self, words="", said={})


@dataclass
class Along:
    """What goes along with prompts: the same in the chat and in its comparison."""

    choice: Choice
    """What the user has said about it."""
    on: bool = False
    """Whether anything does."""


def name_of(document: Document) -> str:
    """What a passage is known by, whatever it was found for."""
    metadata = document.get("metadata") or {}
    known = (metadata.get(key) for key in ("collection", "hash", "source", "first_line", "page"))
    return "\0".join(str(part) for part in known)
