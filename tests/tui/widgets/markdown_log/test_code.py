"""Highlighting goes line by line, loses no character, and remembers what is open."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, String, Text
from pygments.util import ClassNotFound

from atlas_tui.tui.widgets.markdown_log.code import START, Parts, line_lexer
from atlas_tui.tui.widgets.markdown_log.looks import syntax_name
from atlas_tui.tui.widgets.markdown_log.stream import Stream
from tests.tui.widgets.markdown_log.drawing import runs
from tests.tui.widgets.markdown_log.programs import PROGRAMS

LINES = [
    *("def f(x):  # note", "\treturn 'a' + \"b\" /* x", "*/ int main() { }", "key: |", "  - item: 1", "'''", ""),
    *("$ ls -la | grep x", '{"a": [1, 2.5, null]}', "SELECT * FROM t WHERE x='y';", "<div class='x'>{{ y }}</div>"),
    *("<<EOF", "text $(cmd) `b`", "EOF", '\tx = "unclosed', "((((((", "日本語 é", "#!/bin/sh", "<?php echo 1; ?>"),
]
LANGUAGES = (
    "python javascript typescript c cpp csharp java go rust ruby php bash console yaml json html css sql diff swift "
    "kotlin haskell lua perl r scala toml ini docker make markdown xml tex pycon nosuchlanguage {.python} text"
)


def highlight(language: str, lines: list[str]) -> Iterable[Parts]:
    """The tokens of each of these lines."""
    state = START
    for line in lines:
        parts, state = line_lexer(language).line(line, state)
        yield parts


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


@pytest.mark.parametrize("language", PROGRAMS)
def test_code_that_comes_in_pieces_has_the_colours_of_the_whole(language: str) -> None:
    text = f"```{language}\n{PROGRAMS[language]}```\n\nend"
    whole = runs(_stream([text]))
    for seed in range(3):
        cuts = random.Random(seed)
        pieces, at = [], 0
        while at < len(text):
            size = cuts.choice([1, 3, 10, 50, 200])
            pieces.append(text[at : at + size])
            at += size
        assert runs(_stream(pieces)) == whole


@pytest.mark.parametrize("language", ["python", "javascript", "typescript", "rust", "java", "css", "diff", "toml"])
def test_lines_have_the_colours_that_pygments_gives_to_the_whole(language: str) -> None:
    program = PROGRAMS[language]
    tokens = get_lexer_by_name(language, stripnl=False, ensurenl=False).get_tokens(program)
    expected = [(letter, syntax_name(kind)) for kind, text in tokens for letter in text]
    lines = highlight(language, program.split("\n"))
    ours = [(letter, syntax_name(kind)) for parts in lines for kind, text in parts for letter in text]
    assert ours == [each for each in expected if each[0] != "\n"]


@pytest.mark.parametrize("language", LANGUAGES.split(" "))
def test_rules_sorted_by_first_characters_find_what_all_rules_find(language: str) -> None:
    lexer = line_lexer(language)
    odd = ["".join(random.Random(seed).choices(_CHARACTERS, k=40)) for seed in range(60)]
    lines = [*LINES, *odd, *"\n".join(PROGRAMS.values()).split("\n")] * 2  # so many that they have been sorted
    try:
        pygments = get_lexer_by_name(language.strip("{}."), stripnl=False)
    except ClassNotFound:
        return
    for line in lines:
        if "/*" not in line and "<!--" not in line:  # which we carry over lines, and Pygments does not
            tokens = [(kind, text) for _, kind, text in pygments.get_tokens_unprocessed(line + "\n")]
            assert _letters(lexer.line(line, START)[0]) == _letters(tokens), line


_CHARACTERS = "".join(map(chr, range(32, 127))) + "\t\x0b\x1céßſıK日"


def _letters(parts: Iterable[tuple[object, str]]) -> list[tuple[object, str]]:
    return [(kind, letter) for kind, text in parts for letter in text.rstrip("\n")]


def _stream(pieces: list[str]) -> Stream:
    stream = Stream()
    for piece in pieces:
        stream.append(piece)
        runs(stream)
    return stream
