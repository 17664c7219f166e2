"""Tables: the widths of columns, and rows as lines."""

from __future__ import annotations

from bisect import bisect_right
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
_WORDS = (32, 20, 14, 10)
"""The longest word, in cells, that no column breaks: the first that there is room for. With room for none of them
rows are drawn as records too: columns of broken words are hard to read."""
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


def _longest_word(cell: Cell) -> int:
    if cell.width <= NARROWEST:
        return cell.width
    text = "".join([run[0] for run in cell.runs])
    if cells.width(text) != len(text):
        return NARROWEST  # wide characters part anywhere
    longest = max(map(len, text.split()), default=0)
    if longest > _WORDS[-1] and ("-" in text or "/" in text):  # where a line may end too
        longest = max(map(len, text.replace("-", "- ").replace("/", "/ ").split()), default=0)
    return max(longest, NARROWEST)


def measures(row: Row, tight: bool) -> list[int]:
    """The natural width of each cell; where there is no room for that, then those of their longest words too."""
    naturals = [cell.width for cell in row]
    return naturals + [_longest_word(cell) for cell in row] if tight else naturals


def fits(naturals: list[int], limit: int) -> bool:
    """Whether there is room for columns of these natural widths."""
    return sum(naturals) <= limit - len(_SEPARATOR) * (len(naturals) - 1)


def grid(measured: list[int], aligned: tuple[str, ...], limit: int) -> Grid:
    """The columns for the largest measures of all rows: all as wide as they are where they fit; else the narrow ones
    stay as they are and the wide ones share what is left, none less than its words need."""
    count = len(aligned)
    naturals, words = measured[:count], measured[count:]
    if fits(naturals, limit):
        return Grid(tuple(naturals), aligned, True, False)
    room = limit - len(_SEPARATOR) * (count - 1)
    for longest in _WORDS:
        least = [word if word <= longest else _WORDS[-1] for word in words]
        if sum(least) <= room:
            return Grid(_shared(naturals, least, room), aligned, False, False)
    return Grid(tuple(naturals), aligned, False, True)


def _shared(naturals: list[int], least: list[int], room: int) -> tuple[int, ...]:
    """All of the room, shared so that each column has at least so much, none more than it is wide, and all others the
    same."""
    columns = list(zip(least, naturals, strict=True))

    def widths(share: int) -> list[int]:
        return [min(max(share, few), many) for few, many in columns]

    share = bisect_right(range(room), room, key=lambda share: sum(widths(share))) - 1
    found, more = widths(share), widths(share + 1)
    left = room - sum(found)
    for column, (width, wider) in enumerate(zip(found, more, strict=True)):
        if wider > width and left:
            found[column], left = wider, left - 1
    return tuple(found)


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
