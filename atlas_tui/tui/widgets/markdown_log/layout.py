"""From the tokens of a block to lines of styled runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from markdown_it.token import Token
from pygments.token import Text
from rich.style import Style

from atlas_tui.tui.widgets.markdown_log.grammar import inline
from atlas_tui.tui.widgets.markdown_log.inline import DIM, Link, Piece, Places, pieces
from atlas_tui.tui.widgets.markdown_log.latex import unicode_math
from atlas_tui.tui.widgets.markdown_log.looks import Look
from atlas_tui.tui.widgets.markdown_log.runs import Line, code_line, expand_tabs, flow

# All that the inline parser, or the autolinks after it, could take for something else than text.
_special = re.compile(r"[\\`*_\[<&$~\n]|://|www\.", re.IGNORECASE).search


class SourceLines(NamedTuple):
    """Lines of source that were parsed together, and where each of them starts (and the last one ends)."""

    lines: list[str]
    starts: list[int]

    @classmethod
    def of(cls, source: str, offset: int) -> SourceLines:
        """The lines of a text that starts at this offset."""
        lines = source.split("\n")
        return cls(lines, list(accumulate([len(line) + 1 for line in lines], initial=offset)))


class Flow:
    """Lays out the tokens of one piece of source."""

    def __init__(self, text: SourceLines, look: Look, base: str, references: dict[str, object]) -> None:
        self.lines, self.starts = text
        self.look = look
        self.base = base
        self.references = references
        self.links: list[Link] = []

    def block(self, group: list[Token], limit: int) -> list[Line]:
        """Lines for the tokens of a block that holds no other. Fences and tables are no such blocks: see `segments`."""
        token = group[0]
        kind = token.type
        if kind == "paragraph_open":
            return flow(self.inline(group[1], self.base), limit)
        if kind == "heading_open":
            return flow(self.inline(group[1], f"heading{token.tag[1]}"), limit)
        if kind == "code_block":
            return self.code(token, limit)
        if kind == "hr":
            return [[("─" * limit, self.look["rule"], -1)]]
        if kind == "math_block":
            return self.math(token, limit)
        return self.verbatim(token, limit)

    def inline(self, token: Token, base: str) -> Line:
        """The runs of an `inline` token."""
        return self.content(token.content, token.map[0] if token.map else 0, base)

    def content(self, content: str, first: int, base: str, column: int = 0) -> Line:
        """The runs of inline content; the number of its first line and `column` say from where on to look for it."""
        plain = content and not _special(content)
        if plain and "\t" not in content and first < len(self.lines):
            found = self.lines[first].find(content, column)
            if found >= 0:
                return [(content, self.look.marked(base, 0), self.starts[first] + found)]
        places = Places(content, self.lines, self.starts, first, column)
        if plain:
            return self.styled([Piece(content, 0, places(0))], base)
        return self.styled(pieces(inline(content, self.references), content, places, self.links), base)

    def styled(self, found: list[Piece], base: str) -> Line:
        marked = self.look.marked
        runs = [(text, marked(base, marks), offset) for text, marks, offset in found]
        if any("\t" in run[0] for run in runs):
            runs = [part for run in runs for part in expand_tabs(*run)]
        return runs or [("", self.look[base], -1)]

    def code(self, token: Token, limit: int) -> list[Line]:
        """Code that is indented."""
        style = self.look.syntax(Text)
        return [
            line
            for text, place in self.placed(token)
            for line in code_line(expand_tabs(text, style, place) if text else [], self.look, limit)
        ]

    def placed(self, token: Token) -> Iterator[tuple[str, int]]:
        """The lines of a block's content, and where each stands in the source."""
        first = token.map[0] if token.map else 0
        for number, text in enumerate(token.content.removesuffix("\n").split("\n"), first):
            yield text, self.place(number, text)

    def place(self, number: int, text: str) -> int:
        """Where a line of code stands in the source."""
        if number >= len(self.lines):
            return self.starts[-1]
        return self.starts[number] + max(self.lines[number].find(text), 0)

    def math(self, token: Token, limit: int) -> list[Line]:
        opening, end = token.map or [0, 0]
        texts = token.content.split("\n")
        # The mark that opens a formula may have a line of its own, which is no part of the content.
        first = next(
            (line for line in range(opening, min(end, len(self.lines))) if texts[0] in self.lines[line]), opening
        )
        shown = unicode_math(token.content)
        if shown is not None:
            style = self.look.marked(self.base, 0) + Style(italic=True)
            run = (shown, style, self.place(first, texts[0]))
            return [[("  ", style, -1), *line] for line in flow([run], limit - 2)]
        return [
            line
            for number, text in enumerate(texts, first)
            for line in code_line(expand_tabs(text, self.look["code"], self.place(number, text)), self.look, limit)
        ]

    def verbatim(self, token: Token, limit: int) -> list[Line]:
        """HTML, and whatever a plug-in may add: the source as it stands."""
        style = self.look.marked(self.base, DIM)
        out: list[Line] = []
        for text, place in self.placed(token):
            out.extend(flow(expand_tabs(text, style, place) or [("", style, -1)], limit))
        while out and not any(run[0].strip() for run in out[-1]):
            del out[-1]
        return out


def siblings(tokens: list[Token]) -> Iterator[list[Token]]:
    """The tokens grouped by the elements of the outermost level."""
    level = start = 0
    for index, token in enumerate(tokens):
        level += token.nesting
        if level == 0:
            yield tokens[start : index + 1]
            start = index + 1
