"""Limits of spending: which one holds, when it stops an answer, and what it says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from atlas_tui import ProviderError, create_query_client
from atlas_tui.budget import Account, money
from atlas_tui.config import Budget, Config, Price
from atlas_tui.errors import Kind
from atlas_tui.models.base import CostEstimate, Counted, End, ReasoningDelta, TextDelta, TokenUsage, UsageUpdate
from atlas_tui.models.mock import MockProvider
from atlas_tui.policy import Policy, RetrySettings
from atlas_tui.session import Session
from atlas_tui.store import Journal, Ledger, Store
from tests import played
from tests.played import HANG, PlayedProvider, ask, says

pytestmark = pytest.mark.usefixtures("no_leaked_threads")
DOLLAR_A_TOKEN = {"played": Price(0.0, 1_000_000.0), "other": Price(0.0, 1_000_000.0)}


def costing(dollars: int) -> PlayedProvider:
    """Every answer costs so much."""
    return PlayedProvider(says("ok", counted=Counted(TokenUsage(1, dollars))), prices=DOLLAR_A_TOKEN)


def flooding(name: str = "played") -> PlayedProvider:
    return PlayedProvider([*[TextDelta("word " * 100)] * 40, HANG], name=name, prices=DOLLAR_A_TOKEN)


def session_of(provider: PlayedProvider, budget: Budget, ledger: Ledger | None = None, **options: Any) -> Session:
    return played.session_of(provider, account=Account(budget, ledger), **options)


def kind(end: End) -> str | None:
    return end.error.kind if end.error else None


@pytest.fixture
def stores(tmp_path: Path) -> Any:
    opened: list[Store] = []

    def open_store() -> Store:
        opened.append(Store(tmp_path / "history.db"))
        return opened[-1]

    yield open_store
    for store in opened:
        assert store.close()


class TestTheConversation:
    def test_all_its_answers_count(self) -> None:
        session = session_of(costing(2), Budget(conversation=5))
        assert [kind(ask(session)) for _ in range(4)] == [None, None, None, "budget"]
        error = ask(session).error
        assert error is not None
        assert "the conversation would cost more than the limit of $5 (so far $6)" in str(error)
        assert "begin a new conversation, or raise the limit (--max-cost-conversation, or conversation under" in str(
            error
        )

    def test_what_was_refused_costs_nothing_and_is_told_as_an_attempt(self) -> None:
        session = session_of(costing(2), Budget(conversation=1))
        ask(session)
        refused = ask(session).response
        assert (refused.cost.total, refused.usage.total_tokens) == (0.0, 0)
        assert [attempt.error for attempt in refused.attempts] == ["budget"]
        assert session.cost.total == 2.0

    def test_a_new_one_begins_at_nothing(self) -> None:
        session = session_of(costing(2), Budget(conversation=1))
        assert [kind(ask(session)), kind(ask(session))] == [None, "budget"]
        session.clear()
        assert kind(ask(session)) is None

    def test_a_reopened_one_has_cost_what_it_had(self, stores: Any) -> None:
        journal = Journal(stores())
        ask(session_of(costing(2), Budget(), journal=journal))
        again = session_of(costing(2), Budget(conversation=1))
        again.load(journal.store.conversation("last"))
        assert kind(ask(again)) == "budget"

    def test_a_running_answer_is_stopped_and_kept(self) -> None:
        provider = flooding()
        session = session_of(provider, Budget(conversation=1000))
        end = ask(session)
        assert kind(end) == "budget"
        assert 0 < len(end.response.content) < 40 * 500
        assert provider.closed.is_set()

    def test_columns_that_run_side_by_side_count_together(self) -> None:
        session = session_of(flooding(), Budget(conversation=900))
        other = session.thread(2, flooding("other"), (), Policy(RetrySettings(attempts=1)))
        session.account.allow(mock=False, kept=None).exceeded(costing(1).cost_of_usage(TokenUsage(0, 899), "m"))
        end = ask(other)
        assert kind(end) == "budget"
        assert 0 < (end.response.cost.total or 0) < 900

    def test_prompts_that_end_at_the_same_time_are_all_counted(self) -> None:
        account = Account(Budget(conversation=1))

        def ask_often(_: int) -> None:
            for _ in range(100):
                allowance = account.allow(mock=False, kept=None)
                allowance.pay(CostEstimate(0.25))
                allowance.close()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask_often, range(8)))
        assert account.spent() == 200


class TestTheAnswer:
    def test_all_its_attempts_count(self) -> None:
        first = PlayedProvider([TextDelta("x"), Counted(TokenUsage(1, 3)), HANG], name="played", prices=DOLLAR_A_TOKEN)
        second = PlayedProvider([*[TextDelta("word ")] * 3, HANG], name="other", prices=DOLLAR_A_TOKEN)
        session = session_of(first, Budget(answer=2), fallback=[second])
        for event in session.stream("Go"):
            if isinstance(event, UsageUpdate) and not event.usage.estimated:
                session.steering.fall_back_now()
            if isinstance(event, End):
                assert kind(event) == "budget"
                assert [attempt.provider for attempt in event.response.attempts] == ["played", "other"]
        assert second.requests == []

    def test_reasoning_counts_as_it_comes(self) -> None:
        thoughts = [ReasoningDelta("word " * 100)] * 40
        provider = PlayedProvider([*thoughts, HANG], prices=DOLLAR_A_TOKEN)
        end = ask(session_of(provider, Budget(answer=1500)))
        assert kind(end) == "budget"
        assert (end.response.content, end.response.complete) == ("", False)
        assert 1500 < (end.response.cost.total or 0) < 2500  # of the 4,000 that it would have been
        assert 100 < len(end.response.reasoning.split()) < 2500

    def test_without_a_price_nothing_is_sent_and_the_remedy_says_where_to_set_one(self) -> None:
        provider = PlayedProvider(says("never"), name="nobody")
        error = ask(session_of(provider, Budget(day=1))).error
        assert error is not None
        assert (error.kind, provider.requests) == ("budget", [])
        assert 'set one under [prices."nobody:test-model"]' in str(error)


class TestFailures:
    @pytest.mark.parametrize("failure", ["auth", "rate_limit", "server", "context_length"])
    def test_who_is_turned_away_pays_nothing(self, failure: Kind) -> None:
        provider = PlayedProvider([ProviderError(failure, "no")], name="nobody")
        provider.accepts = False
        session = Session(provider, policy=Policy(RetrySettings(attempts=1)))
        end = ask(session)
        assert kind(end) == failure
        assert (end.response.cost.total, end.response.usage.total_tokens) == (0.0, 0)
        assert session.cost.total == 0.0

    def test_what_may_have_been_worked_on_counts_as_estimated(self) -> None:
        provider = PlayedProvider([ProviderError("timeout", "slow")], prices={"played": Price(1_000_000.0, 0.0)})
        cost = ask(Session(provider, policy=Policy(RetrySettings(attempts=1)))).response.cost
        assert cost.total is not None
        assert cost.total > 1
        assert cost.estimated


class TestTheDay:
    def test_processes_count_together(self, stores: Any) -> None:
        one, other = stores(), stores()
        limit = Budget(day=5)
        first = session_of(costing(3), limit, Ledger(one), journal=Journal(one))
        second = session_of(costing(3), limit, Ledger(other), journal=Journal(other))
        assert [kind(ask(first)), kind(ask(second)), kind(ask(first)), kind(ask(second))] == [
            None, None, "budget", "budget",
        ]  # fmt: skip

    def test_answers_that_nobody_keeps_count_too(self, stores: Any) -> None:
        limit = Budget(day=5)
        assert [kind(ask(session_of(costing(3), limit, Ledger(stores())))) for _ in range(3)] == [None, None, "budget"]
        assert stores().conversations() == []

    def test_without_a_history_it_is_that_of_the_ledger(self) -> None:
        ledger, limit = Ledger(), Budget(day=5)
        assert [kind(ask(session_of(costing(3), limit, ledger))) for _ in range(3)] == [None, None, "budget"]

    def test_a_rehearsal_spends_none_of_it(self, stores: Any) -> None:
        ledger = Ledger(stores())
        prices = {"played": Price(0.0, 1_000_000.0)}
        mock = MockProvider("any", name="played", delay_ms=0, response="word " * 9, prices=prices)
        rehearsal = Session(mock, account=Account(Budget(day=100), ledger))
        ask(rehearsal)
        assert ledger.today(mock=True).result(5) > 0
        assert ledger.today().result(5) == 0
        assert kind(ask(session_of(costing(3), Budget(day=5), ledger))) is None

    def test_what_others_spend_meanwhile_stops_a_running_answer(self) -> None:
        ledger = Ledger()
        prices = {"played": Price(0.0, 1.0)}
        mock = MockProvider("any", name="played", delay_ms=5, response="word " * 2000, prices=prices)
        session = Session(mock, account=Account(Budget(day=10.0), ledger))
        for event in session.stream("Go"):
            if isinstance(event, TextDelta):
                ledger.runs(1, 9.999999, mock=True)
            if isinstance(event, End):
                assert kind(event) == "budget"
                assert "today would cost more than the limit of $10 (so far" in str(event.error)
                assert "wait for tomorrow" in str(event.error)


class TestTheClient:
    def test_its_queries_are_one_conversation(self) -> None:
        client = create_query_client(
            "openai:gpt-4.1",
            mock=True,
            budget=Budget(conversation=0.0001),
            delay_ms=0,
            response="word " * 20,
        )
        client.query("One")
        with pytest.raises(ProviderError, match="the conversation would cost more than the limit of"):
            client.query("Two")

    def test_the_day_is_that_of_all_programs(self) -> None:
        ask: dict[str, Any] = {"mock": True, "budget": Budget(day=0.0001), "delay_ms": 0, "response": "word " * 20}
        with create_query_client("openai:gpt-4.1", **ask) as client:
            client.query("One")
        with (
            create_query_client("openai:gpt-4.1", **ask) as client,
            pytest.raises(ProviderError, match="today would cost more than the limit of") as caught,
        ):
            client.query("Two")
        assert caught.value.kind == "budget"

    def test_a_number_is_for_an_answer_and_leaves_the_other_limits(self) -> None:
        config = Config(budget=Budget(answer=1, conversation=0, day=0))
        with (
            create_query_client("openai:gpt-4.1", mock=True, budget=2.0, config=config) as client,
            pytest.raises(ProviderError, match=r"today would cost more than the limit of \$0 "),
        ):
            client.query("Go")


@pytest.mark.parametrize(
    ("dollars", "words"), [(0, "$0"), (5, "$5"), (100.0, "$100"), (0.5, "$0.5"), (0.0000124, "$0.000012")]
)
def test_money(dollars: float, words: str) -> None:
    assert money(dollars) == words
