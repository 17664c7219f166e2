"""Where a comparison shows the passages that all its columns get: at the right of them."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from atlas_tui.tui import commands
from atlas_tui.tui.commands import KeyTable
from atlas_tui.tui.widgets.context import Context

WIDTH = 48
_ROOMY = 132
"""Cells from which on two columns have room beside it."""


class PassageShelf(VerticalScroll, can_focus=False):
    """A `Shelf`.

    Args:
        on_change: called when it has come or gone: the columns have another width.
        in_transcript: whether a column has the focus.
    """

    DEFAULT_CSS = f"""
    PassageShelf {{
        dock: right;
        width: {WIDTH};
        height: 1fr;
        padding: 1 2;
        display: none;
        background: $surface;
        scrollbar-size-vertical: 1;
        &:ansi {{ border-left: solid ansi_bright_black; }}
        & > Static {{ color: $text-muted; text-style: bold; height: 1; }}
    }}
    """

    def __init__(self, keys: KeyTable, on_change: Callable[[], None], in_transcript: Callable[[], bool]) -> None:
        super().__init__()
        self.context = Context()
        commands.bind(self.context, "passages", keys)
        self._on_change = on_change
        self._in_transcript = in_transcript

    def compose(self) -> ComposeResult:
        """The passages under their heading."""
        yield Static("CONTEXT")
        yield self.context

    @property
    def in_transcript(self) -> bool:
        """Whether the keys are those of an answer."""
        return self._in_transcript()

    @property
    def in_context(self) -> bool:
        """Whether the keys are those of the passages."""
        return self.context.list.has_focus

    def widen(self, wide: bool) -> None:
        """Passages go along, or not: with them it stands there where there is room."""
        self.show_context(wide)

    def show_context(self, shown: bool) -> None:
        """Let the passages be seen, where there is room."""
        if not shown or self.app.size.width >= _ROOMY:
            self._show(shown)

    def reveal(self) -> None:
        """Let the passages be seen, whatever the room."""
        self._show(True)

    def put_away(self) -> None:
        """Where there is little room, leave it to the columns."""
        if self.app.size.width < _ROOMY:
            self._show(False)

    def _show(self, shown: bool) -> None:
        if self.display != shown:
            self.display = shown
            self._on_change()
