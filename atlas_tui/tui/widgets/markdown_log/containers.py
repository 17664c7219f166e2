"""The quotes and list items around a block: what opens them again, what of a line is inside, and how they are drawn.

A block stands in a chain of them, the outermost first. Wherever a text is taken up again in the midst of some, the
shortest text that opens such ones is put before it.
"""

from __future__ import annotations

from typing import NamedTuple

from markdown_it.token import Token

from atlas_tui.tui.widgets.markdown_log.looks import Look
from atlas_tui.tui.widgets.markdown_log.runs import Line, Run

BULLETS = "•◦▪"
QUOTE_BAR = "▎ "
_QUOTE = "> "
_DEEPEST = 12  # levels of nesting that are indented; deeper text stays at the twelfth
_EVERYTHING = 1 << 30


class Container(NamedTuple):
    """A quote or an item of a list, as far as what stands in it needs to know."""

    mark: str = _QUOTE
    """What opens it; that of an item is as long as what the item holds is indented."""
    sign: str = QUOTE_BAR
    """What it is drawn with."""
    number: int = 0

    @property
    def quote(self) -> bool:
        """Whether it is a quote."""
        return self.mark == _QUOTE

    @property
    def prefix(self) -> str:
        """What puts a line into it."""
        return _QUOTE if self.quote else " " * len(self.mark)


Chain = tuple[Container, ...]


def item(mark: str, token: Token, number: int, depth: int) -> Container:
    """The item that this token opens, inside so many others."""
    checked = token.meta.get("checked") if token.meta else None
    if checked is not None:
        sign = "☑ " if checked else "☐ "
    elif token.markup in "-+*":
        sign = BULLETS[depth % len(BULLETS)] + " "
    else:
        sign = f"{number}{token.markup} "
    return Container(mark, sign, number)


def prefix(chain: Chain) -> str:
    """What puts a line into all of them."""
    return "".join([container.prefix for container in chain])


def stub(chain: Chain) -> str:
    """The shortest text that opens them all: a word in each, and a blank line below."""
    before = text = ""
    for container in chain:
        text += f"{before}{container.mark}x\n"
        before += container.prefix
        text += f"{before}\n"
    return text


class Held(NamedTuple):
    """What of a line is inside some containers."""

    text: str
    column: int = 0
    """Where it begins, counted from the innermost quote around it; the parser takes tabs so."""
    before: int = 0
    """The columns of that quote's own mark."""

    @property
    def spaced(self) -> str:
        """The text with spaces for the tabs that it begins with."""
        blanks = self.unindented(_EVERYTHING).column - self.column
        return " " * blanks + self.text.lstrip(" \t")

    def unindented(self, columns: int) -> Held:
        """Without so many columns of blanks, or as many as there are."""
        text, column, end = self.text, self.column, self.column + columns
        while column < end and text[:1] in (" ", "\t"):
            after = column + (4 - (column + self.before) % 4 if text[0] == "\t" else 1)
            text, column = " " * max(after - end, 0) + text[1:], min(after, end)
        return Held(text, column, self.before)

    def after(self, mark: str) -> Held:
        """What is behind a mark that it begins with."""
        return Held(self.text[len(mark) :], self.column + len(mark), self.before)

    def quoted(self) -> Held | None:
        """What is inside a quote that the line begins or goes on with."""
        found = self.unindented(_EVERYTHING)
        if not found.text.startswith(">"):
            return None
        inner = found.after(">").unindented(1)
        return Held(inner.spaced, 0, inner.column)


def held(line: str, chain: Chain) -> Held | None:
    """What of a line is inside them all; None where it is not, though it may go on with a paragraph that is."""
    found = Held(line)
    for container in chain:
        if container.quote:
            inner = found.quoted()
        else:
            inner = found.unindented(len(container.mark))
            if inner.text and inner.column < found.column + len(container.mark):
                return None
        if inner is None:
            return None
        found = inner
    return found


def inside(line: str, chain: Chain, indent: int = 0) -> str | None:
    """The text of what is inside them all, less so many columns of blanks."""
    if "\t" in line:
        found = held(line, chain)
        return None if found is None else found.unindented(indent).text
    for container in chain:
        opening = container.prefix
        if line.startswith(opening):
            line = line[len(opening) :]
        elif container.quote:
            line = line.lstrip(" ")
            if not line.startswith(">"):
                return None
            line = line[1:].removeprefix(" ")
        else:
            line = line.lstrip(" ")
            if line:
                return None
    return line[min(indent, len(line) - len(line.lstrip(" "))) :] if indent else line


def spaced(line: str, chain: Chain) -> str | None:
    """The text of what is inside them all, with spaces for the tabs that it begins with."""
    if "\t" not in line:
        return inside(line, chain)
    found = held(line, chain)
    return None if found is None else found.spaced


def room(limit: int, chain: Chain) -> int:
    """The cells that are left for what stands in them."""
    for container in chain[:_DEEPEST]:
        limit = max(limit - len(container.sign), 4)
    return limit


def framed(lines: list[Line], chain: Chain, begins: int, look: Look, base: str) -> list[Line]:
    """The lines behind bars and indentations; the first has the signs of the items from this number on."""
    if not chain:
        return lines
    first, later = _leads(chain, begins, look, base), _leads(chain, len(chain), look, base)
    return [[*(later if number else first), *line] for number, line in enumerate(lines)]


def bars(chain: Chain, look: Look) -> Line:
    """A blank line between two blocks in them: no more than the bars of quotes."""
    last = max([number for number, container in enumerate(chain, 1) if container.quote], default=0)
    return _leads(chain[:last], last, look, "text")


def _leads(chain: Chain, begins: int, look: Look, base: str) -> Line:
    return [_lead(container, depth >= begins, depth, look, base) for depth, container in enumerate(chain)]


def _lead(container: Container, begins: bool, depth: int, look: Look, base: str) -> Run:
    if container.quote:
        return QUOTE_BAR, look["quote-bar"], -1
    if begins:
        return container.sign, look["bullet"], -1
    return " " * (len(container.sign) if depth < _DEEPEST else 0), look[base], -1
