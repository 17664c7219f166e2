"""Several targets over one prompt: columns that answer at the same time, turn after turn, in one conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from atlas_tui.comparison.judgement import merge_prompt
from atlas_tui.comparison.progress import RUNNING, Progress
from atlas_tui.errors import ConfigError
from atlas_tui.models.base import ModelResponse, Provider, Sink, Worker
from atlas_tui.policy import Policy
from atlas_tui.session import Session
from atlas_tui.turns import MERGED, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from atlas_tui.models.recording import Recorder
    from atlas_tui.retrieval import Document
    from atlas_tui.store import Conversation


class Column:
    """One target's place in a comparison: its thread of the conversation, and what it does just now.

    Args:
        number: what tells it from the others, also in the history; from 1, never used twice in a conversation.
        provider: who answers in it.
        policy: what it does about failures; its own, so that no column uses up another's patience.
    """

    def __init__(self, number: int, provider: Provider, policy: Policy) -> None:
        self.number = number
        self.provider = provider
        self.policy = policy
        self.progress: Progress | None = None
        """Of the answer that runs or was the last to run here; None before the first."""
        self._worker: Worker | None = None
        self._thread: Session | None = None
        self._turn: Turn | None = None

    @property
    def target(self) -> str:
        """Who is asked next."""
        return self.provider.target

    @property
    def running(self) -> bool:
        """An answer is under way."""
        return self.progress is not None and self.progress.state in RUNNING

    def progress_in(self, turn: Turn) -> Progress | None:
        """The progress of the last answer here, if it is one to this turn."""
        return self.progress if self._turn is turn else None

    def response(self, turn: Turn) -> ModelResponse | None:
        """Its last answer to a turn, also a failed one; None if it has none."""
        own = turn.of(self.number)
        return own[-1] if own else None

    def stop(self) -> None:
        """Stop what runs, at once; its `End` follows."""
        if self._worker is not None:
            self._worker.cancel()

    def retry_now(self) -> None:
        """End the wait before the next attempt."""
        if self._thread is not None:
            self._thread.steering.retry_now()

    def fall_back_now(self) -> None:
        """Give up what runs for the next target of the fallback."""
        if self._thread is not None:
            self._thread.steering.fall_back_now()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for what runs; True if nothing runs any more."""
        return self._worker is None or self._worker.join(timeout)

    def _run(self, thread: Session, turn: Turn, sink: Sink, **how: Any) -> Worker:
        self._thread, self._turn = thread, turn
        self.progress = Progress(sink)
        self._worker = thread.start(turn, self.progress, **how)
        return self._worker


class Comparison:
    """A conversation that several targets answer, each in its column.

    Every column has its own worker, sink, steering and patience: whatever befalls one, the others do not notice.
    The turns, the journal, the passages and all parameters are shared.

    Args:
        providers: one for each column, from left to right.
        session: the conversation; a chat's own goes on in the chat too. None begins one.
        fallback: providers that a column may fall back to.
        policy: how patient every column is.
        recorder: records what the columns answer, to be played again; not what is merged of it.
        options: what a new `Session` takes: `system_prompt`, `max_tokens`, `temperature`, `knowledge`, `account`,
            `journal`.

    Raises:
        ConfigError: there is no provider.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        *,
        session: Session | None = None,
        fallback: Sequence[Provider] = (),
        policy: Policy | None = None,
        recorder: Recorder | None = None,
        **options: Any,
    ) -> None:
        if not providers:
            raise ConfigError("a comparison needs a target: give two or more")
        self.session = session if session is not None else Session(providers[0], **options)
        """The conversation itself: its turns, cost and usage, its journal."""
        self.fallback = list(fallback)
        self.recorder = recorder
        self._patience = policy or Policy()
        self._last_number = 0
        self.columns: list[Column] = []
        """From left to right."""
        for provider in providers:
            self.add(provider)

    @property
    def turns(self) -> list[Turn]:
        """The conversation so far."""
        return self.session.turns

    @property
    def running(self) -> bool:
        """A column is under way."""
        return any(column.running for column in self.columns)

    # Asking

    def ask(self, prompt: str, documents: Sequence[Document] | None = None) -> Turn:
        """The next turn; `start` has each column answer it.

        Args:
            documents: passages that were chosen for it, be it none; None looks for them when it is asked.

        Raises:
            ConfigError: the prompt is empty.
        """
        return self.session.add_turn(prompt, documents)

    def start(
        self,
        column: Column,
        turn: Turn,
        sink: Sink,
        *,
        first: Provider | None = None,
        extend: ModelResponse | None = None,
    ) -> Worker:
        """Have a column answer a turn, in a worker thread that puts its events into `sink`. A further answer of the
        same column (a retry, a continuation, a fallback) is a sibling.

        Args:
            column: one of `columns`.
            turn: what `ask` gave, or an earlier turn.
            sink: where its events go.
            first: asked in place of the column's provider, which is then the first to fall back to.
            extend: continue this response.

        Raises:
            ConfigError: the column is still answering.
        """
        if column.running:
            raise ConfigError("this column is still answering: stop it first")
        if self.recorder is not None:
            target = (first or column.provider).target
            sink = self.recorder.sink(sink, target=target, prompt=turn.prompt, column=column.number)
        thread = self.session.thread(column.number, column.provider, self._others(column), column.policy)
        return column._run(thread, turn, sink, first=first, extend=extend)

    def merge(self, turn: Turn, provider: Provider, sink: Sink) -> Column:
        """Have one model make a single answer of the columns' whole answers to a turn. It comes as a sibling in the
        column `MERGED`, which is not one of `columns`; it can be adopted, voted on and merged again like theirs.

        Raises:
            ConfigError: there are no two answers.
        """
        answers = [column.response(turn) for column in self.columns]
        wording = merge_prompt(turn.prompt, [answer.content for answer in answers if answer and answer.complete])
        column = Column(MERGED, provider, self._own_policy())
        thread = self.session.thread(column.number, provider, (), column.policy)
        thread.wording = wording
        column._run(thread, turn, sink)
        return column

    def stop(self) -> None:
        """Stop every column."""
        for column in self.columns:
            column.stop()

    def adopt(self, turn: Turn, column: Column) -> ModelResponse:
        """Make a column's answer the common history: from the next turn on every column goes on from it.

        Raises:
            ConfigError: the column has no answer there.
        """
        response = next((each for each in reversed(turn.of(column.number)) if each.content.strip()), None)
        if response is None:
            raise ConfigError("this column has no answer to adopt: choose another")
        self.session.choose(turn, response)
        return response

    # The line-up

    def add(self, provider: Provider) -> Column:
        """One more column, on the right. What stands in its thread before is what the first column answered."""
        column = Column(self._next_number(), provider, self._own_policy())
        self.columns.append(column)
        return column

    def change(self, column: Column, provider: Provider) -> None:
        """Have another target answer in a column from the next start on; its thread stays."""
        column.provider = provider
        column.policy = self._own_policy()

    def drop(self, column: Column) -> None:
        """Take a column away; what runs in it is stopped, its answers stay in the conversation.

        Raises:
            ConfigError: it is the last one.
        """
        if self.columns == [column]:
            raise ConfigError("the last column stays: add another first")
        column.stop()
        self.columns.remove(column)

    # The history

    def load(self, conversation: Conversation, create: Callable[[str], Provider]) -> None:
        """Open a conversation of the history as it was: the columns of the last turn that was compared, each with
        its thread. What runs is stopped.

        Args:
            conversation: what the store gave.
            create: makes the provider of a target. A target that it refuses with an `AtlasError` raises it here,
                before anything has changed.
        """
        found = line_up_of(conversation)
        providers = {number: create(target) for number, target in found.items()}
        self.stop()
        self.session.load(conversation)
        if providers:
            self.restore(providers)
            self.session.provider = self.columns[0].provider
        self._last_number = max((column.number for column in self.columns), default=0)

    def restore(self, providers: Mapping[int, Provider]) -> None:
        """Have these columns, by their numbers, instead of those of now; what runs in those is stopped."""
        self.stop()
        self.columns = [Column(number, provider, self._own_policy()) for number, provider in providers.items()]
        self._last_number = max(providers)

    def _next_number(self) -> int:
        if self._last_number:
            # A copy, because running columns add to it.
            used = [number for turn in self.turns for number in list(turn.columns.values())]
            self._last_number = max([self._last_number, *used])
        self._last_number += 1
        return self._last_number

    def _others(self, column: Column) -> list[Provider]:
        return [provider for provider in self.fallback if provider.target != column.provider.target]

    def _own_policy(self) -> Policy:
        shared = self._patience
        return Policy(shared.settings, shared.clock, shared.jitter)


def line_up_of(conversation: Conversation) -> dict[int, str]:
    """The columns of a stored conversation with their targets, from left to right: those of the last turn that more
    than one column answered, else of the last turn. What has no column is column 1."""
    compared: dict[int, str] = {}
    for turn in conversation.turns:
        compared_here = [stored for stored in turn.responses if stored.column != MERGED]
        here = {stored.column: f"{stored.response.provider}:{stored.response.model}" for stored in compared_here}
        if here and (len(here) > 1 or len(compared) <= 1):
            compared = here
    return dict(sorted(compared.items()))
