"""The four wire formats of the three providers, each pointed at a server of the test."""

from __future__ import annotations

from typing import Any

from atlas_tui.models.base import Provider
from atlas_tui.models.ollama import OllamaProvider
from tests.models.wires import KEY, make

WIRES = ("anthropic", "chat", "responses", "ollama")
NAMES = {"anthropic": "anthropic", "chat": "openai", "responses": "openai", "ollama": "ollama"}
"""The provider that speaks each wire format."""


def provider(wire: str, url: str, model: str = "test-model", **options: Any) -> Provider:
    """The provider of a wire format on the server at `url`, with the key `KEY`."""
    if wire == "ollama":
        return OllamaProvider(model, base_url=url, **{"api_key": KEY, **options})
    return make(wire, url, model, **options)
