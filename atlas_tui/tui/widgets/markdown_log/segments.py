"""Fenced code and tables at top level: blocks of some lines each, with what those lines have in common."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from atlas_tui.tui.widgets.markdown_log import code, table
from atlas_tui.tui.widgets.markdown_log.blocks import BLANK, Block, Row, guess
from atlas_tui.tui.widgets.markdown_log.grammar import top_blocks
from atlas_tui.tui.widgets.markdown_log.inline import Link
from atlas_tui.tui.widgets.markdown_log.layout import Flow, SourceLines
from atlas_tui.tui.widgets.markdown_log.looks import Look
from atlas_tui.tui.widgets.markdown_log.runs import Line, code_line, code_runs, pad

if TYPE_CHECKING:
    from atlas_tui.tui.widgets.markdown_log.stream import Stream

SEGMENT = 64  # lines of code or rows of a table in one block


class Fence:
    """What the segments of a fenced block of code have in common."""

    __slots__ = ("_closes", "indent", "label", "language")

    def __init__(self, opening: str) -> None:
        stripped = opening.lstrip(" ")
        self.indent = len(opening) - len(stripped)
        marks = len(stripped) - len(stripped.lstrip(stripped[0]))
        self.label = stripped[marks:].strip()
        self.language = self.label.split(" ")[0]
        self._closes = re.compile(rf" {{0,3}}{re.escape(stripped[0])}{{{marks},}}[ \t]*\Z").match

    def closes(self, line: str) -> bool:
        """Whether this line is the end of the block."""
        return self._closes(line) is not None

    def may_close(self, line: str) -> bool:
        """Whether this beginning of a line may still become the end."""
        return bool(line) and not line.strip(" `~")


class Lines(Block):
    """Some lines of something at top level that grows line by line."""

    __slots__ = ("lines",)

    weight = SEGMENT

    def __init__(self, stream: Stream, start: int) -> None:
        super().__init__(stream, start, start, gap=False)
        self.lines = 0
        """How many complete lines it has."""

    def follower(self, start: int) -> Lines:
        """The block for the lines from there on."""
        raise NotImplementedError

    def adopt(self, old: Block) -> None:
        raise NotImplementedError("grows in place")


class Code(Lines):
    """Lines of fenced code. Complete lines are lexed once while they arrive; the one being written, each time."""

    __slots__ = ("_done", "_end_state", "_loose", "_state", "fence", "previous")

    def __init__(self, stream: Stream, start: int, fence: Fence, previous: Code | None) -> None:
        super().__init__(stream, start)
        self.fence = fence
        self.previous = previous
        self._done = start  # up to where `_rows` holds complete lines
        self._loose = 0  # rows at the end of `_rows` for the line being written
        self._state = code.START
        self._end_state: code.State | None = None

    def rows(self, look: Look, limit: int) -> list[Row]:
        key = self.layout_key(look, limit)
        if self._rows is None or self._laid != key:
            head = self._head(look, limit)
            self._rows = [*([BLANK] if self.gap else []), *(Row(line) for line in head)]
            self._done, self._loose, self._laid = self.start, 0, key
            self._state = self.previous.state() if self.previous else code.START
            self._stale = True
        if self._stale:
            self._extend(self._rows, look, limit)
            self._stale = False
            self._measured(len(self._rows), limit)
        return self._rows

    def state(self) -> code.State:
        """The state of the lexer after the last line. Only asked of a segment that is full."""
        if self._end_state is None:
            if self.kept:
                at, state = self._done, self._state
            else:
                at, state = self.start, self.previous.state() if self.previous else code.START
            lexer = code.line_lexer(self.fence.language)
            for line in self.stream.source[at : self.end].split("\n")[:-1]:
                state = lexer.line(line, state)[1]
            self._end_state = state
        return self._end_state

    @property
    def text(self) -> str:
        """The code, without the indentation that the fence itself has."""
        lines = self.source.split("\n")
        indent = self.fence.indent
        return "\n".join([line[min(indent, len(line) - len(line.lstrip(" "))) :] for line in lines])

    def follower(self, start: int) -> Code:
        return Code(self.stream, start, self.fence, self)

    def guess(self, limit: int) -> int:
        inside = guess(self.source.removesuffix("\n"), limit - 2) if self.end > self.start else 0
        return self.gap + bool(self.fence.label and self.previous is None) + inside

    @property
    def _focused(self) -> bool:
        return self.previous is None and self.stream.focused_code == self.start

    def layout_key(self, look: Look, limit: int) -> object:
        return look, limit, self._focused

    def _head(self, look: Look, limit: int) -> list[Line]:
        if self.previous is not None or not (self.fence.label or self._focused):
            return []
        style = look["code-label-focus" if self._focused else "code-label"]
        return [pad([(f" {self.fence.label or 'code'}"[: max(limit - 1, 1)], style, -1)], style, limit)]

    def _extend(self, rows: list[Row], look: Look, limit: int) -> None:
        loose = rows[len(rows) - self._loose :]
        del rows[len(rows) - self._loose :]
        kept = len(rows)
        lexer = code.line_lexer(self.fence.language)
        at = self._done
        lines = self.stream.source[at : self.end].split("\n")
        for text in lines[:-1]:
            parts, self._state = lexer.line(text, self._state)
            rows.extend(self._lines(text, parts, at, look, limit))
            at += len(text) + 1
        self._done = at
        complete = len(rows)
        if lines[-1]:
            parts, _ = lexer.line(lines[-1], self._state)
            rows.extend(self._lines(lines[-1], parts, at, look, limit))
        self._loose = len(rows) - complete
        for number, row in enumerate(loose, kept):
            if number < len(rows) and rows[number].runs == row.runs:
                rows[number] = row

    def _lines(self, text: str, parts: code.Parts, at: int, look: Look, limit: int) -> list[Row]:
        cut = min(self.fence.indent, len(text) - len(text.lstrip(" "))) if self.fence.indent else 0
        return [Row(line) for line in code_line(code_runs(parts, at, look, cut), look, limit)]


class Table:
    """What the segments of a table have in common: header, columns and their widths."""

    __slots__ = ("_grid", "_key", "_known", "_widest", "body", "header_source", "segments", "start", "stream")

    def __init__(self, stream: Stream, start: int, body: int) -> None:
        self.stream = stream
        self.start = start
        self.body = body
        """Where the first row below the header starts."""
        self.header_source = stream.source[start:body].removesuffix("\n")
        self.segments: list[TableRows] = []
        self._key: object = None
        self._grid: table.Grid | None = None
        self._known = 0  # how many segments, all full, `_widest` stands for
        self._widest: list[int] = []

    def grid(self, look: Look, limit: int) -> table.Grid:
        """The columns, for all rows there are."""
        while self._known < len(self.segments) - 1:
            segment = self.segments[self._known]
            self._widest = _wider(segment.naturals(look), self._widest)
            self._known += 1
            if not segment.kept:
                segment.forget()  # its cells, which may never be seen
        naturals = _wider(self.segments[-1].naturals(look), self._widest)
        key = (*naturals, limit)
        if self._grid is None or self._key != key:
            self._grid, self._key = table.grid(naturals, self.segments[0].aligns, limit), key
        return self._grid

    def measure_anew(self) -> None:
        """Ask all segments for their widths again."""
        self._known, self._widest = 0, []

    def is_row(self, line: str) -> bool:
        """Whether a line below the table belongs to it."""
        stripped = line.lstrip(" ")
        # Nothing else begins so that could end a table.
        if (stripped.startswith("|") or stripped[:1].isalpha()) and len(line) - len(stripped) < 4:
            return True
        found = top_blocks(f"{self.header_source}\n{line}\n")
        return len(found) == 1 and found[0].end == self.header_source.count("\n") + 2


class TableRows(Lines):
    """Rows of a table at top level; the first segment draws the header too."""

    __slots__ = (
        "_cells",
        "_drawn",
        "_drawn_in",
        "_found",
        "_loose",
        "_naturals",
        "_seen",
        "_styled",
        "aligns",
        "first",
        "table",
    )

    def __init__(self, stream: Stream, start: int, table_: Table) -> None:
        super().__init__(stream, start)
        self.table = table_
        self.first = not table_.segments
        self.aligns: tuple[str, ...] = ()
        self._cells: list[table.Row] = []  # the header first, then the complete rows and the one being written
        self._styled: Look | None = None
        self._seen = start  # up to where `_cells` holds complete rows
        self._loose = False
        self._naturals: list[int] = []
        self._found: list[Link] = []
        self._drawn: list[list[Line]] = []  # the lines of complete rows, in this look, width and grid
        self._drawn_in: tuple[Look, int, table.Grid] | None = None
        table_.segments.append(self)

    def follower(self, start: int) -> TableRows:
        return TableRows(self.stream, start, self.table)

    def layout_key(self, look: Look, limit: int) -> object:
        return look, limit, self.table.grid(look, limit)

    def naturals(self, look: Look) -> list[int]:
        """The natural width of each column over the rows of this segment."""
        if not self._naturals or self._stale:
            self._read(look)
        if not self._loose:
            return self._naturals
        return _wider([cell.width for cell in self._cells[-1]], self._naturals)

    def forget(self) -> None:
        super().forget()
        self._styled = None
        self._cells = []
        self._drawn, self._drawn_in = [], None
        if self._loose:
            self._naturals, self._loose = [], False

    def measure_anew(self) -> None:
        """What is known of the widths is not true any more."""
        self.forget()
        self._naturals, self._loose = [], False
        self.table.measure_anew()

    def guess(self, limit: int) -> int:
        return self.gap + self.source.count("\n") + 2 * self.first

    def lay(self, look: Look, limit: int) -> list[Line]:
        grid = self.table.grid(look, limit)
        if self._styled is not look:
            self._read(look)
        self.links = self._found
        header, *rows = self._cells
        if self._drawn_in is None or self._drawn_in[0] is not look or self._drawn_in[1:] != (limit, grid):
            self._drawn, self._drawn_in = [], (look, limit, grid)
        out: list[Line] = []
        if self.first and (not rows or not grid.records):
            out.extend(table.row_lines(header, header, grid, look, limit))
        before = 0 if self.first else 1
        complete = len(rows) - self._loose
        for number, row in enumerate(rows):
            if table.ruled(grid, number + before):
                out.append(table.rule(grid, look, limit))
            if number < len(self._drawn):
                lines = self._drawn[number]
            else:
                lines = table.row_lines(row, header, grid, look, limit)
                if number < complete:
                    self._drawn.append(lines)
            out.extend(lines)
        if self.first and not rows:
            out.append(table.rule(grid, look, limit))
        return out

    def _read(self, look: Look) -> None:
        """Read the rows that are not read yet, and again the one being written."""
        if self._styled is not look:
            self._cells, self._seen, self._loose, self._naturals, self._found = [], self.start, False, [], []
            self._styled = look
        if self._loose:
            del self._cells[-1]
            self._loose = False
        source = self.stream.source[self._seen : self.end]
        if not source and self._cells:
            return
        if not self._cells:
            self._read_header(look)
        body = SourceLines.of(source, self._seen)
        flow = Flow(body, look, self.stream.base, self.stream.references)
        columns = len(self.aligns)
        complete = len(body.lines) - 1
        for number in range(complete):
            row = table.body_row(flow, number, columns)
            self._naturals = _wider([cell.width for cell in row], self._naturals)
            self._cells.append(row)
        self._seen = body.starts[complete]
        self._loose = bool(body.lines[complete])
        if self._loose:
            self._cells.append(table.body_row(flow, complete, columns))
        self._found.extend(flow.links)

    def _read_header(self, look: Look) -> None:
        text = SourceLines.of(self.table.header_source, self.table.start)
        tokens = top_blocks(self.table.header_source)[0].tokens
        flow = Flow(text, look, self.stream.base, self.stream.references)
        self._cells = list(table.rows(flow, tokens))
        self._found.extend(flow.links)
        self.aligns = table.aligns(tokens)
        self._naturals = [cell.width for cell in self._cells[0]]


def _wider(widths: list[int], others: list[int]) -> list[int]:
    """The larger of each two, where there are others."""
    return [max(pair) for pair in zip(widths, others, strict=True)] if others else widths
