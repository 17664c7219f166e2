"""Embeddings in OpenAI's format, `/v1/embeddings`, which most compatible servers have too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from atlas_tui.errors import ProviderError
from atlas_tui.models.base.transport import json_body
from atlas_tui.models.openai import OpenAIProvider


async def embed(provider: OpenAIProvider, texts: Sequence[str]) -> list[list[float]]:
    """A vector for each text, in order, from the provider's model.

    Raises:
        ProviderError: it cannot, or answers something else.
    """
    import httpx2

    await provider._load()
    # Numbers, not base64: not every server knows the latter.
    body = {"model": provider.model_name, "input": list(texts), "encoding_format": "float"}
    async with provider._client() as client:
        response = await client.post("/embeddings", body=body, cast_to=httpx2.Response)
        given: Any = json_body(response, provider).get("data")
    try:
        vectors = [one["embedding"] for one in sorted(given, key=lambda one: one["index"])]
    except (TypeError, LookupError) as error:
        raise ProviderError("protocol", f"{provider.server} sent embeddings of an unknown form") from error
    return vectors
