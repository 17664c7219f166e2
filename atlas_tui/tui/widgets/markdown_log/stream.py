"""A text that grows, as blocks; what is finished is never parsed again.

Only from `tail` on is the text parsed when some was added. The tail moves over a block as soon as no text to come can
change it: when another block follows it on a complete line. (The line being written does not count: the `2` of a
second item is a paragraph until its full stop arrives.) Within an open list the tail moves from item to item, within
a fence or table from line to line. All of this depends on the text alone and not on how it was cut into pieces, so
any split of a text gives the same blocks; the tests hold it to that.
"""

from __future__ import annotations

import re

from atlas_tui.text import clean
from atlas_tui.tui.widgets.markdown_log.blocks import Block, Item, Prose, guess
from atlas_tui.tui.widgets.markdown_log.grammar import BLOCK_MATH, TopBlock, definitions, top_blocks
from atlas_tui.tui.widgets.markdown_log.layout import SourceLines, siblings
from atlas_tui.tui.widgets.markdown_log.segments import SEGMENT, Code, Fence, Table, TableRows

LONG = 4_000  # characters; a paragraph of twice this length is drawn in pieces of at most this length
_seam = re.compile(r"\s(?=[^\W\d_])")
_letter = re.compile(r"[^\W\d_]").search


class Stream:
    """A growing text and its blocks."""

    def __init__(self, base: str = "text") -> None:
        self.base = base
        """The name of the style that plain text has."""
        self.source = ""
        self.references: dict[str, object] = {}
        self.focused_code = -1
        """Where the code begins that has the focus."""
        self.ended = False
        self._blocks: list[Block] = []
        self._frozen = 0
        self._tail = 0
        self._fence: Fence | None = None
        self._table: Table | None = None
        self._number: int | None = None  # of the item that the tail begins with
        self._joined = False  # whether the tail goes on with the paragraph above
        self._read_to = 0

    def append(self, text: str) -> None:
        """Add text."""
        self.source += clean(text)

    def end(self) -> None:
        """No text will follow: link references, which may be defined at the end, are resolved now."""
        if self.ended:
            return
        self.ended = True
        self._read_to = -1 if self._fence is not None else self._read_to
        self.references = definitions(self.source)
        if self.references:
            for block in self._blocks:
                if "]" in block.source:
                    block.forget()

    @property
    def parsed(self) -> bool:
        """Whether `blocks` has been asked for since the last text came."""
        return self._read_to == len(self.source)

    @property
    def blocks(self) -> list[Block]:
        """The blocks of the text so far."""
        if self._read_to != len(self.source):
            self._read()
            self._read_to = len(self.source)
        return self._blocks

    def height(self, limit: int) -> int:
        """The rows at this width, estimated where they are not laid out; a text not yet parsed stays so."""
        if self._read_to == 0 and self.source:
            return guess(self.source, limit)
        return sum([block.height(limit) for block in self.blocks])

    def _read(self) -> None:
        old = self._blocks[self._frozen :]
        del self._blocks[self._frozen :]
        first = self._frozen
        while True:
            if self._fence is not None:
                if self._read_code(self._fence):
                    break
            elif self._table is not None:
                if self._read_rows(self._table):
                    break
            elif self._read_blocks():
                break
        for before, block in zip(old, self._blocks[first:], strict=False):
            if before is not block and isinstance(block, Prose):
                block.adopt(before)

    def _add(self, block: Block, gap: bool = True) -> None:
        block.gap = gap and bool(self._blocks)
        self._blocks.append(block)

    def _read_blocks(self) -> bool:
        """Read the tail; False where it began a fence or table, which is then to be read on."""
        source = self.source[self._tail :]
        found = top_blocks(source)
        if not found:
            return True
        text = SourceLines.of(source, self._tail)
        settled = self._settled(found, text.lines)
        mark = len(self._blocks)
        for number, block in enumerate(found):
            if number == settled:
                if self._open(block, text):
                    return False
                mark = len(self._blocks)
            self._put(block, text, number == 0)
            if number == settled:
                self._advance(block, text, mark, number == 0)
        return True

    def _settled(self, found: list[TopBlock], lines: list[str]) -> int:
        """The number of the last block that begins for certain where it begins now; -1 if none does."""
        partial = len(lines) - 1
        last = len(found) - 1
        while last >= 0:
            block = found[last]
            depth = 1 if block.tokens and block.tokens[0].type == "table_open" else 0
            if block.first + depth < partial and not _may_be_claimed(found, last, lines):
                return last
            last -= 1
        return -1

    def _open(self, block: TopBlock, text: SourceLines) -> bool:
        """Whether this last block is a fence or table, from now on read line by line."""
        kind = block.tokens[0].type if block.tokens else ""
        if kind == "fence":
            self._fence = Fence(text.lines[block.first])
            self._tail = text.starts[block.first + 1]
            self._add(Code(self, self._tail, self._fence, None))
        elif kind == "table_open":
            self._tail = text.starts[block.first + 2]
            self._table = Table(self, text.starts[block.first], self._tail)
            self._add(TableRows(self, self._tail, self._table))
        else:
            return False
        self._frozen = len(self._blocks)
        self._number, self._joined = None, False
        return True

    def _advance(self, block: TopBlock, text: SourceLines, mark: int, first: bool) -> None:
        """Freeze all before this block, which was put at `mark`, and what is finished within it: the items of a
        list but the last, the pieces of a very long paragraph but the last."""
        put = self._blocks[mark:]
        finished = 0
        if put and isinstance(put[0], Item):
            partial = text.starts[-2]
            finished = max([number for number, item in enumerate(put) if item.start < partial])
        elif len(put) > 1:
            finished = len(put) - 1
        self._frozen = mark + finished
        if not first:
            self._number, self._joined = None, False
        self._tail = text.starts[block.first]
        if finished:
            last = put[finished]
            self._tail = last.start
            self._number = last.number if isinstance(last, Item) else None
            self._joined = not isinstance(last, Item)

    def _put(self, block: TopBlock, text: SourceLines, first: bool) -> None:
        """Add the blocks for a block of Markdown. `first`: it is the one that the tail begins with."""
        if not block.tokens:
            return
        opening = block.tokens[0]
        if opening.type == "fence":
            self._put_fence(block, text)
        elif opening.type == "table_open":
            self._put_table(block, text)
        elif opening.type in ("bullet_list_open", "ordered_list_open"):
            self._put_list(block, text, first)
        else:
            start, end = text.starts[block.first], min(text.starts[block.end], len(self.source))
            gap = not (first and self._joined)
            if opening.type == "paragraph_open" or opening.markup in ("=", "-"):
                while end - start >= 2 * LONG:
                    seam = self._seam(start)
                    self._add(Prose(self, start, seam, True), gap)
                    start, gap = seam, False
            prose = Prose(self, start, end, True)
            if start == text.starts[block.first]:
                prose.parsed(block.tokens, text)
            self._add(prose, gap)

    def _seam(self, start: int) -> int:
        """Where a very long paragraph is cut: before a word, so that its rest is a paragraph too."""
        best = 0
        for match in _seam.finditer(self.source, start + LONG // 2, start + LONG):
            best = match.end()
        if not best and (letter := _letter(self.source, start + LONG, start + 2 * LONG)):
            best = letter.start()
        return best or start + LONG

    def _put_list(self, block: TopBlock, text: SourceLines, first: bool) -> None:
        opening, *inside, closing = block.tokens
        number = int(str(opening.attrs.get("start", 1)))
        within = first and self._number is not None
        if first and self._number is not None:
            number = self._number
        for group in siblings(inside):
            line, after = group[0].map or [0, 0]
            blank = self._blank_above() if line == 0 else not text.lines[line - 1].strip()
            item = Item(self, text.starts[line], min(text.starts[after], len(self.source)), True, number)
            item.parsed([opening, *group, closing], text)
            self._add(item, blank or not within)
            within = True
            number += 1

    def _blank_above(self) -> bool:
        before = self.source.rfind("\n", 0, self._tail - 1)
        return not self.source[before + 1 : self._tail].strip()

    def _put_fence(self, block: TopBlock, text: SourceLines) -> None:
        fence = Fence(text.lines[block.first])
        segment = Code(self, min(text.starts[block.first + 1], len(self.source)), fence, None)
        self._add(segment)
        for number in range(block.first + 1, block.end):
            if number == block.end - 1 and fence.closes(text.lines[number]):
                break
            segment = self._next_line(segment, text.starts[number], text.starts[number + 1])

    def _next_line(self, segment: Code, start: int, end: int) -> Code:
        if segment.lines == SEGMENT:
            self._end_of(segment, start)
            segment = Code(self, start, segment.fence, segment)
            self._add(segment, False)
        segment.lines += 1
        segment.end = min(end, len(self.source))
        segment.spoil()
        return segment

    def _put_table(self, block: TopBlock, text: SourceLines) -> None:
        body = min(text.starts[block.first + 2], len(self.source))
        table = Table(self, text.starts[block.first], body)
        segment = TableRows(self, body, table)
        self._add(segment)
        for number in range(block.first + 2, block.end):
            segment = self._next_row(segment, text.starts[number], text.starts[number + 1])

    def _next_row(self, segment: TableRows, start: int, end: int) -> TableRows:
        if segment.lines == SEGMENT:
            self._end_of(segment, start)
            segment = TableRows(self, start, segment.table)
            self._add(segment, False)
        segment.lines += 1
        segment.end = min(end, len(self.source))
        segment.spoil()
        return segment

    def _read_code(self, fence: Fence) -> bool:
        """Read the lines of an open fence; False when it was closed and text follows."""
        segment = self._blocks[-1]
        assert isinstance(segment, Code)
        source = self.source
        while (newline := source.find("\n", self._tail)) >= 0:
            line = source[self._tail : newline]
            if fence.closes(line):
                self._end_of(segment)
                self._fence = None
                self._tail, self._number, self._joined = newline + 1, None, False
                self._frozen = len(self._blocks)
                return False
            segment = self._next_line(segment, self._tail, newline + 1)
            self._tail = newline + 1
        self._frozen = len(self._blocks)
        partial = source[self._tail :]
        hidden = fence.closes(partial) or (not self.ended and fence.may_close(partial))
        self._end_of(segment, len(source) if partial and not hidden else self._tail)
        return True

    def _end_of(self, segment: Block, end: int = -1) -> None:
        end = self._tail if end < 0 else end
        if segment.end != end:
            segment.end = end
            segment.spoil()

    def _read_rows(self, table: Table) -> bool:
        """Read the rows of an open table; False when it was closed by a line that is no row."""
        segment = table.segments[-1]
        source = self.source
        while (newline := source.find("\n", self._tail)) >= 0:
            if not table.is_row(source[self._tail : newline]):
                self._end_of(segment)
                self._table = None
                self._number, self._joined = None, False
                self._frozen = len(self._blocks)
                return False
            segment = self._next_row(segment, self._tail, newline + 1)
            self._tail = newline + 1
        self._frozen = len(self._blocks)
        partial = source[self._tail :]
        row = bool(partial.strip()) and table.is_row(partial)
        self._end_of(segment, len(source) if row else self._tail)
        if partial.strip() and not row:
            text = SourceLines.of(partial, self._tail)
            for block in top_blocks(partial):
                self._put(block, text, False)
        return True


def _may_be_claimed(found: list[TopBlock], number: int, lines: list[str]) -> bool:
    """Whether a block above, with no blank line between, could still take this one in: a link definition whose
    title comes on the next line, or a formula that is not closed yet."""
    line = found[number].first
    for block in reversed(found[:number]):
        if not all(map(str.strip, lines[block.first : line])):
            return False
        line = block.first
        if not block.tokens or lines[line].lstrip()[:2] in BLOCK_MATH:
            return True
    return False
