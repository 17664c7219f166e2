"""Selecting text, and doing so by keys.

Textual's selections are pairs of offsets (x, y) in a widget. Here y is the text (two for each message: its reasoning
and its answer) and x the character in its source: so a selection survives new text, scrolling and reflow, and copying
is slicing the source.
"""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.selection import Selection
from textual.strip import Strip

from atlas_tui.tui.widgets.markdown_log.message import Message
from atlas_tui.tui.widgets.markdown_log.paint import GUTTER, Mark
from atlas_tui.tui.widgets.markdown_log.scrolling import Scrolling
from atlas_tui.tui.widgets.markdown_log.stream import Stream
from atlas_tui.tui.widgets.markdown_log.view import Place, Seen

_NOWHERE = -2


class Selecting(Scrolling):
    """The log's text can be selected and copied."""

    ALLOW_SELECT = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("shift+up", "select_rows(-1)", "Select up", show=False),
        Binding("shift+down", "select_rows(1)", "Select down", show=False),
        Binding("shift+left", "select_characters(-1)", "Select left", show=False),
        Binding("shift+right", "select_characters(1)", "Select right", show=False),
        Binding("shift+pageup", "select_page(-1)", "Select a page up", show=False),
        Binding("shift+pagedown", "select_page(1)", "Select a page down", show=False),
        Binding("ctrl+a", "select_all", "Select all", show=False),
    ]

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._anchor: Offset | None = None  # where a selection by keys began
        self._head: Offset | None = None  # and where it is now

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The source under a selection; messages are set apart by a blank line."""
        parts = []
        for number, message in enumerate(self._messages):
            for line, stream in ((2 * number, message.reasoning), (2 * number + 1, message.answer)):
                span = selection.get_span(line)
                if span is None or (stream is message.reasoning and not message.reasoning_open):
                    continue
                start, end = span
                text = stream.source[start : None if end < 0 else end].strip("\n")
                if text:
                    parts.append(text)
        return ("\n\n".join(parts), "\n") if parts else None

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw the selection."""
        if selection is None:
            self._anchor = self._head = None
        self._changed()

    def _shift_selection(self, messages: int) -> None:
        """So many messages were put above all others: the same text stays selected."""

        def down(place: Offset | None) -> Offset | None:
            return None if place is None else place + Offset(0, 2 * messages)

        self._anchor, self._head = down(self._anchor), down(self._head)
        selected = self.text_selection if self.is_attached else None
        if selected is not None:
            moved = Selection(down(selected.start), down(selected.end))
            self.screen.selections = {**self.screen.selections, self: moved}

    def render_line(self, y: int) -> Strip:
        """A line with the offsets that Textual's selection of text reads from its segments."""
        strip = super().render_line(y)
        if y >= len(self._seen) or self._seen[y].message is None or self._drawn[y].note:
            return strip
        line = self._seen[y]
        runs = line.row.runs
        # A cell of the gutter or of a decoration stands for the next character of the source.
        places: list[int] = []
        after = self._nearest(line)
        for text, _, offset in reversed(runs):
            if offset >= 0:
                places[:0] = range(offset, offset + len(text))
                after = offset
            elif places or all(run[2] < 0 for run in runs):
                places[:0] = [after] * len(text)
            else:
                places[:0] = [_NOWHERE] * len(text)
        places[:0] = [after] * GUTTER
        return _with_offsets(strip, places, self._text_number(line))

    def _nearest(self, line: Seen) -> int:
        """The place in the source that a line without source stands for."""
        if line.message is not None and line.block is line.message.gap:
            return len(line.message.answer.source)
        return line.block.start if line.block is not None else 0

    def _text_number(self, line: Seen) -> int:
        message, block = line.message, line.block
        assert message is not None
        number = self._messages.index(message)
        return 2 * number + (block is None or block.stream is not message.reasoning)

    @property
    def _marking(self) -> bool:
        return self.text_selection is not None or super()._marking

    def _marks(self, line: Seen) -> tuple[Mark, ...]:
        marks = super()._marks(line)
        selection = self.text_selection
        if selection is None or line.message is None:
            return marks
        span = selection.get_span(self._text_number(line))
        if span is None:
            return marks
        start, end = span
        return (*marks, (start, end if end >= 0 else 1 << 40, "selection"))

    # By keys

    def action_select_all(self) -> None:
        """Select all there is."""
        self.text_select_all()

    def action_select_rows(self, rows: int) -> None:
        """Extend the selection by some rows."""
        self._begin()
        if self._head is None:
            return
        place = self._place_of(self._head)
        for _ in range(abs(rows)):
            place = self._next_text(place, 1 if rows > 0 else -1)
        offset = self._offset_at(place, after=rows > 0)
        if offset is not None:
            self._select_to(offset)

    def _next_text(self, place: Place, step: int) -> Place:
        """The next row that shows source, in a direction; the same row where there is none."""
        following = place
        while True:
            before, view = following, self._view
            following = view.down(before, 1) if step > 0 else view.up(before, 1)
            if following == before:
                return place
            block = view.block(following)
            if block is not None and any(run[2] >= 0 for run in view.laid(block)[following.row].runs):
                return following

    def action_select_page(self, pages: int) -> None:
        """Extend the selection by a page."""
        self.action_select_rows(pages * max(self.size.height - 1, 1))

    def action_select_characters(self, characters: int) -> None:
        """Extend the selection by some characters of the source."""
        self._begin()
        if self._head is None:
            return
        x, y = self._head
        x += characters
        length = len(self._stream(y).source)
        if x < 0 and y > 0:
            y -= 1
            x = len(self._stream(y).source)
        elif x > length and y + 1 < 2 * len(self._messages):
            x, y = 0, y + 1
        self._select_to(Offset(min(max(x, 0), len(self._stream(y).source)), y))

    def _begin(self) -> None:
        """Let a selection by keys begin at the focused message, else at the top of the window."""
        self._draw()
        if self._head is not None or not self._messages:
            return
        focused = self._selected_message()
        if focused is not None:
            start: Offset | None = Offset(0, 2 * self._messages.index(focused) + 1)
        else:
            start = self._offset_at(self._view.top, after=False)
        self._anchor = self._head = start

    def _selected_message(self) -> Message | None:
        """The message at which a selection by keys begins."""
        return None

    def _select_to(self, head: Offset) -> None:
        anchor = self._anchor or head
        self._anchor, self._head = anchor, head
        self.screen.selections = {self: Selection.from_offsets(anchor, head)}
        self._show(self._place_of(head))

    def _show(self, place: Place) -> None:
        """Bring a row into sight."""
        view = self._view
        if place < view.top:
            view.go(place)
        elif not view.sees(place):
            view.go(place, view.height - 1)
        self._changed()

    def _stream(self, number: int) -> Stream:
        message = self._messages[number // 2]
        return message.answer if number % 2 else message.reasoning

    def _place_of(self, offset: Offset) -> Place:
        return self._view.locate(offset.y // 2, self._stream(offset.y), offset.x)

    def _offset_at(self, place: Place, after: bool) -> Offset | None:
        """The first place in the source that a row shows, or the one after its last."""
        message = self._messages[place.message]
        block = self._view.block(place)
        if block is None:
            return None
        runs = [run for run in self._view.laid(block)[place.row].runs if run[2] >= 0]
        line = Seen(self._view.laid(block)[place.row], block, message)
        if not runs:
            return Offset(self._nearest(line), self._text_number(line))
        x = runs[-1][2] + len(runs[-1][0]) if after else runs[0][2]
        return Offset(x, self._text_number(line))


def _with_offsets(strip: Strip, places: list[int], number: int) -> Strip:
    """The strip, its segments cut where the places of their characters in the source do not follow on."""
    segments: list[Segment] = []
    places = [*places, *[_NOWHERE] * (len(strip.text) - len(places))]
    at = 0
    for text, style, _ in strip:
        start = 0
        for end in range(1, len(text) + 1):
            if end < len(text) and places[at + end] == places[at + end - 1] + 1:
                continue
            place = places[at + start]
            if place >= 0:
                offset = Style.from_meta({"offset": (place, number)})
                segments.append(Segment(text[start:end], style + offset if style else offset))
            else:
                segments.append(Segment(text[start:end], style))
            start = end
        at += len(text)
    return Strip(segments, strip.cell_length)
