"""One answer, streamed to stdout."""

from __future__ import annotations

import argparse
import queue
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import Any, Protocol

from atlas_tui.budget import Account
from atlas_tui.citations import check, place_of
from atlas_tui.cli import forms
from atlas_tui.cli.console import Console, complain
from atlas_tui.cli.interruption import Interruption
from atlas_tui.cli.meters import Meter, summary
from atlas_tui.cli.prompt import as_text
from atlas_tui.config import Budget, Config
from atlas_tui.errors import ConfigError
from atlas_tui.estimate import Estimate
from atlas_tui.models.base import (
    End,
    Event,
    FellBack,
    Provider,
    ReasoningDelta,
    Retrieved,
    RetryScheduled,
    TextDelta,
)
from atlas_tui.models.factory import chain, create_provider
from atlas_tui.policy import Policy
from atlas_tui.retrieval import KnowledgeBase
from atlas_tui.session import Session
from atlas_tui.store import LAST, Conversation, Journal, Ledger, Store
from atlas_tui.text import counted
from atlas_tui.turns import Turn, answer_form

_LONG = 8000
"""Characters from which on a conversation may come close to filling a context window."""
_TICK = 0.1
"""Seconds between two drawings of the line of state."""


def answer(prompt: str, knowledge: KnowledgeBase | None, options: argparse.Namespace, config: Config) -> int:
    """Ask, print the answer as it comes, and give the exit status.

    Raises:
        AtlasError: nothing could be sent.
    """
    budget = _budget(options, config)
    kept = options.history and config.history
    otherwise = "this answer is not kept" if kept else "the limit for a day counts this answer alone"
    if options.go_on:
        otherwise = "there is no conversation to continue"
    store = Store(otherwise=otherwise) if kept or budget.day is not None else None
    session = _session(knowledge, options, config, Account(budget, Ledger(store)), store if kept else None)
    turn = session.add_turn(prompt)
    if options.estimate:
        along = session.knowledge.search(prompt) if session.knowledge is not None else ()
        return _estimate(session.estimate(prompt, documents=along), options, store)
    console = Console(quiet=options.quiet)
    writer = _writer(options, console)
    inbox = Inbox()
    with Interruption() as interruption, console:
        meter = Meter(":".join(filter(None, (session.provider.name, session.provider.model_name))))
        worker = session.start(turn, inbox)
        interruption.cancels(console.give_back, worker.cancel)
        try:
            _warn(session, turn, console)
            end = _follow(inbox, writer, meter, console)
            console.finish()
        finally:
            # Also when the reader of stdout has gone: the request ends with it.
            worker.cancel()
            worker.join(1.0)
            if store is not None:
                store.close()
    for notice in store.notices if store is not None else ():
        complain(notice)
    arrived = end.error is None or end.response.content or end.response.reasoning
    if arrived and (console.interactive or options.verbose):
        evidence = str(check(end.response.content, turn.documents))
        console.note(" · ".join(filter(None, (summary(end.response), evidence))), dim=True)
    return _status(end, interruption, options)


def _budget(options: argparse.Namespace, config: Config) -> Budget:
    given = {
        "answer": options.max_cost,
        "conversation": options.max_cost_conversation,
        "day": options.max_cost_day,
    }
    return replace(config.budget, **{scope: limit for scope, limit in given.items() if limit is not None})


def _estimate(found: Estimate, options: argparse.Namespace, store: Store | None) -> int:
    """`--estimate`: the figures on stdout, what is worth a warning on stderr; status 1 if it would be refused."""
    print(forms.to_json(found.to_dict()) if options.json else f"{found.target} · {found}")
    for warning in found.warnings:
        complain(warning)
    if store is not None:
        store.close()
    return 1 if found.refused else 0


def _warn(session: Session, turn: Turn, console: Console) -> None:
    """Say what is close to a limit. The request is on its way meanwhile: what is over one, its failure tells."""
    if not session.account.budget.limited and len(turn.prompt) + sum(map(_length, session.turns)) < _LONG:
        return  # nothing can be close, and the price table need not be waited for
    found = session.estimate(turn)
    for warning in () if found.refused else found.warnings:
        console.note(f"atlas-tui: {warning}")


def _length(turn: Turn) -> int:
    return len(turn.prompt) + (len(turn.response.content) if turn.response else 0)


def _session(
    knowledge: KnowledgeBase | None,
    options: argparse.Namespace,
    config: Config,
    account: Account,
    store: Store | None,
) -> Session:
    settings: dict[str, Any] = {} if options.timeout is None else {"timeout": options.timeout}
    before = _continued(store) if options.go_on else None
    mock = options.mock or (before is not None and before.rehearsed)
    wanted = options.provider[0] if options.provider else before.info.target if before is not None else None
    if options.model is not None and not options.provider and wanted:
        wanted = wanted.partition(":")[0]

    def provider(target: str | None, model: str | None = None) -> Provider:
        return create_provider(target, model, mock=mock, config=config, **settings)

    kept = before.fallback if before is not None else None
    spares, notes = chain(options.fallback or (config.fallback if kept is None else kept), provider)
    for note in notes:
        complain(note)
    session = Session(
        provider(wanted or None, options.model),
        system_prompt=config.system_prompt if options.system is None else as_text(options.system, "system prompt"),
        max_tokens=options.max_tokens,
        temperature=options.temperature,
        fallback=spares,
        knowledge=knowledge,
        account=account,
        policy=Policy(config.retries),
        journal=Journal(store) if store is not None else None,
    )
    if before is not None:
        given = session.system_prompt if options.system is not None else before.system_prompt
        session.load(before)
        session.system_prompt = given
    return session


def _continued(store: Store | None) -> Conversation:
    if store is None:
        raise ConfigError("the history is switched off: --continue needs history = true in the settings")
    found = store.conversations(1)
    if not store.durable():
        raise ConfigError(" ".join(store.notices))
    if not found:
        raise ConfigError("there is no conversation to continue: ask without --continue")
    return store.conversation(LAST)


class Inbox:
    """Takes events from the worker and gives them in batches, so that a fast stream is written in few calls."""

    _FULL = 4096

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def put(self, event: Event) -> None:
        """Called by the worker."""
        self._queue.put(event)

    def full(self) -> bool:
        """True while stdout takes less than the provider gives."""
        return self._queue.qsize() > self._FULL

    def take(self, timeout: float | None) -> list[Event]:
        """All that has come; waits for the first, at most so many seconds."""
        events: list[Event] = []
        with suppress(queue.Empty):
            events.append(self._queue.get(timeout=timeout))
            while len(events) < self._FULL:
                events.append(self._queue.get_nowait())
        return events


def _follow(inbox: Inbox, writer: Writer, meter: Meter, console: Console) -> End:
    line, drawn = meter.line(), monotonic()
    console.state(line)
    while True:
        # Never without a limit: a signal between the last step of Python and the wait would be heard at its end only.
        for event in inbox.take(_TICK):
            meter.see(event)
            _tell(event, console)
            writer.write(event)
            if isinstance(event, End):
                return event
        if monotonic() - drawn >= _TICK:
            line, drawn = meter.line(), monotonic()
        console.state(line)


def _tell(event: Event, console: Console) -> None:
    """What a person should know of the way to the answer. That another target answers, everybody should."""
    match event:
        case FellBack(error, target):
            console.note(f"atlas-tui: {error.message}; falling back to {target}")
        case RetryScheduled(error, delay, attempt) if console.interactive:
            console.note(f"{error.message}; attempt {attempt} in {delay:.1f} s", dim=True)
        case Retrieved(documents, dropped, notices):
            left_out = f"; {dropped} more did not fit into the context window" if dropped else ""
            if console.interactive:
                console.note(f"{counted(len(documents), 'passage')}{left_out}", dim=True)
                for number, document in enumerate(documents, 1):
                    console.note(f"[{number}] {place_of(document, short=True)}", dim=True)
            elif not documents:
                console.note(f"atlas-tui: no passage goes along{left_out}: `atlas-tui search` shows what there is")
            for notice in notices:
                console.note(f"atlas-tui: {notice}")


class Writer(Protocol):
    """A form in which an answer goes to stdout."""

    def write(self, event: Event) -> None:
        """The next event."""


class _Streamed:
    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, event: Event) -> None:
        if isinstance(event, TextDelta):
            self._console.answer(event.text)
        elif isinstance(event, ReasoningDelta):
            self._console.reasoning(event.text)


class _AtTheEnd:
    """The answer when it is whole, as text or as one JSON object."""

    def __init__(self, console: Console, *, as_json: bool) -> None:
        self._console = console
        self._as_json = as_json
        self._documents: tuple[Mapping[str, Any], ...] = ()

    def write(self, event: Event) -> None:
        if isinstance(event, Retrieved):
            self._documents = event.documents
        elif isinstance(event, End):
            content = event.response.content
            self._console.answer(forms.to_json(answer_form(event, self._documents)) if self._as_json else content)


class _EventLines:
    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, event: Event) -> None:
        self._console.answer(forms.event_line(event) + "\n")


def _writer(options: argparse.Namespace, console: Console) -> Writer:
    if options.events:
        return _EventLines(console)
    if options.json or not options.stream:
        return _AtTheEnd(console, as_json=options.json)
    return _Streamed(console)


def _status(end: End, interruption: Interruption, options: argparse.Namespace) -> int:
    """Say what is wrong with the answer, if anything is, and give the exit status."""
    if interruption.signal is not None and end.error is not None:
        arrived = "what had arrived is on stdout" if end.response.content else "nothing had arrived"
        complain(f"interrupted ({arrived}): ask again for a whole answer")
        return 128 + interruption.signal
    if end.error is not None:
        complain(str(end.error), end.error if options.debug else None)
        return 1
    if end.response.finish_reason == "length":
        complain("the answer was cut at the limit of tokens: raise --max-tokens or ask it to continue")
    elif not end.response.content:
        complain("the answer is empty: ask again, or choose another model")
    return 0
