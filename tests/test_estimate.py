"""What a prompt would cost and fill, said before it is sent; and estimates that learn from what models count."""

from __future__ import annotations

from typing import Any

import pytest

from atlas_tui.budget import Account
from atlas_tui.config import Budget, Price
from atlas_tui.estimate import Estimate, Scale
from atlas_tui.models.base import Counted, End, ModelMessage, ModelRequest, TextDelta, TokenUsage, estimate_tokens
from atlas_tui.retrieval import Document
from atlas_tui.session import Session
from atlas_tui.store import Ledger
from tests.played import PlayedProvider, says

PRICES = {"played": Price(1.0, 10.0)}
LONG = "Why is the sky blue, and why is it red at night? " * 20


def session_of(*answers: Any, budget: Budget | None = None, ledger: Ledger | None = None, **options: Any) -> Session:
    provider = PlayedProvider(*(answers or [says("ok")]), prices=PRICES)
    return Session(provider, account=Account(budget or Budget(), ledger), **options)


class TestTheFigures:
    def test_are_those_of_the_request_that_would_be_sent(self) -> None:
        session = session_of(says("An answer"), system_prompt="Be brief.")
        session.stream("First?").response()
        estimate = session.estimate("Second?")
        session.stream("Second?").response()
        assert isinstance(session.provider, PlayedProvider)
        assert estimate.input_tokens == session.provider.requests[-1].estimated_tokens()
        assert estimate == session.estimate(session.turns[-1])

    def test_cost_from_the_input_alone_to_a_long_answer(self) -> None:
        estimate = session_of(max_tokens=100).estimate(LONG)
        assert estimate.output_tokens == 100
        assert estimate.least.total == pytest.approx(estimate.input_tokens / 1e6)
        assert estimate.most.total == pytest.approx(estimate.input_tokens / 1e6 + 100 * 10 / 1e6)
        assert str(estimate) == (
            f"~{estimate.input_tokens} tokens · ~{estimate.least} to {estimate.most} with an answer of 100 tokens"
        )

    def test_without_a_limit_a_long_answer_is_as_long_as_those_before(self) -> None:
        session = session_of(says("x", counted=Counted(TokenUsage(10, 4321))))
        assert session.estimate("Go").output_tokens == 1000
        session.stream("Go").response()
        assert session.estimate("Go").output_tokens == 4321

    def test_an_unknown_price_is_said_and_never_free(self) -> None:
        estimate = Session(PlayedProvider(says("ok"), name="nobody")).estimate("Go")
        assert "cost unknown" in str(estimate)
        assert estimate.to_dict()["cost"] == {"least": None, "most": None, "known": False}

    def test_of_a_long_conversation_only_what_is_new_is_counted(self) -> None:
        counted: list[str] = []

        def count(text: str) -> int:
            counted.append(text)
            return estimate_tokens(text)

        scale = Scale(count)
        before = [ModelMessage.user(LONG), ModelMessage.assistant("Because.")]
        for prompt in ("a", "a b", "a b"):
            request = ModelRequest(messages=[*before, ModelMessage.user(prompt)], system_prompt="Be brief.")
            assert scale.weigh(request) == request.estimated_tokens()
        assert counted == ["Be brief.", LONG, "Because.", "a", "a b"]


class TestWarnings:
    def warnings(self, budget: Budget, prompt: str = LONG, **options: Any) -> Estimate:
        return session_of(budget=budget).estimate(prompt, **options)

    def test_nothing_is_close(self) -> None:
        estimate = self.warnings(Budget(answer=1), window=100_000)
        assert (estimate.warnings, estimate.refused) == ((), False)
        assert estimate.share is not None
        assert estimate.share < 0.01

    def test_close_to_the_window(self) -> None:
        tokens = session_of().estimate(LONG).input_tokens
        (warning,) = self.warnings(Budget(), window=round(tokens * 1.1)).warnings
        assert warning.startswith("the prompt fills 91% of the context window of")
        (warning,) = self.warnings(Budget(), window=tokens - 1).warnings
        assert "does not fit into the context window" in warning
        assert "shorten it" in warning

    def test_close_to_a_limit(self) -> None:
        cost = session_of().estimate(LONG).least.total
        assert cost is not None
        estimate = self.warnings(Budget(day=cost * 1.1))
        assert estimate.warnings[0].startswith("today nears its limit with ~$0.00")
        assert not estimate.refused
        assert self.warnings(Budget(day=cost * 1.1, warn=1.0)).warnings == ()

    def test_over_a_limit_it_would_be_refused(self) -> None:
        estimate = self.warnings(Budget(conversation=0.0000001))
        assert estimate.refused
        assert "the conversation would cost more than the limit of" in estimate.warnings[0]

    def test_without_a_price_a_limit_cannot_be_kept(self) -> None:
        session = Session(PlayedProvider(says("ok"), name="nobody"), account=Account(Budget(answer=1)))
        estimate = session.estimate("Go")
        assert estimate.refused
        assert "no price is known for nobody:test-model" in estimate.warnings[0]


class TestCorrection:
    def counting(self, factor: float) -> Any:
        """An answer of a model that counts so many times the tokens that Atlas would."""
        estimated = session_of().estimate(LONG).input_tokens
        return says("ok", counted=Counted(TokenUsage(round(estimated * factor), 1)))

    def test_what_a_model_counted_corrects_the_next_estimates(self) -> None:
        ledger = Ledger()
        plain = session_of().estimate(LONG).input_tokens
        for _ in range(3):
            session_of(self.counting(1.5), ledger=ledger).stream(LONG).response()
        assert session_of(ledger=ledger).estimate(LONG).input_tokens == pytest.approx(plain * 1.5, rel=0.01)

    def test_also_those_of_a_running_answer_and_of_the_limits(self) -> None:
        ledger = Ledger()
        for _ in range(3):
            ledger.learn("played:test-model", 2000, 1000)
        plain = session_of().estimate(LONG)
        broken = [TextDelta("word " * 100)]
        (*_, end), (*_, without) = (session_of(broken, ledger=known).stream(LONG) for known in (ledger, None))
        assert isinstance(end, End)
        assert isinstance(without, End)
        corrected, estimated = end.response.usage, without.response.usage
        assert corrected.estimated
        assert estimated.input_tokens == plain.input_tokens
        assert corrected.input_tokens == pytest.approx(estimated.input_tokens * 2, abs=1)
        assert corrected.output_tokens == pytest.approx(estimated.output_tokens * 2, abs=1)
        assert plain.least.total is not None
        tight = session_of(budget=Budget(answer=plain.least.total * 1.5), ledger=ledger).estimate(LONG)
        assert tight.refused

    def test_one_strange_answer_moves_it_half_the_way_and_nonsense_not_at_all(self) -> None:
        ledger = Ledger()
        ledger.learn("a:b", 1400, 1000)
        assert ledger.correction("a:b") == pytest.approx(1.2)
        ledger.learn("a:b", 10, 1000)  # it counted only what was not cached
        ledger.learn("a:b", 30, 10)  # what surrounds a short prompt is most of it
        assert ledger.correction("a:b") == pytest.approx(1.2)
        assert ledger.correction("a:other") == 1.0


class TestPassages:
    def test_those_that_go_along_count(self) -> None:
        session = session_of()
        alone = session.estimate("Why?").input_tokens
        along = session.estimate("Why?", documents=[{"content": "word " * 100, "metadata": {}, "relevance_score": 1.0}])
        assert alone + 100 < along.input_tokens < alone + 400

    def test_those_that_there_is_no_room_for_do_not(self) -> None:
        class Small(PlayedProvider):
            """A model with little room."""

            def context_window(self, model: str | None = None) -> int | None:
                return 2000

        documents: list[Document] = [
            {"content": f"word{n} " * 300, "metadata": {}, "relevance_score": 1.0 - n / 10} for n in range(8)
        ]
        found = Session(Small(says("ok"))).estimate("Why?", documents=documents)
        assert 400 < found.input_tokens < 1000
        assert not found.warnings
