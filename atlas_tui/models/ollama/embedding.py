"""Embeddings from an Ollama server."""

from __future__ import annotations

from collections.abc import Sequence

from atlas_tui.errors import ProviderError
from atlas_tui.models.ollama import OllamaProvider

_QUICK = 15.0
"""Seconds of silence of a server that is asked for its list."""


async def embed(provider: OllamaProvider, texts: Sequence[str]) -> list[list[float]]:
    """A vector for each text, in order, from the provider's model, or the server's first embedding model. A text that
    is longer than the model takes is cut by the server.

    Raises:
        ProviderError: it cannot, or has no such model.
    """
    await provider._load()
    if not provider.model_name:
        provider.model_name = (await _models(provider))[0]
    # Loading the model comes before the first vector.
    async with provider._client(provider.timeouts.first_token) as client:
        answer = await client.embed(provider.model_name, list(texts), truncate=True)
    return [list(vector) for vector in answer.embeddings]


async def embedding_models(provider: OllamaProvider) -> list[str]:
    """The models of the server that make embeddings.

    Raises:
        ProviderError: it cannot be asked, or has none.
    """
    await provider._load()
    return await _models(provider)


async def _models(provider: OllamaProvider) -> list[str]:
    async with provider._client(_QUICK) as client:
        names = [model.model for model in (await client.list()).models if model.model]
        found = [name for name in names if "embedding" in (await provider._show(client, name)).capabilities]
    if not found:
        raise ProviderError(
            "not_found", f"{provider.server} has no embedding model", remedy="get one: `ollama pull nomic-embed-text`"
        )
    return found
