"""A conversation: its turns, and the way of a prompt through retrieval and policy to an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from atlas_tui.errors import ConfigError, Kind, ProviderError
from atlas_tui.models.base import (
    CancelToken,
    CostEstimate,
    Emit,
    End,
    Event,
    EventStream,
    FellBack,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    Provider,
    Retrieved,
    Sink,
    TokenUsage,
    UsageUpdate,
    Worker,
    estimate_tokens,
    in_thread,
)
from atlas_tui.pricing import FREE
from atlas_tui.retrieval import Document, KnowledgeBase

# Another provider may answer where this one cannot; a request that is wrong in itself stays wrong elsewhere.
_FALL_BACK_ON: frozenset[Kind] = frozenset(
    {"rate_limit", "overloaded", "server", "connection", "timeout", "truncated", "not_found", "permission", "protocol"}
)


@dataclass(slots=True)
class Turn:
    """A prompt with its responses; retries and fallbacks are siblings in it, none is overwritten."""

    prompt: str
    responses: list[ModelResponse] = field(default_factory=list)
    documents: tuple[Document, ...] = ()

    @property
    def response(self) -> ModelResponse | None:
        """The response that stands in the conversation: the last."""
        return self.responses[-1] if self.responses else None


class Session:
    """A conversation with a provider, which may change on the way.

    Args:
        provider: who answers; assign `session.provider` to switch, the conversation stays.
        fallback: providers to ask, in order, when an attempt fails before its first token.
        knowledge: where to look for passages; None sends the prompt alone.
        max_cost: US dollars that one answer may cost; a running answer that exceeds it is stopped.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        system_prompt: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        fallback: Sequence[Provider] = (),
        knowledge: KnowledgeBase | None = None,
        max_cost: float | None = None,
    ) -> None:
        self.provider = provider
        self.system_prompt = system_prompt
        self.max_tokens = max_tokens
        self.temperature = temperature
        self.fallback = list(fallback)
        self.knowledge = knowledge
        self.max_cost = max_cost
        self.turns: list[Turn] = []

    @property
    def cost(self) -> CostEstimate:
        """The cost of all answers so far, failed and replaced ones included; unknown if any is."""
        return sum((response.cost for turn in self.turns for response in turn.responses), FREE)

    @property
    def usage(self) -> TokenUsage:
        """The tokens of all answers so far."""
        used = [response.usage for turn in self.turns for response in turn.responses]
        return TokenUsage(
            sum(usage.input_tokens for usage in used),
            sum(usage.output_tokens for usage in used),
            estimated=any(usage.estimated for usage in used),
        )

    def clear(self) -> None:
        """Begin a new conversation."""
        self.turns.clear()

    def messages(self, turn: Turn) -> list[ModelMessage]:
        """The conversation up to `turn`, as it is sent: a turn without any answer is left out, so roles alternate."""
        messages: list[ModelMessage] = []
        for earlier in self.turns:
            if earlier is turn:
                break
            answer = earlier.response
            if answer is not None and answer.content.strip():
                messages += [ModelMessage.user(earlier.prompt), ModelMessage.assistant(answer.content)]
        return [*messages, ModelMessage.user(turn.prompt)]

    def stream(self, prompt: str, *, cancel: CancelToken | None = None) -> EventStream:
        """Ask, and give the events as they come.

        Raises:
            ConfigError: the prompt is empty.
        """
        turn = self.add_turn(prompt)

        async def source(emit: Emit, token: CancelToken) -> End:
            return await self.run(turn, emit, token)

        return EventStream(source, cancel)

    def start(self, turn: Turn, sink: Sink) -> Worker:
        """Ask for an answer to a turn in a worker thread that puts its events into `sink`; another one is a sibling."""

        async def source(emit: Emit, token: CancelToken) -> End:
            return await self.run(turn, emit, token)

        return Worker(source, sink).start()

    def add_turn(self, prompt: str) -> Turn:
        """The next turn of the conversation.

        Raises:
            ConfigError: the prompt is empty.
        """
        if not prompt.strip():
            raise ConfigError("the prompt is empty: type a question")
        turn = Turn(prompt)
        self.turns.append(turn)
        return turn

    async def run(self, turn: Turn, emit: Emit, cancel: CancelToken) -> End:
        """Find passages, ask the provider and then the fallbacks; the response joins the turn."""
        if self.knowledge is not None and not turn.documents:
            turn.documents = tuple(await in_thread(self.knowledge.search, turn.prompt))
        if turn.documents:
            await emit(Retrieved(turn.documents))
        request = ModelRequest(
            messages=self.messages(turn),
            max_tokens=self.max_tokens,
            system_prompt=self.system_prompt,
            temperature=self.temperature,
        )
        targets = [self.provider, *self.fallback]
        end = await self._attempt(targets.pop(0), request, emit, cancel)
        attempts = end.response.attempts
        while targets and end.error and end.error.kind in _FALL_BACK_ON and not end.response.content:
            provider = targets.pop(0)
            await emit(FellBack(end.error, f"{provider.name}:{provider.model_name}"))
            end = await self._attempt(provider, request, emit, cancel)
            attempts += end.response.attempts
        end.response.attempts = attempts
        turn.responses.append(end.response)
        return end

    async def _attempt(self, provider: Provider, request: ModelRequest, emit: Emit, cancel: CancelToken) -> End:
        limit = self.max_cost
        if limit is None:
            return await provider.run(request, emit, cancel)

        async def limited(event: Event) -> None:
            await emit(event)
            if isinstance(event, UsageUpdate) and (event.cost.total or 0.0) > limit:
                # Raised inside the attempt, so it ends like any failure: connection closed, partial kept.
                raise _over_budget(event.cost, limit)

        before = await in_thread(_input_cost, provider, request)
        if (before.total or 0.0) > limit:
            error = _over_budget(before, limit)
            error.provider, error.model = provider.name, provider.model_name
            error.partial = ModelResponse.begin(
                request, provider.name, provider.model_name, mock=provider.is_mock, pricer=provider.cost_of_usage
            )
            return End(error.partial, error)
        return await provider.run(request, limited, cancel)


def _input_cost(provider: Provider, request: ModelRequest) -> CostEstimate:
    texts = [request.system_prompt or "", *(message.content for message in request.messages)]
    usage = TokenUsage(sum(map(estimate_tokens, texts)), estimated=True)
    return provider.cost_of_usage(usage, provider.model_name)


def _over_budget(cost: CostEstimate, limit: float) -> ProviderError:
    return ProviderError("budget", f"the answer would cost more than the limit of ${limit:g} (so far {cost})")
