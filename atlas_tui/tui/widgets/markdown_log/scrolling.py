"""Moving the window over the messages, by keys and by the wheel."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from atlas_tui.tui.widgets.markdown_log.canvas import Canvas
from atlas_tui.tui.widgets.markdown_log.view import Place

WHEEL = 3  # rows that a notch of the mouse wheel moves


class Scrolling(Canvas):
    """The window can be moved."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown,space", "page(1)", "Page down", show=False),
        Binding("home,g", "home", "Top", show=False),
        Binding("end,G", "end", "End", show=False),
    ]

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.rest_above: Callable[[], None] | None = None
        """Puts in, at once, the messages that are still to come above all others; None where there are none."""

    def scroll_to_end(self) -> None:
        """Show the end, and follow it."""
        self._view.following = True
        self._changed()

    def scroll_to_home(self) -> None:
        """Show the beginning."""
        self._complete()
        self._draw()
        self._view.go(Place(0, 0, 0))
        self._changed()

    def _complete(self) -> None:
        if self.rest_above is not None:
            self.rest_above()

    def scroll_rows(self, rows: int) -> None:
        """Move down by some rows, up by a negative number."""
        self._draw()
        self._view.move(rows)
        self._changed()

    def page_up(self) -> None:
        """Move up by a page, of which one row stays in sight."""
        self.scroll_rows(1 - self.size.height)

    def page_down(self) -> None:
        """Move down by a page, of which one row stays in sight."""
        self.scroll_rows(self.size.height - 1)

    def action_move(self, rows: int) -> None:
        """Move by some rows."""
        self.scroll_rows(rows)

    def action_page(self, pages: int) -> None:
        """Move by a page up or down."""
        self.scroll_rows(pages * (self.size.height - 1))

    def action_home(self) -> None:
        """Show the beginning."""
        self.scroll_to_home()

    def action_end(self) -> None:
        """Show the end."""
        self.scroll_to_end()

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        event.prevent_default()
        self.scroll_rows(-WHEEL)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        event.prevent_default()
        self.scroll_rows(WHEEL)
