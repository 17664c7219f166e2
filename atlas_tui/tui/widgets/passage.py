"""A passage in a list: where it stands, why it is there, and how the part of it begins that was looked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

from rich.cells import cell_len
from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual

from atlas_tui.citations import found_words, place_of
from atlas_tui.text import one_line, several_lines

_ROWS = 2
"""Of its text."""
_BEFORE = 16
"""Characters of a long line that stand before the first word that was looked for."""
_FULL = 50
"""Characters from which on a line is taken for one that goes on in the next: prose that was broken by its writer."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A line of the panel."""

    document: Mapping[str, Any]
    number: int | None = None
    """By which the answer cites it; None for one that does not go along."""
    pinned: bool = False


class Fitted(Visual):
    """What is laid out anew for each width that it is given: right from the first frame on.

    Args:
        content: what it is at a width.
        below: gives the style of a blank row below it, which is never highlighted; None for no such row.
    """

    def __init__(self, content: Callable[[int], Content], below: Callable[[], Style] | None = None) -> None:
        self._lay_out = content
        self._below = below
        self._width = 0
        self._content = Content("")

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        """Its rows."""
        strips = self._at(width).render_strips(width, height, style, options)
        return [*strips, Strip.blank(width, self._below().rich_style)] if self._below else strips

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        """All that there is."""
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:
        """How many rows it takes."""
        return self._at(width).get_height(rules, width) + (self._below is not None)

    def _at(self, width: int) -> Content:
        if width != self._width:
            self._width, self._content = width, self._lay_out(width)
        return self._content


def marked(text: str, words: re.Pattern[str] | None, style: str = "bold") -> Content:
    """A text with the words that were looked for."""
    content = Content(text)
    for match in words.finditer(text) if words else ():
        content = content.stylize(style, *match.span())
    return content


def drawn(passage: Passage, width: int) -> Content:
    """A passage as the panel has it: of one that does not go along only the heading."""
    rows = heading(passage, width)
    return Content("\n").join([*rows, *_excerpt(passage.document, width)] if passage.number is not None else rows)


def heading(passage: Passage, width: int) -> Sequence[Content]:
    """Where a passage stands and how well it fits, and in a second row what it is about and why it was found."""
    document, taken = passage.document, passage.number is not None
    sign = f"[{passage.number}] " if taken else "[–] "
    pin = " ⚑" if passage.pinned else ""
    score = document.get("relevance_score")
    fit = f" {score:.2f}" if isinstance(score, int | float) else ""
    room = width - len(sign) - cell_len(pin) - len(fit)
    place = _tail(place_of(document, short=True), room)
    head = Content.assemble(
        (sign, "bold $text-accent" if taken else "$foreground-muted"),
        (place, "bold $text-primary" if taken else "$foreground-muted"),
        (pin, "$text-warning"),
        (" " * (room - cell_len(place)) + fit, "$foreground-muted"),
    )
    title, why = _title(document), _reasons(document)
    about = Content.assemble(
        (title, "$foreground" if taken else "$foreground-muted"),
        (" · " if title and why else "", "$foreground-muted"),
        (why, "$foreground-muted"),
    )
    return [head, about.truncate(width, ellipsis=True)] if about else [head]


def _excerpt(document: Mapping[str, Any], width: int) -> Sequence[Content]:
    """The rows that begin with the first word that was looked for, or shortly before it."""
    words, lines = found_words(document), _lines(document)
    at = next((number for number, line in enumerate(lines) if words and words.search(line)), 0)
    indent = len(lines[at]) - len(lines[at].lstrip())
    rows: list[Content] = []
    for number, line in enumerate(lines[at:]):
        line = line[min(indent, len(line) - len(line.lstrip())) :]
        match = words.search(line) if words and not number else None
        if match and match.start() > width:
            line = "…" + line[line.rfind(" ", 0, match.start() - _BEFORE) + 1 :]
        rows += marked(line[: width * (_ROWS + 1)], words).wrap(width)
        if len(rows) > _ROWS:
            break
    for line in reversed(lines[:at]):
        if len(rows) >= _ROWS:
            break
        rows = [*marked(line[-width * _ROWS :], words).wrap(width)[len(rows) - _ROWS :], *rows]
    if len(rows) > _ROWS:
        rows[_ROWS - 1 :] = [Content.assemble(rows[_ROWS - 1].truncate(width - 1), "…")]
    return rows


def _lines(document: Mapping[str, Any]) -> list[str]:
    """Its text in the lines that mean something: without blank ones, without the heading that is its title, and with
    prose that was broken into lines put together again."""
    found: list[str] = []
    goes_on = False
    text = several_lines(str(document.get("content", ""))[:4000]).expandtabs(4)
    for line in dedent(text).split("\n"):
        if goes_on and line[:1].isalnum():
            found[-1] += f" {line.rstrip()}"
        elif line.strip():
            found.append(line.rstrip())
        goes_on = len(line) >= _FULL
    heading = _title(document).rpartition(" > ")[2]
    if len(found) > 1 and heading and found[0].strip("#= ") == heading:
        del found[0]
    return found or [""]


def _reasons(document: Mapping[str, Any]) -> str:
    """Why it was found, in a few words."""
    why = [one_line(str(word), 30) for word in document.get("why") or ()]
    words = " ".join(word for word in why if word != "meaning")
    return " · ".join([*([words] if words else []), *(["meaning"] if "meaning" in why else [])])


def _title(document: Mapping[str, Any]) -> str:
    """The headings that it stands under."""
    return one_line(str((document.get("metadata") or {}).get("title") or ""), 200)


def _tail(text: str, width: int) -> str:
    """A place in so many columns: its end says more than its beginning."""
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) >= width:
        text = text[1:]
    return f"…{text}"
