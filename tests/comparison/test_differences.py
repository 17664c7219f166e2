"""Differences: what belongs together stands together, and what differs in it is marked."""

from __future__ import annotations

import random
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas_tui.comparison import Differences, Pair, Passage, Span, agreement, differences
from atlas_tui.comparison.passages import passages


def marked(passage: Passage | None, spans: tuple[Span, ...]) -> list[str]:
    return [passage.text[span.start : span.end] for span in spans] if passage else []


def sides(found: Differences) -> list[tuple[str | None, str | None]]:
    def text(passage: Passage | None) -> str | None:
        return None if passage is None else passage.text

    return [(text(pair.left), text(pair.right)) for pair in found.pairs]


def only(found: Differences) -> Pair:
    (pair,) = found.pairs
    return pair


class TestPassages:
    def test_markdown_is_cut_into_blocks_and_sentences(self) -> None:
        text = (
            "# Why *blue*?\n\nAir scatters light. Blue most, e.g. at noon. Dr. Rayleigh knew.\n\n- one [link](http://x)\n"
            "- two\n\n> quoted\n\n| a | b |\n|---|---|\n| 1 | `2` |\n\n```python\nx = 1\n```\n"
        )
        found = [(passage.kind, passage.text) for passage in passages(text)]
        assert found == [
            ("heading", "Why blue?"),
            ("text", "Air scatters light."),
            ("text", "Blue most, e.g. at noon."),
            ("text", "Dr. Rayleigh knew."),
            ("item", "one link"),
            ("item", "two"),
            ("quote", "quoted"),
            ("row", "a | b"),
            ("row", "1 | 2"),
            ("code", "x = 1"),
        ]
        assert passages(text)[-1].language == "python"

    def test_sentences_of_a_paragraph_share_its_block(self) -> None:
        one, two, three = passages("First one. Second one.\n\nThird one.")
        assert one.block == two.block != three.block

    def test_a_language_without_spaces_has_sentences_too(self) -> None:
        assert [passage.text for passage in passages("空は青い。海も青い。")] == ["空は青い。", "海も青い。"]


class TestAlignment:
    def test_versions_of_a_sentence_stand_beside_each_other(self) -> None:
        found = differences(
            "The sky is blue. Air scatters short waves more than long ones.",
            "In short: Air scatters the short waves far more than the long ones. Cats sleep all day.",
        )
        assert sides(found) == [
            ("The sky is blue.", None),
            (
                "Air scatters short waves more than long ones.",
                "In short: Air scatters the short waves far more than the long ones.",
            ),
            (None, "Cats sleep all day."),
        ]

    def test_each_passage_is_shown_once_and_in_its_order(self) -> None:
        left = "Alpha comes first here. Beta comes second here. Gamma is the end of it."
        right = "Gamma is the end of it. Alpha comes first here. Beta comes second here."
        found = differences(left, right)
        assert [text for text, _ in sides(found) if text] == [passage.text for passage in passages(left)]
        assert [text for _, text in sides(found) if text] == [passage.text for passage in passages(right)]
        assert sum(pair.same for pair in found.pairs) == 2  # the longest that can be read downwards on both sides

    def test_repeated_sentences_are_paired_one_by_one(self) -> None:
        found = differences("Yes it is so. " * 300, "Yes it is so. " * 200)
        assert sum(pair.same for pair in found.pairs) == 200

    def test_markup_is_no_difference(self) -> None:
        assert only(differences("The **sky** is `blue`.", "The sky is *blue*.")).same

    @settings(max_examples=60, deadline=None)
    @given(st.text(max_size=300), st.text(max_size=300))
    def test_any_two_texts_come_back_whole(self, left: str, right: str) -> None:
        found = differences(left, right)
        assert [pair.left for pair in found.pairs if pair.left] == passages(left)
        assert [pair.right for pair in found.pairs if pair.right] == passages(right)
        for pair in found.pairs:
            for passage, spans in ((pair.left, pair.left_spans), (pair.right, pair.right_spans)):
                ends = [0]
                for span in spans:
                    assert passage is not None
                    assert ends[-1] <= span.start < span.end <= len(passage.text)
                    ends.append(span.end)

    def test_ten_thousand_words_take_well_under_a_second(self) -> None:
        drawn = random.Random(1)
        words = ["".join(drawn.choices("abcdefghijk", k=drawn.randint(2, 9))) for _ in range(2000)]
        weights = [1 / place for place in range(1, 2001)]

        def text() -> str:
            sentences = (" ".join(drawn.choices(words, weights, k=15)).capitalize() for _ in range(667))
            return ". ".join(sentences) + "."

        left, right = text(), text()
        changed = " ".join(word if drawn.random() > 0.1 else drawn.choice(words) for word in left.split(" "))
        begun = process_time()
        differences(left, right)
        found = differences(left, changed)
        assert process_time() - begun < 2.0  # both; a tenth of it on a machine that does nothing else
        assert sum(pair.left is not None and pair.right is not None for pair in found.pairs) > 400


class TestMarks:
    def test_words_that_differ_are_marked_on_both_sides(self) -> None:
        pair = only(differences("Air scatters blue light most.", "Air scatters red light a lot."))
        assert marked(pair.left, pair.left_spans) == ["blue", "most"]
        assert marked(pair.right, pair.right_spans) == ["red", "a lot"]

    def test_numbers_that_disagree_are_called_out(self) -> None:
        found = differences(
            "The tower is 324 m high and was built in 1889.", "The tower is 330 m high and was built in 1889."
        )
        assert [pair.numbers for pair in found.numbers] == [(("324",), ("330",))]
        assert {span.kind for span in only(found).left_spans} == {"number"}

    @pytest.mark.parametrize(("one", "other"), [("1,000", "1000"), ("2.50", "2.5"), ("3,5", "3.5"), ("007", "7")])
    def test_the_same_number_in_another_form_does_not_disagree(self, one: str, other: str) -> None:
        assert not differences(f"It costs {one} euros a month.", f"It costs {other} euros a month.").numbers

    def test_a_number_that_only_one_side_has_is_no_disagreement(self) -> None:
        found = differences("The tower is very high, about 330 m.", "The tower is very high, about.")
        assert not found.numbers

    def test_code_that_disagrees_is_called_out_with_its_lines(self) -> None:
        left = "```python\nfor x in range(10):\n    print(x)\n```"
        right = "```python\nfor x in range(11):\n    print(x)\n```"
        (pair,) = differences(left, right).code
        assert marked(pair.left, pair.left_spans) == ["for x in range(10):"]
        assert marked(pair.right, pair.right_spans) == ["for x in range(11):"]
        assert not differences(left, left).code

    def test_the_only_code_blocks_stand_beside_each_other_however_they_differ(self) -> None:
        assert len(differences("```\nalpha\n```", "```\nomega\n```").code) == 1


class TestAgreement:
    def test_from_nothing_to_all(self) -> None:
        assert agreement(["The sky looks blue", "the SKY looks blue"]) == 1.0
        assert agreement(["alpha beta", "gamma delta"]) == 0.0
        assert 0.3 < agreement(["the blue sky today", "the grey sky today"]) < 0.8

    def test_it_is_the_mean_over_every_two_columns(self) -> None:
        same, other = "wonderful weather", "terrible dinner"
        assert agreement([same, same, other]) == pytest.approx(1 / 3)

    def test_an_answer_alone_agrees_with_itself(self) -> None:
        assert agreement(["A"]) == agreement([]) == 1.0
