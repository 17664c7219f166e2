"""What follows a failure, decided without a clock, a network or a wait."""

from __future__ import annotations

import asyncio
from typing import get_args

import pytest

from atlas_tui.errors import Kind, ProviderError
from atlas_tui.models.base import End, Event, FellBack, RetryScheduled, Start, TextDelta
from atlas_tui.models.mock import MockProvider
from atlas_tui.policy import FallBack, Policy, Retry, RetrySettings, Steering, Stop, Wish
from atlas_tui.session import Session

NOT_RETRIED = {"auth", "permission", "not_found", "bad_request", "context_length", "protocol", "refused"}
NEVER_ELSEWHERE = {"auth", "bad_request", "context_length", "refused", "budget", "cancelled"}
AT_ONCE = RetrySettings(first_wait=0.0)


def events_of(session: Session) -> list[Event]:
    """Everything but the deltas of one prompt."""
    with session.stream("Why is the sky blue?") as stream:
        return [event for event in stream if not isinstance(event, TextDelta)]


@pytest.mark.parametrize("kind", get_args(Kind))
def test_each_kind_is_retried_falls_back_or_ends(kind: Kind) -> None:
    policy = Policy(AT_ONCE)
    error = ProviderError(kind, "failed")
    first = policy.decide(error, 1, 0.0, begun=False, others=True)
    last = policy.decide(error, AT_ONCE.attempts, 0.0, begun=False, others=True)
    if kind in NEVER_ELSEWHERE:
        assert (first, last) == (Stop(), Stop())
    elif kind in NOT_RETRIED:
        assert (first, last) == (FallBack(), FallBack())
    else:
        assert isinstance(first, Retry)
        assert last == FallBack()


@pytest.mark.parametrize("kind", get_args(Kind))
def test_after_the_first_token_nothing_happens_in_silence(kind: Kind) -> None:
    assert Policy(AT_ONCE).decide(ProviderError(kind, "x"), 1, 0.0, begun=True, others=True) == Stop()


def test_waits_double_up_to_a_limit_with_full_jitter() -> None:
    settings = RetrySettings(attempts=9, first_wait=1.0, longest_wait=8.0, total_wait=1e9)
    error = ProviderError("server", "x")
    most = Policy(settings, jitter=lambda: 1.0)
    least = Policy(settings, jitter=lambda: 0.0)
    waits = [most.decide(error, number, 0.0, begun=False, others=False) for number in range(1, 7)]
    assert waits == [Retry(1.0), Retry(2.0), Retry(4.0), Retry(8.0), Retry(8.0), Retry(8.0)]
    assert least.decide(error, 5, 0.0, begun=False, others=False) == Retry(0.0)


def test_the_server_s_own_wish_is_honoured_up_to_a_limit() -> None:
    policy = Policy(RetrySettings(first_wait=1.0, longest_retry_after=60.0), jitter=lambda: 0.0)

    def decide(seconds: float, *, others: bool) -> object:
        error = ProviderError("rate_limit", "x", retry_after=seconds)
        return policy.decide(error, 1, 0.0, begun=False, others=others)

    assert decide(7.0, others=False) == Retry(7.0, "retry_after")
    assert decide(61.0, others=True) == FallBack()
    assert decide(61.0, others=False) == Stop()


def test_an_exhausted_quota_is_not_waited_for() -> None:
    error = ProviderError("rate_limit", "x", retryable=False)
    assert Policy(AT_ONCE).decide(error, 1, 0.0, begun=False, others=True) == FallBack()


def test_the_total_of_waits_is_bounded() -> None:
    policy = Policy(RetrySettings(first_wait=5.0, total_wait=20.0), jitter=lambda: 1.0)
    error = ProviderError("server", "x")
    assert policy.decide(error, 1, 15.0, begun=False, others=False) == Retry(5.0)
    assert policy.decide(error, 1, 15.1, begun=False, others=False) == Stop()


def test_an_outage_is_not_amplified_and_answers_earn_retries_back() -> None:
    policy = Policy(RetrySettings(first_wait=0.0, budget=2))
    error = ProviderError("overloaded", "x")

    def decide() -> object:
        return policy.decide(error, 1, 0.0, begun=False, others=False)

    assert [decide(), decide(), decide()] == [Retry(0.0), Retry(0.0), Stop()]
    for _ in range(11):
        policy.succeeded("mock")
    assert [decide(), decide()] == [Retry(0.0), Stop()]


@pytest.mark.parametrize("error", [ProviderError("rate_limit", "x"), ProviderError("overloaded", "x", retry_after=0.0)])
def test_what_the_server_asks_for_is_no_outage(error: ProviderError) -> None:
    policy = Policy(RetrySettings(first_wait=0.0, budget=1))
    decisions = [policy.decide(error, 1, 0.0, begun=False, others=False) for _ in range(20)]
    assert all(isinstance(decision, Retry) for decision in decisions)


def test_a_failed_target_is_asked_last_until_it_has_cooled_down() -> None:
    now = [0.0]
    policy = Policy(RetrySettings(cooldown=30.0), clock=lambda: now[0])
    error = ProviderError("server", "x")
    policy.failed("a", error)
    assert policy.cooling("a") is error
    assert policy.cooling("b") is None
    now[0] = 30.0
    assert policy.cooling("a") is None
    policy.failed("a", error)
    policy.succeeded("a")
    assert policy.cooling("a") is None


def test_a_rejected_request_does_not_put_its_target_aside() -> None:
    policy = Policy()
    policy.failed("a", ProviderError("bad_request", "x"))
    assert policy.cooling("a") is None


def test_retries_are_told_and_the_response_knows_every_attempt() -> None:
    session = Session(MockProvider(simulate_errors=2, delay_ms=0), policy=Policy(AT_ONCE))
    events = events_of(session)
    assert [event.attempt for event in events if isinstance(event, RetryScheduled)] == [2, 3]
    end = events[-1]
    assert isinstance(end, End)
    assert end.error is None
    assert [attempt.error for attempt in end.response.attempts] == ["server", "server", None]


def test_a_target_that_stays_down_is_left_for_the_next_and_asked_last_afterwards() -> None:
    down = MockProvider(simulate_errors=True, delay_ms=0)
    other = MockProvider("mock-basic", delay_ms=0)
    session = Session(down, fallback=[other], policy=Policy(AT_ONCE))
    events = events_of(session)
    assert [event.target for event in events if isinstance(event, FellBack)] == ["mock:mock-basic"]
    assert session.turns[0].response is not None
    assert session.turns[0].response.model == "mock-basic"
    assert len(session.turns[0].response.attempts) == AT_ONCE.attempts + 1
    again = events_of(session)
    assert isinstance(again[0], FellBack)
    assert again[0].reason == "cooldown"
    assert [event.model for event in again if isinstance(event, Start)] == ["mock-basic"]
    assert not any(isinstance(event, RetryScheduled) for event in again)


def test_a_wrong_request_stops_and_says_so() -> None:
    down = MockProvider(simulate_errors=True, error_type="bad_request", delay_ms=0)
    events = events_of(Session(down, fallback=[MockProvider(delay_ms=0)], policy=Policy(AT_ONCE)))
    assert [type(event) for event in events] == [End]
    assert isinstance(events[0], End)
    assert events[0].error is not None
    assert events[0].error.kind == "bad_request"


def test_a_partial_answer_is_never_replaced_in_silence() -> None:
    down = MockProvider(simulate_errors=1, error_type="truncated", delay_ms=0)
    session = Session(down, fallback=[MockProvider("mock-basic", delay_ms=0)], policy=Policy(AT_ONCE))
    end = events_of(session)[-1]
    assert isinstance(end, End)
    assert end.error is not None
    assert end.error.kind == "truncated"
    assert end.response.content
    assert session.turns[0].responses == [end.response]


@pytest.mark.parametrize("act", ["stop", "retry_now", "fall_back_now"])
def test_the_user_steers_while_a_retry_is_awaited(act: str) -> None:
    slow = Policy(RetrySettings(first_wait=3600.0, longest_wait=3600.0, total_wait=1e9), jitter=lambda: 1.0)
    session = Session(
        MockProvider(simulate_errors=1, delay_ms=0), fallback=[MockProvider("mock-basic", delay_ms=0)], policy=slow
    )
    with session.stream("hello") as stream:
        assert isinstance(next(stream), RetryScheduled)
        if act == "stop":
            stream.close()
        else:
            getattr(session.steering, act)()
        events = list(stream)
    end = events[-1]
    assert isinstance(end, End)
    failed, after = end.response.attempts
    assert (failed.error, failed.waited, failed.reason) == ("server", 0.0, None)
    assert 0 < after.waited < 3600
    assert after.reason == ("backoff" if act == "stop" else "user")
    if act == "stop":
        assert end.error is not None
        assert end.error.kind == after.error == "cancelled"
    else:
        assert end.response.complete
        assert end.response.model == ("mock-standard" if act == "retry_now" else "mock-basic")


def test_a_wish_counts_from_the_moment_of_asking_and_for_that_prompt_alone() -> None:
    steering = Steering()

    async def worker() -> Wish | None:
        steering.attach()
        return steering.take()

    steering.begin()
    steering.fall_back_now()  # before the worker runs
    assert asyncio.run(worker()) is Wish.FALL_BACK
    steering.fall_back_now()  # after it has ended
    steering.begin()
    assert asyncio.run(worker()) is None


def test_falling_back_at_once_asks_the_next_target_alone() -> None:
    stalled = MockProvider(simulate_errors=True, error_type="stall", delay_ms=0)
    session = Session(stalled, fallback=[MockProvider("mock-basic", delay_ms=0)], policy=Policy(AT_ONCE))
    for prompt in ("one", "two"):
        with session.stream(prompt) as stream:
            session.steering.fall_back_now()
            end = list(stream)[-1]
        assert isinstance(end, End)
        assert (end.response.model, end.response.complete) == ("mock-basic", True)
        session.policy.succeeded(stalled.target)  # or the second prompt would not ask it anyway


def test_falling_back_in_the_middle_of_an_answer_keeps_it_as_a_sibling() -> None:
    stalled = MockProvider(simulate_errors=True, error_type="stall", delay_ms=0)
    session = Session(stalled, fallback=[MockProvider("mock-basic", delay_ms=0)], policy=Policy(AT_ONCE))
    with session.stream("hello") as stream:
        while not isinstance(next(stream), TextDelta):
            continue
        session.steering.fall_back_now()
        end = list(stream)[-1]
    assert isinstance(end, End)
    assert end.response.complete
    partial, whole = session.turns[0].responses
    assert partial.content
    assert not partial.complete
    assert whole is end.response
