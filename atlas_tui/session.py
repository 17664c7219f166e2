"""A conversation: its turns, and the way of a prompt through retrieval and policy to an answer."""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from atlas_tui.attempts import Attempts
from atlas_tui.budget import Account, Allowance
from atlas_tui.config import Budget
from atlas_tui.continuation import Seam, continuing
from atlas_tui.errors import ConfigError, ProviderError
from atlas_tui.estimate import Estimate, Scale, estimate
from atlas_tui.grounding import Knowledge, beside_import, search
from atlas_tui.models.base import (
    CancelToken,
    CostEstimate,
    Emit,
    End,
    EventStream,
    FellBack,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    Provider,
    Reason,
    Retrieved,
    Sink,
    TokenUsage,
    Worker,
    estimate_tokens,
    in_thread,
    settle_cancel,
    undisturbed,
)
from atlas_tui.policy import Policy, Steering
from atlas_tui.pricing import FREE
from atlas_tui.retrieval.evidence import fitting, grounded
from atlas_tui.store import Ledger
from atlas_tui.text import sound
from atlas_tui.turns import Turn, history, reopened

if TYPE_CHECKING:
    from atlas_tui.retrieval import Document
    from atlas_tui.store import Conversation, Journal, Record

__all__ = ["Session", "Turn"]


_ROOM_TO_ANSWER = 1000
"""Tokens that passages leave to the answer, where no limit on it is set; at most half of the context window."""


class Session:
    """A conversation with a provider, which may change on the way.

    Args:
        provider: who answers; assign `session.provider` to switch, the conversation stays.
        fallback: providers to ask, in order, when one fails before its first token.
        knowledge: where to look for passages; None sends the prompt alone.
        account: what may be spent, and what is; None sets no limit.
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
        knowledge: Knowledge | None = None,
        account: Account | None = None,
        policy: Policy | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.provider = provider
        self.system_prompt = system_prompt
        self.max_tokens = max_tokens
        self.temperature = temperature
        self.fallback = list(fallback)
        self.own_fallback = False
        """The fallback was chosen for this conversation, be it none; else it is what all begin with."""
        self.knowledge = knowledge
        self.policy = policy or Policy()
        self.journal = journal
        self.account = account or Account(Budget(), Ledger(journal.store if journal else None))
        self.steering = Steering()
        """Retry now, or fall back now, from any thread."""
        self.turns: list[Turn] = []
        self.column: int | None = None
        """The column of a comparison whose thread this is; None in a chat."""
        self.wording: str | None = None
        """What is sent in place of the prompt of the turn that is asked: several answers to it, to be merged."""
        self._searching = threading.Lock()
        self._scale = Scale()

    def thread(self, column: int, provider: Provider, fallback: Sequence[Provider], policy: Policy) -> Session:
        """The same conversation as a column of a comparison goes on with it: the turns, the journal and all settings
        are shared; who answers, what stands in earlier turns, and the steering are the column's own."""
        thread = copy.copy(self)
        thread.column, thread.provider, thread.fallback, thread.policy = column, provider, list(fallback), policy
        thread.steering = Steering()
        return thread

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
        self.own_fallback = False
        self.account.begin()
        if self.journal is not None:
            self.journal.renew()

    def load(self, conversation: Conversation) -> None:
        """Go on with a conversation of the history; whom to ask stays as it is, though `own_fallback` says whether the
        conversation has fallback targets of its own."""
        self.turns = [reopened(stored) for stored in conversation.turns]
        self.system_prompt = conversation.system_prompt
        self.own_fallback = conversation.fallback is not None
        self.account.begin(sum(response.cost.total or 0.0 for turn in self.turns for response in turn.responses))
        if self.journal is not None:
            self.journal.resume(conversation.info.id)

    def conversation(self) -> Conversation:
        """The conversation as it stands, to be exported: also what could not be written into the history."""
        from atlas_tui.store import snapshot

        turns = [turn.stored() for turn in self.turns]
        number = self.journal.conversation if self.journal else ""
        return snapshot(number, turns, self.system_prompt, self._chain)

    @property
    def _chain(self) -> list[str] | None:
        """The fallback targets as they are written down: with the conversation that has any, or shall have none."""
        targets = [provider.target for provider in self.fallback]
        return targets if targets or self.own_fallback else None

    def fall_back_to(self, providers: Sequence[Provider]) -> None:
        """Have these asked, in order, when one fails, from the next prompt on; it is kept with the conversation."""
        self.fallback, self.own_fallback = list(providers), True
        if self.journal is not None:
            self.journal.fall_back_to([provider.target for provider in self.fallback])

    def choose(self, turn: Turn, response: ModelResponse | None) -> None:
        """Have this one of a turn's responses stand in the conversation; None takes the choice back."""
        turn.chosen = response
        if self.journal is not None:
            self.journal.choose(turn.id, response)

    def pick(self, turn: Turn, column: int, response: ModelResponse) -> None:
        """Have this one of a column's responses to a turn stand in that column of a comparison."""
        turn.picked[column] = response
        if self.journal is not None:
            self.journal.pick(turn.id, column, response)

    def messages(self, turn: Turn) -> list[ModelMessage]:
        """The conversation up to `turn`, as it is sent: a turn without any answer is left out, so roles alternate."""
        prompt = grounded(self.wording or turn.prompt, turn.documents)
        return [*history(self.turns, turn, self.column), ModelMessage.user(prompt)]

    def estimate(
        self, prompt: str | Turn, *, documents: Sequence[Document] = (), window: int | None = None
    ) -> Estimate:
        """What a prompt, typed or asked, would cost and fill if it were sent now. Quick also in a long conversation;
        the first one imports the price table, and a limit for the day asks the history, so not for a screen's thread.

        Args:
            prompt: what would be sent; passages that are still to be found do not count.
            documents: passages that would go along with a prompt; as many count as there is room for.
            window: the context window in tokens, where a model list said it.
        """
        turn = prompt if isinstance(prompt, Turn) else Turn(sound(prompt), documents=tuple(documents))
        if turn is not prompt:
            self._fit(turn, _smallest_window([self.provider, *self.fallback]))
        provider, account = self.provider, self.account
        outputs = [response.usage.output_tokens for earlier in self.turns[-5:] for response in earlier.responses]
        return estimate(
            provider,
            round(self._scale.weigh(self.request(turn)) * account.correction(provider)),
            self.max_tokens or provider.max_tokens or max(1000, *outputs, 0),
            limits=account.limits(mock=provider.is_mock),
            warn=account.budget.warn,
            window=window,
        )

    def stream(self, prompt: str, *, cancel: CancelToken | None = None) -> EventStream:
        """Ask, and give the events as they come.

        Raises:
            ConfigError: the prompt is empty.
        """
        turn = self.add_turn(prompt)

        async def source(emit: Emit, token: CancelToken) -> End:
            return await self.run(turn, emit, token)

        self.steering.begin()
        return EventStream(source, cancel)

    def start(
        self, turn: Turn, sink: Sink, *, first: Provider | None = None, extend: ModelResponse | None = None
    ) -> Worker:
        """Ask for an answer to a turn in a worker thread that puts its events into `sink`; a second one is a sibling.

        Args:
            turn: what `add_turn` gave, or an earlier one.
            sink: where the events go.
            first: asked before the others, also if it failed a moment ago: a retry or a fallback that the user wants.
            extend: continue this response; the new one, a sibling, begins with its text.
        """

        async def source(emit: Emit, token: CancelToken) -> End:
            return await self.run(turn, emit, token, first=first, extend=extend)

        self.steering.begin()
        return Worker(source, sink).start()

    def add_turn(self, prompt: str, documents: Sequence[Document] | None = None) -> Turn:
        """The next turn of the conversation.

        Args:
            documents: passages that were chosen for it, be it none; None looks for them when it is asked.

        Raises:
            ConfigError: the prompt is empty.
        """
        if not prompt.strip():
            raise ConfigError("the prompt is empty: type a question")
        turn = Turn(sound(prompt), documents=tuple(documents or ()), settled=documents is not None)
        self.turns.append(turn)
        return turn

    async def run(
        self,
        turn: Turn,
        emit: Emit,
        cancel: CancelToken,
        *,
        first: Provider | None = None,
        extend: ModelResponse | None = None,
    ) -> End:
        """Find passages, ask the provider, and do what the policy says about failures; the response joins the turn."""
        self.steering.attach()
        record = self._record(turn, first or self.provider)
        if record is not None:
            emit = record.tee(emit)
        joint = Seam(extend, emit) if extend is not None else None
        base = ModelRequest(messages=())

        def request_for(provider: Provider) -> ModelRequest:
            if joint is None or extend is None:
                return base
            joint.exact = provider.prefills
            return continuing(base, extend.content)

        allowance = self.account.allow(mock=self.provider.is_mock, kept=record.numbers if record else None)
        attempts = Attempts(
            request_for,
            joint.emit if joint else emit,
            cancel,
            policy=self.policy,
            steering=self.steering,
            allowance=allowance,
        )
        end = End(ModelResponse(provider=self.provider.name, model=self.provider.model_name))
        try:
            providers = self._in_order(first)
            if self.knowledge is not None or turn.documents:
                await emit(await self._passages(turn, providers))
            base = self.request(turn)
            if record is not None:
                await record.begun()  # the prompt is on disk before it is sent
            await in_thread(self._look_into_books, allowance, providers)
            end = await attempts.ask(providers, await self._reason(first, extend, providers[0], emit))
        except asyncio.CancelledError:
            # Stopped while nothing was under way: while passages or prices were looked up, say.
            if not cancel.cancelled:
                raise
            settle_cancel()
            end = End(end.response, ProviderError("cancelled", "stopped", partial=end.response))
        end.response.attempts = tuple(attempts.made)
        if joint is not None:
            await undisturbed(cancel, partial(joint.finish, end))
        for response in attempts.given_up:
            turn.add(response, self.column)
        if record is not None:
            await record.ended(end, cancel)
        turn.add(end.response, self.column)
        self.account.learn(attempts.asked, end.response)
        if written := allowance.close():
            await undisturbed(cancel, partial(in_thread, written))
        return end

    async def _reason(
        self, first: Provider | None, extend: ModelResponse | None, asked: Provider, emit: Emit
    ) -> Reason | None:
        """Why the first attempt is made; that the conversation's own provider is passed over is told."""
        if first is not None or asked is self.provider:
            return "continued" if extend is not None else None
        error = self.policy.cooling(self.provider.target)
        assert error is not None
        await emit(FellBack(error, asked.target, "cooldown"))
        return "cooldown"

    def _look_into_books(self, allowance: Allowance, providers: Sequence[Provider]) -> None:
        allowance.open()
        for provider in providers:
            provider.correction = self.account.correction(provider)

    def _record(self, turn: Turn, provider: Provider) -> Record | None:
        if self.journal is None:
            return None
        return self.journal.begin(
            turn.id,
            turn.prompt,
            provider,
            documents=turn.documents,
            system_prompt=self.system_prompt,
            fallback=self._chain,
            column=self.column,
        )

    def _in_order(self, first: Provider | None) -> list[Provider]:
        """Whom to ask: the user's choice first, else the conversation's provider unless it failed a moment ago."""
        providers = [self.provider, *self.fallback]
        if first is not None:
            return [first, *(provider for provider in providers if provider is not first)]
        return sorted(providers, key=lambda provider: self.policy.cooling(provider.target) is not None)

    async def _passages(self, turn: Turn, providers: Sequence[Provider]) -> Retrieved:
        return await beside_import(in_thread(self._ground, turn, providers), self.knowledge, providers[0])

    def _ground(self, turn: Turn, providers: Sequence[Provider]) -> Retrieved:
        """Settle the passages of a turn. Whoever may be asked gets the same, so the smallest window counts."""
        notices: tuple[str, ...] = ()
        window = _smallest_window(providers)  # first, as that imports the price table, while an embedder may load
        with self._searching:  # the columns of a comparison want the same passages at the same time
            if self.knowledge is not None and not turn.settled:
                turn.documents, notices = search(self.knowledge, turn.prompt)
                turn.settled = True
            dropped = self._fit(turn, window)
        return Retrieved(turn.documents, dropped, notices)

    def _fit(self, turn: Turn, window: int | None) -> int:
        """Leave out the passages for which a window of so many tokens has no room; how many."""
        if not turn.documents or window is None:
            return 0
        found, turn.documents = turn.documents, ()
        answer = min(self.max_tokens or _ROOM_TO_ANSWER, window // 2)
        room = window - self.request(turn).estimated_tokens() - answer
        turn.documents, left_out = fitting(found, room, estimate_tokens)
        return len(left_out)

    def request(self, turn: Turn) -> ModelRequest:
        """What a model is sent for a turn, as far as it is known now: without passages that are still to be found."""
        return ModelRequest(
            messages=self.messages(turn),
            max_tokens=self.max_tokens,
            system_prompt=self.system_prompt,
            temperature=self.temperature,
        )


def _smallest_window(providers: Sequence[Provider]) -> int | None:
    """The tokens that whichever of them answers can take; None where nothing is known of any."""
    return min((window for each in providers if (window := each.context_window()) is not None), default=None)
