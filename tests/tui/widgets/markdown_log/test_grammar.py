"""What is read without the parser is what the parser reads."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it.token import Token

from atlas_tui.tui.widgets.markdown_log.grammar import TopBlock, definitions, parser, tokens, top_blocks

PIECES = [
    *("word\n", "two words\n", "  in\n", "    four\n", "1 x\n", "a | b\n", "-|-\n", "===\n", "---\n", "\n", "\n"),
    *("  \n", " \t\n", "- i\n", "> q\n", "```\n", "<b>\n", "x\\\n", "end", "é b  \n", "\x0bv\n", "w\x0b\n", "a\x0c\n"),
    *("\u2028x\n", "a\u00a0\n", "[r]: /u\n", "# h\n", "a\tb\n", "  ", "日本\n"),
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_plain_paragraphs_are_what_the_parser_makes_of_them(text: str) -> None:
    expected: list[Token] = []
    unfinished = text[text.rfind("\n") + 1 :].strip(" \t")
    parser().block.parse(text + "\n" if unfinished else text, parser(), {}, expected)
    assert tokens(text) == expected
    assert [block[:2] for block in top_blocks(text) if block.tokens] == _lines(expected)


def _lines(found: list[Token]) -> list[tuple[int, int]]:
    """The lines of the outermost elements."""
    places = [token.map or [] for token in found if token.level == 0 and token.nesting >= 0]
    return [TopBlock(first, end, [])[:2] for first, end in places]


def test_a_text_that_ends_within_an_indentation_is_read() -> None:
    text = "> - y\n>\t<!-- c\n>\t-\tq\n>\t-->"
    for end in range(1, len(text) + 1):
        assert [block.first for block in top_blocks(text[:end])] == [0]
        definitions(f"[r]: /u\n\n{text[:end]}")
