"""Anthropic's Messages API, and every server that speaks it."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from atlas_tui.errors import ConfigError, Kind, ProviderError
from atlas_tui.models.base import (
    Counted,
    Finish,
    ModelInfo,
    ModelRequest,
    Provider,
    ReasoningDelta,
    Start,
    TextDelta,
    TokenUsage,
    WireEvent,
)
from atlas_tui.models.base.credentials import Credential, foreign_headers
from atlas_tui.models.base.faults import sdk_error
from atlas_tui.models.base.transport import (
    as_count,
    as_text,
    checked_url,
    http_client,
    json_body,
    load_sdk,
    reported_error,
    shown_url,
    wire_events,
)

if TYPE_CHECKING:
    import httpx2
    from anthropic import AsyncAnthropic

_VENDOR = "https://api.anthropic.com"
_VENDOR_NAME = "anthropic"
_NO_KEY = "none"
_MAX_TOKENS = 16_384
"""The API wants a limit; this one is within what every current model writes."""
_PREFILLED = re.compile(r"claude-(?:3|(?:opus|sonnet|haiku)-4(?:-[015])?(?:-\d{8})?$)")
_LEAST_BUDGET = 1024
_ROOM_TO_ANSWER = 8_192
"""Tokens left for the answer where a thinking budget is set but no limit."""

SDK_ERRORS: dict[str, Kind] = {
    # APIStatusError and its fifty subclasses: by status and by the error's type, see `http_error`.
    "APIStatusError": "server",
    "APITimeoutError": "timeout",
    "APIConnectionError": "connection",
    "APIResponseValidationError": "protocol",
    "APIWebhookValidationError": "protocol",
    "CredentialsError": "auth",
    "WorkloadIdentityError": "auth",
    "RetryableError": "connection",
    "APIError": "server",
    "StreamAlreadyConsumed": "protocol",
    "AnthropicError": "protocol",
}
_STOP_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refused",
    "tool_use": "tool",
}


class AnthropicProvider(Provider):
    """Claude models, through Anthropic's Messages API.

    Args:
        model_name: the model; None takes the first that the server lists.
        name: the provider's name. The `ANTHROPIC_*` variables are read for `anthropic` only.
        api_key: the key.
        api_key_env: the environment variable that holds it.
        api_key_cmd: a command that prints it, run at the first request.
        thinking: how the model thinks: `adaptive` (or True), a budget in tokens (1024 at least), False for not at all,
            None as the model does by itself.
        effort: how much it puts into an answer (`low`, `medium`, `high` …); a request's `reasoning_effort` wins.
        cache: have the conversation so far cached from its second turn on, which makes long ones cheaper;
            None does so on Anthropic's own host.

    Raises:
        ProviderError: of kind `auth`, if a key is needed and there is none.
        ConfigError: an option has no meaning.
    """

    def __init__(
        self,
        model_name: str | None = None,
        *,
        name: str = _VENDOR_NAME,
        api_key: str | None = None,
        api_key_env: str | None = None,
        api_key_cmd: str | None = None,
        thinking: str | int | bool | None = None,
        effort: str | None = None,
        cache: bool | None = None,
        base_url: str | None = None,
        **common: Any,
    ) -> None:
        own = name == _VENDOR_NAME
        url = checked_url(base_url or (own and os.environ.get("ANTHROPIC_BASE_URL")) or _VENDOR)
        host = urlsplit(url).hostname or ""
        at_vendor = host == "api.anthropic.com"
        # The SDK adds the version itself.
        self._url = url.removesuffix("/v1")
        super().__init__(name, model_name, base_url=None if own and at_vendor else shown_url(url), **common)
        budget = type(thinking) is int and thinking >= _LEAST_BUDGET
        if not budget and thinking not in (None, True, False, "adaptive"):
            raise ConfigError(f"thinking = {thinking!r} has no meaning: use adaptive, false or a budget from 1024 on")
        self._thinking = thinking
        self._effort = effort
        self._cache = at_vendor if cache is None else cache
        self._credential = Credential(
            name,
            key=api_key,
            env=api_key_env,
            cmd=api_key_cmd,
            variables=("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN") if own else (),
            needed=at_vendor,
        )
        self._key = _NO_KEY

    @property
    def prefills(self) -> bool:
        """Models after Claude 4.5 refuse a request that ends with a message of their own."""
        return self._thinking in (None, False) and bool(_PREFILLED.match(self.model_name))

    async def _load(self) -> None:
        self._key = await self._credential.get() or _NO_KEY
        await self.prepare()

    async def prepare(self) -> None:
        """See `Provider`."""
        await load_sdk("anthropic", self._url)

    @asynccontextmanager
    async def _client(self) -> AsyncGenerator[AsyncAnthropic, None]:
        from anthropic import AsyncAnthropic, Omit

        headers: dict[str, Any] = {}
        if self.name != _VENDOR_NAME:
            headers = {header: Omit() for header in foreign_headers("ANTHROPIC_CUSTOM_HEADERS")}
            headers["Authorization"] = f"Bearer {self._key}"
        # Spans are off: the body is read here, so the SDK would never see them end.
        async with AsyncAnthropic(
            api_key=self._key,
            base_url=self._url,
            max_retries=0,
            http_client=http_client(self._url, self.timeouts),
            default_headers=headers,
            open_telemetry=False,
        ) as client:
            yield client

    async def _stream(self, request: ModelRequest) -> AsyncGenerator[WireEvent, None]:
        import httpx2

        async with self._client() as client:
            # The SDK's own call for "any other endpoint": `messages.create` has no temperature any more, and warns
            # on stderr about models that it thinks retired.
            response: httpx2.Response = await client.post(
                "/v1/messages", body=self._body(request), cast_to=httpx2.Response, stream=True
            )
            try:
                reader = _MessageReader(self, response.headers.get("request-id"))
                async for item in wire_events(response, self, reader.read):
                    yield item
            finally:
                await response.aclose()

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        messages = request.turns()
        if messages and messages[-1]["role"] == "assistant":
            # A beginning for the model to continue; the API rejects white space at its end.
            messages[-1]["content"] = messages[-1]["content"].rstrip()
        limit = request.max_tokens or self.max_tokens
        body: dict[str, Any] = {"model": self.model_name, "messages": messages, "stream": True}
        if system := request.system_text():
            body["system"] = system
        for field in ("temperature", "top_p"):
            if (value := getattr(request, field)) is not None:
                body[field] = value
        if request.stop:
            body["stop_sequences"] = request.stops()
        effort = request.reasoning_effort or self._effort
        thinking = False if effort == "none" else self._thinking
        if thinking is False:
            body["thinking"] = {"type": "disabled"}
        elif type(thinking) is int:
            body["thinking"] = {"type": "enabled", "budget_tokens": thinking}
            limit = limit or thinking + _ROOM_TO_ANSWER
        elif thinking or effort:
            # Some models keep their thinking to themselves unless asked for a summary.
            body["thinking"] = {"type": "adaptive", "display": "summarized"}
        if effort and effort != "none":
            body["output_config"] = {"effort": effort}
        if self._cache and len(messages) > 1:
            body["cache_control"] = {"type": "ephemeral"}
        body["max_tokens"] = limit or _MAX_TOKENS
        return {**body, **request.extra}

    async def _list(self) -> list[ModelInfo]:
        import httpx2

        async with self._client() as client:
            response = await client.get("/v1/models", cast_to=httpx2.Response, options={"params": {"limit": 1000}})
            entries = json_body(response, self).get("data")
        return [_model_info(entry) for entry in entries or () if isinstance(entry, dict) and entry.get("id")]

    def _classify(self, error: Exception) -> ProviderError | None:
        return sdk_error(error, SDK_ERRORS, self.server, self.model_name)


def _model_info(entry: dict[str, Any]) -> ModelInfo:
    reads, writes = as_count(entry.get("max_input_tokens")), as_count(entry.get("max_tokens"))
    notes = [
        f"{word} {str(entry[key])[:10]}"
        for key, word in (("deprecated_at", "deprecated since"), ("retires_at", "retires"))
        if entry.get(key)
    ]
    return ModelInfo(
        str(entry["id"]),
        str(entry.get("display_name") or ""),
        context_window=reads or None,
        max_output=writes or None,
        detail=", ".join(notes),
    )


class _MessageReader:
    """Reads the events of one message."""

    def __init__(self, provider: Provider, request_id: str | None) -> None:
        self._provider = provider
        self._request_id = request_id
        self._usage: dict[str, Any] = {}

    def read(self, event: dict[str, Any]) -> Sequence[WireEvent]:
        """What one event says."""
        match event.get("type"):
            case "content_block_delta":
                delta = event["delta"]
                if text := delta.get("text"):
                    return (TextDelta(as_text(text)),)
                if thought := delta.get("thinking"):
                    return (ReasoningDelta(as_text(thought)),)
            case "content_block_start":
                block = event["content_block"]
                if text := block.get("text"):
                    return (TextDelta(as_text(text)),)
            case "message_start":
                message = event["message"]
                start = Start(self._provider.name, message.get("model") or "", self._request_id)
                return (start, *self._count(message.get("usage"), final=False))
            case "message_delta":
                delta = event["delta"]
                reason = delta.get("stop_reason")
                counted = self._count(event.get("usage"), final=True)
                if not reason:
                    return counted
                # What follows says nothing more, so nothing that befalls it matters.
                details = delta.get("stop_details") or {}
                why = ": ".join(str(part) for part in (details.get("category"), details.get("explanation")) if part)
                return (*counted, Finish(_STOP_REASONS.get(reason, as_text(reason)), why))
            case "message_stop":
                return (Finish("stop"),)
            case "error":
                raise reported_error(self._provider, event, self._request_id)
            case None if "error" in event:
                return self.read({**event, "type": "error"})
        return ()

    def _count(self, usage: dict[str, Any] | None, *, final: bool) -> Sequence[WireEvent]:
        """Counts are cumulative: each replaces what was said before. The first output count is a placeholder."""
        self._usage |= {name: value for name, value in (usage or {}).items() if value is not None}
        said = self._usage
        read, written = as_count(said.get("cache_read_input_tokens")), as_count(said.get("cache_creation_input_tokens"))
        if not usage or not any(map(as_count, (said.get("input_tokens"), read, written, said.get("output_tokens")))):
            return ()
        details = said.get("output_tokens_details") or {}
        counted = TokenUsage(
            as_count(said.get("input_tokens")) + read + written,
            as_count(said.get("output_tokens")) if final else 0,
            read,
            written,
            as_count(details.get("thinking_tokens")),
            estimated=not final,
        )
        return (Counted(counted),)
