"""Tables that are wider than the log: which columns give way, and when rows become records."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from atlas_tui.tui.widgets.markdown_log.stream import Stream
from tests.tui.widgets.markdown_log.drawing import drawn, lines

PROTOCOLS = """| Feature | TCP | UDP |
|---|---|---|
| Reliability | Reliable, ordered, with retransmission of what was lost | Unreliable, unordered |
| Connection | Connection-oriented, three-way handshake | Connectionless, data is sent at once |
"""


def test_no_word_is_broken_while_a_column_has_room_to_give() -> None:
    assert drawn(PROTOCOLS, 48) == [
        "Feature     │ TCP              │ UDP",
        "────────────┼──────────────────┼────────────────",
        "Reliability │ Reliable,        │ Unreliable,",
        "            │ ordered, with    │ unordered",
        "            │ retransmission   │",
        "            │ of what was lost │",
        "────────────┼──────────────────┼────────────────",
        "Connection  │ Connection-      │ Connectionless,",
        "            │ oriented,        │ data is sent at",
        "            │ three-way        │ once",
        "            │ handshake        │",
    ]


def test_where_words_would_be_broken_rows_are_records() -> None:
    assert drawn(PROTOCOLS, 32) == [
        "Feature: Reliability",
        "TCP: Reliable, ordered, with",
        "retransmission of what was lost",
        "UDP: Unreliable, unordered",
        "────────────────────────",
        "Feature: Connection",
        "TCP: Connection-oriented,",
        "three-way handshake",
        "UDP: Connectionless, data is",
        "sent at once",
    ]


def test_a_word_that_no_column_could_hold_takes_no_room_from_the_others() -> None:
    shown = drawn(f"| Name | Meaning |\n|---|---|\n| {'x' * 90} | what it is for, in some words |\n", 50)
    assert shown[0] == "Name                     │ Meaning"
    assert shown[2].endswith("│ what it is for, in some")


def test_an_address_goes_on_below_after_a_slash() -> None:
    assert drawn("https://example.com/documents/of/the/project", 30) == [
        "https://example.com/documents/",
        "of/the/project",
    ]


CELLS = st.sampled_from(["", "a", "two words", "retransmission", "well-known/places", "日本語の文字", "`x`", "x" * 40])
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=9)


@settings(deadline=None, max_examples=60)
@given(ROWS, st.integers(12, 70), st.integers(1, 30))
def test_a_table_that_comes_piece_by_piece_ends_like_one_that_came_whole(
    rows: list[tuple[str, str, str]], limit: int, size: int
) -> None:
    text = "| A | Bb | Ccc |\n|---|--:|---|\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)
    stream = Stream()
    for start in range(0, len(text), size):
        stream.append(text[start : start + size])
        assert all(len(line) <= limit for line in lines(stream, limit))
    assert [line.rstrip() for line in lines(stream, limit)] == drawn(text, limit)
