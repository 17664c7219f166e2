"""The line of state and the final figures, on a clock that is set by hand."""

from __future__ import annotations

from atlas_tui.cli.meters import Meter, cost_words, summary
from atlas_tui.errors import ProviderError
from atlas_tui.models.base import (
    Attempt,
    CostEstimate,
    FellBack,
    ModelResponse,
    ReasoningDelta,
    RetryScheduled,
    Start,
    TextDelta,
    Timing,
    TokenUsage,
    UsageUpdate,
)
from atlas_tui.pricing import FREE, UNKNOWN_COST
from tests.clock import Clock

BUSY = ProviderError("overloaded", "busy")


def meter() -> tuple[Meter, Clock]:
    clock = Clock()
    return Meter("openai:gpt", clock), clock


def test_the_states_of_an_answer() -> None:
    watch, clock = meter()
    assert watch.line() == "waiting · 0.0 s · openai:gpt"
    clock.now += 30
    watch.see(Start("openai", "gpt-1"))
    assert watch.line() == "waiting · 30.0 s · openai:gpt-1"
    watch.see(ReasoningDelta("hm"))
    assert watch.line().startswith("thinking · 30.0 s")
    clock.now += 2
    watch.see(TextDelta("yes"))
    watch.see(UsageUpdate(TokenUsage(5, 40, estimated=True), CostEstimate(0.0012)))
    assert watch.line() == "answering · 32.0 s · 20 tok/s · ~40 tokens · ~$0.001200 · openai:gpt-1"


def test_silence_is_named_once_an_answer_has_begun() -> None:
    watch, clock = meter()
    clock.now += 10
    assert watch.line().startswith("waiting")
    watch.see(TextDelta("yes"))
    clock.now += 2.9
    assert watch.line().startswith("answering")
    clock.now += 4
    assert watch.line().startswith("no token for 7 s")
    watch.see(TextDelta("!"))
    assert watch.line().startswith("answering")


def test_a_retry_is_counted_down_and_a_fallback_begins_anew() -> None:
    watch, clock = meter()
    watch.see(RetryScheduled(BUSY, 5.0, 2))
    clock.now += 2
    assert watch.line().startswith("retrying in 3 s")
    clock.now += 4
    assert watch.line().startswith("waiting")
    watch.see(TextDelta("yes"))
    watch.see(UsageUpdate(TokenUsage(5, 1), FREE))
    watch.see(FellBack(BUSY, "ollama:llama"))
    assert watch.line() == "waiting · 6.0 s · ollama:llama"


def test_a_mock_is_visibly_one() -> None:
    watch, _ = meter()
    watch.see(Start("openai", "gpt", mock=True))
    assert watch.line().endswith("openai:gpt (mock)")
    watch.see(Start("mock", "mock-basic", mock=True))
    assert watch.line().endswith("mock:mock-basic")
    assert summary(ModelResponse(provider="openai", model="gpt", mock=True)).startswith("openai:gpt (mock)")


def test_a_model_that_its_server_names_by_a_file_is_shown_by_the_files_name() -> None:
    watch, _ = meter()
    watch.see(Start("lab", "/home/ada/models/tiny.gguf", mock=False))
    assert watch.line().endswith("lab:tiny.gguf")
    assert summary(ModelResponse(provider="lab", model="/home/ada/models/tiny.gguf")).startswith("lab:tiny.gguf · ")


def test_the_final_figures() -> None:
    response = ModelResponse(
        provider="anthropic",
        model="claude",
        usage=TokenUsage(100, 50, cache_read_tokens=80, reasoning_tokens=20),
        cost=CostEstimate(0.25, estimated=False),
        timing=Timing(0.513, 2.5, 31.26),
        complete=True,
    )
    assert summary(response) == (
        "anthropic:claude · TTFT 0.51 s · 31.3 tok/s · 100 in (80 cached), 50 out (20 reasoning) · $0.250000 · 2.50 s"
    )


def test_figures_of_an_answer_that_never_came() -> None:
    assert summary(ModelResponse(provider="openai", model="gpt")) == (
        "openai:gpt · ~0 in, ~0 out · cost unknown · 0.00 s · incomplete"
    )


def test_an_unknown_cost_is_not_free() -> None:
    assert cost_words(UNKNOWN_COST) == "cost unknown"
    assert cost_words(FREE) == "$0.000000"


def test_the_figures_tell_what_was_tried_before() -> None:
    tried = [("openai", "rate_limit"), ("openai", "rate_limit"), ("mistral", "server"), ("mock", None)]
    attempts = tuple(Attempt(provider, "m", error) for provider, error in tried)
    response = ModelResponse(content="ok", provider="mock", model="m", complete=True, attempts=attempts)
    assert summary(response).endswith(" · after 2 × openai: rate limit, 1 × mistral: server")
