"""A passage in the panel: which part of it is seen, at which width."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from atlas_tui.tui.widgets.passage import Passage, drawn


def rows(text: str, *why: str, title: str = "", width: int = 40, number: int | None = 1) -> list[str]:
    document = {
        "content": text,
        "metadata": {"source": "/papers/guide.md", "first_line": 3, "last_line": 9, "title": title},
        "relevance_score": 0.5,
        "why": list(why),
    }
    return drawn(Passage(document, number), width).plain.split("\n")


def test_it_says_where_it_stands_how_well_it_fits_and_why() -> None:
    head, about, text = rows("Fly it.", "fly", "meaning", title="Guide > Kites")
    assert head == "[1] /papers/guide.md:3-9            0.50"
    assert about == "Guide > Kites · fly · meaning"
    assert text == "Fly it."


def test_of_one_that_does_not_go_along_only_the_place_is_said() -> None:
    assert rows("Fly it.", "fly", number=None) == ["[–] /papers/guide.md:3-9            0.50", "fly"]


def test_of_a_long_place_the_end_is_kept() -> None:
    head = rows("Fly it.", width=24)[0]
    assert head == "[1] …s/guide.md:3-9 0.50"


def test_code_keeps_its_lines_and_loses_the_indentation_that_all_have() -> None:
    code = "        x = 1\n\n        def fly(kite):\n            return kite.up()\n        y = 2"
    assert rows(code, "fly")[2:] == ["def fly(kite):", "    return kite.up()…"]


def test_prose_that_its_writer_broke_is_put_together() -> None:
    prose = "It was written at a time when lines were no longer than\nsixty characters. Kites fly."
    assert rows(prose, width=80)[1:] == [
        "It was written at a time when lines were no longer than sixty characters. Kites",
        "fly.",
    ]


def test_the_heading_that_is_said_above_is_not_said_again() -> None:
    assert rows("## Kites\n\nFly them.", "kites", title="Guide > Kites")[2:] == ["Fly them."]


def test_it_begins_where_the_words_are_and_fills_its_rows_from_before() -> None:
    text = "\n".join(f"Line {number}." for number in range(50))
    assert rows(f"{text}\nA kite.\nMore.\nAnd more.", "kite")[2:] == ["A kite.", "More.…"]
    assert rows(f"{text}\nA kite.", "kite")[2:] == ["Line 49.", "A kite."]


def test_a_word_far_inside_a_line_is_seen_with_a_little_before_it() -> None:
    first = rows("word " * 100 + "then the kite flies", "kite")[2]
    assert first.startswith("…word")
    assert "kite" in first


@pytest.mark.parametrize("text", ["漢字" * 200, "x" * 4000, "a\tb\t" * 100, "", "\n\n \n"])
@pytest.mark.parametrize("width", [1, 7, 40, 200])
def test_whatever_it_is_it_has_few_rows(text: str, width: int) -> None:
    shown = rows(text, "kite", width=width)
    assert len(shown) <= 4
    assert all(cell_len(row) <= max(width, 11) for row in shown)
