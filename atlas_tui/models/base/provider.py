"""The provider: everything that is the same whoever serves the model."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from atlas_tui.config import Timeouts
from atlas_tui.errors import AtlasError, ConfigError, ProviderError
from atlas_tui.models.base.attempt import LISTING_LIMIT, attempt
from atlas_tui.models.base.cancel import CancelToken
from atlas_tui.models.base.events import End, ReasoningDelta, Start, TextDelta, UsageUpdate, WireEvent
from atlas_tui.models.base.faults import transport_error
from atlas_tui.models.base.messages import ModelRequest
from atlas_tui.models.base.response import ModelResponse
from atlas_tui.models.base.worker import Emit, EventStream, call_in_worker
from atlas_tui.pricing import FREE, UNKNOWN_COST, CostEstimate, Rates, TokenUsage, context_window, cost_of
from atlas_tui.text import one_line

log = logging.getLogger(__name__)
StreamCallback = Callable[[str, ModelResponse], None]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that a provider serves."""

    id: str
    name: str = ""
    context_window: int | None = None
    """Tokens that it can read and write together; None where unknown."""
    max_output: int | None = None
    price: tuple[float, float] | None = None
    """US dollars per million tokens of input and of output, for a small request; None where unknown."""
    detail: str = ""
    """What else tells it from others, for a person: size, quantization, end of life."""

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return dataclasses.asdict(self)


class Provider(ABC):
    """Who serves a model.

    An adapter yields what the wire says (`_stream`, `_list`) and names its SDK's errors; timing, limits, cancelling,
    truncation, usage, cost and the translation of every error are the same for all.

    Raises:
        ConfigError: `max_tokens` or `timeout` has no meaning.
    """

    is_mock: ClassVar[bool] = False

    def __init__(
        self,
        name: str,
        model_name: str | None,
        *,
        max_tokens: int | None = None,
        timeout: float | Timeouts | None = None,
        base_url: str | None = None,
        prices: Mapping[str, Rates] | None = None,
    ) -> None:
        self.name = name
        self.model_name = model_name or ""
        """The model's id; empty until the first request where the provider's server decides."""
        if max_tokens is not None and (type(max_tokens) is not int or max_tokens < 1):
            raise ConfigError(f"max_tokens = {max_tokens!r} has no meaning: use a number of tokens")
        self.max_tokens = max_tokens
        self.base_url = base_url
        """The server's address where it is not the vendor's own."""
        self.timeouts = _as_timeouts(timeout)
        self.correction = 1.0
        """What estimates of its tokens are multiplied by; learned by the session from the model's own counts."""
        self._prices = prices

    # What an adapter supplies

    async def _load(self) -> None:
        """Have everything ready that a request needs, the key too. No part of the measured time."""
        await self.prepare()

    async def prepare(self) -> None:  # noqa: B027 - not all have one
        """Import the SDK, without asking for a key: the request does it too, and beside other work it costs no time."""

    async def _settle(self) -> None:
        """Learn from the server what a request must know of it: which model, where none is named, and whatever an
        adapter adds. Once a provider, and no part of the measured time either; a listing does without."""
        if not self.model_name:
            models = await self._list()
            if not models:
                raise ProviderError("not_found", f"{self.server} lists no models", remedy="name a model")
            self.model_name = models[0].id

    @abstractmethod
    def _stream(self, request: ModelRequest) -> AsyncGenerator[WireEvent, None]:
        """Send the request and yield what comes, up to and with `Finish`. Closing it closes the connection."""

    @abstractmethod
    async def _list(self) -> list[ModelInfo]:
        """The models that the server offers; price and context window are filled in by the base."""

    def _classify(self, error: Exception) -> ProviderError | None:
        """The SDK's own error as ours, or None if it is none of the SDK's."""
        return None

    @property
    def prefills(self) -> bool:
        """Whether the model goes on from an unfinished message of its own at the end of the request."""
        return False

    @property
    def target(self) -> str:
        """The target that it is, `provider:model`."""
        return f"{self.name}:{self.model_name}" if self.model_name else self.name

    @property
    def server(self) -> str:
        """Who is asked, for a sentence: the provider, and the address where it is not the vendor's own."""
        return f"{self.name} ({self.base_url})" if self.base_url else self.name

    def unreachable(self) -> str | None:
        """Why it cannot be asked just now, found without a request (a port that is closed, say), or None."""
        return None

    # What a caller uses

    def generate(self, request: ModelRequest, *, cancel: CancelToken | None = None) -> ModelResponse:
        """Ask and wait for the whole answer.

        Raises:
            ProviderError: the request failed, ended early or was stopped; `error.partial` holds what had arrived.
        """
        return self.stream(request, cancel=cancel).response()

    def stream(self, request: ModelRequest, *, cancel: CancelToken | None = None) -> EventStream:
        """Ask and give the events as they come. A failure is the `error` of the last event, not raised."""

        async def source(emit: Emit, token: CancelToken) -> End:
            return await self.run(request, emit, token)

        return EventStream(source, cancel)

    def stream_with_callback(
        self, request: ModelRequest, callback: StreamCallback, *, cancel: CancelToken | None = None
    ) -> ModelResponse:
        """Ask and call `callback(delta, response)` in this thread at each delta of the answer.

        `response.content` and `response.usage` are those so far.

        Raises:
            ProviderError: the request failed, ended early or was stopped; `error.partial` holds what had arrived.
        """
        sofar = self.begin(request)
        with self.stream(request, cancel=cancel) as events:
            for event in events:
                match event:
                    case TextDelta(text):
                        sofar.append(text)
                        callback(text, sofar)
                    case ReasoningDelta(text):
                        sofar.append_reasoning(text)
                    case Start(model=model, request_id=request_id):
                        sofar.model, sofar.request_id = model, request_id
                    case UsageUpdate(usage) if not usage.estimated:
                        sofar.usage = usage
            return events.response()

    def begin(self, request: ModelRequest) -> ModelResponse:
        """An empty answer to a request, to be filled delta by delta."""
        return ModelResponse.begin(
            request,
            self.name,
            self.model_name,
            mock=self.is_mock,
            pricer=self.cost_of_usage,
            correction=self.correction,
        )

    def list_models(self) -> list[ModelInfo]:
        """The models that the provider offers now, with context window and price where they are known.

        Raises:
            ProviderError: the provider did not give its list.
        """
        return [self._complete(model) for model in call_in_worker(self._listing)]

    def cost_of_usage(self, usage: TokenUsage, model: str) -> CostEstimate:
        """What a usage costs: at the user's own price of the model that was asked, at the price of the one that
        answered, or else of the one that was asked."""
        if not usage.total_tokens and not usage.estimated:
            return FREE  # nothing was sent, or it was turned away: whatever the price
        names = [model, self.model_name]
        if self._prices and self.target in self._prices:
            names.reverse()
        costs = (self._cost_at(usage, name) for name in names if name)
        return next((cost for cost in costs if cost.known), UNKNOWN_COST)

    def _cost_at(self, usage: TokenUsage, model: str) -> CostEstimate:
        return cost_of(usage, self.name, model, base_url=self.base_url, prices=self._prices)

    def context_window(self, model: str | None = None) -> int | None:
        """How many tokens the model takes, from the price table; None where unknown."""
        return context_window(self.name, model or self.model_name, self.base_url)

    async def run(self, request: ModelRequest, emit: Emit, cancel: CancelToken) -> End:
        """Make one attempt on the running loop: emit its events, return its ending. Never raises a failure."""
        return await attempt(self, request, emit, cancel)

    def translate(self, error: Exception) -> ProviderError:
        """Any exception of the SDK or below it as a `ProviderError`, with the cause chained."""
        if isinstance(error, ProviderError):
            return error
        ours = self._classify(error) or transport_error(error, self.server)
        if ours is None:
            log.warning("%s failed in a way that Atlas does not know", self.name, exc_info=error)
            words = one_line(f"{type(error).__name__}: {error}", 160)
            ours = ProviderError("protocol", f"{self.server} sent something unexpected ({words})")
        ours.__cause__ = error
        return ours

    async def _listing(self) -> list[ModelInfo]:
        try:
            await self._load()
            async with asyncio.timeout(LISTING_LIMIT):
                return await self._list()
        except TimeoutError:
            raise ProviderError(
                "timeout", f"{self.server} gave no model list within {LISTING_LIMIT:g} s", provider=self.name
            ) from None
        except AtlasError:
            raise
        except Exception as error:
            failure = self.translate(error)
            failure.provider = self.name
            raise failure from error

    def _complete(self, model: ModelInfo) -> ModelInfo:
        million = (
            self._cost_at(TokenUsage(1000, 0), model.id),
            self._cost_at(TokenUsage(0, 1000), model.id),
        )
        price = None
        if million[0].total is not None and million[1].total is not None:
            price = (million[0].total * 1000, million[1].total * 1000)
        return dataclasses.replace(
            model,
            context_window=model.context_window or self.context_window(model.id),
            price=model.price or price,
        )


def _as_timeouts(timeout: float | Timeouts | None) -> Timeouts:
    if timeout is None:
        return Timeouts()
    if isinstance(timeout, Timeouts):
        return timeout
    if not isinstance(timeout, int | float) or not timeout > 0:
        raise ConfigError(f"timeout = {timeout!r} has no meaning: use seconds, or Timeouts")
    return Timeouts.within(timeout)
