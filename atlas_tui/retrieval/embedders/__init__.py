"""Embedders: what turns texts into vectors whose nearness is nearness of meaning.

How a knowledge base uses one:

    embedder = default_embedder(config)            # None: nothing is at hand, lexical search goes on alone
    embedder.warm()                                # at the start of a session; returns at once
    if embedder.ready():                           # a question must not wait for a model to load
        [vector] = embedder.embed([question], question=True)
        hits = open_index(collection, db_path, embedder).query(vector, k)

`embed` raises an `AtlasError` (a server that is down, a key that is missing); a search says so once and goes on
with its lexical half.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from atlas_tui.config import Config

__all__ = ["Embedder", "default_embedder", "embedder_for"]


class Embedder(Protocol):
    """Makes vectors of texts; usable from any thread."""

    @property
    def name(self) -> str:
        """Which it is, without the number of dimensions: `minilm`, `ollama:nomic-embed-text` …"""

    def embed(self, texts: Sequence[str], *, question: bool = False) -> list[bytes]:
        """One vector a text, in order: float32, little-endian, of length 1.

        Args:
            texts: documents, or questions.
            question: they are questions; some models want to be told.

        Raises:
            AtlasError: they cannot be made; the sentence says why and what to do.
        """

    def ready(self) -> bool:
        """Whether a question would be embedded now, without a model having to be loaded first."""

    def warm(self) -> None:
        """Begin to load what it needs, behind; returns at once and never raises."""

    def close(self) -> None:
        """Give back its process or its connections. It starts again at the next use."""


def embedder_for(name: str, config: Config) -> Embedder:
    """The embedder of this name: `minilm`, `ollama[:model]`, `openai[:model]`, or a configured provider's
    `NAME:model`. Nothing is loaded yet, and nobody is asked but an Ollama that is named without a model.

    Raises:
        ConfigError: there is no such embedder, or it cannot be used here; the sentence says what to do.
        ProviderError: of kind `auth`, if the provider needs a key and there is none.
    """
    from atlas_tui.retrieval.embedders import minilm

    if name == minilm.NAME:
        return minilm.MiniLM()
    from atlas_tui.retrieval.embedders.choice import served  # with all that asking a provider needs

    return served(name, config)


def default_embedder(config: Config) -> Embedder | None:
    """The embedder of the settings, else the one that is at hand on this machine, else None.

    Only what sends no document away and asks for no download is taken without being named: MiniLM whose files are
    here, then an Ollama on this machine that has an embedding model.

    Raises:
        ConfigError, ProviderError: as `embedder_for`, for the one that the settings name.
    """
    from atlas_tui.retrieval.embedders.choice import at_hand

    return at_hand(config)
