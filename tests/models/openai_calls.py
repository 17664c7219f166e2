"""Calls of the OpenAI provider, as its tests make them."""

from __future__ import annotations

from typing import Any

from atlas_tui.models.base import ModelRequest
from atlas_tui.models.openai import OpenAIProvider
from tests.models.wires import KEY, ending
from tests.servers.scripted import Json, Script, ScriptedServer


def provider_on(server: ScriptedServer, api: str = "chat", model: str | None = "gpt-test", **options: Any) -> Any:
    return OpenAIProvider(model, base_url=f"{server.url}/v1", api=api, **{"api_key": KEY, **options})


def sent_by(server: ScriptedServer, provider: OpenAIProvider, asked: ModelRequest | None = None) -> Any:
    """The body of the request that the server gets."""
    server.play(Script.text("ok"))
    assert ending(provider, asked).error is None
    return server.requests[-1].json


def chunk(**fields: Any) -> Json:
    """A chunk with one choice of these fields, or with the given ones."""
    if "choices" in fields or "error" in fields or "x_groq" in fields:
        return Json({"object": "chat.completion.chunk", "model": "gpt-test", **fields})
    return Json({"object": "chat.completion.chunk", "model": "gpt-test", "choices": [{"index": 0, **fields}]})


USAGE: dict[str, Any] = {"prompt_tokens": 11, "completion_tokens": 5}
STOPPED: dict[str, Any] = {"delta": {}, "finish_reason": "stop"}
