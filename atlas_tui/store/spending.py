"""What the history knows of money and of tokens: what today has cost, and how far estimates of tokens are off."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from threading import Lock
from typing import TYPE_CHECKING

from atlas_tui.errors import AtlasError

if TYPE_CHECKING:
    import sqlite3

    from atlas_tui.store.store import Store

_LAST = 20
"""Ratios of each target that count."""
_BELIEVED = (0.5, 3.0)
"""A ratio outside is no matter of tokens: a server that counts only what it had not cached, say."""
_ENOUGH = 100
"""Tokens from which on what every request has besides its text hardly counts."""
_PATIENCE = 5.0
"""Seconds to wait for a disk that does not answer."""


class Ledger:
    """Adds up what today costs, and learns how a target counts tokens. Takes calls from any thread.

    Args:
        store: holds what other processes spend, and keeps what is learned; None counts for this process alone.
    """

    def __init__(self, store: Store | None = None) -> None:
        self._store = store
        self._lock = Lock()
        self._paid: list[_Paid] = []
        self._running: dict[int, tuple[float, bool]] = {}
        self._ratios: dict[str, deque[float]] = {}

    # Money

    def today(self, *, mock: bool = False, but: Collection[int] = ()) -> Future[float]:
        """US dollars spent since midnight, local time, as far as known: by this process and, as far as it is
        written, by all others. Mock answers, which nobody pays, have an account of their own.

        Args:
            mock: that account.
            but: ids of answers in the history, or keys given to `runs`, that do not count.
        """
        since = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        with self._lock:
            running = sum(cost for key, (cost, is_mock) in self._running.items() if is_mock == mock and key not in but)
            paid = sum(each.cost for each in self._paid if each.mock == mock and each.created >= since)
        if self._store is None:
            known: Future[float] = Future()
            known.set_result(paid + running)
            return known
        return self._store.writer.call(lambda connection: spent(connection, since, mock=mock, but=but) + running)

    def runs(self, key: int, cost: float, *, mock: bool) -> None:
        """An answer that the history does not hold has cost so much so far."""
        with self._lock:
            self._running[key] = (cost, mock)

    def ended(self, key: int) -> Future[None] | None:
        """The answer has ended: its cost is kept, and is on the disk once the future is done."""
        with self._lock:
            cost, mock = self._running.pop(key, (0.0, False))
            paid = _Paid(key, time.time(), cost, mock)
            if cost and self._store is None:
                self._paid.append(paid)
        return self._store.writer.now(paid) if cost and self._store is not None else None

    def close(self) -> None:
        """Let the history go; nothing can be asked any more."""
        if self._store is not None:
            self._store.close()

    # Tokens

    def correction(self, target: str) -> float:
        """The factor that makes an estimate of this target's tokens right, as far as that was learned; else 1.

        It is the median of what was seen lately and of 1, so that one strange answer moves it only half the way.
        """
        ratios = self._known(target)
        with self._lock:
            return median([1.0, *ratios])

    def learn(self, target: str, counted: int, estimated: int) -> None:
        """The target counted so many tokens of input where so many were estimated."""
        ratio = counted / estimated if estimated >= _ENOUGH else 0.0
        if not _BELIEVED[0] <= ratio <= _BELIEVED[1]:
            return
        ratios = self._known(target)
        with self._lock:
            ratios.append(ratio)
        if self._store is not None:
            self._store.writer.soon(_Ratio(target, ratio))

    def _known(self, target: str) -> deque[float]:
        with self._lock:
            if target in self._ratios:
                return self._ratios[target]
        found: list[float] = []
        if self._store is not None:
            with suppress(AtlasError, TimeoutError):  # without it an estimate is only less good
                found = self._store.writer.call(lambda connection: _ratios(connection, target)).result(_PATIENCE)
        with self._lock:
            return self._ratios.setdefault(target, deque(found, maxlen=_LAST))


def spent(connection: sqlite3.Connection, since: float, *, mock: bool, but: Collection[int] = ()) -> float:
    """US dollars since then, without the answers of these ids."""
    marks = ", ".join("?" * len(but))
    ((total,),) = connection.execute(
        "SELECT (SELECT total(cost) FROM responses"
        f" WHERE created >= ? AND mock = ? AND NOT copied AND id NOT IN ({marks}))"
        " + (SELECT total(cost) FROM spending WHERE created >= ? AND mock = ?)",
        (since, mock, *but, since, mock),
    )
    return float(total)


def _ratios(connection: sqlite3.Connection, target: str) -> list[float]:
    last = "SELECT ratio FROM token_ratios WHERE target = ? ORDER BY id DESC LIMIT ?"
    return [ratio for (ratio,) in connection.execute(last, (target, _LAST))][::-1]


@dataclass(frozen=True, slots=True)
class _Paid:
    """The cost of an answer that is not in the history."""

    key: int
    created: float
    cost: float
    mock: bool

    def write(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT OR IGNORE INTO spending (id, created, cost, mock) VALUES (?, ?, ?, ?)",
            (self.key, self.created, self.cost, self.mock),
        )

    def written(self) -> None:
        """Nothing is kept."""


class _Ratio:
    """How a target counted; each is an entry of its own."""

    def __init__(self, target: str, ratio: float) -> None:
        self._target = target
        self._ratio = ratio

    @property
    def key(self) -> object:
        return self

    def write(self, connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO token_ratios (target, ratio) VALUES (?, ?)", (self._target, self._ratio))
        connection.execute(
            "DELETE FROM token_ratios WHERE target = ? AND id NOT IN"
            " (SELECT id FROM token_ratios WHERE target = ? ORDER BY id DESC LIMIT ?)",
            (self._target, self._target, _LAST),
        )

    def written(self) -> None:
        """Nothing is kept."""
