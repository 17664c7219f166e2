"""The one border for foreign text: what a terminal would obey, what hides, and keys."""

from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from atlas_tui.text import REDACTED, StreamRedactor, clean, one_line, redact, remember_secret

SECRET = "kx7-Secret-Of-The-Tests-0042"
OTHER = "kx7-Another-Secret-9999"
ANY_TEXT = st.text(st.characters(codec=None), max_size=60)  # lone surrogates too
remember_secret(SECRET)
remember_secret(OTHER)


class TestClean:
    @given(ANY_TEXT)
    @example("\x1b]0;title\x07\x9b31m\u202e\u2066\ufeff\ud800\r\n")
    def test_nothing_is_left_that_a_terminal_obeys_or_a_reader_cannot_see(self, text: str) -> None:
        for character in clean(text):
            kind = unicodedata.category(character)
            assert kind not in ("Cc", "Cs") or character in "\n\t"
            assert unicodedata.bidirectional(character) not in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI")
            assert character not in "\u200b\u200e\u200f\u2028\u2029\ufeff\u00ad"

    @given(ANY_TEXT)
    def test_once_is_enough(self, text: str) -> None:
        assert clean(clean(text)) == clean(text)

    @given(ANY_TEXT)
    def test_the_result_can_be_written(self, text: str) -> None:
        clean(text).encode("utf-8")

    @given(ANY_TEXT, ANY_TEXT)
    def test_pieces_are_cleaned_like_the_whole(self, left: str, right: str) -> None:
        assert clean(left) + clean(right) == clean(left + right)

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("plain, 日本語, 🙂, é", "plain, 日本語, 🙂, é"),
            ("a\tb\nc", "a\tb\nc"),
            ("a\r\nb", "a\nb"),
            ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
            ("\x9b31mred", "31mred"),
            ("bell\x07 null\x00 del\x7f", "bell␇ null␀ del␡"),
            ("a\u202eb\u202cc", "abc"),
            ("tag\U000e0041\U000e007f", "tag"),
            ("a\u2028b\u2029c\x85d", "a\nb\nc\nd"),
            ("\ud83d", "�"),
            ("👩\u200d💻", "👩\u200d💻"),
        ],
    )
    def test_examples(self, text: str, shown: str) -> None:
        assert clean(text) == shown


class TestOneLine:
    @given(ANY_TEXT, st.integers(1, 40))
    def test_it_is_one_short_line(self, text: str, limit: int) -> None:
        line = one_line(text, limit)
        assert len(line) <= limit
        assert "\n" not in line
        assert line == " ".join(line.split())

    def test_keys_are_taken_out_before_it_is_cut(self) -> None:
        for limit in range(5, 60):
            assert "Secret" not in one_line(f"the key is {SECRET}, it says", limit)

    @pytest.mark.parametrize("shown", range(1, len(SECRET)))
    def test_a_key_in_the_middle_of_the_cut_is_taken_out_whole(self, shown: int) -> None:
        line = one_line(" " * (20 * 40 - shown) + SECRET, 40)
        assert len(line) <= 3, "three characters tell nobody anything"

    def test_a_long_body_is_not_searched_to_its_end(self) -> None:
        assert one_line("x" * 50_000_000, 10) == "xxxxxxxxx…"


class TestRedact:
    @pytest.mark.parametrize(
        "text",
        [
            f"key={SECRET}",
            f"{SECRET}{SECRET}",
            "sk-proj-aBcDeFgHiJkLmNoPqRsT",
            "Authorization: Bearer abcdef.ghijkl_mnop",
            "AIzaSyA1234567890abcdefghij",
            "gsk-0123456789abcdef0123",
        ],
    )
    def test_keys_known_or_by_their_shape(self, text: str) -> None:
        shown = redact(text)
        assert REDACTED in shown
        for piece in (SECRET, "aBcDeFgHiJ", "ghijkl_mnop", "1234567890abc", "0123456789abcdef"):
            assert piece not in shown

    @pytest.mark.parametrize("text", ["task-oriented-programming-languages", "sk-short", "the bearer of news", "none"])
    def test_plain_words_stay(self, text: str) -> None:
        assert redact(text) == text

    def test_short_values_are_no_keys(self) -> None:
        remember_secret("none")
        remember_secret("")
        remember_secret(None)
        assert redact("none of it") == "none of it"


def streamed(pieces: list[str]) -> str:
    redactor = StreamRedactor()
    return "".join(map(redactor.feed, pieces)) + redactor.flush()


def cut(text: str, places: list[int]) -> list[str]:
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(edges)]


PLACES = st.lists(st.integers(0, 200), max_size=12)
WORDS = st.lists(
    st.sampled_from([SECRET, OTHER, SECRET[:-1], SECRET[:4], "kx7", "kx7-", "k", "kx7-A", " and ", "\n", "日本", "x"]),
    max_size=8,
).map("".join)


class TestStreamRedactor:
    @given(WORDS, PLACES)
    @example(f"a {SECRET} b", [5, 9, 12])
    @example(f"{SECRET[:10]}{SECRET}", [3, 12])
    def test_no_key_gets_out_however_it_is_cut(self, text: str, places: list[int]) -> None:
        shown = streamed(cut(text, places))
        assert SECRET not in shown
        assert OTHER not in shown
        for secret in (SECRET, OTHER):
            assert secret[3:] not in shown

    @given(WORDS, PLACES)
    def test_what_is_no_key_stays(self, text: str, places: list[int]) -> None:
        if SECRET not in text and OTHER not in text:
            assert streamed(cut(text, places)) == text

    @given(st.text(max_size=40), st.text(max_size=40))
    def test_around_a_key_nothing_is_lost(self, before: str, after: str) -> None:
        if "k" in before + after:
            return
        assert streamed([before, SECRET, after]) == f"{before}{REDACTED}{after}"

    def test_character_by_character(self) -> None:
        shown = streamed(list(f"It is {SECRET}, and {OTHER}."))
        assert shown.startswith("It is ")
        assert ", and " in shown
        assert shown.endswith(".")
        assert "Secret" not in shown

    def test_text_is_not_held_back_without_a_reason(self) -> None:
        redactor = StreamRedactor()
        for word in ("The ", "quick ", "brown ", "fox"):
            assert redactor.feed(word) == word

    def test_what_only_begins_like_a_key_comes_out_at_last(self) -> None:
        redactor = StreamRedactor()
        first = redactor.feed(f"see {SECRET[:12]}")
        assert first == "see "
        assert redactor.feed("!") == f"{SECRET[:12]}!"
        assert redactor.flush() == ""


def test_words_joined_by_hyphens_are_no_keys() -> None:
    text = "key-value-store-architecture and sk-learn-style-estimators"
    assert redact(text) == text
