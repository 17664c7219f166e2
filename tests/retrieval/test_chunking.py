"""Chunks of about 800 characters, along the structure, with their places."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_tui.retrieval.chunking import SIZE, chunk
from atlas_tui.retrieval.reading import Block, Reader
from atlas_tui.retrieval.values import Chunk

SENTENCE = "The quick brown fox jumps over the lazy dog, as ever. "


def chunks(name: str, text: str) -> list[Chunk]:
    return chunk(Reader().read(name, text.encode()).blocks)


def test_small_neighbours_are_joined_and_a_heading_stays_with_its_text() -> None:
    long = SENTENCE * 14
    text = f"# Guide\n\nOne.\n\nTwo.\n\n## Setup\n\n{long}\n\n## Use\n\nLast words.\n"
    found = chunks("a.md", text)
    assert [(each.title, each.first_line, each.last_line) for each in found] == [
        ("Guide", 1, 9),
        ("Guide > Use", 11, 13),
    ]
    assert all(each.text.splitlines()[0].startswith("#") for each in found)


def test_the_text_of_a_chunk_is_that_of_its_lines() -> None:
    text = "".join(f"## Part {n}\n\n{SENTENCE * (n % 7 + 1)}\n\n\n- item {n}\n- {SENTENCE * 3}\n\n" for n in range(60))
    lines = text.split("\n")
    for each in chunks("a.md", text):
        assert each.first_line is not None
        assert each.text.split("\n")[0].strip() in lines[each.first_line - 1]
        assert each.last_line is not None
        assert each.text.split("\n")[-1].strip() in lines[each.last_line - 1]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    found = chunks("a.txt", SENTENCE * 100)
    assert all(each.text.startswith("The quick") and each.text.endswith("as ever.") for each in found)
    assert all(SIZE / 2 <= len(each.text) <= SIZE for each in found[:-1])


def test_long_code_is_cut_between_lines_where_it_is_indented_least() -> None:
    body = "".join(f"    if a{n}:\n        b = {n}\n        c = [\n            {n},\n        ]\n" for n in range(60))
    found = chunks("a.py", f"def long():\n{body}")
    assert all(each.title == "long" for each in found)
    assert all(each.text.startswith(("def long", "    if a")) for each in found)
    assert all(after.first_line == (before.last_line or 0) + 1 for before, after in pairwise(found))


def test_functions_are_not_mixed_unless_they_are_small() -> None:
    def function(name: str, size: int) -> str:
        return f"def {name}():\n" + "    call(1)\n" * size + "\n\n"

    text = function("first", 50) + function("second", 50) + function("a", 2) + function("b", 2)
    assert [(each.title, each.first_line) for each in chunks("a.py", text)] == [
        ("first", 1),
        ("second", 54),
        ("a", 107),
    ]


def test_pages_are_not_joined() -> None:
    found = chunk([Block("One.", page=1), Block("Two.", page=1), Block("Three.", page=2)])
    assert [(each.text, each.page) for each in found] == [("One.\n\nTwo.", 1), ("Three.", 2)]


def test_a_word_without_end_is_cut_and_no_character_is_torn() -> None:
    family = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
    found = chunks("a.txt", family * 2000)
    assert "".join(each.text for each in found) == family * 2000
    assert all(not each.text.startswith("\u200d") for each in found)
    assert max(len(each.text) for each in found) <= 1000


@given(
    st.lists(st.text(alphabet=st.sampled_from("ab. \n\té漢!?-#`"), max_size=400), max_size=12),
    st.sampled_from(["a.txt", "a.md", "a.py", "a.rst", "a.js"]),
)
def test_whatever_the_text_nothing_is_lost(parts: list[str], name: str) -> None:
    text = "word ".join(part * 5 for part in parts)
    found = chunks(name, text)
    assert "".join("".join(each.text for each in found).split()) == "".join(text.split())
    assert all(0 < len(each.text) <= 4 * SIZE + 1000 for each in found)
    assert all((each.first_line or 0) <= (each.last_line or 0) <= text.count("\n") + 1 for each in found)


@pytest.mark.parametrize("blocks", [[], [Block("  ")]])
def test_nothing_gives_nothing(blocks: list[Block]) -> None:
    assert all(not each.text.strip() for each in chunk(blocks))
