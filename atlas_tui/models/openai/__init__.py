"""OpenAI's two formats, and every server that speaks one of them."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from atlas_tui.errors import ConfigError, Kind, ProviderError
from atlas_tui.models.base import ModelInfo, ModelRequest, Provider, WireEvent
from atlas_tui.models.base.credentials import Credential, foreign_headers
from atlas_tui.models.base.faults import sdk_error
from atlas_tui.models.base.transport import checked_url, http_client, load_sdk, shown_url, wire_events
from atlas_tui.models.openai.chat import chat_body, chat_events, request_id
from atlas_tui.models.openai.listing import model_list
from atlas_tui.models.openai.responses import ResponseReader, responses_body

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

_VENDOR = "https://api.openai.com/v1"
_VENDOR_NAME = "openai"
_NO_KEY = "none"
_APIS = ("auto", "responses", "chat")

SDK_ERRORS: dict[str, Kind] = {
    # APIStatusError and its subclasses: by status and by the error's code, see `http_error`.
    "APIStatusError": "server",
    "APITimeoutError": "timeout",
    "APIConnectionError": "connection",
    "APIResponseValidationError": "protocol",
    "SubjectTokenProviderError": "auth",
    "LengthFinishReasonError": "protocol",
    "ContentFilterFinishReasonError": "refused",
    "InvalidWebhookSignatureError": "protocol",
    "WebSocketConnectionClosedError": "connection",
    "WebSocketQueueFullError": "connection",
    "APIError": "server",
    "StreamAlreadyConsumed": "protocol",
    "OpenAIError": "protocol",
}


class OpenAIProvider(Provider):
    """GPT models, and those of every server that speaks OpenAI's format.

    Args:
        model_name: the model; None takes the first that the server lists.
        name: the provider's name. The `OPENAI_*` variables are read for `openai` only, so that another server
            never gets OpenAI's key.
        api_key: the key.
        api_key_env: the environment variable that holds it.
        api_key_cmd: a command that prints it, run at the first request.
        api: the format: `responses`, `chat` (Chat Completions), or `auto`: Responses on OpenAI's own host,
            Chat Completions elsewhere.
        effort: how much the model thinks (`low`, `medium`, `high` …); a request's `reasoning_effort` wins.
        summary: with an effort, have the thinking summarized (Responses only).
        prefill: the server goes on from an unfinished answer at the end of a Chat Completions request, as llama.cpp
            and vLLM do; without it a model is told to continue.

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
        api: str = "auto",
        effort: str | None = None,
        summary: bool = True,
        prefill: bool = False,
        base_url: str | None = None,
        **common: Any,
    ) -> None:
        if api not in _APIS:
            raise ConfigError(f"api = {api!r} has no meaning: use one of {', '.join(_APIS)}")
        own = name == _VENDOR_NAME
        self._url = checked_url(base_url or (own and os.environ.get("OPENAI_BASE_URL")) or _VENDOR)
        host = urlsplit(self._url).hostname or ""
        self._at_vendor = host == "api.openai.com" or host.endswith(".api.openai.com")
        super().__init__(name, model_name, base_url=None if own and self._at_vendor else shown_url(self._url), **common)
        self._responses = api == "responses" or (api == "auto" and self._at_vendor)
        self._effort = effort
        self._summary = summary
        self._prefill = prefill
        self._credential = Credential(
            name,
            key=api_key,
            env=api_key_env,
            cmd=api_key_cmd,
            variables=("OPENAI_API_KEY",) if own else (),
            needed=self._at_vendor,
        )
        self._key = _NO_KEY

    @property
    def prefills(self) -> bool:
        """Only Chat Completions have a form for it, and only some servers take it: the user says so."""
        return self._prefill and not self._responses

    async def _load(self) -> None:
        self._key = await self._credential.get() or _NO_KEY
        await self.prepare()

    async def prepare(self) -> None:
        """See `Provider`."""
        await load_sdk("openai", self._url)

    @asynccontextmanager
    async def _client(self) -> AsyncGenerator[AsyncOpenAI, None]:
        from openai import AsyncOpenAI, Omit

        own = self.name == _VENDOR_NAME
        headers: dict[str, Any] = {}
        if not own:
            headers = {header: Omit() for header in foreign_headers("OPENAI_CUSTOM_HEADERS")}
            headers["Authorization"] = f"Bearer {self._key}"
        client = AsyncOpenAI(
            api_key=self._key,
            base_url=self._url,
            max_retries=0,
            http_client=http_client(self._url, self.timeouts),
            default_headers=headers,
        )
        if not own:
            client.organization = client.project = None
        async with client:
            yield client

    async def _stream(self, request: ModelRequest) -> AsyncGenerator[WireEvent, None]:
        import httpx2

        limit = request.max_tokens or self.max_tokens
        effort = request.reasoning_effort or self._effort
        model, at_vendor = self.model_name, self._at_vendor
        if self._responses:
            path, body = "/responses", responses_body(
                request, model, limit=limit, effort=effort, summary=self._summary, at_vendor=at_vendor
            )  # fmt: skip
        else:
            path = "/chat/completions"
            body = chat_body(request, model, limit=limit, effort=effort, at_vendor=at_vendor)
        async with self._client() as client:
            # The SDK's own call for "any other endpoint", which gives the response as it is.
            response: httpx2.Response = await client.post(path, body=body, cast_to=httpx2.Response, stream=True)
            try:
                if self._responses:
                    reader = ResponseReader(self, request_id(response), limit)
                    events = wire_events(response, self, reader.read)
                else:
                    events = chat_events(response, self)
                async for item in events:
                    yield item
            finally:
                await response.aclose()

    async def _list(self) -> list[ModelInfo]:
        import httpx2

        async with self._client() as client:
            response = await client.get("/models", cast_to=httpx2.Response)
            return model_list(response, self, at_vendor=self._at_vendor)

    def _classify(self, error: Exception) -> ProviderError | None:
        return sdk_error(error, SDK_ERRORS, self.server, self.model_name)
