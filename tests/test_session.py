"""A conversation: what is sent, what is kept, and what happens between a prompt and its answer."""

from __future__ import annotations

import pytest

from atlas_tui import ConfigError, ProviderError
from atlas_tui.budget import Account
from atlas_tui.config import Budget, Price, Timeouts
from atlas_tui.errors import Kind
from atlas_tui.models.base import (
    Counted,
    End,
    FellBack,
    ModelMessage,
    ReasoningDelta,
    RetryScheduled,
    Start,
    TextDelta,
    TokenUsage,
    UsageUpdate,
)
from atlas_tui.models.mock import MockProvider
from atlas_tui.policy import Policy, RetrySettings
from atlas_tui.session import Session, Turn
from tests.played import HANG, PlayedProvider, Sink, ask, says, session_of

pytestmark = pytest.mark.usefixtures("no_leaked_threads")
user, assistant = ModelMessage.user, ModelMessage.assistant


class TestHistory:
    def test_each_prompt_is_sent_with_the_turns_before_it(self) -> None:
        provider = PlayedProvider(says("First", " answer"), says("Second answer"))
        session = session_of(provider, system_prompt="Be brief.")
        ask(session, "First?")
        ask(session, "Second?")
        first, second = provider.requests
        assert first.messages == [user("First?")]
        assert second.messages == [user("First?"), assistant("First answer"), user("Second?")]
        assert (first.system_prompt, second.system_prompt) == ("Be brief.", "Be brief.")

    def test_switching_the_provider_keeps_the_conversation(self) -> None:
        first, second = PlayedProvider(says("Blue."), name="first"), PlayedProvider(says("Red."), name="second")
        session = session_of(first)
        ask(session, "The sky?")
        session.provider = second
        assert ask(session, "At night?").response.provider == "second"
        assert second.requests[0].messages == [user("The sky?"), assistant("Blue."), user("At night?")]

    def test_a_turn_that_got_no_answer_is_left_out_so_that_roles_alternate(self) -> None:
        provider = PlayedProvider(
            [ProviderError("auth", "no key")], says("  \n"), [ReasoningDelta("hm"), HANG], says("Now.")
        )
        session = session_of(provider)
        ask(session, "Failed?")
        ask(session, "Blank?")
        with session.stream("Stopped?") as stream:
            assert provider.hanging.wait(5)
            stream.close()
            list(stream)
        ask(session, "And now?")
        assert provider.requests[-1].messages == [user("And now?")]
        assert [turn.prompt for turn in session.turns] == ["Failed?", "Blank?", "Stopped?", "And now?"]

    def test_a_partial_answer_is_sent_as_far_as_it_came(self) -> None:
        provider = PlayedProvider([TextDelta("Half an ans")], says("wer."))
        session = session_of(provider)
        end = ask(session, "Go")
        assert (end.response.content, end.response.complete) == ("Half an ans", False)
        ask(session, "Go on")
        assert provider.requests[1].messages == [user("Go"), assistant("Half an ans"), user("Go on")]

    def test_reasoning_is_never_sent_back(self) -> None:
        provider = PlayedProvider([ReasoningDelta("Let me think. "), *says("Yes.")])
        session = session_of(provider)
        assert ask(session, "Is it?").response.reasoning == "Let me think. "
        ask(session, "Sure?")
        assert "think" not in str(provider.requests[1].messages)

    def test_an_empty_prompt_is_no_turn(self) -> None:
        session = session_of(PlayedProvider(says("never")))
        with pytest.raises(ConfigError, match="empty"):
            session.stream(" \n")
        assert session.turns == []

    def test_clear_begins_anew(self) -> None:
        provider = PlayedProvider(says("a"))
        session = session_of(provider)
        ask(session, "One")
        session.clear()
        ask(session, "Two")
        assert provider.requests[1].messages == [user("Two")]


class TestSiblings:
    def test_another_answer_to_a_turn_joins_it_and_stands_in_the_conversation(self) -> None:
        provider = PlayedProvider(says("Good."), says("Better."), says("Thanks."))
        session = session_of(provider)
        ask(session, "Well?")
        (turn,) = session.turns
        sink = Sink()
        worker = session.start(turn, sink)
        sink.end()
        assert worker.join(5)
        assert provider.requests[1].messages == [user("Well?")]
        assert [response.content for response in turn.responses] == ["Good.", "Better."]
        assert turn.response is turn.responses[1]
        ask(session, "Fine")
        assert provider.requests[2].messages == [user("Well?"), assistant("Better."), user("Fine")]

    def test_a_worker_hands_its_events_to_the_sink_in_order_and_stops_at_once(self) -> None:
        provider = PlayedProvider([TextDelta("a"), TextDelta("b"), HANG])
        session = session_of(provider)
        sink = Sink()
        worker = session.start(session.add_turn("Go"), sink)
        assert provider.hanging.wait(5)
        worker.cancel()
        sink.end()
        assert worker.join(5)
        assert [type(event) for event in sink.events] == [Start, TextDelta, TextDelta, End]
        assert isinstance(sink.events[-1], End)
        assert sink.events[-1].error is not None
        assert sink.events[-1].error.kind == "cancelled"
        assert session.turns[0].response is sink.events[-1].response

    def test_the_user_may_have_another_provider_answer_first(self) -> None:
        first, second = PlayedProvider(says("a"), name="first"), PlayedProvider(says("b"), name="second")
        session = session_of(first, fallback=[second])
        sink = Sink()
        session.start(session.add_turn("Go"), sink, first=second).join(5)
        assert session.turns[0].response is not None
        assert (session.turns[0].response.provider, first.requests) == ("second", [])


class TestFailures:
    def test_a_failure_is_the_ending_and_joins_the_turn(self) -> None:
        session = session_of(PlayedProvider([TextDelta("Half"), ConnectionResetError("gone")]))
        end = ask(session, "Go")
        assert end.error is not None
        assert (end.error.kind, end.error.provider, end.error.partial) == ("connection", "played", end.response)
        assert (end.response.content, end.response.complete) == ("Half", False)
        assert session.turns == [Turn("Go", [end.response])]

    def test_retries_are_told_and_the_same_request_is_sent_again(self) -> None:
        provider = PlayedProvider([ProviderError("server", "oops")], says("Fine."))
        events = list(session_of(provider, policy=Policy(jitter=lambda: 0.0)).stream("Go"))
        (retry,) = [event for event in events if isinstance(event, RetryScheduled)]
        assert (retry.error.kind, retry.delay, retry.attempt) == ("server", 0.0, 2)
        assert provider.requests[0] is provider.requests[1]

    def test_after_the_first_token_nothing_is_retried(self) -> None:
        provider = PlayedProvider([TextDelta("Half"), ProviderError("overloaded", "busy")], says("other"))
        end = ask(session_of(provider, policy=Policy(jitter=lambda: 0.0)), "Go")
        assert (end.response.content, len(provider.requests)) == ("Half", 1)

    def test_a_wait_ends_when_the_user_wants_the_retry_now(self) -> None:
        provider = PlayedProvider([ProviderError("rate_limit", "slow", retry_after=50.0)], says("Fine."))
        session = session_of(provider, policy=Policy())
        content = ""
        for event in session.stream("Go"):
            if isinstance(event, RetryScheduled):
                session.steering.retry_now()
            if isinstance(event, End):
                content = event.response.content
        assert content == "Fine."

    def test_a_silent_attempt_ends_when_the_user_wants_to_fall_back(self) -> None:
        first = PlayedProvider([HANG], name="first")
        second = PlayedProvider(says("Here."), name="second")
        session = session_of(first, fallback=[second])
        sink = Sink()
        worker = session.start(session.add_turn("Go"), sink)
        assert first.hanging.wait(5)
        session.steering.fall_back_now()
        assert worker.join(5)
        (fell,) = [event for event in sink.events if isinstance(event, FellBack)]
        assert fell.target == "second:test-model"
        assert session.turns[0].response is not None
        assert session.turns[0].response.content == "Here."

    def test_a_provider_that_failed_a_moment_ago_is_asked_last(self) -> None:
        first = PlayedProvider([ProviderError("server", "down")], name="first")
        session = session_of(first, fallback=[PlayedProvider(says("Here."), name="second")])
        ask(session, "One")
        events = list(session.stream("Two"))
        assert len(first.requests) == 1
        assert [event.target for event in events if isinstance(event, FellBack)] == ["second:test-model"]

    def test_a_limit_of_time_ends_a_silent_answer_and_says_which(self) -> None:
        provider = PlayedProvider([TextDelta("Half"), HANG], timeout=Timeouts(between_tokens=0.02))
        end = ask(session_of(provider), "Go")
        assert end.error is not None
        assert (end.error.kind, end.response.content) == ("timeout", "Half")
        assert "sent nothing for 0.02 s" in str(end.error)
        assert provider.closed.is_set()

    @pytest.mark.parametrize("kind", ["rate_limit", "connection", "truncated"])
    def test_a_conversation_goes_on_after_a_failure(self, kind: Kind) -> None:
        session = Session(
            MockProvider("mock-basic", delay_ms=0, simulate_errors=1, error_type=kind),
            policy=Policy(RetrySettings(attempts=1)),
        )
        failed, fine = ask(session, "One"), ask(session, "Two")
        assert failed.error is not None
        assert (failed.error.kind, fine.error) == (kind, None)


class TestMeters:
    PRICES = {"played": Price(input=1.0, output=2.0)}  # noqa: RUF012

    def test_usage_and_cost_are_those_of_all_answers(self) -> None:
        provider = PlayedProvider(
            says("one", counted=Counted(TokenUsage(1_000_000, 500_000))),
            says("two", counted=Counted(TokenUsage(1_000_000, 1_000_000, reasoning_tokens=5))),
            prices=self.PRICES,
        )
        session = session_of(provider)
        assert (str(session.cost), session.usage) == ("$0.000000", TokenUsage())
        ask(session, "One")
        ask(session, "Two")
        assert (str(session.cost), session.cost.known) == ("$5.000000", True)
        assert (session.usage.input_tokens, session.usage.output_tokens) == (2_000_000, 1_500_000)
        assert not session.usage.estimated

    def test_an_answer_of_unknown_price_makes_the_sum_unknown_never_free(self) -> None:
        session = session_of(PlayedProvider(says("one"), name="nobody"))
        ask(session, "One")
        assert str(session.cost) == "unknown"

    def test_the_providers_own_count_is_told_and_replaces_the_estimate(self) -> None:
        provider = PlayedProvider(says("Hello", counted=Counted(TokenUsage(9, 3, cache_read_tokens=4))))
        events = list(session_of(provider).stream("Hello"))
        assert [event.usage for event in events if isinstance(event, UsageUpdate)][-1] == TokenUsage(9, 3, 4)
        estimated = ask(session_of(PlayedProvider(says("Hello"))), "Hello").response.usage
        assert estimated.estimated
        assert estimated.input_tokens > 0
        assert estimated.output_tokens > 0

    def test_the_limit_of_cost_holds_for_each_answer_alone(self) -> None:
        counted = Counted(TokenUsage(0, 1_000_000))
        session = session_of(
            PlayedProvider(says("x", counted=counted), prices=self.PRICES), account=Account(Budget(answer=2.0))
        )
        assert [ask(session, prompt).error for prompt in ("One", "Two", "Three")] == [None, None, None]
        assert str(session.cost) == "$6.000000"


def test_the_user_s_price_of_the_model_that_was_asked_wins_over_the_table() -> None:
    provider = MockProvider("gpt-4.1", name="openai", prices={"openai:gpt-4.1": Price(1.0, 2.0)})
    usage = TokenUsage(1_000_000, 1_000_000)
    assert provider.cost_of_usage(usage, "gpt-4.1-2025-04-14").total == 3.0


def test_a_model_that_answers_under_an_unknown_name_is_priced_as_the_one_that_was_asked() -> None:
    provider = MockProvider("gpt-4.1", name="openai")
    usage = TokenUsage(1000, 1000)
    assert provider.cost_of_usage(usage, "an-unknown-alias") == provider.cost_of_usage(usage, "gpt-4.1")
    assert provider.cost_of_usage(usage, "gpt-4.1").known
