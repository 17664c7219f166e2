"""The wire formats under test, each with its provider on a scripted server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from atlas_tui.models.anthropic import AnthropicProvider
from atlas_tui.models.base import (
    CancelToken,
    End,
    Event,
    ModelMessage,
    ModelRequest,
    Provider,
    ReasoningDelta,
    TextDelta,
)
from atlas_tui.models.openai import OpenAIProvider

KEY = "sk-test-0123456789-abcdefghij"
WIRES = ("anthropic", "chat", "responses")
Make = Callable[..., Provider]


def make(wire: str, url: str, model: str | None = "test-model", **options: Any) -> Provider:
    """The provider of a wire format on the server at `url`."""
    options = {"api_key": KEY, **options}
    if wire == "anthropic":
        return AnthropicProvider(model, base_url=url, **options)
    return OpenAIProvider(model, base_url=f"{url}/v1", api=wire, **options)


def request(text: str = "Why is the sky blue?", **fields: Any) -> ModelRequest:
    """A request of one message."""
    return ModelRequest(messages=[ModelMessage.user(text)], **fields)


def events_of(provider: Provider, asked: ModelRequest | None = None, cancel: CancelToken | None = None) -> list[Event]:
    """Every event of one answer, which must have its one ending at the end."""
    with provider.stream(asked or request(), cancel=cancel) as stream:
        events = list(stream)
    assert [index for index, event in enumerate(events) if isinstance(event, End)] == [len(events) - 1]
    return events


def ending(provider: Provider, asked: ModelRequest | None = None) -> End:
    """The ending of one answer."""
    end = events_of(provider, asked)[-1]
    assert isinstance(end, End)
    return end


def text_of(events: list[Event]) -> str:
    """The answer in the deltas."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def reasoning_of(events: list[Event]) -> str:
    """The thinking in the deltas."""
    return "".join(event.text for event in events if isinstance(event, ReasoningDelta))
