"""HTML: what a reader of the page sees, under its headings."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from time import monotonic

from atlas_tui.retrieval.reading.blocks import Block, Headings, Unreadable

_INVISIBLE = frozenset(["script", "style", "template", "svg", "math", "object", "iframe", "select", "button", "nav"])
_BLOCK_NAMES = """
    address article aside blockquote body br caption center dd details dialog div dl dt fieldset figcaption figure
    footer form header hr html li main menu ol p pre section summary table tbody tfoot thead title tr ul
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SPACE = re.compile(r"[ \t\n\f]+")
_PIECE = 65_536
_LONG_TAG = 4 * _PIECE
"""Characters of a tag from which on the module's own pattern for it takes too much memory."""
_TAG = re.compile(r"""<([a-z][^\s/>]*+)(?:[^"'>]++|"[^"]*+"|'[^']*+')*+>""", re.IGNORECASE)
_MAIN = 200
"""Characters from which on a page's `main` is taken for its contents, and the rest for menus."""
_PATIENCE = 20.0
"""Seconds after which a page is given up: the parser's time can grow with the square of a hostile one."""


def read(text: str, clock: Callable[[], float] = monotonic) -> list[Block]:
    """A block for each paragraph, list item, table row and preformatted text.

    Raises:
        Unreadable: it takes too long.
    """
    page = _Page(_INVISIBLE)
    blocks = page.read(text, clock)
    # An element that should hide its contents but never ends would hide all the rest.
    return _Page(frozenset({"script", "style"})).read(text, clock) if page.hiding else blocks


class _Page(HTMLParser):
    def __init__(self, invisible: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self._invisible = invisible
        self.hiding: list[str] = []
        """The invisible elements that are open."""
        self._blocks: list[Block] = []
        self._main: list[Block] = []
        self._mains = 0
        self._headings = Headings()
        self._parts: list[str] = []
        self._first = self._last = 1
        self._pre = 0
        self._level = 0

    def read(self, text: str, clock: Callable[[], float]) -> list[Block]:
        begun = clock()
        at = 0
        while at < len(text):
            # A tag that has not ended is read again each time: pieces that grow with it are few.
            piece = max(_PIECE, len(self.rawdata))
            self.feed(text[at : at + piece])
            at += piece
            if clock() - begun > _PATIENCE:
                raise Unreadable(f"given up after {_PATIENCE:.0f} s: its tags never end")
        rest = self.rawdata
        if len(rest) <= _PIECE:
            self.close()
        else:
            self.handle_data(rest)  # a tag that never ends is no tag
        self._end()
        return self._main if sum(len(block.text) for block in self._main) >= _MAIN else self._blocks

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._invisible:
            self.hiding.append(tag)
        elif tag in _HEADINGS:
            self._end()
            self._level = _HEADINGS[tag]
        elif tag in _BLOCKS:
            if not (self._pre and tag == "br"):
                self._end()
            else:
                self.handle_data("\n")
            self._pre += tag == "pre"
            self._mains += tag == "main"
        elif tag in ("td", "th") and self._parts:
            self._parts.append(" | ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.hiding:
            while self.hiding.pop() != tag:
                pass
        elif tag in _HEADINGS or tag in _BLOCKS:
            self._end()
            self._level = 0
            self._pre -= tag == "pre" and self._pre > 0
            self._mains -= tag == "main" and self._mains > 0

    def handle_data(self, data: str) -> None:
        if self.hiding:
            return
        line = self.getpos()[0]
        if not self._parts:
            if not data.strip():
                return
            line += data.count("\n", 0, len(data) - len(data.lstrip()))
            self._first = line
            if not self._pre:
                data = data.lstrip()
        self._last = line + data.rstrip().count("\n")
        self._parts.append(data)

    def parse_starttag(self, i: int) -> int:
        """Of a tag that is very long the attributes, which may be millions, are passed over."""
        if len(self.rawdata) - i > _LONG_TAG:
            tag = _TAG.match(self.rawdata, i)
            if tag is None:
                return -1  # it may still end
            if tag.end() - i > _LONG_TAG:
                self.handle_starttag(tag[1].lower(), [])
                return tag.end()
        return super().parse_starttag(i)

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        """`<![...]>` is passed over; what the module itself makes of an unknown one is an AssertionError."""
        return self.parse_bogus_comment(i)

    def _end(self) -> None:
        text = "".join(self._parts)
        self._parts.clear()
        text = text.strip("\n").rstrip() if self._pre else _SPACE.sub(" ", text).strip()
        if not text:
            return
        if self._level:
            self._headings.enter(self._level, text)
        block = Block(text, self._headings.path, self._first, self._last, code=bool(self._pre))
        self._blocks.append(block)
        if self._mains:
            self._main.append(block)
