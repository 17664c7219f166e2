"""What is drawn says what the same Markdown says as HTML: the same characters, with the same marks, in the same order.

The HTML is markdown-it's own, which its authors hold to the CommonMark specification.
"""

from __future__ import annotations

import ast
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas_tui.tui.widgets.markdown_log import inline
from atlas_tui.tui.widgets.markdown_log.grammar import parser
from atlas_tui.tui.widgets.markdown_log.stream import Stream
from tests.tui.widgets.markdown_log.drawing import LOOK
from tests.tui.widgets.markdown_log.test_stream import CONTAINED, PIECES

TAGS = {"em": inline.ITALIC, "strong": inline.BOLD, "s": inline.STRIKE, "code": inline.CODE, "a": inline.LINK}
EXAMPLES = [
    "*foo **bar *baz* bim** bop*",
    "__foo, __bar__, baz__",
    "**foo*bar**baz*",
    "`` foo ` bar ``",
    "[link *foo **bar** `#`*](/uri)",
    "![foo *bar*](train.jpg) and ![](x)",
    "<https://foo.bar/baz?q=a> \\*not em\\* &copy; &#35; &ouml;",
    "Foo *bar\nbaz*\n====\n\n## deep `x` ##\n",
    "- a\n  > b\n  ```\n  c\n  ```\n- d\n",
    "10) foo\n    bar\n\n        code\n\n    > quote\n",
    "> # Foo\n> bar\nlazy\n\n    indented\n\tcode\n",
    "| *a* | `b` |\n|---|--:|\n| **c** | d \\| e |\n| f |\n",
    "- [x] done *now*\n- [ ] todo\n  - [X] deep\n",
    "~~~ ruby startline=3\ndef foo(x)\n  return 3\nend\n~~~\n",
    "1. one\n2. two\n\n\n3. three\n\n   - nested\n\n\n   - more\n",
    "aaa\n             bbb\n                                       ccc  \nddd\\\neee",
]
Marked = tuple[str, object]


class Page(HTMLParser):
    """The characters of a page, without white space, with their marks."""

    def __init__(self) -> None:
        super().__init__()
        self.characters: list[Marked] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.put(dict(attrs).get("alt") or "image", "image")
        elif tag not in ("br", "hr", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        heading = next((tag for tag in self.open if re.fullmatch("h[1-6]", tag)), None)
        base = f"heading{heading[1]}" if heading else "table-head" if "th" in self.open else "text"
        marks = 0
        for tag in self.open:
            marks |= TAGS.get(tag, 0)
        self.put(data, "code" if "pre" in self.open else (base, marks))

    def put(self, text: str, marks: object) -> None:
        self.characters.extend((character, marks) for character in text if not character.isspace())


def as_html(text: str) -> list[Marked]:
    page = Page()
    page.feed(parser().render(text))
    page.close()
    return page.characters


def as_drawn(text: str) -> list[Marked]:
    stream = Stream()
    stream.append(text)
    stream.end()
    found: list[Marked] = []
    for block in stream.blocks:
        for row in block.rows(LOOK, 500):
            for shown, style, offset in row.runs:
                if offset >= 0:
                    marks = kind(str(style.meta["name"]))
                    found.extend((character, marks) for character in shown if not character.isspace())
    return found


def kind(name: str) -> object:
    if not name.startswith("("):
        return "code"
    base, marks = ast.literal_eval(name)
    return "image" if marks & inline.IMAGE else (base, marks & ~inline.DIM)


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_say_what_their_html_says(text: str) -> None:
    assert as_drawn(text) == as_html(text)


# Formulas, HTML and bare addresses are drawn in ways of their own, and have their own tests.
COMMON = [piece for piece in PIECES if not re.search(r"[$<]|\\\[|\\\]|https?:|\x1b|x{20}|⁠", piece)]


@settings(max_examples=250, deadline=None)
@given(st.one_of(st.lists(st.sampled_from(COMMON), min_size=1, max_size=14).map("".join), CONTAINED))
def test_any_text_says_what_its_html_says(text: str) -> None:
    assert as_drawn(text) == as_html(text)
