"""From rows to strips, and only the lines that changed to the screen."""

from __future__ import annotations

from typing import NamedTuple

from rich.segment import Segment
from textual.strip import Strip

from atlas_tui.tui.widgets.markdown_log.blocks import Row
from atlas_tui.tui.widgets.markdown_log.cells import width
from atlas_tui.tui.widgets.markdown_log.looks import Look
from atlas_tui.tui.widgets.markdown_log.runs import Line

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
        key = (self, drawn.gutter, drawn.thumb)
        if not drawn.marks and not drawn.note:
            if row.key == key and row.strip is not None:
                return row.strip
            row.strip, row.key = self._make(drawn), key
            return row.strip
        return self._make(drawn)

    def _make(self, drawn: Drawn) -> Strip:
        look, base = self.look, self.look["text"]
        room = self.columns - GUTTER - BAR
        runs = drawn.row.runs
        if drawn.marks:
            runs = marked(runs, drawn.marks, look)
        segments = [Segment(text, style) for text, style, _ in runs]
        used = sum([width(run[0]) for run in runs])
        if drawn.note:
            note = f" {drawn.note} "
            segments = list(Strip(segments, used).adjust_cell_length(room - width(note), base))
            segments.append(Segment(note, look["new-below"]))
        elif used < room:
            segments.append(Segment(" " * (room - used), base))
        elif used > room:
            segments = list(Strip(segments, used).crop(0, room))
        gutter = self._gutters.get(drawn.gutter)
        if gutter is None:
            gutter = self._gutters[drawn.gutter] = Segment("▌".ljust(GUTTER), look[drawn.gutter])
        strip = Strip([gutter, *segments, self._bars[drawn.thumb]], self.columns)
        for line_filter in look.filters:
            strip = strip.apply_filter(line_filter, look.background)
        return strip


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
