"""From rows to strips, and only the lines that changed to the screen."""

from __future__ import annotations

from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from atlas_tui.tui.widgets.markdown_log.blocks import Row
from atlas_tui.tui.widgets.markdown_log.cells import width
from atlas_tui.tui.widgets.markdown_log.looks import Look
from atlas_tui.tui.widgets.markdown_log.runs import Line, Run

GUTTER = 2  # cells left of the text, for the bar of a role
MARGIN = 1  # cells right of it
BAR = 1  # cells for the scrollbar

Mark = tuple[int, int, str]
"""A stretch of source to be drawn in the style of a name: a selection or something found."""


class Drawn(NamedTuple):
    """All that the look of one line depends on; two that are equal look alike."""

    row: Row
    gutter: str
    """The name of the style of the bar on the left, or "" for none."""
    thumb: bool | None
    """Whether the scrollbar's thumb is on this line; None where there is no scrollbar."""
    marks: tuple[Mark, ...] = ()
    note: str = ""
    """A text over the right end of the line."""


class Painter:
    """Makes strips of rows in one look and width."""

    def __init__(self, look: Look, columns: int) -> None:
        self.look = look
        self.columns = columns
        self._filtered: dict[Style, Style | None] = {}
        base = look["text"]
        self._gutters = {"": Segment(" " * GUTTER, base)}
        self._bars = {
            None: Segment(" " * BAR, base),
            False: Segment("▕", look["scrollbar"]),
            True: Segment("▐", look["scrollbar-thumb"]),
        }

    def strip(self, drawn: Drawn) -> Strip:
        """The strip of a line, made once for as long as the line looks the same."""
        row = drawn.row
        if drawn.marks or drawn.note:
            return self._make(drawn)
        key = (self, drawn.gutter, drawn.thumb is None)
        if row.strip is None or row.key != key:
            row.strip, row.key = self._make(drawn), key
        elif row.thumb is not drawn.thumb:  # the line has passed an end of the thumb
            *segments, _ = row.strip
            row.strip = Strip([*segments, *self._finished([self._bars[drawn.thumb]])], self.columns)
        row.thumb = drawn.thumb
        return row.strip

    def _make(self, drawn: Drawn) -> Strip:
        look, base = self.look, self.look["text"]
        room = self.columns - GUTTER - BAR
        runs = drawn.row.runs
        if drawn.marks:
            runs = marked(runs, drawn.marks, look)
        used = sum([width(run[0]) for run in runs])
        gutter = self._gutters.get(drawn.gutter)
        if gutter is None:
            gutter = self._gutters[drawn.gutter] = Segment("▌".ljust(GUTTER), look[drawn.gutter])
        line: list[Run | Segment] = [gutter, *runs]
        if drawn.note:
            note = f" {drawn.note} "
            line[1:] = Strip(_segments(runs), used).adjust_cell_length(room - width(note), base)
            line.append(Segment(note, look["new-below"]))
        elif used < room:
            line.append((" " * (room - used), base, -1))
        elif used > room:
            line[1:] = Strip(_segments(runs), used).crop(0, room)
        line.append(self._bars[drawn.thumb])
        return Strip(self._finished(line), self.columns)

    def _finished(self, line: list[Run | Segment]) -> list[Segment]:
        """The pieces of a line, those of one style joined, in the colours that the terminal has."""
        out: list[Segment] = []
        joined, last = "", line[0][1]
        for text, style, _ in line:
            if style is last:
                joined += text
            elif text:
                if joined:
                    out.append(Segment(joined, self._final(last)))
                joined, last = text, style
        out.append(Segment(joined, self._final(last)))
        return out

    def _final(self, style: Style | None) -> Style | None:
        if style is None:
            return None
        found = self._filtered.get(style)
        if found is None:
            segments = [Segment("x", style)]
            for line_filter in self.look.filters:
                segments = line_filter.apply(segments, self.look.background)
            found = self._filtered[style] = segments[0].style
        return found


def _segments(runs: Line) -> list[Segment]:
    return [Segment(text, style) for text, style, _ in runs]


def marked(runs: Line, marks: tuple[Mark, ...], look: Look) -> Line:
    """The runs with the marks on them, later marks over earlier ones."""
    for start, end, name in marks:
        style = look[name]
        out: Line = []
        for text, old, offset in runs:
            first, last = max(start - offset, 0), min(end - offset, len(text))
            if offset < 0 or first >= last:
                out.append((text, old, offset))
                continue
            if first:
                out.append((text[:first], old, offset))
            out.append((text[first:last], old + style, offset + first))
            if last < len(text):
                out.append((text[last:], old, offset + last))
        runs = out
    return runs
