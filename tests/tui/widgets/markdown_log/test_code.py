"""Highlighting goes line by line, loses no character, and remembers what is open."""

from __future__ import annotations

import pytest
from pygments.token import Comment, String, Text

from atlas_tui.tui.widgets.markdown_log.code import START, highlight, line_lexer

LINES = [
    *("def f(x):  # note", "\treturn 'a' + \"b\" /* x", "*/ int main() { }", "key: |", "  - item: 1", "'''", ""),
    *("$ ls -la | grep x", '{"a": [1, 2.5, null]}', "SELECT * FROM t WHERE x='y';", "<div class='x'>{{ y }}</div>"),
    *("<<EOF", "text $(cmd) `b`", "EOF", '\tx = "unclosed', "((((((", "日本語 é", "#!/bin/sh", "<?php echo 1; ?>"),
]
LANGUAGES = (
    "python javascript typescript c cpp csharp java go rust ruby php bash console yaml json html css sql diff swift "
    "kotlin haskell lua perl r scala toml ini docker make markdown xml tex pycon nosuchlanguage {.python} text"
)


@pytest.mark.parametrize("language", LANGUAGES.split(" "))
def test_no_character_is_lost(language: str) -> None:
    shown = ["".join(text for _, text in parts) for parts in highlight(language, LINES * 2)]
    assert shown == LINES * 2


def test_strings_and_comments_stay_open_over_lines() -> None:
    python = list(highlight("python", ['x = """one', "two", 'three"""', "y = 1"]))
    assert str(python[1][0][0]).startswith(str(String))
    assert not str(python[3][0][0]).startswith(str(String))
    c = list(highlight("c", ["int a; /* one", "two", "three */ int b;"]))
    assert c[0][-1] == (Comment.Multiline, "/* one")
    assert c[1] == [(Comment.Multiline, "two")]
    assert c[2][0] == (Comment.Multiline, "three */")
    assert c[2][-1][0] is not Comment.Multiline


def test_what_only_looks_like_a_comment_opens_none() -> None:
    for language, line in (("c", 'char *s = "/*";'), ("bash", "ls dir/*"), ("c", "// see /* there")):
        parts = list(highlight(language, [line, "int after;"]))
        assert parts[1] == next(iter(highlight(language, ["int after;"])))


def test_unknown_languages_and_endless_lines_stay_plain() -> None:
    assert line_lexer("nosuchlanguage").line("x = 1", START) == ([(Text, "x = 1")], START)
    assert line_lexer("python").line("x" * 5_000, START)[0] == [(Text, "x" * 5_000)]
