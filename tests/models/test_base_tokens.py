"""Token estimates: near the truth for many kinds of text, and the same however the text is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_tui.models.base import ModelMessage, ModelRequest, ModelResponse, TokenCounter, TokenUsage, estimate_tokens

# Counted once with the o200k vocabulary.
COUNTED = [
    ("The quick brown fox jumps over the lazy dog, and then it sleeps in the warm afternoon sun.", 20),
    ("def add(left: int, right: int) -> int:\n    return left + right\n", 19),
    ('{"name": "atlas", "version": 3, "tags": ["tui", "llm"], "price": 0.25}', 31),
    ("Der schnelle braune Fuchs springt über den faulen Hund.", 14),
    ("Сегодня хорошая погода, и мы идём гулять в парк, а потом пить чай у озера.", 23),
    ("今天天气很好，我们一起去公园散步，然后在湖边喝茶，聊聊最近的工作和生活。", 26),
    ("오늘은 날씨가 좋아서 공원에서 산책을 하고 호숫가에서 차를 마셨습니다.", 25),
]


class TestEstimate:
    @pytest.mark.parametrize(("text", "counted"), COUNTED)
    def test_it_is_near_the_truth(self, text: str, counted: int) -> None:
        assert estimate_tokens(text) == pytest.approx(counted, rel=0.25)

    def test_nothing_is_nothing_and_something_is_something(self) -> None:
        assert estimate_tokens("") == 0
        assert estimate_tokens(" ") == 1

    @given(st.text(max_size=200), st.text(max_size=50))
    def test_more_text_is_never_fewer_tokens(self, text: str, more: str) -> None:
        assert estimate_tokens(f"{text} {more}") >= estimate_tokens(text) - 1


class TestCounter:
    @given(st.text(max_size=200), st.lists(st.integers(0, 200), max_size=10), st.booleans())
    def test_pieces_count_like_the_whole(self, text: str, places: list[int], look: bool) -> None:
        counter = TokenCounter()
        edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
        for start, end in zip(edges, edges[1:], strict=False):  # noqa: RUF007 - plainer here
            counter.add(text[start:end])
            if look:
                counter.count()
        assert abs(counter.count() - estimate_tokens(text)) <= 1

    def test_looking_changes_nothing(self) -> None:
        counter = TokenCounter()
        counter.add("internation")
        first = counter.count()
        assert counter.count() == first
        counter.add("alisation")
        assert counter.count() == estimate_tokens("internationalisation")


class TestUsageOfAResponse:
    def begun(self) -> ModelResponse:
        asked = ModelRequest(messages=[ModelMessage.user("How are you?")], system_prompt="Be kind.")
        return ModelResponse.begin(asked, "openai", "gpt-test", mock=False)

    def test_it_is_estimated_while_it_grows(self) -> None:
        response = self.begun()
        before = response.usage
        response.append("I am well, ")
        response.append_reasoning("Polite.")
        after = response.usage
        assert before.estimated
        assert after.estimated
        assert before.output_tokens == 0 < after.output_tokens
        assert before.input_tokens == after.input_tokens >= 8

    def test_the_provider_s_count_replaces_it(self) -> None:
        response = self.begun()
        response.append("I am well.")
        response.usage = TokenUsage(30, 12)
        assert response.usage == TokenUsage(30, 12)

    def test_a_known_input_is_kept_beside_an_estimated_output(self) -> None:
        response = self.begun()
        response.usage = TokenUsage(500, 1, cache_read_tokens=400, estimated=True)
        response.append("I am well.")
        usage = response.usage
        assert (usage.input_tokens, usage.cache_read_tokens, usage.estimated) == (500, 400, True)
        assert usage.output_tokens == estimate_tokens("I am well.")
