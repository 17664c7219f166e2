"""The widgets of a comparison, and which columns are seen at which size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.geometry import Size

from atlas_tui.tui import commands
from atlas_tui.tui.commands import KeyTable
from atlas_tui.tui.screens.compare.shelf import WIDTH
from atlas_tui.tui.widgets.key_hints import KeyHints
from atlas_tui.tui.widgets.meters import Status
from atlas_tui.tui.widgets.prompt import PromptArea
from atlas_tui.tui.widgets.too_small import TooSmall

if TYPE_CHECKING:
    from atlas_tui.tui.screens.compare.column_view import ColumnView
    from atlas_tui.tui.screens.compare.shelf import PassageShelf
    from atlas_tui.tui.widgets.column import ColumnTabs
    from atlas_tui.tui.widgets.find_bar import FindBar
    from atlas_tui.tui.widgets.race_table import RaceTable

_SIDE_BY_SIDE = 100
"""Cells below which one column is seen at a time."""
_NARROWEST, _MOST = 28, 4
"""Cells that a column needs, and how many are side by side at most."""
_HIGH = 24


class Layout:
    """What stands where."""

    CSS = """
    CompareScreen {
        & #body, & #columns { height: 1fr; }
        & PromptArea { padding: 1; background: $surface; border-left: outer $primary; }
        & PromptArea.-low { padding: 0 1; }
    }
    """

    def __init__(self, keys: KeyTable, size: Callable[[], Size]) -> None:
        self._size = size
        self.prompt = PromptArea(
            [(action.slash, action.argument, action.text) for action in commands.offered("compare")],
            send_keys=keys["send"],
            newline_keys=keys["newline"],
        )
        self.status = Status()
        self.status.full = False
        self.hints = KeyHints()
        self.columns = Horizontal(id="columns")
        self._body = Vertical(id="body")
        self._too_small = TooSmall(self._body, lambda: self.prompt.editor)
        self.expanded = False
        """One column is seen alone."""
        # What needs the log comes with the first columns.
        self.tabs: ColumnTabs
        self.race: RaceTable
        self.find_bar: FindBar
        self.shelf: PassageShelf

    def compose(self) -> ComposeResult:
        """Room for the columns, the prompt below."""
        yield self._too_small
        with self._body:
            yield self.columns
            yield self.prompt
            yield self.status
            yield self.hints

    def complete(self, find_bar: FindBar, shelf: PassageShelf) -> None:
        """Put in what stands around the columns."""
        from atlas_tui.tui.widgets.column import ColumnTabs
        from atlas_tui.tui.widgets.race_table import RaceTable

        self.tabs, self.race, self.find_bar, self.shelf = ColumnTabs(), RaceTable(), find_bar, shelf
        self.tabs.display = self.race.display = False
        self._body.mount(self.tabs, before=self.columns)
        self._body.mount(self.race, self.find_bar, after=self.columns)
        self.columns.mount(self.shelf)
        self.prompt.fill()

    def room(self) -> int:
        """How many columns can be seen at once."""
        width = self._size().width
        if self.expanded or width < _SIDE_BY_SIDE:
            return 1
        beside = WIDTH if self.shelf.display else 0
        return max(1, min(_MOST, (width - beside) // _NARROWEST))

    def fit(self) -> None:
        """Lay out for the size of now."""
        width, height = self._size()
        self._too_small.fit(width, height)
        self.prompt.set_class(height < _HIGH, "-low")

    def arrange(self, views: Sequence[ColumnView], current: ColumnView) -> list[ColumnView]:
        """Show the current column, the pinned ones, and as many others as there is room for; gives those seen."""
        seen = seen_of(views, current, self.room())
        first = True
        for view in views:
            shown = view in seen
            if view.pane.display != shown:
                view.pane.display = shown
            view.pane.set_class(shown and not first, "-divided")
            first = first and not shown
            view.pane.head.set_class(view is current, "-current")
        self.tabs.display = len(seen) < len(views)
        return seen


def seen_of(views: Sequence[ColumnView], current: ColumnView, room: int) -> list[ColumnView]:
    """Which columns are seen: the current one first, then the pinned ones, then those nearest to the current one."""
    at = views.index(current)
    near = sorted(views, key=lambda view: (view is not current, not view.pinned, abs(views.index(view) - at)))
    return [view for view in views if view in near[:room]]
