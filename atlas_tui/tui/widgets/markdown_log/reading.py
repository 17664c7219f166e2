"""From the tokens of parsed Markdown to its leaves: the blocks that hold text and no other block.

A list or quote is no block of its own here: each leaf knows the chain of containers that it stands in.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from markdown_it.token import Token

from atlas_tui.tui.widgets.markdown_log.containers import Chain, Container, Held, held, inside, item, stub
from atlas_tui.tui.widgets.markdown_log.grammar import BLOCK_MATH, FORMULA_LINES, PLAIN, TopBlock
from atlas_tui.tui.widgets.markdown_log.layout import SourceLines, siblings

FILLER = "x"  # before the rest of a paragraph that was cut where the rest alone might be something else
_LISTS = ("bullet_list_open", "ordered_list_open")
_marker = re.compile(r"[-+*]|\d{1,9}[.)]").match


class Spot(NamedTuple):
    """Where reading goes on: at the beginning of a line, or with the rest of a paragraph."""

    chain: Chain = ()
    """The containers that are open."""
    number: int | None = None
    """Of the item that begins here, where it goes on with a list."""
    gap: bool | None = None
    """Whether the block that begins here has a gap above it, if that is known."""
    prefix: str = ""
    """What the line lacks to be the rest of a paragraph in those containers."""

    @property
    def stub(self) -> str:
        """What has to be read before."""
        return stub(self.chain) + self.prefix


class Leaf(NamedTuple):
    """A block that holds no other, or an empty container."""

    tokens: list[Token]
    first: int
    """Its first line, or that of the outermost container that begins with it."""
    line: int
    end: int
    chain: Chain
    begins: int
    """The number of the first container in the chain that begins with it."""
    gap: bool
    certain: bool
    """Whether no text to come can take it into the block above."""
    number: int | None
    """Of the item that begins with it, where it goes on with a list."""
    opening: str
    """What its first line holds within the containers."""

    @property
    def kind(self) -> str:
        """The type of its first token; "" for an empty container."""
        return self.tokens[0].type if self.tokens else ""


class _Begun(NamedTuple):
    """Containers that have begun, and no leaf in them yet."""

    begins: int
    line: int
    gap: bool
    number: int | None


class _Place(NamedTuple):
    """The containers one is in, and what can be said of their lines."""

    chain: Chain
    line: int
    """The line that the innermost begins with, of which `rest` is inside."""
    rest: Held | None
    claim: tuple[int, Chain] | None
    """A paragraph above, by its first line and its containers, that may yet turn out to be a formula."""


class Reading:
    """Reads the leaves of blocks parsed together, beginning at a spot."""

    def __init__(self, text: SourceLines, spot: Spot, above: str) -> None:
        self.lines = text.lines
        self._spot = spot
        self._first = stub(spot.chain).count("\n")
        self._above = above  # the line of source above the spot
        self._leaves: list[Leaf] = []
        self._begun: _Begun | None = None

    def leaves(self, block: TopBlock, first: bool) -> list[Leaf]:
        """The leaves of a block at top level. `first`: it is the one that the spot is in."""
        if not block.tokens:
            return []
        self._leaves, self._begun = [], None
        kind = block.tokens[0].type
        if kind in _LISTS or kind == "blockquote_open":
            place = _Place((), -1, None, None)
            self._container(block.tokens, place, self._spot.chain if first else (), True)
        else:
            self._leaf(block.tokens, block.first, block.end, _Place((), -1, None, None), True, True)
        return self._leaves

    def _container(self, group: list[Token], place: _Place, opened: Chain, gap: bool) -> None:
        """Read a list or quote; `opened` are the containers that the spot was in, from this one on."""
        line, end = group[0].map or [0, 0]
        if group[0].type == "blockquote_open":
            if not opened:
                self._begin(place, line, gap, None)
            rest = None if opened else self._held(line, place).quoted()
            self._content(group[1:-1], _Place((*place.chain, Container()), line, rest, place.claim), opened, end)
            return
        number = int(str(group[0].attrs.get("start", 1)))
        goes_on = bool(opened)
        if opened:
            number = opened[0].number
        elif self._at_spot(line) and self._spot.number is not None and self._begun is None:
            number, goes_on = self._spot.number, True
        for tokens in siblings(group[1:-1]):
            line, end = tokens[0].map or [0, 0]
            if opened:
                container, rest = opened[0], None
            else:
                self._begin(place, line, self._blank(line) if goes_on else gap, number if goes_on else None)
                container, rest = self._item(tokens[0], number, line, place)
            self._content(tokens[1:-1], _Place((*place.chain, container), line, rest, place.claim), opened, end)
            opened, goes_on = (), True
            number += 1

    def _item(self, token: Token, number: int, line: int, place: _Place) -> tuple[Container, Held]:
        """The item that begins in this line, and what of the line is inside it."""
        outer = self._held(line, place)
        sign = outer.unindented(3)
        found = _marker(sign.text)
        rest = sign.after(found.group() if found else "")
        columns = rest.unindented(5).column - rest.column
        mark = " " * (sign.column - outer.column) + sign.text[: rest.column - sign.column]
        columns = columns if 0 < columns < 5 and rest.text.strip() else 1
        rest = rest.unindented(columns)
        if token.meta and "checked" in token.meta:
            rest = rest._replace(text=rest.text[4:])  # the parser does not count the box
        return item(mark + " " * columns, token, number, sum(not each.quote for each in place.chain)), rest

    def _content(self, tokens: list[Token], place: _Place, opened: Chain, end: int) -> None:
        """Read what is in a container."""
        groups = list(siblings(tokens))
        if opened:
            del groups[0]  # the word of the stub
        elif not groups:
            self._leaf([], place.line, end, place, False, place.claim is None)
        above = self._first if opened else place.line
        for group in groups:
            line, after = group[0].map or [0, 0]
            if place.claim is not None and self._free(place.claim, line):
                place = place._replace(claim=None)
            # No token covers the definition of a link, whose title may be what follows.
            defined = line > above and bool(self.lines[line - 1].strip(" \t>"))
            gap = place.chain[-1].quote or self._blank(line)
            if group[0].type in _LISTS or group[0].type == "blockquote_open":
                self._container(group, place, opened[1:], gap)
            else:
                self._leaf(group, line, after, place, gap, place.claim is None and not defined)
                content = next((token.content for token in group if token.type == "inline"), "")
                if place.claim is None and content[:2] in BLOCK_MATH:
                    place = place._replace(claim=(line, place.chain))
            opened = ()
            above = after

    def _free(self, claim: tuple[int, Chain], line: int) -> bool:
        """Whether what begins in this line cannot be in a formula that begins there: none has a blank line."""
        first, chain = claim
        if len(self.lines) - first > FORMULA_LINES + 1:
            return True
        return not all((inside(above, chain) or "").strip() for above in self.lines[first + 1 : line])

    def _begin(self, place: _Place, line: int, gap: bool, number: int | None) -> None:
        if self._begun is None:
            self._begun = _Begun(len(place.chain), line, gap, number)

    def _leaf(self, tokens: list[Token], line: int, end: int, place: _Place, gap: bool, certain: bool) -> None:
        begins, first, gap, number = self._begun or _Begun(len(place.chain), line, gap, None)
        self._begun = None
        if self._at_spot(first):
            gap = gap if self._spot.gap is None else self._spot.gap
            tokens = rest(tokens, self._spot.prefix)
        opening = ""
        if tokens and tokens[0].type in ("fence", "table_open"):
            opening = self._held(line, place).spaced
        self._leaves.append(Leaf(tokens, first, line, end, place.chain, begins, gap, certain, number, opening))

    def _held(self, line: int, place: _Place) -> Held:
        """What of a line is inside the containers, one of which may begin in it."""
        if line == place.line and place.rest is not None:
            return place.rest
        return held(self.lines[line], place.chain) or Held("")

    def _at_spot(self, line: int) -> bool:
        return line == self._first

    def _blank(self, line: int) -> bool:
        """Whether the line above this one is blank."""
        above = self._above if line == self._first else self.lines[line - 1]
        return not above.strip(" \t>")


def rest(tokens: list[Token], prefix: str) -> list[Token]:
    """The tokens of a leaf without the filler that its prefix may end with."""
    if prefix.endswith(FILLER) and tokens is not PLAIN:
        inline = next(token for token in tokens if token.type == "inline")
        inline.content = inline.content.removeprefix(FILLER)
    return tokens
