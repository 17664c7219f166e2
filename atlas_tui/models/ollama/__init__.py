"""Ollama: open models on this machine or another, through its native API."""

from __future__ import annotations

import asyncio
import importlib
import os
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from atlas_tui.errors import ConfigError, Kind, ProviderError
from atlas_tui.models.base import (
    ALIVE,
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
    estimate_tokens,
    in_thread,
)
from atlas_tui.models.base.credentials import Credential
from atlas_tui.models.base.faults import transport_error
from atlas_tui.models.base.tokens import MESSAGE_OVERHEAD
from atlas_tui.models.base.transport import is_loopback, tls_context
from atlas_tui.models.ollama.connection import DEFAULT_URL, PORT, connect, refusal, server_url
from atlas_tui.text import one_line

if TYPE_CHECKING:
    from ollama import AsyncClient, ChatResponse

_NAME = "ollama"
_SMALL_CALL = 15.0
"""Seconds that a call which loads no model may take."""
_SMALLEST_CONTEXT = 4096
"""Ollama's own default where memory is small; with less nothing would be won."""
_ROOM_TO_ANSWER = {False: 2048, True: 8192}
"""Tokens kept free for an answer without a limit: without and with thinking."""
_MARGIN = 1.25
"""Tokenizers differ by about so much from the estimate."""
_EXTRA_FIELDS = ("format", "keep_alive", "logprobs", "options", "think", "tools", "top_logprobs")

_KINDS: dict[str, Kind] = {
    # By what the server said, see `refusal`.
    "ResponseError": "server",
    "RequestError": "bad_request",
}


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the server says about a model."""

    context: int | None = None
    """Tokens that it takes at most; None where the server does not say."""
    capabilities: tuple[str, ...] = ()
    """Empty where the server does not say."""

    def can(self, capability: str) -> bool:
        return not self.capabilities or capability in self.capabilities


class OllamaProvider(Provider):
    """Models that an Ollama server runs.

    The server would cut a prompt that is longer than its context, in silence, and its default context is small. So
    each request names a context that holds the prompt and an answer, and asks the server to refuse rather than cut.

    Args:
        model_name: the model; None takes the first that the server has.
        name: the provider's name. `OLLAMA_HOST` and `OLLAMA_API_KEY` are read for `ollama` only.
        base_url: the server, as `OLLAMA_HOST` writes it (`host`, `host:port` or a URL).
        api_key: the key, for servers that want one.
        api_key_env: the environment variable that holds it.
        api_key_cmd: a command that prints it, run at the first request.
        think: whether the model thinks first: True, False, `low`, `medium`, `high`; None as it does by itself. A
            request's `reasoning_effort` wins. Models that cannot think are not asked to.
        num_ctx: always this context size in tokens, instead of the one that the prompt needs.
        keep_alive: how long the model stays loaded (`10m`, seconds, -1 for ever).

    Raises:
        ConfigError: an option has no meaning.
    """

    def __init__(
        self,
        model_name: str | None = None,
        *,
        name: str = _NAME,
        base_url: str | None = None,
        api_key: str | None = None,
        api_key_env: str | None = None,
        api_key_cmd: str | None = None,
        think: bool | str | None = None,
        num_ctx: int | None = None,
        keep_alive: str | float | None = None,
        **common: Any,
    ) -> None:
        own = name == _NAME
        self._url = server_url(base_url or (own and os.environ.get("OLLAMA_HOST")) or "")
        super().__init__(name, model_name, base_url=None if self._url == DEFAULT_URL else self._url, **common)
        if num_ctx is not None and (type(num_ctx) is not int or num_ctx < 1):
            raise ConfigError(f"num_ctx = {num_ctx!r} has no meaning: use a number of tokens")
        if think not in (None, True, False, "low", "medium", "high"):
            raise ConfigError(f"think = {think!r} has no meaning: use true, false, low, medium or high")
        self._think = think
        self._num_ctx = num_ctx
        self._keep_alive = keep_alive
        self._credential = Credential(
            name,
            key=api_key,
            env=api_key_env,
            cmd=api_key_cmd,
            variables=("OLLAMA_API_KEY",) if own else (),
            needed=False,
        )
        self._key: str | None = None
        self._shown: dict[str, _Shown] = {}
        self._loaded: dict[str, int] = {}
        """The context that each model is loaded with, as far as known: another size would load it anew."""

    def unreachable(self) -> str | None:
        """Whether nothing listens at an address on this machine; other servers are not asked."""
        if not is_loopback(self._url):
            return None
        parts = urlsplit(self._url)
        try:
            socket.create_connection((parts.hostname, parts.port or PORT), timeout=0.5).close()
        except OSError:
            return str(self._silent())
        return None

    def context_window(self, model: str | None = None) -> int | None:
        """How many tokens the model takes at most, once the server was asked about it."""
        shown = self._shown.get(model or self.model_name)
        return shown.context if shown else None

    def _silent(self) -> ProviderError:
        remedy = "check the address and that `ollama serve` runs there"
        if is_loopback(self._url):
            remedy = "start it with `ollama serve`"
        return ProviderError("connection", f"Ollama does not answer at {self._url}", remedy=remedy)

    def _client(self, read: float | None) -> AbstractAsyncContextManager[AsyncClient]:
        return connect(self._url, self._key, self.timeouts, read, self.server, self.model_name)

    @property
    def prefills(self) -> bool:
        """The server leaves the last message open when it is the model's own."""
        return True

    async def _load(self) -> None:
        self._key = await self._credential.get()
        await self.prepare()

    async def prepare(self) -> None:
        """See `Provider`.

        Raises:
            ProviderError: of kind `connection`, where the environment's proxy settings are none.
        """
        try:
            await in_thread(importlib.import_module, "ollama")
        except (ImportError, ValueError) as error:
            # The package builds a client when it is imported, which a proxy variable can make fail.
            words = one_line(str(error), 160)
            raise ProviderError(
                "connection", f"the ollama package cannot be loaded ({words})", remedy="check the proxy variables"
            ) from error
        await in_thread(tls_context, self._url)

    async def _settle(self) -> None:
        if self.model_name in self._shown:
            return
        async with self._client(_SMALL_CALL) as client:
            if not self.model_name:
                self.model_name = await self._first_model(client)
            shown = await self._show(client, self.model_name)
            await self._look_at_loaded(client)
            self._shown[self.model_name] = shown

    async def _look_at_loaded(self, client: AsyncClient) -> None:
        from pydantic import ValidationError

        with suppress(ProviderError, ValidationError):  # knowing it only saves a reload
            for model in (await client.ps()).models:
                if model.model and model.context_length:
                    self._loaded[model.model.removesuffix(":latest")] = model.context_length

    async def _first_model(self, client: AsyncClient) -> str:
        for model in (await client.list()).models:
            if model.model and (await self._show(client, model.model)).can("completion"):
                return model.model
        raise ProviderError(
            "not_found", f"Ollama at {self._url} has no model", remedy="get one: `ollama pull llama3.2`"
        )

    async def _show(self, client: AsyncClient, model: str) -> _Shown:
        from pydantic import ValidationError

        try:
            shown = await client.show(model)
        except ValidationError:
            return _Shown()
        info = shown.modelinfo or {}
        sizes = (value for key, value in info.items() if key.endswith(".context_length"))
        context = next((size for size in sizes if type(size) is int and size > 0), None)
        return _Shown(context, tuple(shown.capabilities or ()))

    # A request

    async def _stream(self, request: ModelRequest) -> AsyncGenerator[WireEvent, None]:
        prompt = _estimate(request)
        size = self._context_for(request, prompt)
        while True:
            answered = False
            try:
                async with aclosing(self._chat(request, prompt, size)) as items:
                    async for item in items:
                        answered = True
                        yield item
                return
            except ProviderError as error:
                limit = self._num_ctx or self._shown[self.model_name].context
                if error.kind != "context_length" or answered or limit is None or size >= limit:
                    raise
                # The estimate was too low, and the server said so before anything was lost.
                size = min(2 * size, limit)

    def _context_for(self, request: ModelRequest, prompt: int) -> int:
        """The context to ask for, in tokens.

        A power of two, and never smaller than what is loaded, because every change loads the model anew.

        Raises:
            ProviderError: of kind `context_length`, if the prompt alone fills the largest.
        """
        shown = self._shown[self.model_name]
        limit = self._num_ctx or shown.context
        if limit is not None and prompt >= limit:
            what = "num_ctx is set to" if self._num_ctx else f"{one_line(self.model_name, 80)} takes at most"
            raise ProviderError("context_length", f"the prompt has about {prompt} tokens, {what} {limit}")
        if self._num_ctx:
            return self._num_ctx
        thinks = bool(shown.capabilities) and shown.can("thinking")
        answer = request.max_tokens or self.max_tokens or _ROOM_TO_ANSWER[thinks]
        needed = round(prompt * _MARGIN) + answer
        size = max(
            _SMALLEST_CONTEXT,
            1 << (needed - 1).bit_length(),
            self._loaded.get(self.model_name.removesuffix(":latest"), 0),
        )
        return size if limit is None else min(size, limit)

    async def _chat(self, request: ModelRequest, prompt: int, size: int) -> AsyncGenerator[WireEvent, None]:
        from pydantic import ValidationError

        options: dict[str, Any] = {"num_ctx": size}
        if limit := request.max_tokens or self.max_tokens:
            # Beyond its context an older server would go on, and forget the prompt's beginning.
            options["num_predict"] = max(1, min(limit, size - prompt))
        for field in ("temperature", "top_p"):
            if (value := getattr(request, field)) is not None:
                options[field] = value
        if request.stop:
            options["stop"] = request.stops()
        fields: dict[str, Any] = {"think": self._thinking(request), "keep_alive": self._keep_alive}
        fields |= request.extra
        if unknown := sorted(fields.keys() - set(_EXTRA_FIELDS)):
            known = ", ".join(_EXTRA_FIELDS)
            raise ProviderError("bad_request", f"ollama has no field {unknown[0]!r}", remedy=f"use one of {known}")
        fields["options"] = {**options, **fields.get("options", {})}
        async with self._client(None) as client:
            lines = await client.chat(self.model_name, _messages(request), stream=True, **fields)
            async with aclosing(lines) as answer:  # type: ignore[type-var]
                started = False
                try:
                    async for line in answer:
                        if not started:
                            started = True
                            self._loaded[self.model_name.removesuffix(":latest")] = size
                            yield Start(self.name, line.model or self.model_name)
                        for item in _read(line):
                            yield item
                except ProviderError:
                    raise
                except (ValidationError, AttributeError, TypeError) as error:
                    # The SDK's reaction to JSON that is no line of a chat.
                    raise ProviderError("protocol", f"{self.server} sent a line of an unknown form") from error
                except Exception as error:
                    raise self.translate(error) from error

    def _thinking(self, request: ModelRequest) -> bool | str | None:
        effort = request.reasoning_effort
        wanted = {"none": False}.get(effort, effort) if effort else self._think
        return wanted if self._shown[self.model_name].can("thinking") else None

    # The rest

    async def _list(self) -> list[ModelInfo]:
        async with self._client(_SMALL_CALL) as client:
            models = [model for model in (await client.list()).models if model.model]
            shown = await asyncio.gather(
                *(self._show(client, model.model or "") for model in models), return_exceptions=True
            )
        result = []
        for model, about in zip(models, shown, strict=True):
            about = about if isinstance(about, _Shown) else _Shown()
            details = model.details
            facts = [details.parameter_size, details.quantization_level] if details else []
            if model.size:
                facts.append(f"{model.size / 1e9:.1f} GB")
            facts += [ability for ability in about.capabilities if ability != "completion"]
            detail = ", ".join(fact for fact in facts if fact)
            result.append(ModelInfo(model.model or "", context_window=about.context, detail=detail))
        return result

    def _classify(self, error: Exception) -> ProviderError | None:
        # httpx has a `RequestError` too, which means something else.
        own = [cls.__name__ for cls in type(error).__mro__ if cls.__module__.startswith("ollama.")]
        kind = next((_KINDS[name] for name in own if name in _KINDS), None)
        if kind == "server":
            # Errors with a status never get here: this one came inside a stream.
            return refusal(self.server, self.model_name, 200, {}, str(getattr(error, "error", "")))
        if kind:
            return ProviderError(kind, f"{self.server}: {one_line(str(error), 200)}")
        if type(error).__name__ in ("ConnectError", "ConnectionError"):
            found = transport_error(error, self.server)
            if found is None or "refuses" in found.message or "cannot be reached" in found.message:
                return self._silent()
        return None


def _estimate(request: ModelRequest) -> int:
    texts = [message["content"] for message in _messages(request)]
    return sum(estimate_tokens(text) + MESSAGE_OVERHEAD for text in texts)


def _messages(request: ModelRequest) -> list[dict[str, str]]:
    system = request.system_text()
    return [*([{"role": "system", "content": system}] if system else []), *request.turns()]


def _read(line: ChatResponse) -> Sequence[WireEvent]:
    """What one line says."""
    items: list[WireEvent] = []
    if thought := line.message.thinking:
        items.append(ReasoningDelta(thought))
    if text := line.message.content:
        items.append(TextDelta(text))
    if line.done:
        if line.prompt_eval_count and line.eval_count is not None:
            nanoseconds = line.eval_duration or 0
            rate = line.eval_count / nanoseconds * 1e9 if nanoseconds > 0 else None
            items.append(Counted(TokenUsage(line.prompt_eval_count, line.eval_count), tokens_per_second=rate))
        items.append(Finish(line.done_reason or "stop"))
    return items or [ALIVE]
