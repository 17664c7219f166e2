"""A text that grows, as blocks; what is finished is never parsed again.

Only from `tail` on is the text parsed when some was added. The tail moves over a block as soon as no text to come can
change it: when another block follows it on a complete line. (The line being written does not count: the `2` of a
second item is a paragraph until its full stop arrives.) Within an open list the tail moves from item to item, within
a fence or table from line to line, within a very long paragraph of a quote or item from piece to piece. All of this
depends on the text alone and not on how it was cut into pieces, so any split of a text gives the same blocks; the tests
hold it to that.
"""

from __future__ import annotations

from markdown_it.token import Token

from atlas_tui.text import clean
from atlas_tui.tui.widgets.markdown_log.blocks import Block, Item, ItemHead, ItemPart, Prose, QuotePart, guess
from atlas_tui.tui.widgets.markdown_log.grammar import PLAIN, TopBlock, definitions, top_blocks
from atlas_tui.tui.widgets.markdown_log.layout import SourceLines, siblings
from atlas_tui.tui.widgets.markdown_log.seams import (
    LONG,
    apart,
    blank_above,
    formula_above,
    inner_seam,
    item_head,
    quote_parts,
    seam,
    settled,
)
from atlas_tui.tui.widgets.markdown_log.segments import SEGMENT, Code, Fence, Lines, Table, TableRows
from atlas_tui.tui.widgets.markdown_log.tally import Tally

TOKENS_KEPT = 100  # blocks at the end


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
        self._number: int | None = None  # of the item that the tail begins with, or with an inner item of which
        self._head: ItemHead | None = None  # the item that the tail begins within
        self._joined = False  # whether the tail goes on with the paragraph or quote above
        self._prefix = ""  # what the first line of the tail lacks to stand in the quote or item that it was cut from
        self._read_to = 0
        self.tally = Tally()

    def append(self, text: str) -> None:
        """Add text; also where it had ended, when an answer is continued."""
        self.source += clean(text)
        self.ended = False

    def end(self) -> None:
        """No text will follow: link references, which may be defined at the end, are resolved now."""
        if self.ended:
            return
        self.ended = True
        self._read_to = -1 if self._fence is not None else self._read_to
        self.references = definitions(self.source)
        if self.references:
            for block in self._blocks:
                if isinstance(block, TableRows):
                    block.measure_anew()
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
            self._read_on()
            self._read_to = len(self.source)
        return self._blocks

    def height(self, limit: int) -> int:
        """The rows at this width, estimated where they are not laid out; a text not yet parsed stays so."""
        if self._read_to == 0 and self.source:
            return guess(self.source, limit)
        blocks = self.blocks
        return self.tally.height(blocks, self._frozen - 1, limit)  # the last one may be code or a table that grows

    def _read_on(self) -> None:
        """Read what came, a long text bit by bit: where a block is cut, the rest is read again."""
        whole = self.source
        done = max(self._read_to, 0)
        while (end := done + max(LONG // 4, done - self._tail)) < len(whole):
            self.source = whole[:end]
            self._read()
            done = end
        self.source = whole
        self._read()

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
        # Tokens save a second parse to what is drawn next, which is the end; for the rest they only fill memory.
        for block in self._blocks[first:-TOKENS_KEPT]:
            if isinstance(block, Prose):
                block.drop_tokens()

    def _add(self, block: Block, gap: bool = True) -> None:
        block.gap = gap and bool(self._blocks)
        self._blocks.append(block)

    def _read_blocks(self) -> bool:
        """Read the tail; False where it began a fence or table or was cut: then the rest is to be read."""
        stub = (self._head.stub if self._head is not None else "") + self._prefix
        source = stub + self.source[self._tail :]
        found = top_blocks(source)
        if not found or self._tail == len(self.source):
            return True
        text = SourceLines.of(source, self._tail - len(stub))
        last = settled(found, text.lines)
        mark = len(self._blocks)
        for number, block in enumerate(found):
            if number == last:
                if self._open(block, text):
                    return False
                mark = len(self._blocks)
            begun = len(self._blocks)
            self._put(block, text, number == 0)
            if number <= last and self._cut(begun):
                return False
            if number == last:
                self._advance(block, text, mark, number == 0)
        return True

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
        self._begin()
        return True

    def _begin(self) -> None:
        """The tail begins with a block, not within one."""
        self._number, self._head, self._joined, self._prefix = None, None, False, ""

    def _cut(self, begun: int) -> bool:
        """Whether one of the blocks put from there on, a part of a quote or item, is so long that it was cut."""
        for number, part in enumerate(self._blocks[begun:], begun + 1):
            if not isinstance(part, QuotePart | Item | ItemPart) or not part.certain:
                continue
            head = None if isinstance(part, QuotePart) else part.head
            prefix = head.prefix if head is not None else "> "
            if place := inner_seam(part, prefix):
                part.end = place
                part.drop_tokens()
                del self._blocks[number:]
                self._frozen, self._tail = number, place
                self._number, self._head, self._joined, self._prefix = None, head, head is None, prefix
                return True
        return False

    def _advance(self, block: TopBlock, text: SourceLines, mark: int, first: bool) -> None:
        """Freeze all before this block, which was put at `mark`, and what is finished within it: all but the last
        of the items of a list, the blocks of a quote or an item, the pieces of a very long paragraph."""
        put = self._blocks[mark:]
        partial = text.starts[-2]
        finished = 0
        for number, part in enumerate(put):
            if type(part) is Prose or (isinstance(part, Prose) and part.certain and part.start < partial):
                finished = number
        self._frozen = mark + finished
        if not first:
            self._tail = text.starts[block.first]
            self._begin()
        if finished:
            last = put[finished]
            self._tail = last.start
            self._number = last.number if isinstance(last, (Item, ItemPart)) else None
            self._head = last.head if isinstance(last, ItemPart) else None
            self._joined = not isinstance(last, (Item, ItemPart))
            self._prefix = ""

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
        elif opening.type == "blockquote_open":
            self._put_quote(block, text, first)
        else:
            start, end = text.starts[block.first], min(text.starts[block.end], len(self.source))
            gap = not (first and self._joined)
            if opening.type == "paragraph_open" or opening.markup in ("=", "-"):
                while cut := seam(self.source, start, end):
                    self._add(Prose(self, start, cut, True), gap)
                    start, gap = cut, False
            prose = Prose(self, start, end, True)
            if block.tokens is not PLAIN and start == text.starts[block.first]:
                prose.parsed(block.tokens, text)
            self._add(prose, gap)

    def _put_quote(self, block: TopBlock, text: SourceLines, first: bool) -> None:
        opening, *inside, closing = block.tokens
        joined = first and self._joined
        for start, end, groups in quote_parts(inside, block, text.lines):
            if groups or not joined:
                part = QuotePart(self, *self._slice(text, start, end), joined)
                part.parsed([opening, *(token for group in groups for token in group), closing], text)
                cut = self._goes_on(part)
                self._add(part, not cut or blank_above(self.source, part.start))
            joined = True

    def _put_list(self, block: TopBlock, text: SourceLines, first: bool) -> None:
        opening, *inside, closing = block.tokens
        head = self._head if first else None
        number = int(str(opening.attrs.get("start", 1)))
        if head is not None:
            number = head.number
        within = first and (head is not None or self._number is not None)
        if within and head is None and self._number is not None:
            number = self._number
        for group in siblings(inside):
            line, after = group[0].map or [0, 0]
            if head is None:
                gap = not within or self._blank(text, line)
                head = item_head(text.lines[line], number, group[0])
                rest = self._put_item(opening, group, closing, text, number, gap, head)
            else:
                rest = list(siblings(group[1:-1]))[1:]
            if head is not None:
                self._put_item_parts(rest, (line, after), text, head, self._number if head is self._head else None)
            within, head = True, None
            number += 1

    def _put_item(
        self,
        opening: Token,
        group: list[Token],
        closing: Token,
        text: SourceLines,
        number: int,
        gap: bool,
        head: ItemHead | None,
    ) -> list[list[Token]]:
        """Put the beginning of an item, and give what is left of it."""
        line, after = group[0].map or [0, 0]
        inner = list(siblings(group[1:-1]))
        count = len(inner)
        if head is not None:
            count = next((place for place in range(1, count) if apart(inner[place], text.lines)), count)
        rest = inner[count:]
        end = (rest[0][0].map or [0])[0] if rest else after
        item = Item(self, *self._slice(text, line, end), True, head or ItemHead(number, "- x\n\n", 2))
        kept = [token for part in inner[:count] for token in part]
        item.parsed([opening, group[0], *kept, group[-1], closing], text)
        self._add(item, gap)
        return rest

    def _put_item_parts(
        self, rest: list[list[Token]], lines: tuple[int, int], text: SourceLines, head: ItemHead, number: int | None
    ) -> None:
        """Put the later blocks of the item of these lines. `number`: of the inner item that it begins with."""
        pieces: list[tuple[list[Token], int | None]] = []
        for part in rest:
            if part[0].type not in ("bullet_list_open", "ordered_list_open"):
                if pieces and pieces[-1][1] is None and not apart(part, text.lines):
                    pieces[-1][0].extend(part)
                else:
                    pieces.append((list(part), None))
                continue
            count = int(str(part[0].attrs.get("start", 1))) if number is None or part is not rest[0] else number
            for place, item in enumerate(siblings(part[1:-1])):
                pieces.append(([part[0], *item, part[-1]], count + place))
        starts = [((tokens[1] if inner is not None else tokens[0]).map or [0])[0] for tokens, inner in pieces]
        for (tokens, inner), line, end in zip(pieces, starts, [*starts, lines[1]][1:], strict=True):
            part_ = ItemPart(self, *self._slice(text, line, end), head, inner)
            part_.parsed(tokens, text)
            blank = blank_above(self.source, part_.start) if self._goes_on(part_) else self._blank(text, line)
            part_.certain = blank or not formula_above(text.lines, line, lines[0])
            self._add(part_, blank)

    def _slice(self, text: SourceLines, line: int, end: int) -> tuple[int, int]:
        """Where in the source these lines start and end; the first one of the tail may begin with a prefix."""
        return max(text.starts[line], self._tail), min(text.starts[end], len(self.source))

    def _goes_on(self, part: Prose) -> bool:
        """Whether this part is the rest of one that was cut, and then note what its first line lacks."""
        if part.start == self._tail:
            part.prefix = self._prefix
        return bool(part.prefix)

    def _blank(self, text: SourceLines, line: int) -> bool:
        """Whether the line above this one is blank."""
        if text.starts[line] != self._tail:
            return not text.lines[line - 1].strip()
        before = self.source.rfind("\n", 0, self._tail - 1)
        return not self.source[before + 1 : self._tail].strip()

    def _put_fence(self, block: TopBlock, text: SourceLines) -> None:
        fence = Fence(text.lines[block.first])
        segment: Lines = Code(self, min(text.starts[block.first + 1], len(self.source)), fence, None)
        self._add(segment)
        for number in range(block.first + 1, block.end):
            if number == block.end - 1 and fence.closes(text.lines[number]):
                break
            segment = self._next_line(segment, text.starts[number], text.starts[number + 1])

    def _next_line(self, segment: Lines, start: int, end: int) -> Lines:
        """Add a line of code or of a table to this segment, or to a new one, which is given then."""
        if segment.lines == SEGMENT:
            self._end_of(segment, start)
            segment = segment.follower(start)
            self._add(segment, False)
        segment.lines += 1
        segment.end = min(end, len(self.source))
        segment.spoil()
        return segment

    def _put_table(self, block: TopBlock, text: SourceLines) -> None:
        body = min(text.starts[block.first + 2], len(self.source))
        table = Table(self, text.starts[block.first], body)
        segment: Lines = TableRows(self, body, table)
        self._add(segment)
        for number in range(block.first + 2, block.end):
            segment = self._next_line(segment, text.starts[number], text.starts[number + 1])

    def _read_code(self, fence: Fence) -> bool:
        """Read the lines of an open fence; False when it was closed and text follows."""
        segment = self._blocks[-1]
        assert isinstance(segment, Lines)
        source = self.source
        while (newline := source.find("\n", self._tail)) >= 0:
            line = source[self._tail : newline]
            if fence.closes(line):
                self._end_of(segment)
                self._fence = None
                self._tail = newline + 1
                self._begin()
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
        segment: Lines = table.segments[-1]
        source = self.source
        while (newline := source.find("\n", self._tail)) >= 0:
            if not table.is_row(source[self._tail : newline]):
                self._end_of(segment)
                self._table = None
                self._begin()
                self._frozen = len(self._blocks)
                return False
            segment = self._next_line(segment, self._tail, newline + 1)
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
