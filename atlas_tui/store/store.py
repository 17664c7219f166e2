"""The history: every conversation, to be listed, opened, searched and changed.

Every method that asks the file waits for its answer, milliseconds as a rule: call it from a thread where a screen or
a loop must not wait.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from atlas_tui.config import data_dir
from atlas_tui.errors import ConfigError
from atlas_tui.store import rows
from atlas_tui.store.ids import new_conversation_id, new_id
from atlas_tui.store.owners import Owner, owners_alive
from atlas_tui.store.search import find
from atlas_tui.store.spending import spent
from atlas_tui.store.values import Conversation, ConversationInfo, Hit, storable
from atlas_tui.store.writer import Change, Writer
from atlas_tui.text import one_line

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

LAST = "last"
"""Stands for the conversation that was used last, wherever an id is expected."""
_KEPT = 30 * 86400.0
"""Seconds that a deleted conversation can be brought back."""
_PATIENCE = 10.0
_TITLE_LIMIT = 200


class Store:
    """The history in one file, opened at its first use.

    Args:
        path: the file; None takes `history.db` in the data folder.
        on_notice: told once, in the store's thread, what the user should know: that the disk is full, say. They are
            in `notices` too.
        otherwise: what follows where the file cannot be used, as a clause of the notices; None where a conversation is
            kept in it, of which they then speak.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        on_notice: Callable[[str], None] | None = None,
        otherwise: str | None = None,
    ) -> None:
        self.path = path or data_dir() / "history.db"
        self.notices: list[str] = []
        self._on_notice = on_notice
        self._owner: Owner | None = None
        self.writer = Writer(self.path, self._notice, self._opened, self._released, otherwise=otherwise)
        """For the journal."""

    def durable(self) -> bool:
        """True if what is written stays; False if the file cannot be used, and all is in memory."""
        return self._ask(lambda connection: self.writer.path is not None)

    def close(self, patience: float = 2.0) -> bool:
        """Write what waits and let the file go; False if that took longer than so many seconds."""
        return self.writer.close(patience)

    # Conversations

    def conversations(
        self, limit: int = 50, offset: int = 0, *, deleted: bool = False, words: str = ""
    ) -> list[ConversationInfo]:
        """Those of one page, the last used first; the deleted ones on demand; those whose title and target hold all
        of some words, whatever their case."""
        return self._ask(lambda connection: _page(connection, limit, offset, deleted, words.lower().split()))

    def info(self, reference: str, *, deleted: bool = False) -> ConversationInfo:
        """The conversation with this id, or with an id that begins so, or `last`.

        Raises:
            ConfigError: there is none, or more than one.
        """
        return self._ask(lambda connection: _find(connection, reference, deleted=deleted))

    def conversation(self, reference: str) -> Conversation:
        """Open a conversation, deleted or not. Answers whose process was killed are marked interrupted.

        Raises:
            ConfigError: there is none, or more than one.
        """

        def job(connection: sqlite3.Connection) -> Conversation:
            self._recover(connection)
            return rows.load(connection, _find(connection, reference, deleted=None))

        return self._ask(job)

    def rename(self, reference: str, title: str) -> None:
        """Give a conversation another title.

        Raises:
            ConfigError: there is no such conversation, or the title is empty.
        """
        words = one_line(title, _TITLE_LIMIT)
        if not words:
            raise ConfigError("the title is empty: type one")
        self._change(reference, "title = ?", words)

    def delete(self, reference: str) -> ConversationInfo:
        """Hide a conversation; for 30 days `undelete` brings it back, then it is gone. Gives what was hidden.

        Raises:
            ConfigError: there is no such conversation.
        """
        return self._change(reference, "deleted = ?", time.time())

    def undelete(self, reference: str) -> ConversationInfo:
        """Bring a deleted conversation back; `last` is the one that was deleted last.

        Raises:
            ConfigError: no deleted conversation is called so.
        """
        return self._change(reference, "deleted = ?", None, deleted=True)

    def purge(self, older_than: float = 0.0) -> int:
        """Remove for good what was deleted more than so many seconds ago; how many conversations that were."""
        return self._ask(lambda connection: _purge(connection, time.time() - older_than))

    def branch(self, reference: str, turn: int) -> ConversationInfo:
        """A new conversation that begins like this one, up to and with a turn.

        Raises:
            ConfigError: there is no such conversation or turn.
        """
        origin = self.conversation(reference)
        numbers = [earlier.id for earlier in origin.turns]
        if turn not in numbers:
            raise ConfigError("there is no such turn in the conversation: choose another")
        turns = origin.turns[: numbers.index(turn) + 1]
        return self.add(dataclasses.replace(origin, turns=turns), fresh=True)

    def add(self, conversation: Conversation, *, fresh: bool = False) -> ConversationInfo:
        """Take a whole conversation in; under a new id where its own is taken, or if `fresh`."""

        def job(connection: sqlite3.Connection) -> ConversationInfo:
            from atlas_tui.sqlite import transaction

            number = conversation.info.id
            taken = connection.execute("SELECT 1 FROM conversations WHERE id = ?", (number,)).fetchone()
            number = new_conversation_id() if fresh or taken or not number else number
            with transaction(connection):
                rows.insert(connection, _renumbered(conversation, number))
            return _find(connection, number)

        return self._ask(job)

    def search(self, query: str, limit: int = 50) -> list[Hit]:
        """The prompts and answers that hold every word of the query, the newest first.

        The last word may be a beginning; words in double quotes stand together.
        """
        return self._ask(lambda connection: find(connection, query, limit))

    def spent(self, since: float, *, mock: bool = False) -> float:
        """US dollars that all answers since then (seconds since 1970) have cost, as far as that is known; those of
        the mock provider, which nobody pays, on demand instead."""
        return self._ask(lambda connection: spent(connection, since, mock=mock))

    # Drafts

    def keep_draft(self, text: str, conversation: str = "") -> None:
        """Keep what is typed and not sent, soon and without waiting; an empty text forgets it."""
        key = ("draft", conversation)
        change = Change(key, "DELETE FROM drafts WHERE place = ?", (conversation,))
        if text:
            values = (conversation, storable(text), time.time())
            change = Change(key, "REPLACE INTO drafts VALUES (?, ?, ?)", values)
        self.writer.soon(change)

    def draft(self, conversation: str = "") -> str:
        """What was typed and not sent in a conversation, or in one that has not begun."""

        def job(connection: sqlite3.Connection) -> str:
            row = connection.execute("SELECT text FROM drafts WHERE place = ?", (conversation,)).fetchone()
            return row[0] if row else ""

        return self._ask(job)

    # In the store's thread

    def owner(self) -> str | None:
        """The name under which this process's responses grow; called in the store's thread."""
        if self.writer.path is not None and (self._owner is None or self._owner.process != os.getpid()):
            self._owner = Owner(self._owners)
        return self._owner.name if self._owner else None

    @property
    def _owners(self) -> Path:
        return self.path.with_name(self.path.name + "-running")

    def _opened(self, connection: sqlite3.Connection) -> None:
        """A file was opened: mark what another process left, and forget what was deleted long ago."""
        self._recover(connection)
        _purge(connection, time.time() - _KEPT)

    def _recover(self, connection: sqlite3.Connection) -> None:
        """Mark the answers that grow no more, because their process has ended."""
        from atlas_tui.sqlite import transaction

        if self.writer.path is None or not connection.execute(_STREAMING).fetchone():
            return
        alive = owners_alive(self._owners)
        with transaction(connection):
            for number, owner in connection.execute(_STREAMING).fetchall():
                if owner not in alive:
                    rows.interrupt(connection, number)

    def _released(self) -> None:
        if self._owner is not None:
            self._owner.release()
            self._owner = None

    def _notice(self, sentence: str) -> None:
        self.notices.append(sentence)
        if self._on_notice is not None:
            self._on_notice(sentence)

    def _change(self, reference: str, columns: str, value: object, *, deleted: bool | None = False) -> ConversationInfo:
        def job(connection: sqlite3.Connection) -> ConversationInfo:
            info = _find(connection, reference, deleted=deleted)
            connection.execute(f"UPDATE conversations SET {columns} WHERE id = ?", (value, info.id))
            return info

        return self._ask(job)

    def _ask(self, job: Callable[[sqlite3.Connection], T]) -> T:
        answer: Future[T] = self.writer.call(job)
        return answer.result()


_STREAMING = "SELECT id, owner FROM responses WHERE state = 'streaming'"


def _find(connection: sqlite3.Connection, reference: str, *, deleted: bool | None = False) -> ConversationInfo:
    """The one conversation; `deleted` says whether such ones count: not, alone (True), or too (None)."""
    state = {False: "deleted IS NULL", True: "deleted IS NOT NULL", None: "1"}[deleted]
    order = "deleted DESC" if deleted else "updated DESC"
    wanted = reference.strip().lower()
    if wanted == LAST:
        state = state if deleted else "deleted IS NULL"
        found = rows.infos(connection, f"WHERE {state} ORDER BY {order} LIMIT 1")
    else:
        begin = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        where = f"WHERE {state} AND id LIKE ? ESCAPE '\\' ORDER BY id != ? LIMIT 2"
        found = rows.infos(connection, where, f"{begin}%", wanted) if wanted else []
    if not found:
        kind = "deleted conversation" if deleted else "conversation"
        name = "" if wanted == LAST else f" {one_line(reference, 60)!r}"
        raise ConfigError(f"there is no {kind}{name}: `atlas-tui history` lists them")
    if len(found) > 1 and found[0].id != wanted:
        raise ConfigError(f"more than one conversation begins with {one_line(reference, 60)!r}: type more of its id")
    return found[0]


def _page(
    connection: sqlite3.Connection, limit: int, offset: int, deleted: bool, words: Sequence[str]
) -> list[ConversationInfo]:
    where = f"WHERE deleted IS {'NOT ' if deleted else ''}NULL"
    order = "ORDER BY updated DESC, id"
    if not words:
        return rows.infos(connection, f"{where} {order} LIMIT ? OFFSET ?", limit, offset)
    # SQLite knows the two cases of ASCII letters alone.
    titled = connection.execute(f"SELECT id, title || ' ' || target FROM conversations {where} {order}")
    found = [number for number, title in titled if all(word in title.lower() for word in words)]
    page = json.dumps(found[offset : offset + limit])
    return rows.infos(connection, f"WHERE id IN (SELECT value FROM json_each(?)) {order}", page)


def _purge(connection: sqlite3.Connection, before: float) -> int:
    from atlas_tui.sqlite import transaction

    gone = connection.execute("SELECT id FROM conversations WHERE deleted <= ?", (before,)).fetchall()
    if gone:
        with transaction(connection):
            connection.executemany("DELETE FROM conversations WHERE id = ?", gone)
            connection.executemany("DELETE FROM drafts WHERE place = ?", gone)
    return len(gone)


def _renumbered(conversation: Conversation, number: str) -> Conversation:
    """The same under ids of its own."""
    turns = []
    for turn in conversation.turns:
        # An answer that another process still writes is taken as far as it has come.
        old = [stored.id for stored in turn.responses]
        responses = [
            dataclasses.replace(
                stored, id=new_id(), state="interrupted" if stored.state == "streaming" else stored.state
            )
            for stored in turn.responses
        ]
        chosen = responses[old.index(turn.chosen)].id if turn.chosen in old else None
        turns.append(dataclasses.replace(turn, id=new_id(), responses=responses, chosen=chosen))
    info = dataclasses.replace(conversation.info, id=number)
    return dataclasses.replace(conversation, info=info, turns=turns)
