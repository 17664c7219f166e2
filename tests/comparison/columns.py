"""What the tests of comparisons share: a turn answered by every column."""

from __future__ import annotations

from collections.abc import Sequence

from atlas_tui.comparison import Column, Comparison
from atlas_tui.policy import Policy, RetrySettings
from atlas_tui.turns import Turn
from tests.played import Sink


def impatient() -> Policy:
    """A policy that asks once."""
    return Policy(RetrySettings(attempts=1))


def answered(comparison: Comparison, prompt: str) -> Turn:
    """A turn that every column has answered."""
    turn = comparison.ask(prompt)
    for sink in started(comparison.columns, comparison, turn):
        sink.end()
    return turn


def started(columns: Sequence[Column], comparison: Comparison, turn: Turn) -> list[Sink]:
    """Every one of these columns answers, at the same time."""
    sinks = [Sink() for _ in columns]
    for column, sink in zip(columns, sinks, strict=True):
        comparison.start(column, turn, sink)
    return sinks


def said(turn: Turn, column: Column) -> str:
    """What a column has answered."""
    response = column.response(turn)
    assert response is not None
    return response.content
