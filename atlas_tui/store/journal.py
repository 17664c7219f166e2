"""The journal: what a session does, written down as it happens.

A prompt is on disk before it is sent. An answer that grows is written by the store's own thread, at most a quarter of
a second after it came; here a delta costs one append to a list. The ending is on disk before anybody hears of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import (
    Attempt,
    CancelToken,
    Emit,
    End,
    Event,
    FellBack,
    ModelResponse,
    Provider,
    ReasoningDelta,
    Retrieved,
    RetryScheduled,
    Start,
    TextDelta,
    UsageUpdate,
    settle_cancel,
)
from atlas_tui.store import rows
from atlas_tui.store.ids import new_conversation_id, new_id
from atlas_tui.store.values import id_of, remember, storable, title_of
from atlas_tui.store.writer import Change, Writer

if TYPE_CHECKING:
    import sqlite3

    from atlas_tui.store.store import Store

_PATIENCE = 5.0
"""Seconds that a prompt or an ending waits for a disk that does not answer."""


class Journal:
    """Writes down one conversation at a time.

    Args:
        store: where to.
        conversation: the id of one that goes on; None begins a new one with the first prompt.
    """

    def __init__(self, store: Store, conversation: str | None = None) -> None:
        self.store = store
        self.conversation = conversation or new_conversation_id()
        """The id of the conversation; it is in the history from its first prompt on."""

    def renew(self) -> None:
        """The next prompt begins a new conversation."""
        self.conversation = new_conversation_id()

    def resume(self, conversation: str) -> None:
        """The next prompt goes on with this one."""
        self.conversation = conversation

    def begin(
        self,
        turn: int,
        prompt: str,
        provider: Provider,
        *,
        documents: Sequence[Mapping[str, Any]] = (),
        system_prompt: str | None = None,
        fallback: Sequence[str] | None = None,
        column: int | None = None,
    ) -> Record:
        """A prompt is about to be sent, or sent again; it is being written when this returns. The fallback targets
        are written down with the first one; from then on `fall_back_to` changes them."""
        opening = _Opening(
            conversation=self.conversation,
            title=storable(title_of(prompt)),
            turn=turn,
            created=time.time(),
            prompt=storable(prompt),
            documents=rows.documents(documents),
            system_prompt=system_prompt and storable(system_prompt),
            target=provider.target,
            fallback=rows.chain(fallback),
            column=column,
        )
        return Record(self.store, opening, provider)

    def fall_back_to(self, targets: Sequence[str]) -> None:
        """The conversation, once it has begun, has these fallback targets from now on, be it none."""
        values = rows.chain(targets), self.conversation
        statement = "UPDATE conversations SET fallback = ? WHERE id = ?"
        self.store.writer.soon(Change(("fallback", self.conversation), statement, values))

    def choose(self, turn: int, response: ModelResponse | None) -> None:
        """This response stands in the conversation from now on; None takes the choice back."""
        number = None if response is None else id_of(response)
        if response is None or number is not None:
            change = Change(("choice", turn), "UPDATE turns SET chosen = ? WHERE id = ?", (number, turn))
            self.store.writer.now(change)  # whoever reads next finds it

    def pick(self, turn: int, column: int, response: ModelResponse) -> None:
        """This response stands in its column of a comparison from now on."""
        number = id_of(response)
        if number is not None:
            statement = "UPDATE responses SET picked = (id = ?) WHERE turn = ? AND column_number = ?"
            self.store.writer.now(Change(("pick", turn, column), statement, (number, turn, column)))


@dataclass(frozen=True, slots=True)
class _Opening:
    conversation: str
    title: str
    turn: int
    created: float
    prompt: str
    documents: str
    system_prompt: str | None
    target: str
    fallback: str
    column: int | None
    """The column of a comparison, or None in a chat."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """From here on a response grows."""

    number: int
    provider: str
    model: str
    mock: bool
    created: float


class Record:
    """One prompt on its way, with the answers that it gets: takes the events, and is written by the store's thread.

    What was written is forgotten only when it is on the disk. Every entry finds or makes the rows that it needs, so
    a failed write is simply done again, also in a new file.
    """

    def __init__(self, store: Store, opening: _Opening, provider: Provider) -> None:
        self._store = store
        self._writer: Writer = store.writer
        self._opening = opening
        self._log: list[Any] = []
        self._announced = False
        self._received = False
        self._mock = provider.is_mock
        self.numbers: list[int] = []
        """The ids of its responses: one, and another for each that was given up for the next target."""
        self._number = self._open(provider.name, provider.model_name)
        self._current: _Opened | None = None
        self._taken: tuple[int, _Opened | None] = (0, None)
        self._begun = self._writer.now(self)

    # On the worker's loop

    async def begun(self) -> None:
        """Wait until the prompt is on the disk, or it is certain that it cannot be written."""
        await _settled(self._begun)

    def tee(self, emit: Emit) -> Emit:
        """Take every event before it is handed on."""
        take = self.take

        async def taken(event: Event) -> None:
            take(event)
            await emit(event)

        return taken

    def take(self, event: Event) -> None:
        """The next event; costs next to nothing."""
        kind = type(event)
        if kind is TextDelta or kind is ReasoningDelta or kind is UsageUpdate:
            self._received = self._received or kind is not UsageUpdate
            self._log.append(event)
        else:
            self._note(event)
        if not self._announced:
            self._announced = True
            self._writer.soon(self)

    async def ended(self, end: End, cancel: CancelToken) -> None:
        """The ending: wait until it is on the disk. A stop that comes only now finds the answer written."""
        self._close(end.response, end.error.kind if end.error else None, str(end.error or ""))
        saved = self._writer.now(self)
        try:
            await _settled(saved)
        except asyncio.CancelledError:
            if not cancel.cancelled:
                raise
            settle_cancel()
            await _settled(saved)

    def _note(self, event: Event) -> None:
        match event:
            case Start(provider, model, request_id, mock):
                known = {"provider": provider, "model": model, "request_id": request_id, "mock": mock}
                self._log.append(partial(_update, number=self._number, columns=known))
            case Retrieved(documents):
                found = rows.documents(documents)
                self._log.append(partial(_documents, turn=self._opening.turn, documents=found))
            case RetryScheduled(error):
                self._failed(error)
            case FellBack(error, target, reason):
                provider, _, model = target.partition(":")
                partial_answer = error.partial
                if self._received and isinstance(partial_answer, ModelResponse):
                    self._close(partial_answer, error.kind, str(error))
                    self._number = self._open(provider, model)
                else:  # nothing came of it
                    if reason != "cooldown":  # which asked nobody
                        self._failed(error)
                    self._log.append(partial(_restart, number=self._number, provider=provider, model=model))

    def _failed(self, error: ProviderError) -> None:
        """An attempt came to nothing: kept for the case that the ending, which has all of them, never comes."""
        made = error.partial.attempts if isinstance(error.partial, ModelResponse) else ()
        failed = made[-1] if made else Attempt(error.provider, error.model, error.kind, str(error))
        self._log.append(partial(_attempt, number=self._number, attempt=failed))

    def _open(self, provider: str, model: str) -> int:
        number = new_id()
        self.numbers.append(number)
        self._received = False
        self._log.append(_Opened(number, provider, model, self._mock, time.time()))
        return number

    def _close(self, response: ModelResponse, error: str | None, message: str) -> None:
        remember(response, self._number)
        ended = rows.ending(response, error, message)
        self._log.append(partial(_end, number=self._number, columns=ended, attempts=response.attempts))
        self._log.append(partial(_unchoose, number=self._number, column=self._opening.column))

    # In the store's thread

    @property
    def key(self) -> object:
        """Itself: its entries are written in their order."""
        return self

    def write(self, connection: sqlite3.Connection) -> None:
        """Write all that has been taken so far."""
        self._announced = False
        log = self._log[:]
        current = self._current
        self._ensure(connection, current)
        for kind, group in groupby(log, type):
            entries = list(group)
            if kind is _Opened:
                current = entries[-1]
                self._ensure(connection, current)
            elif kind is partial:
                for entry in entries:
                    entry(connection)
            elif current is not None:
                _grow(connection, current.number, kind, entries)
        self._taken = len(log), current

    def written(self) -> None:
        """What has been written need not be kept."""
        count, self._current = self._taken
        del self._log[:count]

    def _ensure(self, connection: sqlite3.Connection, current: _Opened | None) -> None:
        opening = self._opening
        connection.execute(
            "INSERT INTO conversations (id, title, created, updated, system_prompt, target, fallback)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET updated = excluded.updated,"
            " system_prompt = excluded.system_prompt, deleted = NULL"
            # Who goes on with a comparison in a chat asks its first column.
            + ("" if opening.column not in (None, 1) else ", target = excluded.target"),
            (
                opening.conversation, opening.title, opening.created, time.time(), opening.system_prompt,
                opening.target, opening.fallback,
            ),
        )  # fmt: skip
        connection.execute(
            "INSERT OR IGNORE INTO turns (id, conversation, created, prompt, documents) VALUES (?, ?, ?, ?, ?)",
            (opening.turn, opening.conversation, opening.created, opening.prompt, opening.documents),
        )
        if current is not None:
            connection.execute(
                "INSERT OR IGNORE INTO responses"
                " (id, turn, created, state, owner, provider, model, mock, column_number)"
                " VALUES (?, ?, ?, 'streaming', ?, ?, ?, ?, ?)",
                (
                    current.number, opening.turn, current.created, self._store.owner(),
                    current.provider, current.model, current.mock, 1 if opening.column is None else opening.column,
                ),
            )  # fmt: skip


async def _settled(future: Future[None]) -> None:
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def tell(_: Future[None]) -> None:
        with suppress(RuntimeError):  # the loop has closed: it was not waited for any longer
            loop.call_soon_threadsafe(done.set)

    future.add_done_callback(tell)
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            await done.wait()


def _grow(connection: sqlite3.Connection, number: int, kind: type, entries: list[Any]) -> None:
    if kind is UsageUpdate:
        rows.update(connection, number, rows.figures(entries[-1].usage, entries[-1].cost))
    else:
        connection.execute(
            "INSERT INTO pieces (response, reasoning, text) VALUES (?, ?, ?)",
            (number, kind is ReasoningDelta, "".join(entry.text for entry in entries)),
        )


def _update(connection: sqlite3.Connection, *, number: int, columns: dict[str, Any]) -> None:
    rows.update(connection, number, columns)


def _documents(connection: sqlite3.Connection, *, turn: int, documents: str) -> None:
    connection.execute("UPDATE turns SET documents = ? WHERE id = ?", (documents, turn))


def _attempt(connection: sqlite3.Connection, *, number: int, attempt: Attempt) -> None:
    rows.add_attempts(connection, number, [attempt])


def _restart(connection: sqlite3.Connection, *, number: int, provider: str, model: str) -> None:
    connection.execute("DELETE FROM pieces WHERE response = ?", (number,))
    rows.update(connection, number, {"provider": provider, "model": model, "request_id": None})


def _end(connection: sqlite3.Connection, *, number: int, columns: dict[str, Any], attempts: Sequence[Attempt]) -> None:
    rows.update(connection, number, columns)
    connection.execute("DELETE FROM pieces WHERE response = ?", (number,))
    connection.execute("DELETE FROM attempts WHERE response = ?", (number,))
    rows.add_attempts(connection, number, attempts)


def _unchoose(connection: sqlite3.Connection, *, number: int, column: int | None) -> None:
    """A new response takes the choice back, and the pick in its column; in a comparison it is only the choice of a
    response in the same column."""
    connection.execute(
        "UPDATE turns SET chosen = NULL WHERE id = (SELECT turn FROM responses WHERE id = ?)"
        " AND (? IS NULL OR chosen IN (SELECT id FROM responses WHERE column_number = ?))",
        (number, column, column),
    )
    connection.execute(
        "UPDATE responses SET picked = 0 WHERE turn = (SELECT turn FROM responses WHERE id = ?) AND column_number = ?",
        (number, 1 if column is None else column),
    )
