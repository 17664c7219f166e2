"""Passages for a prompt: from what they are looked for in, and beside what the provider has to import meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Protocol

from atlas_tui.errors import AtlasError
from atlas_tui.models.base import Provider, Retrieved

if TYPE_CHECKING:
    from atlas_tui.retrieval import Document

_LOADING = 0.03
"""Seconds that passages are waited for while a model loads on this machine and the provider could be asked."""


class Knowledge(Protocol):
    """What passages are looked for in: a `KnowledgeBase`, or what a user has chosen of one."""

    def search(self, query: str, /) -> Sequence[Document]:
        """The passages for a prompt, as they are to be sent. Raises AtlasError."""

    @property
    def notices(self) -> Sequence[str]:
        """What the user should know of it, a sentence each."""

    def hasten(self) -> None:
        """Wait no longer for a model that still loads on this machine, neither in the search that is under way nor in
        later ones: what it would have found is left out, and the notices say so."""


async def beside_import(looking: Awaitable[Retrieved], knowledge: Knowledge | None, provider: Provider) -> Retrieved:
    """What is found, while what the first request needs is imported: to load an embedder takes about as long."""
    prepared = asyncio.ensure_future(provider.prepare())
    found = asyncio.ensure_future(looking)
    await asyncio.wait([found, prepared], return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait([found], timeout=_LOADING)
    if not found.done() and knowledge is not None:
        knowledge.hasten()
    retrieved = await found
    await asyncio.gather(prepared, return_exceptions=True)  # what fails fails once more, and is told then
    return retrieved


def search(knowledge: Knowledge, prompt: str) -> tuple[tuple[Document, ...], tuple[str, ...]]:
    """Passages for a prompt, and what is to be said of the search; one that cannot be made is no reason not to ask."""
    try:
        return tuple(knowledge.search(prompt)), tuple(knowledge.notices)
    except AtlasError as error:
        return (), (str(error),)
