"""What the user thinks of answers, and whom they compare: votes and named line-ups, in the history's file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeVar

from atlas_tui.errors import ConfigError
from atlas_tui.store.ids import made_at, new_id
from atlas_tui.store.values import storable
from atlas_tui.text import one_line

if TYPE_CHECKING:
    import sqlite3

    from atlas_tui.store.store import Store

T = TypeVar("T")
Verdict = Literal["A", "B", "tie", "both bad"]
_NAME_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Vote:
    """A judgement of two answers to one prompt."""

    left: str
    """The target whose answer was A."""
    right: str
    """The target whose answer was B."""
    verdict: Verdict
    topic: str = ""
    blind: bool = False
    """The names were hidden when the vote was given."""
    turn: int | None = None
    """The id of the turn in the history."""
    responses: tuple[int, int] | None = None
    """The ids of the two responses in the history, where they are in it."""
    id: int = field(default_factory=new_id)

    @property
    def created(self) -> datetime:
        """When the vote was given."""
        return made_at(self.id)


@dataclass(frozen=True, slots=True)
class LineUp:
    """Targets that are compared, under a name."""

    name: str
    targets: tuple[str, ...]


class Judgements:
    """The votes and the line-ups of a history. Every method waits for the file, milliseconds as a rule."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, vote: Vote) -> None:
        """Keep a vote; one with the id of an earlier vote takes its place."""
        self._ask(lambda connection: _write(connection, vote))

    def replace(self, turn: int, votes: Sequence[Vote]) -> None:
        """Keep these as the votes on a turn, instead of all that were given on it: both or nothing is done."""

        def job(connection: sqlite3.Connection) -> None:
            from atlas_tui.sqlite import transaction

            with transaction(connection):
                connection.execute("DELETE FROM votes WHERE turn = ?", (turn,))
                for vote in votes:
                    _write(connection, vote)

        self._ask(job)

    def remove(self, vote: Vote) -> None:
        """Take a vote back."""
        self._ask(lambda connection: connection.execute("DELETE FROM votes WHERE id = ?", (vote.id,)))

    def votes(self, topic: str | None = None) -> list[Vote]:
        """All votes, or those on one topic, the oldest first."""

        def job(connection: sqlite3.Connection) -> list[Vote]:
            where, values = ("", ()) if topic is None else ("WHERE topic = ?", (topic,))
            found = connection.execute(f"SELECT * FROM votes {where} ORDER BY id", values)
            return [_vote(*row) for row in found]

        return self._ask(job)

    def topics(self) -> list[str]:
        """The topics that were voted on, the one used last first."""
        ask = "SELECT topic FROM votes WHERE topic != '' GROUP BY topic ORDER BY max(id) DESC"
        return self._ask(lambda connection: [topic for (topic,) in connection.execute(ask)])

    def keep(self, line_up: LineUp) -> None:
        """Keep a line-up; one of the same name is replaced. The line-up used last has the name ''."""
        row = (one_line(line_up.name, _NAME_LIMIT), storable(json.dumps(line_up.targets)), time.time())
        self._ask(lambda connection: connection.execute("REPLACE INTO line_ups VALUES (?, ?, ?)", row))

    def line_ups(self) -> list[LineUp]:
        """The named line-ups, the one kept last first."""
        ask = "SELECT name, targets FROM line_ups WHERE name != '' ORDER BY updated DESC, name"
        return self._ask(lambda connection: [_line_up(*row) for row in connection.execute(ask)])

    def line_up(self, name: str = "") -> LineUp:
        """The line-up of this name; without a name the one used last.

        Raises:
            ConfigError: there is none.
        """
        ask = "SELECT name, targets FROM line_ups WHERE name = ?"
        row = self._ask(lambda connection: connection.execute(ask, (name,)).fetchone())
        if row is None:
            known = ", ".join(known.name for known in self.line_ups()) or "none is kept yet"
            raise ConfigError(
                f"there is no line-up {one_line(name, _NAME_LIMIT)!r}: choose one of those kept ({known})"
            )
        return _line_up(*row)

    def forget(self, name: str) -> None:
        """Remove a line-up."""
        self._ask(lambda connection: connection.execute("DELETE FROM line_ups WHERE name = ?", (name,)))

    def _ask(self, job: Callable[[sqlite3.Connection], T]) -> T:
        return self._store.writer.call(job).result()


def _write(connection: sqlite3.Connection, vote: Vote) -> None:
    left, right = vote.responses or (None, None)
    row = (
        vote.id, vote.created.timestamp(), storable(vote.left), storable(vote.right), vote.verdict,
        storable(one_line(vote.topic, _NAME_LIMIT)), vote.blind, vote.turn, left, right,
    )  # fmt: skip
    connection.execute(f"REPLACE INTO votes VALUES ({', '.join('?' * len(row))})", row)


def _vote(
    number: int, _: float, left: str, right: str, verdict: Verdict, topic: str, blind: int, turn: int | None,
    left_response: int | None, right_response: int | None,
) -> Vote:  # fmt: skip
    responses = None
    if left_response is not None and right_response is not None:
        responses = left_response, right_response
    return Vote(left, right, verdict, topic, bool(blind), turn, responses, number)


def _line_up(name: str, targets: str) -> LineUp:
    return LineUp(name, tuple(map(str, json.loads(targets))))
