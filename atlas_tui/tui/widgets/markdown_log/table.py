"""Tables: the widths of columns, and rows as lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from markdown_it.common.utils import mdTrim
from markdown_it.rules_block.table import escapedSplit
from markdown_it.token import Token
from rich.style import Style

from atlas_tui.tui.widgets.markdown_log import cells
from atlas_tui.tui.widgets.markdown_log.looks import Look
from atlas_tui.tui.widgets.markdown_log.runs import Line, Run, flow

if TYPE_CHECKING:
    from atlas_tui.tui.widgets.markdown_log.layout import Flow

NARROWEST = 7  # cells; with less than that for a column, rows are drawn as records
_SEPARATOR = " │ "


class Cell(NamedTuple):
    """The runs of a cell, and its natural width in terminal cells."""

    runs: Line
    width: int
    single: bool
    """Whether it has no line break of its own."""


Row = list[Cell]


class Grid(NamedTuple):
    """How the columns of a table are drawn in a given width."""

    widths: tuple[int, ...]
    aligns: tuple[str, ...]
    fits: bool
    """Whether each cell takes one line; else rows are drawn with rules between them."""
    records: bool
    """Whether there is no room for columns, and each cell is drawn as `header: cell`."""


def aligns(group: list[Token]) -> tuple[str, ...]:
    """The alignment of each column (`left`, `center`, `right`)."""
    return tuple(
        str(token.attrs.get("style", "text-align:left")).removeprefix("text-align:")
        for token in group
        if token.type == "th_open"
    )


def rows(flow_: Flow, group: list[Token]) -> Iterator[Row]:
    """The rows of a table's tokens, its header first."""
    contents: list[str] = []
    number = 0
    base = flow_.base
    for token in group:
        if token.type == "tr_open":
            contents, number = [], token.map[0] if token.map else 0
        elif token.type in ("th_open", "td_open"):
            base = "table-head" if token.type == "th_open" else flow_.base
        elif token.type == "tr_close":
            yield _row(flow_, contents, number, base)
        elif token.type == "inline":
            contents.append(token.content)


def body_row(flow_: Flow, number: int, columns: int) -> Row:
    """The row in the line of this number, which is known to be one below the header: as markdown-it splits it."""
    line = mdTrim(flow_.lines[number])
    contents = escapedSplit(line) if "\\" in line else line.split("|")
    if contents and not contents[0]:
        del contents[0]
    if contents and not contents[-1]:
        del contents[-1]
    del contents[columns:]
    contents += [""] * (columns - len(contents))
    return _row(flow_, [mdTrim(content) for content in contents], number, flow_.base)


def _row(flow_: Flow, contents: list[str], number: int, base: str) -> Row:
    line = flow_.lines[number] if number < len(flow_.lines) else ""
    row: Row = []
    column = 0
    for content in contents:
        column = max(line.find(content, column), column)
        runs = flow_.content(content, number, base, column)
        column += len(content)
        text = runs[0][0] if len(runs) == 1 else "".join([run[0] for run in runs])
        if "\n" in text:
            row.append(Cell(runs, max([cells.width(part) for part in text.split("\n")]), False))
        else:
            row.append(Cell(runs, cells.width(text), True))
    return row


def grid(naturals: list[int], aligned: tuple[str, ...], limit: int) -> Grid:
    """The columns for these natural widths: all of them where they fit, else the narrow ones stay as they are
    and the wide ones share what is left."""
    room = limit - len(_SEPARATOR) * (len(naturals) - 1)
    if sum(naturals) <= room:
        return Grid(tuple(naturals), aligned, True, False)
    widths = [0] * len(naturals)
    wide = sorted(range(len(naturals)), key=lambda column: naturals[column])
    while wide:
        share = room // len(wide)
        column = wide[0]
        if naturals[column] > share:
            break
        widths[column] = naturals[column]
        room -= naturals[column]
        del wide[0]
    for place, column in enumerate(wide):
        widths[column] = room // len(wide) + (place < room % len(wide))
    records = any(widths[column] < min(NARROWEST, naturals[column]) for column in wide)
    return Grid(tuple(widths), aligned, False, records)


def row_lines(row: Row, header: Row, layout: Grid, look: Look, limit: int) -> list[Line]:
    """One row, its cells wrapped in their columns."""
    if layout.records:
        return _record(row, header, look, limit)
    text = look["text"]
    bar: Run = (_SEPARATOR, look["table-rule"], -1)
    line: Line = []
    for cell, width, align in zip(row, layout.widths, layout.aligns, strict=True):
        if not cell.single or cell.width > width:
            break
        if line:
            line.append(bar)
        _place(line, cell.runs, width - cell.width, align, text)
    else:
        return [line]
    columns = [
        [cell.runs] if cell.single and cell.width <= width else flow(cell.runs, width)
        for cell, width in zip(row, layout.widths, strict=True)
    ]
    out: list[Line] = []
    for number in range(max([len(lines) for lines in columns], default=0)):
        line = []
        for lines, width, align in zip(columns, layout.widths, layout.aligns, strict=True):
            if line:
                line.append(bar)
            runs = lines[number] if number < len(lines) else []
            _place(line, runs, width - sum([cells.width(run[0]) for run in runs]), align, text)
        out.append(line)
    return out


def _place(line: Line, runs: Line, missing: int, align: str, text: Style) -> None:
    """Add one line of a cell, which is so many cells narrower than its column."""
    left = missing if align == "right" else missing // 2 if align == "center" else 0
    if left > 0:
        line.append((" " * left, text, -1))
    line.extend(runs)
    if missing > left:
        line.append((" " * (missing - left), text, -1))


def rule(layout: Grid, look: Look, limit: int) -> Line:
    """The thin line below the header, and between rows of several lines."""
    if layout.records:
        return [("─" * min(limit, 24), look["table-rule"], -1)]
    return [("─┼─".join(["─" * width for width in layout.widths]), look["table-rule"], -1)]


def ruled(layout: Grid, number: int) -> bool:
    """Whether a rule stands above the row of this number (0 is the first below the header)."""
    return number > 0 if layout.records else number == 0 or not layout.fits


def _record(row: Row, header: Row, look: Look, limit: int) -> list[Line]:
    out: list[Line] = []
    for head, cell in zip(header, row, strict=True):
        label = [(text, style, -1) for text, style, _ in head.runs]
        runs = cell.runs if cell is head else [*label, (": ", look["table-rule"], -1), *cell.runs]
        out.extend(flow(runs, limit))
    return out
