"""Widths and line breaks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size

from atlas_tui.tui.widgets.markdown_log import cells

CLUSTERS = ["a", "b", " ", "  ", "-", "日", "本", "é", "e\u0301", "👩\u200d👩\u200d👧", "🙂", "❤\ufe0f", "\u05d0", "\n"]
TEXT = st.lists(st.sampled_from(CLUSTERS), max_size=40).map("".join)


def test_what_counts_as_one_cell_wide_is_so() -> None:
    for low, high in cells.SINGLE[1:]:
        assert {get_character_cell_size(chr(code)) for code in range(ord(low), ord(high) + 1)} == {1}


@given(TEXT.filter(lambda text: "\n" not in text))
def test_a_width_is_that_of_the_terminal(text: str) -> None:
    assert cells.width(text) == cell_len(text)


@given(TEXT, st.integers(2, 20))
def test_lines_fit_and_lose_only_spaces(text: str, limit: int) -> None:
    lines = cells.wrap(text, limit)
    assert all(cells.width(text[start:end]) <= limit for start, end in lines)
    at = 0
    for start, end in lines:
        assert at <= start <= end
        assert not text[at:start].strip()
        at = end
    assert not text[at:].strip()


def test_lines_break_at_spaces_and_beside_wide_characters() -> None:
    assert [slice_of("one two three", 7, place) for place in (0, 1)] == ["one two", "three"]
    assert [slice_of("日本語です", 4, place) for place in (0, 1, 2)] == ["日本", "語で", "す"]
    assert [slice_of("abcdefgh", 3, place) for place in (0, 1, 2)] == ["abc", "def", "gh"]
    assert [slice_of("a\n\nb", 3, place) for place in (0, 1, 2)] == ["a", "", "b"]


def slice_of(text: str, limit: int, number: int) -> str:
    start, end = cells.wrap(text, limit)[number]
    return text[start:end]
