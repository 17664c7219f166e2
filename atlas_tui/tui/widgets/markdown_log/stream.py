"""A text that grows, as blocks; what is finished is never parsed again.

Only from `tail` on is the text parsed when some was added. The tail moves over a block as soon as no text to come can
change it: when another block follows it on a complete line. (The line being written does not count: the `2` of a
second item is a paragraph until its full stop arrives.) Within an open list or quote the tail moves from leaf to leaf,
however deep it is nested, within a fence or table from line to line, within a very long paragraph from piece to piece.
All of this depends on the text alone and not on how it was cut into pieces, so any split of a text gives the same
blocks; the tests hold it to that.
"""

from __future__ import annotations

from atlas_tui.text import clean
from atlas_tui.tui.widgets.markdown_log.blocks import Block, Prose, Stand, guess
from atlas_tui.tui.widgets.markdown_log.containers import prefix, spaced
from atlas_tui.tui.widgets.markdown_log.grammar import LONG, PLAIN, definitions, top_blocks
from atlas_tui.tui.widgets.markdown_log.layout import SourceLines
from atlas_tui.tui.widgets.markdown_log.reading import FILLER, Leaf, Reading, Spot
from atlas_tui.tui.widgets.markdown_log.seams import seam, settled, word_at
from atlas_tui.tui.widgets.markdown_log.segments import SEGMENT, Code, End, Fence, Lines, Table, TableRows
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
        self._spot = Spot()  # where the tail begins
        self._open: Fence | Table | None = None  # what the tail goes on with line by line
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
        self._read_to = -1 if self._open is not None else self._read_to
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
        while not (self._read_blocks() if self._open is None else self._read_lines(self._open)):
            pass
        for before, block in zip(old, self._blocks[first:], strict=False):
            if before is not block and isinstance(block, Prose):
                block.adopt(before)
        # Tokens save a second parse to what is drawn next, which is the end; for the rest they only fill memory.
        for block in self._blocks[first:-TOKENS_KEPT]:
            if isinstance(block, Prose):
                block.drop_tokens()

    def _add(self, block: Block) -> None:
        block.gap = block.gap and bool(self._blocks)
        self._blocks.append(block)

    def _read_blocks(self, *, going_on: bool = True) -> bool:
        """Read the tail; False where it began a fence or table: then the rest is to be read. The tail moves on if it
        is `going_on`."""
        if self._tail == len(self.source):
            return True
        before = self._spot.stub
        source = before + self.source[self._tail :]
        text = SourceLines.of(source, self._tail - len(before))
        found = top_blocks(source)
        last = settled(found, text.lines) if going_on else -1
        reading = Reading(text, self._spot, self._line_above())
        for number, block in enumerate(found):
            leaves = reading.leaves(block, number == 0)
            firm = _firm(leaves, text.lines) if number == last else -1
            for place, leaf in enumerate(leaves):
                if place == firm and self._begin_lines(leaf, text):
                    return False
                self._put(leaf, text)
                if place == firm:
                    self._move_to(leaf)
        return True

    def _line_above(self) -> str:
        end = max(self._tail - 1, 0)
        return self.source[self.source.rfind("\n", 0, end) + 1 : end]

    def _move_to(self, leaf: Leaf) -> None:
        """The tail begins with the block that was put last, which is the rest of this leaf; all above is finished."""
        block = self._blocks[-1]
        assert isinstance(block, Prose)
        self._frozen = len(self._blocks) - 1
        self._tail = block.start
        whole = block.begins == leaf.begins and not block.prefix
        number = leaf.number if whole else None
        self._spot = Spot(block.chain[: block.begins], number, block.gap, block.prefix)

    def _begin_lines(self, leaf: Leaf, text: SourceLines) -> bool:
        """Whether this leaf is a fence or table, from now on read line by line."""
        lines = _lines_of(self, leaf, text)
        if lines is None:
            return False
        self._add(lines)
        self._open = lines.fence if isinstance(lines, Code) else lines.table
        self._tail = lines.start
        self._frozen = len(self._blocks)
        return True

    def _put(self, leaf: Leaf, text: SourceLines) -> None:
        """Add the blocks for a leaf."""
        lines = _lines_of(self, leaf, text)
        if lines is not None:
            self._put_lines(lines, leaf, text)
            return
        start, end = max(text.starts[leaf.first], self._tail), min(text.starts[leaf.end], len(self.source))
        stand, before = Stand(leaf.chain, leaf.begins, leaf.gap), self._spot.prefix if start == self._tail else ""
        if leaf.kind == "paragraph_open" or (leaf.kind == "heading_open" and leaf.tokens[0].markup in ("=", "-")):
            certain = text.starts[_certain_end(leaf, text.lines)]
            while cut := seam(self.source, start, min(certain, end), leaf.chain):
                self._add(Prose(self, start, cut, stand, before))
                start, stand = cut, Stand(leaf.chain, len(leaf.chain))
                before = prefix(leaf.chain) + ("" if word_at(self.source, cut) else FILLER)
        prose = Prose(self, start, end, stand, before)
        if leaf.tokens is not PLAIN and start == max(text.starts[leaf.first], self._tail):
            prose.parsed(leaf.tokens, text)
        self._add(prose)

    def _put_lines(self, first: Code | TableRows, leaf: Leaf, text: SourceLines) -> None:
        """Add this block and those that follow it, with the lines of a leaf."""
        self._add(first)
        segment: Lines = first
        end = leaf.end
        if isinstance(first, Code) and end > leaf.line + 1 and first.fence.ends(text.lines[end - 1]) is End.HERE:
            end -= 1
        for number in range(leaf.line + (1 if isinstance(first, Code) else 2), end):
            segment = self._next_line(segment, text.starts[number], text.starts[number + 1])

    def _next_line(self, segment: Lines, start: int, end: int) -> Lines:
        """Add a line of code or of a table to this segment, or to a new one, which is given then."""
        if segment.lines == SEGMENT:
            self._end_of(segment, start)
            segment = segment.follower(start)
            self._add(segment)
        segment.lines += 1
        segment.end = min(end, len(self.source))
        segment.spoil()
        return segment

    def _read_lines(self, opened: Fence | Table) -> bool:
        """Read the lines of an open fence or table; False when it was closed and text follows."""
        segment = self._blocks[-1]
        assert isinstance(segment, Lines)
        source = self.source
        while (newline := source.find("\n", self._tail)) >= 0:
            end = opened.ends(source[self._tail : newline])
            if end is not End.BELOW:
                self._end_of(segment, self._tail)
                self._open, self._spot = None, Spot(opened.chain)
                self._tail = newline + 1 if end is End.HERE else self._tail
                self._frozen = len(self._blocks)
                return False
            segment = self._next_line(segment, self._tail, newline + 1)
            self._tail = newline + 1
        self._frozen = len(self._blocks)
        partial = source[self._tail :]
        shown = opened.shows(partial, self.ended)
        self._end_of(segment, len(source) if shown else self._tail)
        if opened.ends(partial) is End.ABOVE and not shown:
            self._spot = Spot(opened.chain)
            self._read_blocks(going_on=False)
        return True

    def _end_of(self, segment: Block, end: int) -> None:
        if segment.end != end:
            segment.end = end
            segment.spoil()


def _certain_end(leaf: Leaf, lines: list[str]) -> int:
    """The line below those that a paragraph has for certain: while it goes on, its last complete line may yet become
    the header of a table. A line of many kilobytes is what it is, whatever its end may be."""
    partial = len(lines) - 1
    if leaf.end < partial or len(lines[partial]) >= LONG:
        return leaf.end
    return max(partial - (len(lines[partial - 1]) < LONG), leaf.line)


def _firm(leaves: list[Leaf], lines: list[str]) -> int:
    """The number of the last of these leaves of a settled block that for certain begins where it begins now, or -1."""
    partial = len(lines) - 1
    for number in range(len(leaves) - 1, -1, -1):
        leaf = leaves[number]
        long = len(lines[-1]) >= 2 * LONG and leaf.kind == "paragraph_open"
        if leaf.certain and leaf.line + (leaf.kind == "table_open") < partial + long:
            return number
    return -1


def _lines_of(stream: Stream, leaf: Leaf, text: SourceLines) -> Code | TableRows | None:
    """The block for the lines of a fence or table, none of them read yet; None for another leaf."""
    stand = Stand(leaf.chain, leaf.begins, leaf.gap)
    number = leaf.line
    if leaf.kind == "fence":
        start = min(text.starts[number + 1], len(stream.source))
        return Code(stream, start, stand, Fence(leaf.opening, leaf.chain))
    if leaf.kind != "table_open":
        return None
    below = spaced(text.lines[number + 1], leaf.chain) or ""
    starts = [text.starts[number + 1] - 1 - len(leaf.opening), text.starts[number + 2] - 1 - len(below)]
    body = min(text.starts[number + 2], len(stream.source))
    header = SourceLines([leaf.opening, below], [*starts, body])
    return TableRows(stream, body, stand, Table(header, leaf.chain))
