"""However a text is cut into deltas, what is drawn is what the whole text gives."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from atlas_tui.tui.widgets.markdown_log.grammar import LINES as MANY
from atlas_tui.tui.widgets.markdown_log.grammar import LONG
from atlas_tui.tui.widgets.markdown_log.stream import Stream
from tests.tui.widgets.markdown_log.drawing import drawn, lines, runs

PIECES = [
    "# Heading\n", "###### h6 `x`\n", "Setext\n===\n", "setext\n-\n", "plain words that go on for a while\n", "\n",
    "\n\n", "**bold _and italic_** ~~gone~~ `code`\n", "- item\n", "- \n", "* star\n", "+ plus\n", "  - nested\n",
    "    - deeper\n", "1. one\n", "2. two\n", "7) seven\n", "   para in item\n", "- [x] done\n", "- [ ] todo\n",
    "> quote\n", "> - in quote\n", ">\n", "> > deep\n", "lazy\n", "```python\n", "```\n", "~~~~\n", "~~~\n",
    "  ```js\n", "def f(x):\n", "    return '''x\n", "/* open\n", "close */ int x;\n", "\tindented\n", "    code\n",
    "| a | b |\n", "|---|--:|\n", "| 1 | 2222 |\n", "| longer cell | `x|y` | extra |\n", "a | b\n", "-|-\n", "---\n",
    "***\n", "<div>\n", "</div>\n", "<b>inline</b><br>next\n", "<!-- c\n", "-->\n", "[ref]: /url\n", "'title\n",
    "[ref]: <x> 'a\n", "b'\n", "[ref] and [text](http://a.b/c_d \"t\")\n", "![img](x.png)\n", "https://a.b/c?d=e.\n",
    "\\[\n", "\\]\n", "\\[ x^2 \\]\n", "$$\n", "$a_1$ and $5\n", "$$ y $$\n",
    "日本語の文字列がここに続きます、とても長い\n",
    "👩‍👩‍👧 e\u0301 \u05d0\u05d1\u05d2\n", "&amp; &#27; \\* \\`\n", "hard  \nbreak\\\nhere\n", "x" * 90 + "\n",
    "\x1b[31m\r\n",
]  # fmt: skip
LINES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join)
INDENTS = st.sampled_from(["", "", "  ", "   ", "     ", "      ", "> ", "> > ", ">   "])
BEGINNINGS = st.sampled_from(
    [
        *("- a", "* b", "1. one", "2. two", "10) ten", "para", "# h", "> q", "```", "[r]: /u", "'t", "$$", "x^2"),
        *("\\[", "\\]", "", "", "- [x] t", "---", "<div>", "==="),
    ]
)
NESTED = st.lists(st.builds("{}{}\n".format, INDENTS, BEGINNINGS), min_size=2, max_size=11).map("".join)
STEPS = st.sampled_from(["", "  ", "    ", "> ", ">", "  > ", "\t", ">\t", "   ", "- ", "1. ", "> - "])
INSIDE = st.lists(
    st.sampled_from(
        [
            *("```", "```py", "~~~", "````", "x = 1", "# c", "| a | b |", "|---|--:|", "| 1 | 22 |", "c | d", "word"),
            *("", "", "- i", "2. n", "> q", "> - z", "- ```", "> ```", "- | a |", "-", "\tcode", "    code", "[r]: /u"),
        ]
    ),
    min_size=1,
    max_size=5,
)
# Some lines at each step of indentation: what fences and tables are in lists and quotes, and what ends them.
CONTAINED = st.lists(
    st.tuples(st.lists(STEPS, max_size=2).map("".join), INSIDE).map(
        lambda found: "".join(f"{found[0]}{line}\n" for line in found[1])
    ),
    min_size=1,
    max_size=4,
).map("".join)
NOISE = st.text(alphabet="ab 1-*_`~#>|[]()!<&\\$\n\t.:=+é日", max_size=60)
TEXTS = st.one_of(LINES, NESTED, CONTAINED, st.builds(lambda a, b, c: a + b + c, LINES, NOISE, LINES), NOISE)


def whole(text: str) -> Stream:
    stream = Stream()
    stream.append(text)
    return stream


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, st.randoms(use_true_random=False), st.sampled_from([9, 30, 61]))
@example("- a\n\n2. b\n", None, 30)
@example("1. a\n\n2. b\n\n3) c", None, 30)
@example("[foo]: /url\n'title\nend'\n\n[foo]\n", None, 30)
@example("para\na | b\n-|-x\n", None, 30)
@example("- \\[\n- x\n  \\]\n", None, 30)
@example("> > 't\n> $$\n> > \n      > q\n>", None, 12)
@example("- a\n\n  b\n  - c\n\n  > d\n- e\n", None, 12)
@example("| a |\n|-|\n| 1 |\n```\n| 2 |\n", None, 9)
@example("- a\n\n  ```py\n  x = 1\n\n  y\n  ```\n  b\n- c\n", None, 30)
@example("1. a\n   - b\n     ~~~\n     x\n   - c\n   > ```\n   > y\n   z\n", None, 30)
@example("> - ```\n>   x\n>\n> y\n> ```\n", None, 30)
@example("- [r]: /u\n  ```\n  x\n- ```\n\n-\tq\n\t* c\n", None, 30)
@example("- | a | b |\n  |---|---|\n  | 1 | 2 |\n\n  c\n> | a |\n> |-|\n> 1\n2\n", None, 30)
@example("- a\n\n  [foo]:\n  /url\n- b\n", None, 30)
def test_any_split_draws_the_same(text: str, random: object, width: int) -> None:
    stream = Stream()
    at = 0
    while at < len(text):
        size = random.choice([1, 1, 2, 3, 5, 8, 30]) if random is not None else 1  # type: ignore[attr-defined]
        stream.append(text[at : at + size])
        at += size
        assert runs(stream, width) == runs(whole(text[:at]), width), text[:at]


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_lines_that_were_given_back_are_drawn_again_alike(text: str) -> None:
    stream = whole(text)
    before = runs(stream)
    for block in stream.blocks:
        block.forget()
    assert runs(stream) == before
    assert runs(stream, 33) == runs(whole(text), 33)


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_the_end_draws_what_a_text_that_came_whole_draws(text: str) -> None:
    stream = Stream()
    for character in text:
        stream.append(character)
        lines(stream)
    stream.end()
    at_once = whole(text)
    at_once.end()
    assert runs(stream) == runs(at_once)


@settings(max_examples=100, deadline=None)
@given(TEXTS)
@example(f"$$\n{'wide' * 20}\n$$\n")
@example("\\[  word\nrest\n\\]\n")
@example("so $word$ and $$ rest $$ and \\(last\\)\n")
def test_offsets_point_into_the_source(text: str) -> None:
    stream = whole(text)
    for line in runs(stream):
        for shown, _, offset in line:
            if offset >= 0:
                assert offset <= len(stream.source)
                if shown.isalpha() and shown.isascii() and len(shown) > 3:
                    assert stream.source[offset : offset + len(shown)] == shown


def test_a_long_list_table_or_fence_is_many_small_blocks() -> None:
    items = "".join(f"- item {number}\n" for number in range(200))
    rows = "| a | b |\n|---|---|\n" + "".join(f"| {number} | x |\n" for number in range(200))
    code = "```python\n" + "".join(f"x{number} = {number}\n" for number in range(200)) + "```\n"
    quote = "".join(f"> para {number}\n>\n" for number in range(200))
    nested = "1. top\n" + "".join(f"   - item {number}\n" for number in range(199))
    for text, blocks in ((items, 200), (rows, 4), (code, 4), (quote, 200), (nested, 200)):
        stream = Stream()
        for start in range(0, len(text), 50):
            stream.append(text[start : start + 50])
            lines(stream)
        assert len(stream.blocks) == blocks
        assert runs(stream) == runs(whole(text))


def test_a_paragraph_without_end_is_drawn_in_pieces() -> None:
    text = "words and more words " * (LONG // 4)
    stream = Stream()
    for start in range(0, len(text), 997):
        stream.append(text[start : start + 997])
        lines(stream)
    assert len(stream.blocks) > 3
    assert runs(stream) == runs(whole(text))
    assert " ".join(" ".join(lines(stream)).split()) == text.strip()


def test_a_line_without_end_is_finished_in_pieces_too() -> None:
    text = "words and more words " * (3 * LONG // 20) + "x" * 3 * LONG + " the end"
    stream = Stream()
    for start in range(0, len(text), 997):
        stream.append(text[start : start + 997])
        assert runs(stream) == runs(whole(text[: start + 997]))
    assert stream._frozen >= 3


@pytest.mark.parametrize("line", ["word\n", "  word and **bold**\n", "1 2\nword\n", "1\n", "word w" + "x" * 90 + "\n"])
def test_a_paragraph_of_very_many_lines_is_finished_in_pieces(line: str) -> None:
    text = (7 * MANY) * line + "| a | b |\n|---|---|\n| 1 | 2 |\nend\n===\n\nafter"
    stream = Stream()
    for start in range(0, len(text), 997):
        stream.append(text[start : start + 997])
        assert runs(stream) == runs(whole(text[: start + 997]))
    pieces = len(stream.blocks)
    assert pieces > 5 or "word" not in line
    shown = [each.strip() for each in lines(stream, 120)]
    assert shown.count(line.splitlines()[-1].replace("*", "").strip()) == 7 * MANY


LONG_LINES = [
    *("word\n", "> word\n", "> > word\n", "> - word\n", "> 1. word\n>\n", "  word\n", "- > word\n", "  > word\n"),
    *("  - word\n", "    - word\n", "      - word\n", "> **bold** words\n", "> 1\n", "\tword\n", "   ```\n"),
    *("> # h\n", "words and more words ", "x", "> a | b\n"),
]
BEFORE = st.sampled_from(["", "- ", "- a\n", "1. a\n\n", "- a\n  - b\n", "> ", "> > ", "> - ", "- > ", "- - ", "10. "])
FLOOD = st.builds("".join, st.tuples(st.sampled_from(LONG_LINES).map(lambda line: line * (9_000 // len(line))), TEXTS))
FLOODS = st.builds("".join, st.tuples(TEXTS, st.sampled_from(["", "\n"]), BEFORE, FLOOD))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(FLOODS, st.integers(700, 2500))
@example(9_000 // 7 * "> word\n" + "> ===\n> \n> after\nlazy\n\nend", 997)
@example("- " + 1_800 * "word\n" + "  ===\n\n  para\n- next\n", 997)
def test_any_split_of_a_flood_draws_the_same(text: str, size: int) -> None:
    stream = Stream()
    for start in range(0, len(text), size):
        stream.append(text[start : start + size])
        assert runs(stream) == runs(whole(text[: start + size]))
    before = runs(stream)
    for block in stream.blocks:
        block.forget()
    assert runs(stream) == before


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("> word\n" * 500, "▎ word"),
        ("> " + "word\n" * 500, "▎ word"),
        ("> > word\n" * 500, "▎ ▎ word"),
        ("> - word\n" * 500, "▎ • word"),
        ("> - word\n>\n" * 500, "▎ • word"),
        ("- " + "word\n" * 500, "  word"),
        ("1. a\n\n" + "   word\n" * 500, "   word"),
        ("- a\n" + "  > word\n" * 500, "  ▎ word"),
        ("- > word\n" + "  > word\n" * 499, "  ▎ word"),
    ],
    ids=["quote", "lazy", "inner quote", "quoted list", "loose list", "item", "later in item", "below", "in item"],
)
def test_a_flood_in_a_quote_or_item_is_finished_in_pieces_that_look_alike(text: str, line: str) -> None:
    stream = whole(text)
    shown = lines(stream)
    assert stream._frozen >= 5
    assert text.count("\n", stream._tail) <= 2 * MANY
    assert sum(each.count("word") for each in shown) == text.count("word")
    assert [each for each in shown if "word" in each][1:].count(line) >= 498
    gaps = [each for each in shown if not each.strip(" ▎")]
    assert len(gaps) == text.count("\n>\n") - ("\n>\n" in text) + text.count("\n\n")


@pytest.mark.parametrize(
    "text", ["> " + LONG * "words " + "end", "- " + 6 * LONG * "x" + " end"], ids=["quote", "item"]
)
def test_a_line_without_end_in_a_quote_or_item_is_finished_in_pieces(text: str) -> None:
    stream = Stream()
    for start in range(0, len(text), 1499):
        stream.append(text[start : start + 1499])
        lines(stream)
    assert stream._frozen >= 4
    assert all(line.startswith(("▎ ", "• ", "  ")) for line in lines(stream))
    shown = "".join(line[2:].strip() for line in lines(stream))
    assert shown.replace(" ", "") == text[2:].replace(" ", "")


def test_a_cut_in_a_quote_in_a_quote_keeps_both_bars() -> None:
    stream = whole("> > " + 3 * LONG * "w")
    assert all(line.startswith("▎ ▎ w") for line in lines(stream))
    assert stream._frozen >= 3


def test_a_line_that_may_yet_be_the_header_of_a_table_is_not_cut_off() -> None:
    row = "| " + " | ".join(["word"] * 200) + " |\n"
    text = "word\n" * (2 * MANY - 1) + row + "|---" * 200 + "|\n| 1 |\n"
    stream = Stream()
    for start in range(0, len(text), 97):
        stream.append(text[start : start + 97])
        assert runs(stream, 200) == runs(whole(text[: start + 97]), 200)


def test_a_formula_has_no_more_lines_than_are_read_again() -> None:
    for many, formula in ((MANY // 2, True), (3 * MANY, False)):
        text = "$$\n" + "x^2\n" * many + "$$\n\nend"
        stream = Stream()
        for start in range(0, len(text), 41):
            stream.append(text[start : start + 41])
            assert runs(stream) == runs(whole(text[: start + 41]))
        assert any("$$" in line for line in lines(stream)) is not formula


def test_html_in_items_and_quotes_is_drawn_without_their_marks() -> None:
    assert drawn("- <div>\n  x\n  </div>\n> <p>\n> y\n") == ["• <div>", "  x", "  </div>", "", "▎ <p>", "▎ y"]


def test_an_empty_item_or_quote_shows_its_sign() -> None:
    assert drawn("- a\n-\n- >\n\n>\n") == ["• a", "•", "• ▎", "", "▎"]


def test_a_reference_defined_at_the_end_is_resolved_at_the_end() -> None:
    stream = whole("See [the docs].\n\n[the docs]: https://docs.example/\n")
    assert lines(stream) == ["See [the docs]."]
    stream.end()
    assert lines(stream) == ["See the docs (https://docs.example/)."]


@pytest.mark.parametrize("rows", [1, 100])
def test_a_reference_in_a_table_widens_its_column_at_the_end(rows: int) -> None:
    text = "| [docs] | b |\n|---|---|\n" + rows * "| [docs] | b |\n" + "\n[docs]: https://docs.example/\n"
    stream, at_once = whole(text), whole(text)
    lines(stream)
    stream.end()
    at_once.end()
    assert runs(stream) == runs(at_once)
    assert lines(stream)[-1] == "docs (https://docs.example/) │ b"


def test_an_end_of_fence_being_written_is_not_shown_as_code() -> None:
    stream = whole("```\nx = 1\n``")
    assert [line.strip() for line in lines(stream)] == ["x = 1"]
    stream.end()
    assert [line.strip() for line in lines(stream)] == ["x = 1", "``"]
    assert [line.strip() for line in drawn("```\nx = 1\n```")] == ["x = 1"]
