"""The race: who was first, fastest and cheapest in one turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from atlas_tui.comparison.comparison import Column
from atlas_tui.comparison.progress import RUNNING, State
from atlas_tui.models.base import CostEstimate, ModelResponse
from atlas_tui.pricing import UNKNOWN_COST
from atlas_tui.turns import Turn

BEST: dict[str, Callable[[float], float]] = {
    "ttft": lambda value: value,
    "total": lambda value: value,
    "rate": lambda value: -value,
    "cost": lambda value: value,
}
"""The figures of which one can be best, and the order of each: the smallest is best."""
_DIGITS = {"ttft": 2, "total": 2, "rate": 1, "cost": 6}
"""As they are shown."""


@dataclass(frozen=True, slots=True)
class RaceRow:
    """How one column does in a turn. Figures that are not there yet are None; times in seconds."""

    column: int
    target: str
    state: State = "idle"
    place: int | None = None
    """By the order of finish, from 1; None while it runs, and where there is no whole answer."""
    reason: str = ""
    """Why it has failed, in words; for a whole answer its finish reason."""
    ttft: float | None = None
    total: float | None = None
    """Of all its attempts, with the waits between them; so far, while it runs."""
    rate: float | None = None
    """Output tokens per second since the first."""
    tokens: int | None = None
    """Of the output."""
    tokens_estimated: bool = True
    words: int = 0
    cost: CostEstimate = UNKNOWN_COST
    attempts: int = 0
    best: frozenset[str] = frozenset()
    """In which of the figures in `BEST` no other is better, and at least one is worse."""
    mock: bool = False


def race(turn: Turn, columns: Iterable[Column]) -> list[RaceRow]:
    """The table of a turn: whole answers in their order of finish, then what runs, then the rest, both in the order
    of the columns. A row moves only when an answer ends, so it can be drawn as often as one likes."""
    rows = [_row(turn, column) for column in columns]
    return ranked(rows)


def ranked(rows: Sequence[RaceRow]) -> list[RaceRow]:
    """The rows in their order, with places and best marks."""
    done = sorted((row for row in rows if row.state == "done"), key=lambda row: row.total or 0.0)
    placed = [replace(row, place=place) for place, row in enumerate(done, 1)]
    running = [row for row in rows if row.state in RUNNING]
    rest = [row for row in rows if row.state not in RUNNING and row.state != "done"]
    best = {name: _best(name, [*placed, *running] if name == "ttft" else placed) for name in BEST}
    return [
        replace(row, best=frozenset(name for name in BEST if row.column in best[name]))
        for row in (*placed, *running, *rest)
    ]


def row_of(column: int, response: ModelResponse, error: tuple[str, str] | None = None) -> RaceRow:
    """The row of an answer that has ended.

    Args:
        column: its number.
        response: the answer.
        error: kind and words of why it is not whole, where its ending said so; else its last attempt does.
    """
    last = response.attempts[-1] if response.attempts else None
    kind, words = error or ((last.error, last.message) if last else (None, ""))
    timing, usage = response.timing, response.usage
    return RaceRow(
        column,
        f"{response.provider}:{response.model}".rstrip(":"),
        "done" if response.complete else "stopped" if kind == "cancelled" else "failed",
        reason=(response.finish_reason or "") if response.complete else words,
        ttft=timing.ttft,
        total=sum(attempt.waited + attempt.duration for attempt in response.attempts) or timing.duration,
        rate=timing.tokens_per_second,
        tokens=usage.output_tokens,
        tokens_estimated=usage.estimated,
        words=len(response.content.split()),
        cost=response.cost,
        attempts=max(1, len(response.attempts)),
        mock=response.mock,
    )


def _row(turn: Turn, column: Column) -> RaceRow:
    progress = column.progress_in(turn)
    if progress is not None and progress.end is None:
        return RaceRow(
            column.number,
            progress.target or column.target,
            progress.state,
            ttft=progress.ttft,
            total=progress.elapsed,
            tokens=progress.usage.output_tokens if progress.usage else None,
            words=len(progress.text.split()),
            cost=progress.cost or UNKNOWN_COST,
            attempts=progress.attempts,
            mock=column.provider.is_mock,
        )
    response = column.response(turn)
    if progress is None or progress.end is None:
        idle = RaceRow(column.number, column.target, mock=column.provider.is_mock)
        return idle if response is None else row_of(column.number, response)
    error = progress.end.error
    row = row_of(column.number, progress.end.response, (error.kind, str(error)) if error else None)
    return replace(row, target=row.target or column.target)


def _best(name: str, rows: Sequence[RaceRow]) -> set[int]:
    order = BEST[name]
    figures: dict[int, float] = {}
    for row in rows:
        value = row.cost.total if name == "cost" else getattr(row, name)
        if value is not None:  # what looks the same is the same
            figures[row.column] = order(round(value, _DIGITS[name]))
    if len(set(figures.values())) < 2:
        return set()
    least = min(figures.values())
    return {column for column, value in figures.items() if value == least}
