"""The figures of an answer's time, from a clock that the test moves."""

from __future__ import annotations

import pytest

from atlas_tui.models.base import Timing, TokenUsage
from atlas_tui.models.base.stopwatch import Stopwatch
from tests.clock import Clock

USAGE = TokenUsage(11, 30, reasoning_tokens=10)


def timed(*gaps: float, reasoning_shown: bool = True) -> Timing:
    """The figures of an answer in pieces of the same size, each so many seconds after the one before."""
    clock = Clock()
    watch = Stopwatch(clock)
    watch.start()
    for gap in gaps:
        clock.now += gap
        watch.delta("piece")
    watch.stop()
    return watch.timing(USAGE, reasoning_shown)


def test_the_speed_is_that_after_the_first_token() -> None:
    timing = timed(3.0, 1.0, 1.0)
    assert (timing.ttft, timing.duration) == (3.0, 5.0)
    assert timing.tokens_per_second == pytest.approx(20 / 2), "two thirds of the tokens came in these two seconds"


def test_hidden_reasoning_took_its_time_before_the_first_token() -> None:
    assert timed(3.0, 1.0, 1.0, reasoning_shown=False).tokens_per_second == pytest.approx(20 * 2 / 3 / 2)


@pytest.mark.parametrize("gaps", [(), (3.0,), (3.0, 0.0001), (3.0, 0.0001, 0.0001, 0.0001)])
def test_an_answer_that_came_at_once_says_nothing_about_the_speed(gaps: tuple[float, ...]) -> None:
    """A proxy that holds it back until it is whole, or a cache, made of 11 tokens 30,000 a second."""
    assert timed(*gaps).tokens_per_second is None
