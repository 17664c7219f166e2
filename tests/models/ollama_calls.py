"""Calls of the Ollama provider, as its tests make them."""

from __future__ import annotations

from typing import Any

import pytest

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import End, EventStream, ModelMessage, ModelRequest, ModelResponse
from atlas_tui.models.ollama import OllamaProvider
from tests.servers.scripted import Answer, ScriptedServer


def asked(text: str = "Hi", **fields: Any) -> ModelRequest:
    return ModelRequest(messages=[ModelMessage.user(text)], **fields)


def provider(server: ScriptedServer, model: str | None = "llama3", **options: Any) -> OllamaProvider:
    return OllamaProvider(model, base_url=server.url, **options)


def answer(
    server: ScriptedServer, *answers: Answer, request: ModelRequest | None = None, **options: Any
) -> ModelResponse:
    server.play(*answers)
    return provider(server, **options).generate(request or asked())


def failure(
    server: ScriptedServer, *answers: Answer, request: ModelRequest | None = None, **options: Any
) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        answer(server, *answers, request=request, **options)
    return caught.value


def chats(server: ScriptedServer) -> list[Any]:
    return [request.json for request in server.requests if request.path == "/api/chat"]


def drain(stream: EventStream) -> End:
    *_, end = stream
    assert isinstance(end, End)
    return end
