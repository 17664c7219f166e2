"""From the tokens of a block to lines of styled runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from markdown_it.token import Token
from rich.style import Style

from atlas_tui.tui.widgets.markdown_log.code import highlight
from atlas_tui.tui.widgets.markdown_log.grammar import inline
from atlas_tui.tui.widgets.markdown_log.inline import DIM, Link, Piece, Places, pieces
from atlas_tui.tui.widgets.markdown_log.latex import unicode_math
from atlas_tui.tui.widgets.markdown_log.looks import Look
from atlas_tui.tui.widgets.markdown_log.runs import Line, Run, code_line, code_runs, expand_tabs, flow, pad
from atlas_tui.tui.widgets.markdown_log.table import table_lines

BULLETS = "•◦▪"
QUOTE_BAR = "▎ "
# All that the inline parser, or the autolinks after it, could take for something else than text.
_special = re.compile(r"[\\`*_\[<&$~\n]|://|www\.", re.IGNORECASE).search
_DEEPEST = 12  # levels of nesting that are indented; deeper text stays at the twelfth


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

    def blocks(self, tokens: list[Token], limit: int, *, gaps: bool = True, depth: int = 0) -> list[Line]:
        """Lines for a sequence of blocks. A blank line stands between two of them, inside list items only where
        the source has one: looseness depends on the whole list, and a finished item must never change."""
        out: list[Line] = []
        for group in siblings(tokens):
            if out and (gaps or self.blank_above(group[0])):
                out.append([])
            out.extend(self.block(group, limit, depth))
        return out

    def blank_above(self, token: Token) -> bool:
        first = token.map[0] if token.map else 0
        return first > 0 and not self.lines[first - 1].strip(" \t>")

    def block(self, group: list[Token], limit: int, depth: int) -> list[Line]:
        token = group[0]
        kind = token.type
        if kind == "paragraph_open":
            return flow(self.inline(group[1], self.base), limit)
        if kind == "heading_open":
            return flow(self.inline(group[1], f"heading{token.tag[1]}"), limit)
        if kind in ("bullet_list_open", "ordered_list_open"):
            return self.items(group, limit, depth)
        if kind == "blockquote_open":
            bar: Run = (QUOTE_BAR, self.look["quote-bar"], -1)
            inner = limit - 2 if depth < _DEEPEST else limit
            return [[bar, *line] for line in self.blocks(group[1:-1], max(inner, 4), depth=depth + 1)]
        if kind in ("fence", "code_block"):
            return self.code(token, limit)
        if kind == "hr":
            return [[("─" * limit, self.look["rule"], -1)]]
        if kind == "math_block":
            return self.math(token, limit)
        if kind == "table_open":
            return table_lines(self, group, limit)
        return self.verbatim(token, limit)

    def items(self, group: list[Token], limit: int, depth: int, number: int | None = None) -> list[Line]:
        """A list; `number` overrides that of its first item."""
        ordered = group[0].type == "ordered_list_open"
        if number is None:
            number = int(str(group[0].attrs.get("start", 1)))
        out: list[Line] = []
        for item in siblings(group[1:-1]):
            checked = item[0].meta.get("checked") if item[0].meta else None
            if checked is not None:
                mark = "☑ " if checked else "☐ "
            elif ordered:
                mark = f"{number}{item[0].markup} "
            else:
                mark = BULLETS[depth % len(BULLETS)] + " "
            if out and self.blank_above(item[0]):
                out.append([])
            indent = len(mark) if depth < _DEEPEST else 0
            lead: Run = (mark, self.look["bullet"], -1)
            space: Run = (" " * indent, self.look[self.base], -1)
            body = self.blocks(item[1:-1], max(limit - indent, 4), gaps=False, depth=depth + 1) or [[]]
            for line in body:
                out.append([lead, *line])
                lead = space
            number += 1
        return out

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
        """Code inside a list or quote, or indented; a fence at top level goes through `code.Fence`."""
        out: list[Line] = []
        label = token.info.strip().split(" ")[0]
        if label:
            out.append(pad([(f" {label}", self.look["code-label"], -1)], self.look["code-label"], limit))
        lines = token.content.split("\n")
        if token.content.endswith("\n"):
            del lines[-1]
        first = (token.map[0] if token.map else 0) + (token.type == "fence")
        for number, (text, parts) in enumerate(zip(lines, highlight(label, lines), strict=True), first):
            out.extend(code_line(code_runs(parts, self.place(number, text), self.look), self.look, limit))
        return out

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
        first, end = token.map or [0, 0]
        out: list[Line] = []
        for number in range(first, min(end, len(self.lines))):
            text = self.lines[number]
            out.extend(flow(expand_tabs(text, style, self.starts[number]) or [("", style, -1)], limit))
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
