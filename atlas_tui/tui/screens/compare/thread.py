"""A column of a comparison as the chat's `Conversation` asks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from atlas_tui.comparison import Column, Comparison
from atlas_tui.errors import ConfigError
from atlas_tui.models.base import ModelRequest, ModelResponse, Provider, Sink
from atlas_tui.policy import Policy

if TYPE_CHECKING:
    from atlas_tui.tui.screens.chat.conversation import Running
    from atlas_tui.turns import Turn


class ColumnThread:
    """One column: what it asks, it asks in the comparison."""

    def __init__(self, comparison: Comparison, column: Column) -> None:
        self.comparison = comparison
        self.column = column

    @property
    def provider(self) -> Provider:
        """Who is asked."""
        return self.column.provider

    @property
    def fallback(self) -> Sequence[Provider]:
        """Who is asked when that one fails."""
        return [each for each in self.comparison.fallback if each.target != self.column.target]

    @property
    def steering(self) -> Column:
        """The answer under way."""
        return self.column

    def request(self, turn: Turn) -> ModelRequest:
        """What is sent for a turn."""
        session = self.comparison.session
        return session.thread(self.column.number, self.provider, (), self.column.policy).request(turn)

    def start(
        self, turn: Turn, sink: Sink, *, first: Provider | None = None, extend: ModelResponse | None = None
    ) -> Running:
        """Have a turn answered."""
        return self.comparison.start(self.column, turn, sink, first=first, extend=extend)

    def choose(self, turn: Turn, response: ModelResponse) -> None:
        """Have this sibling stand in the column; what is common to all is adopted instead."""
        self.comparison.session.pick(turn, self.column.number, response)


class MergedThread(ColumnThread):
    """The column in which a model makes one answer of all others'."""

    def __init__(self, comparison: Comparison, provider: Provider) -> None:
        from atlas_tui.turns import MERGED

        super().__init__(comparison, Column(MERGED, provider, Policy()))

    def start(
        self, turn: Turn, sink: Sink, *, first: Provider | None = None, extend: ModelResponse | None = None
    ) -> Running:
        """Have the answers to a turn joined.

        Raises:
            ConfigError: there are no two answers, or a merged one is to be continued.
        """
        if extend is not None:
            raise ConfigError("a merged answer is not continued: merge again")
        self.column = self.comparison.merge(turn, self.column.provider, sink)
        return _Stopping(self.column)


class _Stopping:
    def __init__(self, column: Column) -> None:
        self._column = column

    def cancel(self) -> None:
        self._column.stop()

    def join(self, timeout: float | None = None) -> bool:
        return self._column.join(timeout)
