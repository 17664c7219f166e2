"""OpenAI's Chat Completions format, which most other servers speak, each a little differently."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import (
    ALIVE,
    Counted,
    Finish,
    ModelRequest,
    Provider,
    ReasoningDelta,
    Start,
    TextDelta,
    TokenUsage,
    WireEvent,
)
from atlas_tui.models.base.transport import as_count, as_text, event_data, reported_error, understood

if TYPE_CHECKING:
    import httpx2

_GRACE = 2.0
"""Seconds that the usage may take to come after the finish reason; some servers never send it."""
_FINISH_REASONS = {
    "stop": "stop",
    "length": "length",
    "content_filter": "refused",
    "tool_calls": "tool",
    "function_call": "tool",
}


def chat_body(request: ModelRequest, model: str, *, limit: int | None, effort: str | None, at_vendor: bool) -> Any:
    """The request body. `at_vendor`: for OpenAI's own host, where some fields have newer names."""
    messages = request.turns()
    if system := request.system_text():
        messages.insert(0, {"role": "system", "content": system})
    body: dict[str, Any] = {"model": model, "messages": messages, "stream": True}
    body["stream_options"] = {"include_usage": True}
    if at_vendor:
        body["stream_options"]["include_obfuscation"] = False
    for field in ("temperature", "top_p"):
        if (value := getattr(request, field)) is not None:
            body[field] = value
    if messages and messages[-1]["role"] == "assistant":
        # A beginning to go on from: vLLM wants both, llama.cpp at most so.
        body["add_generation_prompt"], body["continue_final_message"] = False, True
    if request.stop:
        body["stop"] = request.stops()
    if limit:
        body["max_completion_tokens" if at_vendor else "max_tokens"] = limit
    if effort:
        body["reasoning_effort"] = effort
    return {**body, **request.extra}


async def chat_events(response: httpx2.Response, provider: Provider) -> AsyncGenerator[WireEvent, None]:
    """What the body says, up to the finish reason and the usage, wherever the server puts it."""
    reader = ChunkReader(provider, request_id(response))
    batches = event_data(response, provider)
    async for batch in batches:
        if not batch:
            yield ALIVE
        for data in batch:
            if data == "[DONE]":
                reader.done = True
                break
            for item in understood(data, provider, reader.read) or (ALIVE,):
                yield item
        if reader.done or reader.reason:
            break
    if reader.reason and not (reader.done or reader.usage_is_final):
        await _await_usage(batches, reader, provider)
    for item in reader.ending():
        yield item


async def _await_usage(batches: AsyncIterator[list[str]], reader: ChunkReader, provider: Provider) -> None:
    import httpx2

    # The answer is whole: whatever happens now, only the exact usage is at stake.
    with suppress(TimeoutError, ProviderError, httpx2.HTTPError):
        # Well inside the limit on silence, which would make a failure of it.
        async with asyncio.timeout(min(_GRACE, (provider.timeouts.between_tokens or _GRACE) / 2)):
            async for batch in batches:
                for data in batch:
                    if data == "[DONE]":
                        return
                    understood(data, provider, reader.read)
                if reader.usage_is_final:
                    return


def request_id(response: httpx2.Response) -> str | None:
    """The provider's id of the request: OpenAI's, or OpenRouter's, by which the generation can be looked up."""
    identity: str | None = response.headers.get("x-request-id") or response.headers.get("x-generation-id")
    return identity


class ChunkReader:
    """Reads the chunks of one completion."""

    def __init__(self, provider: Provider, request_id: str | None) -> None:
        self._provider = provider
        self._request_id = request_id
        self._started = self._refused = False
        self._usage: dict[str, Any] | None = None
        self.reason: str | None = None
        """Why the model stopped, as soon as it said so."""
        self.usage_is_final = False
        """Usage came with the finish reason or after it: nothing else is to come."""
        self.done = False
        """The end marker was seen."""

    def read(self, chunk: dict[str, Any]) -> Sequence[WireEvent]:
        """What one chunk says."""
        items: list[WireEvent] = []
        if chunk.get("error"):
            raise reported_error(self._provider, chunk, self._request_id)
        if not self._started:
            self._started = True
            items.append(Start(self._provider.name, chunk.get("model") or "", self._request_id))
        choices = chunk.get("choices")
        if choices:
            choice = choices[0]
            if delta := choice.get("delta"):
                self._read_delta(delta, items)
            if reason := choice.get("finish_reason"):
                self.reason = _FINISH_REASONS.get(reason, as_text(reason))
        usage = chunk.get("usage")
        if usage is None and "x_groq" in chunk:
            groq = chunk["x_groq"] or {}
            if groq.get("error"):
                raise reported_error(self._provider, groq, self._request_id)
            usage = groq.get("usage")
        if usage:
            self._usage = usage
            self.usage_is_final = self.reason is not None
        return items

    def _read_delta(self, delta: dict[str, Any], items: list[WireEvent]) -> None:
        content = delta.get("content")
        if not content or len(delta) > 1:
            # Where a thought ends, vLLM sends its last piece together with the first of the answer.
            if thought := delta.get("reasoning_content") or delta.get("reasoning"):
                items.append(ReasoningDelta(as_text(thought)))
            if refusal := delta.get("refusal"):
                self._refused = True
                items.append(TextDelta(as_text(refusal)))
        if content:
            if type(content) is str:
                items.append(TextDelta(content))
            else:
                items += map(_part, content)

    def ending(self) -> Sequence[WireEvent]:
        """The usage and the finish reason, as far as the server gave them."""
        items: list[WireEvent] = []
        if self._usage:
            cost = self._usage.get("cost")
            billed = float(cost) if isinstance(cost, int | float) else None
            items.append(Counted(usage_of(self._usage, "prompt", "completion"), billed))
        if self.reason:
            items.append(Finish("refused" if self._refused else self.reason))
        return items


def _part(part: dict[str, Any]) -> WireEvent:
    """A part of a content that is a list, as Mistral's thinking models write it."""
    if part["type"] == "thinking":
        return ReasoningDelta("".join(as_text(piece["text"]) for piece in part["thinking"]))
    return TextDelta(as_text(part["text"]))


def usage_of(said: dict[str, Any], read: str, written: str) -> TokenUsage:
    """The usage that a server reports; `read` and `written` are what the format calls input and output."""
    inputs, outputs = said.get(f"{read}_tokens_details") or {}, said.get(f"{written}_tokens_details") or {}
    return TokenUsage(
        as_count(said.get(f"{read}_tokens")),
        as_count(said.get(f"{written}_tokens")),
        as_count(inputs.get("cached_tokens")),
        as_count(inputs.get("cache_write_tokens")),
        as_count(outputs.get("reasoning_tokens")),
    )
