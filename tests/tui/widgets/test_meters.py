"""The figures: what they say, that they hold still, and that they never lie about estimates."""

from __future__ import annotations

import pytest

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import (
    CostEstimate,
    End,
    FellBack,
    ModelResponse,
    RetryScheduled,
    Start,
    TextDelta,
    Timing,
    TokenUsage,
    UsageUpdate,
)
from atlas_tui.pricing import FREE, UNKNOWN_COST
from atlas_tui.tui.widgets import figures
from atlas_tui.tui.widgets.gauge import SLOT, Gauge
from atlas_tui.tui.widgets.meters import sparkline, state
from tests.clock import Clock


def running(clock: Clock) -> Gauge:
    gauge = Gauge(clock)
    gauge.about(target="mock:m", mock=True, session_cost=FREE)
    gauge.begin(12)
    gauge.take(Start("mock", "m"))
    return gauge


def tokens(gauge: Gauge, count: int) -> None:
    gauge.take(TextDelta("x"))
    gauge.take(UsageUpdate(TokenUsage(12, count, estimated=True), UNKNOWN_COST))


def test_a_steady_stream_has_a_steady_rate() -> None:
    clock = Clock()
    gauge = running(clock)
    clock.now += 0.4
    rates = []
    for step in range(1, 41):
        tokens(gauge, step * 10)
        clock.now += 0.2
        rates.append(gauge.read().rate)
    late = [rate for rate in rates[10:] if rate is not None]
    assert len(late) == 30
    assert max(late) - min(late) < 1.5
    assert late[-1] == pytest.approx(50, rel=0.03)
    assert gauge.read().ttft == pytest.approx(0.4)


def test_columns_of_the_sparkline_never_change_once_they_are_drawn() -> None:
    clock = Clock()
    gauge = running(clock)
    seen: tuple[float, ...] = ()
    for step in range(60):
        tokens(gauge, step * step)
        clock.now += 0.17
        rates = gauge.read().rates
        assert rates[: len(seen)] == seen
        seen = rates
    assert len(seen) >= 60 * 0.17 / SLOT - 2


def test_a_stream_that_falls_silent_slows_down_and_says_so() -> None:
    clock = Clock()
    gauge = running(clock)
    for step in range(1, 11):
        tokens(gauge, step * 10)
        clock.now += 0.2
    before = gauge.read()
    assert before.silence is None
    clock.now += 5
    after = gauge.read()
    assert before.rate is not None
    assert after.rate is not None
    assert after.rate < before.rate / 2
    assert after.silence == pytest.approx(5.2)
    assert "no token for 5 s" in state(after)[0]


def test_a_slow_first_token_is_no_stall() -> None:
    clock = Clock()
    gauge = running(clock)
    gauge.take(Start("mock", "m"))
    clock.now += 60
    assert gauge.read().silence is None
    assert state(gauge.read())[0].endswith("waiting, 60 s")
    tokens(gauge, 5)
    gauge.take(FellBack(ProviderError("cancelled", "stopped"), "other:m"))
    clock.now += 60
    assert (gauge.read().silence, gauge.read().ttft) == (None, None)


def test_a_long_silence_costs_nothing_to_read() -> None:
    clock = Clock()
    gauge = running(clock)
    tokens(gauge, 5)
    clock.now += 1e7
    assert len(gauge.read().rates) <= 60


def test_the_ending_replaces_the_running_figures() -> None:
    clock = Clock()
    gauge = running(clock)
    tokens(gauge, 30)
    response = ModelResponse(
        usage=TokenUsage(10, 33), cost=CostEstimate(0.002), timing=Timing(0.3, 2.0, 19.5), complete=True
    )
    gauge.take(End(response))
    reading = gauge.read()
    assert (reading.phase, reading.elapsed, reading.ttft, reading.rate) == ("done", 2.0, 0.3, 19.5)
    assert reading.usage == TokenUsage(10, 33)
    clock.now += 100
    assert gauge.read() == reading


@pytest.mark.parametrize(("kind", "phase"), [("cancelled", "stopped"), ("server", "failed")])
def test_how_it_ended(kind: str, phase: str) -> None:
    gauge = running(Clock())
    gauge.take(End(ModelResponse(), ProviderError(kind, "x")))  # type: ignore[arg-type]
    assert gauge.read().phase == phase


def test_waiting_for_a_retry_and_a_fallback_are_named() -> None:
    clock = Clock()
    gauge = running(clock)
    error = ProviderError("rate_limit", "slow down")
    gauge.take(RetryScheduled(error, 3.0, 2))
    assert "rate limit: attempt 2 in 3 s" in state(gauge.read())[0]
    clock.now += 2
    assert "rate limit: attempt 2 in 1 s" in state(gauge.read())[0]
    clock.now += 2
    assert state(gauge.read())[0].endswith("waiting, 4 s")  # the attempt is under way, and nothing has come yet
    gauge.take(Start("mock", "m"))
    assert "waiting" in state(gauge.read())[0]
    gauge.take(FellBack(error, "other:\x1bmodel"))
    assert "fell back to other:␛model" in state(gauge.read())[0]


def test_the_share_of_the_context_window() -> None:
    gauge = running(Clock())
    assert gauge.read().share is None
    gauge.know_window(100)
    tokens(gauge, 13)
    assert gauge.read().share == pytest.approx(0.25)
    gauge.about(target="other:m", mock=False, session_cost=FREE)
    assert gauge.read().share is None


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        (UNKNOWN_COST, "unknown"),
        (FREE, "free"),
        (CostEstimate(0.00001), "<$0.0001"),
        (CostEstimate(0.0012345), "$0.0012"),
        (CostEstimate(12.3456), "$12.35"),
        (CostEstimate(0.0), "$0"),
    ],
)
def test_costs(cost: CostEstimate, words: str) -> None:
    assert figures.cost(cost) == words


def test_estimates_are_marked() -> None:
    assert figures.tokens(142, TokenUsage(1, 142, estimated=True)) == "~142"
    assert figures.tokens(142, TokenUsage(1, 142)) == "142"
    assert figures.tokens(12_345, TokenUsage()) == "12.3k"
    assert figures.tokens(1_234_567, TokenUsage()) == "1.23M"


def test_the_footer_of_an_answer() -> None:
    response = ModelResponse(usage=TokenUsage(10, 142), cost=CostEstimate(0.0012), timing=Timing(0.31, 3.2, 48.1))
    assert figures.footer(response) == "142 tok · 48.1 tok/s · TTFT 0.31 s · $0.0012"
    unknown = ModelResponse(content="two words", mock=True)
    assert figures.footer(unknown) == "~2 tok · cost unknown · mock"


@pytest.mark.parametrize(("seconds", "words"), [(0.313, "0.31 s"), (12.34, "12.3 s"), (125.0, "2:05")])
def test_seconds(seconds: float, words: str) -> None:
    assert figures.seconds(seconds) == words


def test_the_sparkline_fits_its_width() -> None:
    assert sparkline((), 10) == ""
    assert sparkline((0.0, 0.0), 10) == ""
    line = sparkline(tuple(float(n) for n in range(50)), 20)
    assert len(line) == 20
    assert line[-1] == "█"
    assert set(sparkline((5.0, 5.0), 20)) == {"█"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ollama:llama3:8b", "ollama:llama3:8b"),
        ("lab:/models/small.gguf", "lab:small.gguf"),
        ("mock", "mock"),
        ("lab:\x1b[2Jx", "lab:␛[2Jx"),
    ],
)
def test_a_target_is_named_in_one_line(name: str, shown: str) -> None:
    assert figures.target(name) == shown
