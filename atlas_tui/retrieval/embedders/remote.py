"""Embedders that are a provider's models: Ollama's, OpenAI's, and those of every compatible server."""

from __future__ import annotations

import asyncio
import math
import struct
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from typing import Any

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import Provider
from atlas_tui.models.base.worker import call_in_worker
from atlas_tui.text import sound

_TEXTS = 32
"""In one request: a second or two on a slow machine, and far below every service's limits."""
_QUESTION = 20.0
"""Seconds that a question may take. Whoever types has waited less by then; a command has only this one question."""
_SMALLEST = 200
"""Characters below which a text that a model calls too long is not halved any more."""
_INSTRUCTIONS: dict[str, tuple[str, str]] = {
    # What a model was trained to read before a question and before a document, by the beginning of its name; from
    # the models' own cards.
    "nomic-embed": ("search_query: ", "search_document: "),
    "mxbai-embed": ("Represent this sentence for searching relevant passages: ", ""),
    "snowflake-arctic-embed": ("Represent this sentence for searching relevant passages: ", ""),
    "snowflake-arctic-embed2": ("query: ", ""),
    "bge-m3": ("", ""),
    "bge-": ("Represent this sentence for searching relevant passages: ", ""),
    "embeddinggemma": ("task: search result | query: ", "title: none | text: "),
    "multilingual-e5": ("query: ", "passage: "),
    "e5-": ("query: ", "passage: "),
    "qwen3-embedding": (
        "Instruct: Given a question, retrieve the passages that answer it\nQuery: ",
        "",
    ),
}


class RemoteEmbedder:
    """A provider's embedding model.

    Args:
        provider: who is asked; its model is the embedding model.
        kind: the wire format, `openai` or `ollama`.
    """

    def __init__(self, provider: Provider, kind: str) -> None:
        self._provider = provider
        self._request: Callable[[Any, Sequence[str]], Awaitable[list[list[float]]]] = import_module(
            f"atlas_tui.models.{kind}.embedding"
        ).embed

    @property
    def name(self) -> str:
        """See `Embedder`."""
        return self._provider.target.removesuffix(":latest")

    def embed(self, texts: Sequence[str], *, question: bool = False) -> list[bytes]:
        """See `Embedder`."""
        if not texts:
            return []
        before = instruction(self._provider.model_name)[0 if question else 1]
        limit = _QUESTION if question else self._provider.timeouts.total
        return call_in_worker(lambda: self._all([before + sound(text) for text in texts], limit))

    def ready(self) -> bool:
        """See `Embedder`. The server is somebody else's: whether it has loaded the model is not known."""
        return True

    def warm(self) -> None:
        """See `Embedder`."""

    def close(self) -> None:
        """See `Embedder`. There is nothing to close: each request has its own connection."""

    async def _all(self, texts: list[str], limit: float | None) -> list[bytes]:
        vectors: list[bytes] = []
        try:
            async with asyncio.timeout(limit):
                for start in range(0, len(texts), _TEXTS):
                    vectors += await self._some(texts[start : start + _TEXTS])
        except ProviderError as error:
            raise self._named(error) from error.__cause__
        except TimeoutError:
            raise self._named(ProviderError("timeout", f"{self._provider.server} did not answer in time")) from None
        except Exception as error:
            raise self._named(self._provider.translate(error)) from error
        return vectors

    async def _some(self, texts: list[str]) -> list[bytes]:
        try:
            given = await self._request(self._provider, texts)
        except Exception as error:
            failure = self._provider.translate(error)
            too_long = failure.kind == "context_length" or "too large to process" in str(failure)
            if not too_long or max(map(len, texts)) < _SMALLEST:
                raise failure from error
            if len(texts) == 1:
                # Its beginning is what can be had; chunks are far below what most models take.
                return await self._some([texts[0][: len(texts[0]) // 2]])
            return [vector for text in texts for vector in await self._some([text])]
        if len(given) != len(texts) or len({len(vector) for vector in given}) != 1:
            raise ProviderError("protocol", f"{self._provider.server} sent {len(given)} embeddings for {len(texts)}")
        return [self._packed(vector) for vector in given]

    def _packed(self, vector: Sequence[float]) -> bytes:
        try:
            length = math.sqrt(math.fsum(value * value for value in vector))
            if not (0 < length < math.inf):
                raise ValueError
            return struct.pack(f"<{len(vector)}f", *(value / length for value in vector))
        except (TypeError, ValueError, OverflowError):
            raise ProviderError("protocol", f"{self._provider.server} sent an embedding that is no vector") from None

    def _named(self, error: ProviderError) -> ProviderError:
        error.provider, error.model = self._provider.name, self._provider.model_name
        return error


def instruction(model: str) -> tuple[str, str]:
    """What goes before a question and before a document for this model; nothing for one that is not known."""
    name = model.rpartition("/")[2].lower()
    known = max((start for start in _INSTRUCTIONS if name.startswith(start)), key=len, default="")
    return _INSTRUCTIONS.get(known, ("", ""))
