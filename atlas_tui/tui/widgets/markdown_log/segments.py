"""Fenced code and tables: blocks of some lines each, with what those lines have in common."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from atlas_tui.tui.widgets.markdown_log import code, table
from atlas_tui.tui.widgets.markdown_log.blocks import Block, Row, Stand, guess
from atlas_tui.tui.widgets.markdown_log.containers import Chain, framed, inside, room, spaced
from atlas_tui.tui.widgets.markdown_log.grammar import top_blocks
from atlas_tui.tui.widgets.markdown_log.inline import Link
from atlas_tui.tui.widgets.markdown_log.layout import Flow, SourceLines
from atlas_tui.tui.widgets.markdown_log.looks import Look
from atlas_tui.tui.widgets.markdown_log.runs import Line, code_line, code_runs, pad

if TYPE_CHECKING:
    from atlas_tui.tui.widgets.markdown_log.stream import Stream

SEGMENT = 64  # lines of code or rows of a table in one block


class End(Enum):
    """Where lines end, as a line says."""

    ABOVE = "above"
    HERE = "here"
    BELOW = "below"


class Fence:
    """What the segments of a fenced block of code have in common."""

    __slots__ = ("_closes", "chain", "indent", "label", "language")

    def __init__(self, opening: str, chain: Chain) -> None:
        self.chain = chain
        """The containers around it."""
        stripped = opening.lstrip(" ")
        self.indent = len(opening) - len(stripped)
        marks = len(stripped) - len(stripped.lstrip(stripped[0]))
        self.label = stripped[marks:].strip()
        self.language = self.label.split(" ")[0]
        self._closes = re.compile(rf" {{0,3}}{re.escape(stripped[0])}{{{marks},}}[ \t]*\Z").match

    def ends(self, line: str) -> End:
        """Whether this line ends the block."""
        text = spaced(line, self.chain)
        if text is None:
            return End.ABOVE
        return End.HERE if self._closes(text) else End.BELOW

    def shows(self, partial: str, ended: bool) -> bool:
        """Whether the beginning of a line is drawn as code: not what may still become the end."""
        text = spaced(partial, self.chain) or ""
        return bool(text) and not self._closes(text) and (ended or bool(text.strip(" `~")))

    def code(self, line: str) -> str:
        """What of a line is code: all but the indentation that the fence itself has."""
        return inside(line, self.chain, self.indent) or ""


class Lines(Block):
    """Some lines of something that grows line by line."""

    __slots__ = ("lines",)

    weight = SEGMENT

    def __init__(self, stream: Stream, start: int, stand: Stand) -> None:
        super().__init__(stream, start, start, stand)
        self.lines = 0
        """How many complete lines it has."""

    def follower(self, start: int) -> Lines:
        """The block for the lines from there on."""
        raise NotImplementedError

    def adopt(self, old: Block) -> None:
        raise NotImplementedError("grows in place")

    @property
    def _below(self) -> Stand:
        return Stand(self.chain, len(self.chain))


class Code(Lines):
    """Lines of fenced code. Complete lines are lexed once while they arrive; the one being written, each time."""

    __slots__ = ("_done", "_end_state", "_loose", "_state", "fence", "previous")

    def __init__(self, stream: Stream, start: int, stand: Stand, fence: Fence, previous: Code | None = None) -> None:
        super().__init__(stream, start, stand)
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
            self._rows = [*([Row(self.gap_line(look))] if self.gap else []), *(Row(line) for line in head)]
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
                state = lexer.line(self.fence.code(line), state)[1]
            self._end_state = state
        return self._end_state

    @property
    def text(self) -> str:
        """The code, without the indentation that the fence itself has."""
        return "\n".join([self.fence.code(line) for line in self.source.split("\n")])

    def follower(self, start: int) -> Code:
        return Code(self.stream, start, self._below, self.fence, self)

    def guess(self, limit: int) -> int:
        lines = guess(self.source.removesuffix("\n"), limit - 2) if self.end > self.start else 0
        return self.gap + self._headed + lines

    @property
    def _focused(self) -> bool:
        return self.previous is None and self.stream.focused_code == self.start

    def layout_key(self, look: Look, limit: int) -> object:
        return look, limit, self._focused

    @property
    def _headed(self) -> bool:
        """Whether there is a line above the code, with the language or with the sign of the item it begins."""
        if self.previous is not None:
            return False
        begins_item = not all(container.quote for container in self.chain[self.begins :])
        return bool(self.fence.label) or self._focused or begins_item

    def _head(self, look: Look, limit: int) -> list[Line]:
        if not self._headed:
            return []
        style = look["code-label-focus" if self._focused else "code-label"]
        inner = room(limit, self.chain)
        label = self.fence.label or ("code" if self._focused else "")
        line = pad([(f" {label}"[: max(inner - 1, 1)], style, -1)], style, inner)
        return framed([line], self.chain, self.begins, look, self.stream.base)

    def _extend(self, rows: list[Row], look: Look, limit: int) -> None:
        loose = rows[len(rows) - self._loose :]
        del rows[len(rows) - self._loose :]
        kept = len(rows)
        lexer = code.line_lexer(self.fence.language)
        at = self._done
        lines = self.stream.source[at : self.end].split("\n")
        for text in lines[:-1]:
            held = self.fence.code(text)
            parts, self._state = lexer.line(held, self._state)
            rows.extend(self._lines(parts, at + len(text) - len(held), look, limit))
            at += len(text) + 1
        self._done = at
        complete = len(rows)
        if lines[-1]:
            held = self.fence.code(lines[-1])
            parts, _ = lexer.line(held, self._state)
            rows.extend(self._lines(parts, at + len(lines[-1]) - len(held), look, limit))
        self._loose = len(rows) - complete
        for number, row in enumerate(loose, kept):
            if number < len(rows) and rows[number].runs == row.runs:
                rows[number] = row

    def _lines(self, parts: code.Parts, at: int, look: Look, limit: int) -> list[Row]:
        lines = code_line(code_runs(parts, at, look), look, room(limit, self.chain))
        return [Row(line) for line in framed(lines, self.chain, len(self.chain), look, self.stream.base)]


class Table:
    """What the segments of a table have in common: header, columns and their widths."""

    __slots__ = ("_grid", "_key", "_known", "_widest", "chain", "header", "segments", "tight")

    def __init__(self, header: SourceLines, chain: Chain) -> None:
        self.header = header
        """The two lines above its rows."""
        self.chain = chain
        """The containers around it."""
        self.segments: list[TableRows] = []
        self._key: object = None
        self._grid: table.Grid | None = None
        self._known = 0  # how many segments, all full, `_widest` stands for
        self._widest: list[int] = []
        self.tight = False
        """Whether it once did not fit: from then on it is known how long its words are."""

    def grid(self, look: Look, limit: int) -> table.Grid:
        """The columns, for all rows there are."""
        measured = self._measured(look)
        if not self.tight and not table.fits(measured, limit):
            self.tight = True
            self.measure_anew()
            for segment in self.segments:
                segment.read_anew()
            measured = self._measured(look)
        key = (*measured, limit)
        if self._grid is None or self._key != key:
            self._grid, self._key = table.grid(measured, self.segments[0].aligns, limit), key
        return self._grid

    def _measured(self, look: Look) -> list[int]:
        """What all rows need: see `table.measures`."""
        while self._known < len(self.segments) - 1:
            segment = self.segments[self._known]
            self._widest = _wider(segment.measures(look), self._widest)
            self._known += 1
            if not segment.kept:
                segment.forget()  # its cells, which may never be seen
        return _wider(self.segments[-1].measures(look), self._widest)

    def measure_anew(self) -> None:
        """Ask all segments for their widths again."""
        self._known, self._widest = 0, []

    def ends(self, line: str) -> End:
        """Whether this line is below the table."""
        text = spaced(line, self.chain)
        return End.ABOVE if text is None or not self._is_row(text) else End.BELOW

    def shows(self, partial: str, ended: bool) -> bool:
        """Whether the beginning of a line is drawn as a row."""
        return bool(partial.strip()) and self.ends(partial) is End.BELOW

    def _is_row(self, line: str) -> bool:
        """Whether a line below the table belongs to it."""
        stripped = line.lstrip(" ")
        # Nothing else begins so that could end a table.
        if (stripped.startswith("|") or stripped[:1].isalpha()) and len(line) - len(stripped) < 4:
            return True
        found = top_blocks("\n".join([*self.header.lines, line, ""]))
        return len(found) == 1 and found[0].end == len(self.header.lines) + 1


class TableRows(Lines):
    """Rows of a table; the first segment draws the header too."""

    __slots__ = (
        "_cells",
        "_drawn",
        "_drawn_in",
        "_found",
        "_loose",
        "_needed",
        "_seen",
        "_styled",
        "aligns",
        "first",
        "table",
    )

    def __init__(self, stream: Stream, start: int, stand: Stand, table_: Table) -> None:
        super().__init__(stream, start, stand)
        self.table = table_
        self.first = not table_.segments
        self.aligns: tuple[str, ...] = ()
        self._cells: list[table.Row] = []  # the header first, then the complete rows and the one being written
        self._styled: Look | None = None
        self._seen = start  # up to where `_cells` holds complete rows
        self._loose = False
        self._needed: list[int] = []
        self._found: list[Link] = []
        self._drawn: list[list[Line]] = []  # the lines of complete rows, in this look, width and grid
        self._drawn_in: tuple[Look, int, table.Grid] | None = None
        table_.segments.append(self)

    def follower(self, start: int) -> TableRows:
        return TableRows(self.stream, start, self._below, self.table)

    def layout_key(self, look: Look, limit: int) -> object:
        return look, limit, self.table.grid(look, room(limit, self.chain))

    def measures(self, look: Look) -> list[int]:
        """What the rows of this segment need: see `table.measures`."""
        if not self._needed or self._stale:
            self._read(look)
        if not self._loose:
            return self._needed
        return _wider(table.measures(self._cells[-1], self.table.tight), self._needed)

    def forget(self) -> None:
        super().forget()
        self._styled = None
        self._cells = []
        self._drawn, self._drawn_in = [], None
        if self._loose:
            self._needed, self._loose = [], False

    def measure_anew(self) -> None:
        """What is known of the widths is not true any more."""
        self.forget()
        self._needed, self._loose = [], False
        self.table.measure_anew()

    def read_anew(self) -> None:
        """More is to be known of the rows."""
        self._styled, self._needed = None, []

    def guess(self, limit: int) -> int:
        return self.gap + self.source.count("\n") + 2 * self.first

    def lay(self, look: Look, limit: int) -> list[Line]:
        lines = self._rows_of(look, room(limit, self.chain))
        return framed(lines, self.chain, self.begins, look, self.stream.base)

    def _rows_of(self, look: Look, limit: int) -> list[Line]:
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
            self._cells, self._seen, self._loose, self._needed, self._found = [], self.start, False, [], []
            self._styled = look
        if self._loose:
            del self._cells[-1]
            self._loose = False
        source = self.stream.source[self._seen : self.end]
        if not source and self._cells:
            return
        if not self._cells:
            self._read_header(look)
        body = held(source, self._seen, self.chain)
        flow = Flow(body, look, self.stream.base, self.stream.references)
        columns = len(self.aligns)
        complete = len(body.lines) - 1
        for number in range(complete):
            row = table.body_row(flow, number, columns)
            self._needed = _wider(table.measures(row, self.table.tight), self._needed)
            self._cells.append(row)
        self._seen += source.rfind("\n") + 1
        self._loose = bool(body.lines[complete])
        if self._loose:
            self._cells.append(table.body_row(flow, complete, columns))
        self._found.extend(flow.links)

    def _read_header(self, look: Look) -> None:
        tokens = top_blocks("\n".join(self.table.header.lines))[0].tokens
        flow = Flow(self.table.header, look, self.stream.base, self.stream.references)
        self._cells = list(table.rows(flow, tokens))
        self._found.extend(flow.links)
        self.aligns = table.aligns(tokens)
        self._needed = table.measures(self._cells[0], self.table.tight)


def held(source: str, offset: int, chain: Chain) -> SourceLines:
    """What the lines of a text that starts at this offset hold within these containers."""
    text = SourceLines.of(source, offset)
    if not chain:
        return text
    lines = [inside(line, chain) or "" for line in text.lines]
    begins = zip(text.starts, text.lines, lines, strict=False)
    starts = [start + len(line) - len(part) for start, line, part in begins]
    return SourceLines(lines, [*starts, text.starts[-1]])


def _wider(widths: list[int], others: list[int]) -> list[int]:
    """The larger of each two, where there are others."""
    return [max(pair) for pair in zip(widths, others, strict=True)] if others else widths
