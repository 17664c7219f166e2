"""The examples of the CommonMark specification, as its authors give them: drawn, they say what their HTML says.

Compared are every visible character with what it is marked as (emphasis, code, link, heading of which level, code
block) and in how many quotes it stands, the signs of all list items in order, and the rules between paragraphs.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from atlas_tui.tui.widgets.markdown_log.containers import BULLETS, QUOTE_BAR
from atlas_tui.tui.widgets.markdown_log.grammar import parser
from atlas_tui.tui.widgets.markdown_log.stream import Stream
from tests.tui.widgets.markdown_log.drawing import LOOK
from tests.tui.widgets.markdown_log.test_html import Page, kind

EXAMPLES = json.loads(Path("tests/data/commonmark/commonmark.json").read_text(encoding="utf-8"))
OTHERWISE = {
    602: "no autolink of CommonMark, for the blank in it; but what stands before that is a bare address",
    608: "no autolink of CommonMark, for the blanks in it; but a bare address stands between them",
    611: "a bare address",
}
"""Examples that the log draws another way, by their number, and why: a bare address is a link, as GitHub has it."""


class Shown(NamedTuple):
    """What a reader sees."""

    characters: list[tuple[str, object, int]]
    """Each with its marks and the number of quotes around it."""
    items: list[str]
    """The signs of the list items: `•` or a number."""
    rules: int


class Specified(Page):
    """What the HTML of an example says."""

    def __init__(self) -> None:
        super().__init__()
        self.quoted: list[tuple[str, object, int]] = []
        self.items: list[str] = []
        self.rules = 0
        self._numbers: list[int | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        if tag == "ul":
            self._numbers.append(None)
        elif tag == "ol":
            self._numbers.append(int(dict(attrs).get("start") or 1))
        elif tag == "li":
            number = self._numbers[-1]
            self.items.append("•" if number is None else str(number))
            if number is not None:
                self._numbers[-1] = number + 1
        elif tag == "hr":
            self.rules += 1

    def handle_endtag(self, tag: str) -> None:
        super().handle_endtag(tag)
        if tag in ("ul", "ol"):
            self._numbers.pop()

    def put(self, text: str, marks: object) -> None:
        quotes = self.open.count("blockquote")
        self.quoted.extend((character, marks, quotes) for character in text if not character.isspace())


def specified(html: str) -> Shown:
    page = Specified()
    page.feed(html)
    page.close()
    return Shown(page.quoted, page.items, page.rules)


def shown(markdown: str) -> Shown:
    stream = Stream()
    stream.append(markdown)
    stream.end()
    found = Shown([], [], 0)
    for block in stream.blocks:
        for row in block.rows(LOOK, 500):
            quotes = sum([text == QUOTE_BAR for text, _, _ in row.runs])
            for text, style, offset in row.runs:
                name = str(style.meta["name"])
                if offset >= 0:
                    marks = kind(name)
                    found.characters.extend((sign, marks, quotes) for sign in text if not sign.isspace())
                elif name == "bullet":
                    found.items.append(re.sub(f"[{BULLETS}]", "•", text).strip().rstrip(".)"))
                elif name == "rule":
                    found = found._replace(rules=found.rules + 1)
    return found


def is_html(markdown: str) -> bool:
    """Whether raw HTML is in it, which a terminal shows as the text that it is."""
    tokens = parser().parse(markdown)
    inner = [child for token in tokens for child in token.children or ()]
    return any(token.type in ("html_block", "html_inline") for token in [*tokens, *inner])


SHOWN = [example for example in EXAMPLES if not is_html(example["markdown"])]


def test_the_examples_are_all_there() -> None:
    assert len(EXAMPLES) == 652
    assert len(SHOWN) == 580


@pytest.mark.parametrize("example", SHOWN, ids=lambda example: str(example["example"]))
def test_an_example_says_what_its_html_says(example: dict[str, Any]) -> None:
    drawn, meant = shown(example["markdown"]), specified(example["html"])
    if example["example"] in OTHERWISE:
        assert drawn != meant
        assert _text(drawn.characters) == _text(meant.characters)
    else:
        assert drawn == meant


def _text(characters: list[tuple[str, object, int]]) -> str:
    return "".join([character for character, _, _ in characters])
