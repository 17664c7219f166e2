"""The mock provider: the same every time, like a real one in every figure, and able to fail in every way."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from atlas_tui import ConfigError, ProviderError, create_provider
from atlas_tui.citations import check
from atlas_tui.config import Timeouts
from atlas_tui.errors import KINDS, Kind
from atlas_tui.models.base import End, ModelMessage, ModelRequest, ModelResponse, ReasoningDelta, Start, TextDelta
from atlas_tui.models.mock import MODELS, MockProvider
from atlas_tui.retrieval.evidence import grounded

BEGUN = {"truncated", "connection"}
"""The kinds that strike in the middle of an answer."""


def request(prompt: str = "Why is the sky blue?", **fields: Any) -> ModelRequest:
    return ModelRequest(messages=[ModelMessage.user(prompt)], **fields)


def mock(model: str = "mock-standard", **options: Any) -> MockProvider:
    return MockProvider(model, **{"delay_ms": 0, **options})


class TestAnswers:
    @pytest.mark.parametrize("model", MODELS)
    def test_the_same_prompt_has_the_same_answer_and_figures(self, model: str) -> None:
        one, other = mock(model).generate(request()), mock(model).generate(request())
        assert (one.content, one.reasoning, one.usage) == (other.content, other.reasoning, other.usage)
        assert (one.complete, one.finish_reason, one.model) == (True, "stop", model)
        assert mock(model).generate(request("Something else")).content != one.content

    def test_says_that_it_is_rehearsed_and_repeats_the_prompt(self) -> None:
        response = mock("mock-basic").generate(request("Why, \n though?"))
        assert "rehearsed" in response.content
        assert '"Why, though?" (2 words)' in response.content
        assert response.mock

    @pytest.mark.parametrize("model", MODELS)
    def test_of_passages_it_cites_one_word_for_word(self, model: str) -> None:
        documents: list[Any] = [
            {"content": "# Air", "metadata": {"source": "title.md"}, "relevance_score": 0.9},
            {
                "content": "# Sky\n\nAir scatters *blue* light most.",
                "metadata": {"source": "sky.md"},
                "relevance_score": 1,
            },
        ]
        content = mock(model).generate(request(grounded("Why is the sky blue?", documents))).content
        assert '"Why is the sky blue?" (5 words)' in content
        assert str(check(content, documents)) == "1 passage cited · 1 quotation verified"

    def test_the_models_differ_in_what_they_can_show(self) -> None:
        basic, standard, advanced = (mock(model).generate(request()) for model in MODELS)
        assert len(basic.content) < len(standard.content) < len(advanced.content)
        assert "```python" in standard.content
        assert "| --- |" in advanced.content
        assert (basic.reasoning, standard.reasoning) == ("", "")
        assert advanced.reasoning
        assert advanced.usage.reasoning_tokens > 0
        assert advanced.usage.output_tokens > advanced.usage.reasoning_tokens

    def test_the_deltas_are_the_answer_and_reasoning_comes_apart(self) -> None:
        start, *events, end = mock("mock-advanced").stream(request())
        assert start == Start("mock", "mock-advanced", "mock-1", mock=True)
        assert isinstance(end, End)
        assert "".join(e.text for e in events if isinstance(e, TextDelta)) == end.response.content
        assert "".join(e.text for e in events if isinstance(e, ReasoningDelta)) == end.response.reasoning
        assert sum(isinstance(e, TextDelta | ReasoningDelta) for e in events) == end.response.usage.output_tokens

    def test_the_answer_can_be_given(self) -> None:
        assert mock(response="Forty-two.").generate(request()).content == "Forty-two."

    def test_usage_is_counted_free_and_grows_with_the_conversation(self) -> None:
        short = mock().generate(request())
        longer = mock().generate(request(system_prompt="Be brief, and be friendly about it."))
        assert short.usage.input_tokens < longer.usage.input_tokens
        assert not short.usage.estimated
        assert (str(short.cost), short.cost.known) == ("$0.000000", True)

    def test_has_a_pace(self) -> None:
        response = mock("mock-basic", delay_ms=2).generate(request())
        assert response.timing.duration >= 0.0019 * response.usage.output_tokens
        assert response.timing.ttft is not None
        assert 0.0019 <= response.timing.ttft < response.timing.duration
        assert response.timing.tokens_per_second is not None
        assert 0 < response.timing.tokens_per_second < 600

    def test_lists_its_models(self) -> None:
        assert [model.id for model in mock().list_models()] == list(MODELS)


class TestMaxTokens:
    def test_the_answer_is_cut_and_says_so(self) -> None:
        whole = mock().generate(request())
        cut = mock().generate(request(max_tokens=5))
        assert (cut.finish_reason, cut.complete, cut.usage.output_tokens) == ("length", True, 5)
        assert whole.content.startswith(cut.content)

    def test_the_providers_own_limit_holds_where_the_request_has_none(self) -> None:
        provider = mock(max_tokens=5)
        assert provider.generate(request()).usage.output_tokens == 5
        assert provider.generate(request(max_tokens=7)).usage.output_tokens == 7

    def test_a_limit_that_is_not_reached_changes_nothing(self) -> None:
        assert mock().generate(request(max_tokens=10_000)).finish_reason == "stop"


class TestFailures:
    @pytest.mark.parametrize("kind", get_args(Kind))
    def test_every_kind_can_be_rehearsed(self, kind: Kind) -> None:
        provider = mock(simulate_errors=True, error_type=kind)
        *_, end = provider.stream(request())
        assert isinstance(end, End)
        error = end.error
        assert error is not None
        assert (error.kind, error.provider, error.model) == (kind, "mock", "mock-standard")
        assert (error.retryable, error.remedy in str(error)) == (KINDS[kind].retryable, True)
        assert error.partial is end.response
        assert not end.response.complete
        assert bool(end.response.content) is (kind in BEGUN)

    def test_a_broken_stream_keeps_what_had_arrived(self) -> None:
        whole = mock().generate(request()).content
        with pytest.raises(ProviderError) as caught:
            mock(simulate_errors=True, error_type="truncated").generate(request())
        partial = caught.value.partial
        assert whole.startswith(partial.content)
        assert 0 < len(partial.content) < len(whole)
        assert partial.usage.estimated

    def test_a_stall_lasts_until_a_limit_ends_it(self) -> None:
        provider = mock(simulate_errors=True, error_type="stall", timeout=Timeouts(between_tokens=0.02))
        with pytest.raises(ProviderError) as caught:
            provider.generate(request())
        assert caught.value.kind == "timeout"
        assert caught.value.partial.content

    def test_a_number_fails_as_many_of_the_first_requests(self) -> None:
        provider = mock(simulate_errors=2, error_type="overloaded")
        for _ in range(2):
            with pytest.raises(ProviderError):
                provider.generate(request())
        assert provider.generate(request()).complete
        assert provider.generate(request()).complete

    def test_a_rate_limit_says_when_to_come_back(self) -> None:
        with pytest.raises(ProviderError) as caught:
            mock(simulate_errors=True, error_type="rate_limit").generate(request())
        assert (caught.value.status, caught.value.retry_after) == (429, 1.0)

    def test_an_unknown_failure_lists_the_known_ones(self) -> None:
        with pytest.raises(ConfigError) as caught:
            create_provider("mock", error_type="meteor")
        assert all(kind in str(caught.value) for kind in (*get_args(Kind), "stall"))


class TestCallback:
    """`stream_with_callback`, on the provider that is always there."""

    def test_the_response_so_far_agrees_with_the_deltas(self) -> None:
        text = ""
        outputs = []

        def callback(delta: str, response: ModelResponse) -> None:
            nonlocal text
            text += delta
            assert response.content == text
            assert response.usage.estimated
            assert not response.complete
            outputs.append(response.usage.output_tokens)

        final = mock("mock-advanced").stream_with_callback(request(), callback)
        assert (final.content, final.complete, final.usage.estimated) == (text, True, False)
        assert outputs == sorted(outputs)
        assert outputs[0] < outputs[-1]

    def test_the_response_so_far_names_its_model_and_holds_the_reasoning(self) -> None:
        seen: list[tuple[str, str, str | None, bool]] = []

        def callback(delta: str, response: ModelResponse) -> None:
            seen.append((response.provider, response.model, response.request_id, bool(response.reasoning)))

        mock("mock-advanced", name="anthropic").stream_with_callback(request(), callback)
        assert set(seen) == {("anthropic", "mock-advanced", "mock-1", True)}

    @pytest.mark.usefixtures("no_leaked_threads")
    def test_an_exception_in_the_callback_stops_the_request_and_is_raised(self) -> None:
        def callback(delta: str, response: ModelResponse) -> None:
            raise ValueError("enough")

        with pytest.raises(ValueError, match="enough"):
            mock(simulate_errors=True, error_type="stall").stream_with_callback(request(), callback)

    def test_a_failure_is_raised_after_all_of_its_partial_was_shown(self) -> None:
        shown: list[str] = []
        with pytest.raises(ProviderError) as caught:
            mock(simulate_errors=True, error_type="connection").stream_with_callback(
                request(), lambda delta, _: shown.append(delta)
            )
        assert caught.value.partial.content == "".join(shown)
