"""What the mouse does: it drags the scrollbar, selects text, and clicks links."""

from __future__ import annotations

from typing import TypeAlias

from textual import events
from textual.geometry import Offset
from textual.selection import Selection
from textual.timer import Timer

from atlas_tui.tui.widgets.markdown_log import messages
from atlas_tui.tui.widgets.markdown_log.selection import Selecting
from atlas_tui.tui.widgets.markdown_log.view import Seen

_EDGE_PERIOD = 0.05  # seconds between two rows while a selection is dragged over an edge


class Pointing(Selecting):
    """The log can be used with a mouse."""

    LinkClicked: TypeAlias = messages.LinkClicked

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._dragging = False
        self._edge_timer: Timer | None = None
        self._edge_step = 0

    def _on_mouse_down(self, event: events.MouseDown) -> None:  # type: ignore[override]
        if event.button == 1 and event.x >= self.size.width - 1 and self._view.overflows:
            event.stop()
            self.screen.clear_selection()
            self.capture_mouse()
            self._dragging = True
            self._drag_thumb(event.y)

    def _on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragging:
            self._drag_thumb(event.y)
            return
        selecting = event.button == 1 and self.text_selection is not None
        step = 0
        if selecting and event.y >= self.size.height - 1:
            step = 1
        elif selecting and event.y <= 0:
            step = -1
        self._scroll_at_edge(step)

    def _on_mouse_up(self, event: events.MouseUp) -> None:  # type: ignore[override]
        self._scroll_at_edge(0)
        if self._dragging:
            self._dragging = False
            self.release_mouse()
            event.stop()

    def _drag_thumb(self, y: int) -> None:
        """Move so that the thumb of the scrollbar is about at this line."""
        self._draw()
        height = self.size.height
        if y >= height - 1:
            self.scroll_to_end()
            return
        total = self._view.total()
        self._view.go(self._view.at(max(y, 0) * max(total - height, 0) // max(height - 1, 1)))
        self._changed()

    def _scroll_at_edge(self, step: int) -> None:
        self._edge_step = step
        if step and self._edge_timer is None:
            self._edge_timer = self.set_interval(_EDGE_PERIOD, self._over_edge)
        elif not step and self._edge_timer is not None:
            self._edge_timer.stop()
            self._edge_timer = None

    def _over_edge(self) -> None:
        """Scroll by a row, and let the selection grow with it."""
        selection = self.text_selection
        if selection is None or selection.start is None or selection.end is None:
            self._scroll_at_edge(0)
            return
        self.scroll_rows(self._edge_step)
        rows = self._view.rows()
        below = self._edge_step > 0
        place = self._view.down(self._view.top, len(rows) - 1) if below else self._view.top
        head = self._offset_at(place, after=below)
        if head is not None:
            anchor = selection.start if below else selection.end
            self.screen.selections = {self: Selection.from_offsets(anchor, head)}

    async def _on_click(self, event: events.Click) -> None:
        event.prevent_default()  # a double click on any widget selects all of its text
        if event.y >= len(self._seen) or event.x >= self.size.width - 1:
            return
        line = self._seen[event.y]
        if line.message is None or line.block is None:
            return
        _, offset = self.screen.get_widget_and_offset_at(event.screen_x, event.screen_y)
        if offset is None:
            return
        if event.chain == 2:
            self._select_word(offset)
        elif event.chain == 3:
            self.screen.selections = {
                self: Selection(Offset(line.block.start, offset.y), Offset(line.block.end, offset.y))
            }
        elif event.chain == 1:
            self._clicked(line, offset.x)

    def _clicked(self, line: Seen, at: int) -> None:
        """A line was clicked at this place of its source."""
        if line.block is None:
            return
        for link in line.block.links:
            if link.start <= at < link.end:
                self.post_message(self.LinkClicked(self, link.href))
                return

    def _select_word(self, offset: Offset) -> None:
        source = self._stream(offset.y).source
        start = end = min(offset.x, len(source))
        while start > 0 and (source[start - 1].isalnum() or source[start - 1] == "_"):
            start -= 1
        while end < len(source) and (source[end].isalnum() or source[end] == "_"):
            end += 1
        if start < end:
            self.screen.selections = {self: Selection(Offset(start, offset.y), Offset(end, offset.y))}
