"""A conversation: its turns, and the way of a prompt through retrieval and policy to an answer."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from atlas_tui.errors import ConfigError, ProviderError
from atlas_tui.models.base import (
    Attempt,
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
    RetryScheduled,
    Sink,
    TokenUsage,
    UsageUpdate,
    Worker,
    estimate_tokens,
    in_thread,
    settle_cancel,
)
from atlas_tui.policy import FallBack, Policy, Retry, Steering, Stop, Wish
from atlas_tui.pricing import FREE
from atlas_tui.retrieval import Document, KnowledgeBase
from atlas_tui.store import Conversation, Journal, Record, StoredTurn, made_at, new_id, snapshot, unwritten
from atlas_tui.text import sound


@dataclass(slots=True)
class Turn:
    """A prompt with its responses; retries and fallbacks are siblings in it, none is overwritten."""

    prompt: str
    responses: list[ModelResponse] = field(default_factory=list)
    documents: tuple[Document, ...] = ()
    chosen: ModelResponse | None = None
    """The sibling that the user has chosen; None leaves it to `response`. A new response takes the choice back."""
    id: int = field(default_factory=new_id, compare=False)
    """Its id in the history."""

    @property
    def response(self) -> ModelResponse | None:
        """The response that stands in the conversation: the chosen one, else the last that says something."""
        if self.chosen is not None:
            return self.chosen
        last = self.responses[-1] if self.responses else None
        return next((response for response in reversed(self.responses) if response.content.strip()), last)

    def add(self, response: ModelResponse) -> None:
        """One more sibling."""
        self.responses.append(response)
        self.chosen = None


class Session:
    """A conversation with a provider, which may change on the way.

    Args:
        provider: who answers; assign `session.provider` to switch, the conversation stays.
        fallback: providers to ask, in order, when one fails before its first token.
        knowledge: where to look for passages; None sends the prompt alone.
        max_cost: US dollars that one answer may cost; a running answer that exceeds it is stopped.
        policy: what to do about failures; None takes the usual one.
        journal: what writes the conversation into the history as it happens; None leaves no trace.
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
        policy: Policy | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.provider = provider
        self.system_prompt = system_prompt
        self.max_tokens = max_tokens
        self.temperature = temperature
        self.fallback = list(fallback)
        self.knowledge = knowledge
        self.max_cost = max_cost
        self.policy = policy or Policy()
        self.journal = journal
        self.steering = Steering()
        """Retry now, or fall back now, from any thread."""
        self.turns: list[Turn] = []
        self._falls_back = False

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
        if self.journal is not None:
            self.journal.renew()

    def load(self, conversation: Conversation) -> None:
        """Go on with a conversation of the history; whom to ask stays as it is."""
        self.turns = [_reopened(stored) for stored in conversation.turns]
        self.system_prompt = conversation.system_prompt
        if self.journal is not None:
            self.journal.resume(conversation.info.id)

    def conversation(self) -> Conversation:
        """The conversation as it stands, to be exported: also what could not be written into the history."""
        turns = [
            StoredTurn(turn.prompt, made_at(turn.id), [unwritten(each) for each in turn.responses], turn.documents)
            for turn in self.turns
        ]
        return snapshot(self.journal.conversation if self.journal else "", turns, self.system_prompt)

    def choose(self, turn: Turn, response: ModelResponse) -> None:
        """Have this one of a turn's responses stand in the conversation."""
        turn.chosen = response
        if self.journal is not None:
            self.journal.choose(turn.id, response)

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

    def start(self, turn: Turn, sink: Sink, *, first: Provider | None = None) -> Worker:
        """Ask for an answer to a turn in a worker thread that puts its events into `sink`; a second one is a sibling.

        `first` is asked before the others, also if it failed a moment ago: a retry or a fallback that the user wants.
        """

        async def source(emit: Emit, token: CancelToken) -> End:
            return await self.run(turn, emit, token, first=first)

        return Worker(source, sink).start()

    def add_turn(self, prompt: str) -> Turn:
        """The next turn of the conversation.

        Raises:
            ConfigError: the prompt is empty.
        """
        if not prompt.strip():
            raise ConfigError("the prompt is empty: type a question")
        turn = Turn(sound(prompt))
        self.turns.append(turn)
        return turn

    async def run(self, turn: Turn, emit: Emit, cancel: CancelToken, *, first: Provider | None = None) -> End:
        """Find passages, ask the provider, and do what the policy says about failures; the response joins the turn."""
        self.steering.attach()
        record = self._record(turn, first or self.provider)
        if record is not None:
            emit = record.tee(emit)
        attempts: list[Attempt] = []
        end = End(ModelResponse(provider=self.provider.name, model=self.provider.model_name))
        try:
            request = await self._prepare(turn, emit)
            if record is not None:
                await record.begun()  # the prompt is on disk before it is sent
            left = self._in_order(first)
            if (error := self.policy.cooling(self.provider.target)) and left[0] is not self.provider and first is None:
                await emit(FellBack(error, left[0].target))
            while left:
                provider = left.pop(0)
                end = await self._ask(provider, request, emit, cancel, attempts, others=bool(left))
                if end.error is None or not left or not self._falls_back:
                    break
                if end.response.content:
                    turn.add(end.response)
                await emit(FellBack(end.error, left[0].target))
        except asyncio.CancelledError:
            # Stopped while nothing was under way: between two attempts, or while passages were looked up.
            if not cancel.cancelled:
                raise
            settle_cancel()
            end = End(end.response, ProviderError("cancelled", "stopped", partial=end.response))
        end.response.attempts = tuple(attempts)
        if record is not None:
            await record.ended(end, cancel)
        turn.add(end.response)
        return end

    def _record(self, turn: Turn, provider: Provider) -> Record | None:
        if self.journal is None:
            return None
        return self.journal.begin(
            turn.id,
            turn.prompt,
            provider,
            documents=turn.documents,
            system_prompt=self.system_prompt,
            fallback=self.fallback,
        )

    def _in_order(self, first: Provider | None) -> list[Provider]:
        """Whom to ask: the user's choice first, else the conversation's provider unless it failed a moment ago."""
        providers = [self.provider, *self.fallback]
        if first is not None:
            return [first, *(provider for provider in providers if provider is not first)]
        return sorted(providers, key=lambda provider: self.policy.cooling(provider.target) is not None)

    async def _prepare(self, turn: Turn, emit: Emit) -> ModelRequest:
        if self.knowledge is not None and not turn.documents:
            turn.documents = tuple(await in_thread(self.knowledge.search, turn.prompt))
        if turn.documents:
            await emit(Retrieved(turn.documents))
        return ModelRequest(
            messages=self.messages(turn),
            max_tokens=self.max_tokens,
            system_prompt=self.system_prompt,
            temperature=self.temperature,
        )

    async def _ask(
        self,
        provider: Provider,
        request: ModelRequest,
        emit: Emit,
        cancel: CancelToken,
        attempts: list[Attempt],
        *,
        others: bool,
    ) -> End:
        """Ask one target, again and again as the policy allows."""
        self._falls_back = False
        waited = 0.0
        for number in itertools.count(1):
            end = await self._steered(provider, request, emit, cancel, others=others)
            attempts += end.response.attempts
            if end.error is None:
                self.policy.succeeded(provider.target)
                return end
            begun = bool(end.response.content or end.response.reasoning)
            decision = self.policy.decide(end.error, number, waited, begun=begun, others=others)
            if self.steering.take() is Wish.FALL_BACK and not cancel.cancelled:
                decision = FallBack()
            if isinstance(decision, Retry):
                await emit(RetryScheduled(end.error, decision.delay, number + 1))
                waited += decision.delay
                if await self.steering.wait(decision.delay) is not Wish.FALL_BACK or not others:
                    continue
                decision = FallBack()
            self._falls_back = isinstance(decision, FallBack)
            if not isinstance(decision, Stop) or not begun:
                self.policy.failed(provider.target, end.error)
            return end
        raise AssertionError("unreachable")

    async def _steered(
        self, provider: Provider, request: ModelRequest, emit: Emit, cancel: CancelToken, *, others: bool
    ) -> End:
        """One attempt, which the user may give up for the next target."""
        task = asyncio.current_task()
        token = CancelToken(cancel)

        def interrupt() -> None:
            token.cancel()
            if task is not None:
                task.cancel()

        self.steering.running(interrupt if others else None)
        try:
            return await self._attempt(provider, request, emit, token)
        finally:
            self.steering.running(None)

    async def _attempt(self, provider: Provider, request: ModelRequest, emit: Emit, cancel: CancelToken) -> End:
        limit = self.max_cost
        if limit is None:
            return await provider.run(request, emit, cancel)

        async def limited(event: Event) -> None:
            await emit(event)
            # The final count comes when all has been paid for and received: nothing is left to save.
            if isinstance(event, UsageUpdate) and event.usage.estimated and (event.cost.total or 0.0) > limit:
                # Raised inside the attempt, so it ends like any failure: connection closed, partial kept.
                raise _over_budget(event.cost, limit)

        before = await in_thread(_input_cost, provider, request)
        if before.total is None or before.total > limit:
            error = _over_budget(before, limit) if before.known else _no_price(provider.target)
            error.provider, error.model = provider.name, provider.model_name
            error.partial = ModelResponse.begin(
                request, provider.name, provider.model_name, mock=provider.is_mock, pricer=provider.cost_of_usage
            )
            return End(error.partial, error)
        return await provider.run(request, limited, cancel)


def _reopened(stored: StoredTurn) -> Turn:
    chosen = next((entry.response for entry in stored.responses if entry.id == stored.chosen), None)
    documents = cast("tuple[Document, ...]", tuple(stored.documents))
    return Turn(stored.prompt, [entry.response for entry in stored.responses], documents, chosen, stored.id)


def _input_cost(provider: Provider, request: ModelRequest) -> CostEstimate:
    texts = [request.system_prompt or "", *(message.content for message in request.messages)]
    usage = TokenUsage(sum(map(estimate_tokens, texts)), estimated=True)
    return provider.cost_of_usage(usage, provider.model_name)


def _no_price(target: str) -> ProviderError:
    return ProviderError(
        "budget",
        f"no price is known for {target}, so a cost limit cannot be kept: set one under [prices] in the configuration",
    )


def _over_budget(cost: CostEstimate, limit: float) -> ProviderError:
    return ProviderError("budget", f"the answer would cost more than the limit of ${limit:g} (so far {cost})")
