"""Blocks: the pieces of a text that are laid out, kept and forgotten one by one.

A block knows its slice of the source and the containers around it, and can be drawn from these alone, at any width
and at any time; so its lines may be thrown away when they are far from the screen. No block is large: a list or a
quote is a block for each paragraph in it, a fence or a table one every `SEGMENT` lines, a paragraph of many kilobytes
several pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from markdown_it.token import Token
from rich.style import Style

from atlas_tui.tui.widgets.markdown_log.containers import Chain, bars, framed, room, stub
from atlas_tui.tui.widgets.markdown_log.grammar import tokens
from atlas_tui.tui.widgets.markdown_log.inline import Link
from atlas_tui.tui.widgets.markdown_log.layout import Flow, SourceLines, siblings
from atlas_tui.tui.widgets.markdown_log.looks import Look
from atlas_tui.tui.widgets.markdown_log.reading import rest
from atlas_tui.tui.widgets.markdown_log.runs import Line, flow

if TYPE_CHECKING:
    from textual.strip import Strip

    from atlas_tui.tui.widgets.markdown_log.stream import Stream


class Row:
    """One drawn line; the painter keeps its strip here."""

    __slots__ = ("key", "runs", "strip", "thumb")

    def __init__(self, runs: Line) -> None:
        self.runs = runs
        self.key: object = None
        self.thumb: bool | None = None
        self.strip: Strip | None = None


BLANK = Row([])


class Stand(NamedTuple):
    """How a block stands among others."""

    chain: Chain = ()
    """The containers around it."""
    begins: int = 0
    """The number of the first of them that begins with it."""
    gap: bool = False
    """Whether there is a blank line above it."""


class Block:
    """A slice of the source, and its rows while they are kept."""

    __slots__ = (
        "_height",
        "_height_limit",
        "_laid",
        "_rows",
        "_stale",
        "begins",
        "chain",
        "counted",
        "end",
        "gap",
        "links",
        "start",
        "stream",
        "tallied",
    )

    weight = 1
    """How many rows it is reckoned to keep at least, when rows are counted that are kept."""

    def __init__(self, stream: Stream, start: int, end: int, stand: Stand) -> None:
        self.stream = stream
        self.start = start
        self.end = end
        self.chain, self.begins, self.gap = stand
        self.links: Sequence[Link] = ()
        self.counted = False
        """Whether its rows are among those that the window counts."""
        self.tallied = False
        """Whether its height is in the sum that the stream keeps."""
        self._rows: list[Row] | None = None
        self._laid: object = None
        self._stale = False
        self._height = self._height_limit = -1

    @property
    def source(self) -> str:
        """The block's slice of the text."""
        return self.stream.source[self.start : self.end]

    @property
    def kept(self) -> bool:
        """Whether the rows are kept at present."""
        return self._rows is not None

    def rows(self, look: Look, limit: int) -> list[Row]:
        """The rows at this width. A row that did not change since the last call is the same object."""
        key = self.layout_key(look, limit)
        rows = self._rows
        if rows is None or self._stale or self._laid != key:
            old = rows if rows is not None and self._laid == key else []
            self.links = ()
            lines = self.lay(look, limit)
            if self.gap:
                lines.insert(0, self.gap_line(look))
            rows = [
                (old[number] if number < len(old) and old[number].runs == line else Row(line))
                for number, line in enumerate(lines)
            ]
            self._rows, self._laid, self._stale = rows, key, False
            self._measured(len(rows), limit)
        return rows

    def height(self, limit: int) -> int:
        """The number of rows: exact once they were laid out at this width, estimated before."""
        if self._height_limit != limit:
            self._measured(self.guess(limit), limit)
        return self._height

    def _measured(self, height: int, limit: int) -> None:
        if self.tallied:
            self.stream.tally.recount(height - self._height, limit)
        self._height, self._height_limit = height, limit

    def forget(self) -> None:
        """Give the rows back; the height stays known."""
        self._rows = None
        self.counted = False

    def spoil(self) -> None:
        """The block must be laid out again, though unchanged rows may be taken over."""
        self._stale = True
        if self._rows is None:
            self._height_limit = -1

    def adopt(self, old: Block) -> None:
        """Take over the rows of the block that stood here before the text grew."""
        same = type(old) is type(self) and old.start == self.start and old.gap == self.gap
        if same and old.chain == self.chain and old.begins == self.begins:
            self._rows, self._laid, self.links = old._rows, old._laid, old.links
            self._stale = old._stale or old.end != self.end
            if not self._stale:
                self._height, self._height_limit = old._height, old._height_limit

    def layout_key(self, look: Look, limit: int) -> object:
        """What the rows depend on beside the source."""
        return look, limit

    def guess(self, limit: int) -> int:
        """An estimate of the height."""
        return self.gap + guess(self.source.rstrip("\n"), limit)

    def lay(self, look: Look, limit: int) -> list[Line]:
        """Lay the block out, its gap not counted."""
        raise NotImplementedError

    def gap_line(self, look: Look) -> Line:
        """The line above the block where it has a gap."""
        return bars(self.chain[: self.begins], look)

    def flow(self, text: SourceLines, look: Look) -> Flow:
        """A layout of source lines that collects the links for this block."""
        found = Flow(text, look, self.stream.base, self.stream.references)
        self.links = found.links
        return found


def guess(source: str, limit: int) -> int:
    """About how many rows a text takes."""
    limit = max(limit, 1)
    if "\n" not in source:
        return 1 + len(source) // limit
    return sum([1 + len(line) // limit for line in source.split("\n")])


class Prose(Block):
    """Any leaf that is drawn as one: a paragraph, heading, rule, formula, indented code, HTML, an empty item."""

    __slots__ = ("_parsed", "prefix")

    def __init__(self, stream: Stream, start: int, end: int, stand: Stand, prefix: str) -> None:
        super().__init__(stream, start, end, stand)
        self.prefix = prefix
        """What its first line lacks to be the rest of a paragraph that was cut."""
        self._parsed: tuple[list[Token], SourceLines] | None = None

    def parsed(self, tokens: list[Token], text: SourceLines) -> None:
        """Spare the first layout a second parse: the tokens are those that this slice would give."""
        self._parsed = tokens, text

    def lay(self, look: Look, limit: int) -> list[Line]:
        tokens, text = self._take()
        lines = self.flow(text, look).block(tokens, room(limit, self.chain)) if tokens else [[]]
        return framed(lines, self.chain, self.begins, look, self.stream.base)

    def _take(self) -> tuple[list[Token], SourceLines]:
        if self._parsed is not None:
            parsed, self._parsed = self._parsed, None
            return parsed
        opened = self.chain[: self.begins]
        before = stub(opened) + self.prefix
        source = before + self.source
        found = tokens(source)
        for number in range(len(self.chain)):
            group = next(siblings(found))
            inner = list(siblings(group[1:-1] if group[0].type == "blockquote_open" else group[2:-2]))
            found = [token for group in inner[number < self.begins :] for token in group]
        return rest(found, self.prefix), SourceLines.of(source, self.start - len(before))

    def drop_tokens(self) -> None:
        """Parse again when it comes to that."""
        self._parsed = None

    def forget(self) -> None:
        super().forget()
        self.drop_tokens()


class Chrome(Block):
    """Rows that are no part of the text: titles, footers, summaries, the blank line between messages."""

    __slots__ = ("content",)

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream, 0, 0, Stand())
        self.content: list[tuple[str, str]] = []
        """Texts with the names of their styles; none at all is a blank row."""

    def put(self, *content: tuple[str, str]) -> None:
        """Show these texts, each in the style of a name."""
        if list(content) != self.content:
            self.content = list(content)
            self._height_limit = -1
            self.spoil()

    def guess(self, limit: int) -> int:
        return guess("".join([text for text, _ in self.content]), limit)

    def lay(self, look: Look, limit: int) -> list[Line]:
        runs: list[tuple[str, Style, int]] = [(text, look[name], -1) for text, name in self.content]
        return flow(runs, limit) if runs else [[]]
