"""What the query client does about limits, failures and passages."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from atlas_tui import ConfigError, ProviderError, create_query_client
from atlas_tui.budget import Account
from atlas_tui.config import Budget, Config, Price, ProviderConfig
from atlas_tui.errors import Kind
from atlas_tui.models.base import Counted, End, FellBack, Retrieved, RetryScheduled, TextDelta, TokenUsage
from atlas_tui.policy import Policy
from atlas_tui.retrieval import Document, KnowledgeBase
from tests.clients import PRICES, at_once, client_of
from tests.played import HANG, PlayedProvider, says

pytestmark = pytest.mark.usefixtures("no_leaked_threads")


class Library(KnowledgeBase):
    """Two passages, whatever is asked."""

    PASSAGES: ClassVar[list[Document]] = [
        {"content": "Air scatters blue.", "metadata": {"source": "sky.md"}, "relevance_score": 0.9},
        {"content": "Light is a wave.", "metadata": {"source": "light.md"}, "relevance_score": 0.4},
    ]

    def search(self, query: str, k: int = 5, **options: Any) -> list[Document]:
        return self.PASSAGES[:k]


class TestBudget:
    def test_stops_a_running_answer_and_keeps_what_was_paid_for(self) -> None:
        flood = [TextDelta("expensive words " * 200)] * 50
        provider = PlayedProvider([*flood, HANG], prices=PRICES)
        client = client_of(provider, account=Account(Budget(answer=100.0)))
        with pytest.raises(ProviderError, match=r"limit of \$100") as caught:
            client.query("Go on for ever")
        assert caught.value.kind == "budget"
        assert 0 < len(caught.value.partial.content) < len(flood[0].text) * 50
        assert provider.closed.is_set()

    def test_does_not_send_what_is_too_dear_already(self) -> None:
        provider = PlayedProvider(says("never"), prices={"played": Price(1_000_000.0, 0.0)})
        with pytest.raises(ProviderError) as caught:
            client_of(provider, account=Account(Budget(answer=1.0))).query(
                "A prompt of far more than one token, at a dollar each"
            )
        assert (caught.value.kind, caught.value.provider, provider.requests) == ("budget", "played", [])
        assert caught.value.partial.content == ""

    def test_lets_an_answer_within_it_pass(self) -> None:
        counted = Counted(TokenUsage(5, 2))
        client = client_of(
            PlayedProvider(says("just ", "right", counted=counted), prices=PRICES), account=Account(Budget(answer=3.0))
        )
        assert client.query("?") == "just right"
        assert client.last_response is not None
        assert str(client.last_response.cost) == "$2.000005"

    def test_is_an_argument_in_dollars(self) -> None:
        client = create_query_client("openai:gpt-4.1", mock=True, budget=0.000001)
        with pytest.raises(ProviderError) as caught:
            client.query("This alone costs more than a ten-thousandth of a cent")
        assert caught.value.kind == "budget"

    @pytest.mark.parametrize("wrong", ["0.05", -1, float("nan")])
    def test_what_is_no_sum_is_refused_before_anything_is_asked(self, wrong: Any) -> None:
        with pytest.raises(ConfigError, match=r"^budget = .* has no meaning: use US dollars, or a Budget$"):
            create_query_client(budget=wrong)


class TestRetries:
    def test_a_failure_before_the_first_token_is_retried_unseen_by_the_callback(self) -> None:
        busy = [ProviderError("overloaded", "busy")]
        provider = PlayedProvider(busy, busy, says("at ", "last"))
        client = client_of(provider, policy=Policy(jitter=lambda: 0.0))
        seen: list[str] = []
        assert client.query_streaming("?", lambda delta, _: seen.append(delta)) == "at last"
        assert seen == ["at ", "last"]
        assert client.last_response is not None
        assert [attempt.error for attempt in client.last_response.attempts] == ["overloaded", "overloaded", None]

    def test_many_at_once_outlive_a_rate_limit_that_turns_them_all_away(self) -> None:
        """Each comes back when the server said; a budget that is meant for outages let ten of them."""
        turned_away = [[ProviderError("rate_limit", "slower", retry_after=0.01)] for _ in range(40)]
        client = client_of(PlayedProvider(*turned_away, says("in the end")), policy=Policy())
        with ThreadPoolExecutor(40) as pool:
            assert set(pool.map(client.query, ["Why?"] * 40)) == {"in the end"}

    def test_close_ends_the_wait_for_a_retry(self) -> None:
        client = client_of(PlayedProvider([ProviderError("rate_limit", "slow", retry_after=50.0)]), policy=Policy())
        with client.stream("?") as stream:
            for event in stream:
                if isinstance(event, RetryScheduled):
                    stream.close()
        assert isinstance(event, End)
        assert event.error is not None
        assert event.error.kind == "cancelled"


class TestFallback:
    def test_another_provider_answers_when_the_first_fails_before_its_first_token(self) -> None:
        first = PlayedProvider([ProviderError("overloaded", "busy")], name="first")
        second = PlayedProvider(says("here"), name="second")
        client = client_of(first, fallback=[second])
        events = list(client.stream("Anyone?"))
        (fell,) = [event for event in events if isinstance(event, FellBack)]
        assert (fell.error.kind, fell.target) == ("overloaded", "second:test-model")
        response = client.last_response
        assert response is not None
        assert (response.content, response.provider, response.complete) == ("here", "second", True)
        assert [(a.provider, a.error) for a in response.attempts] == [("first", "overloaded"), ("second", None)]
        assert first.requests == second.requests

    @pytest.mark.parametrize("kind", ["auth", "bad_request", "context_length", "refused", "cancelled"])
    def test_what_is_wrong_with_the_request_is_not_tried_elsewhere(self, kind: Kind) -> None:
        second = PlayedProvider(says("here"))
        client = client_of(PlayedProvider([ProviderError(kind, "no")]), fallback=[second])
        with pytest.raises(ProviderError) as caught:
            client.query("?")
        assert (caught.value.kind, second.requests) == (kind, [])

    def test_a_begun_answer_is_never_joined_to_another(self) -> None:
        second = PlayedProvider(says("other"))
        client = client_of(PlayedProvider([TextDelta("begun")]), fallback=[second])
        with pytest.raises(ProviderError) as caught:
            client.query("?")
        assert (caught.value.partial.content, second.requests) == ("begun", [])

    def test_when_all_fail_the_last_failure_is_raised_and_every_attempt_is_told(self) -> None:
        names = ("a", "b", "c")
        down = [PlayedProvider([ProviderError("server", f"{n} is down")], name=n) for n in names]
        with pytest.raises(ProviderError, match="c is down") as caught:
            client_of(down[0], fallback=down[1:]).query("?")
        assert [attempt.provider for attempt in caught.value.partial.attempts] == list(names)

    @pytest.mark.parametrize("fallback", ["openai:gpt-4.1", ["openai:gpt-4.1"], ("mock", "openai:gpt-4.1")])
    def test_is_given_as_targets(self, fallback: Any) -> None:
        client = create_query_client(
            "anthropic",
            mock=True,
            fallback=fallback,
            policy=at_once(),
            config=Config(providers={"mock": ProviderConfig("mock", options={"delay_ms": 0})}),
            simulate_errors=True,
        )
        answer = client.query("?")
        assert client.last_response is not None
        expected = "mock" if "mock" in fallback else "openai"
        assert (client.last_response.provider, bool(answer)) == (expected, True)


class TestContext:
    def test_an_empty_knowledge_base_gives_nothing_and_needs_no_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SKIP_API_KEY_CHECK", "true")
        assert create_query_client("anthropic").retrieve_only("Why is the sky blue?") == []

    def test_passages_come_best_first_in_the_documented_shape(self) -> None:
        documents = client_of(PlayedProvider(says("x")), knowledge=Library()).retrieve_only("sky", k=1)
        assert documents == [
            {"content": "Air scatters blue.", "metadata": {"source": "sky.md"}, "relevance_score": 0.9}
        ]

    def test_query_with_context_gives_the_answer_and_its_passages(self) -> None:
        client = client_of(PlayedProvider(says("Because.")), knowledge=Library())
        assert client.query_with_context("Why?") == {
            "response": "Because.",
            "context": {"documents": Library.PASSAGES},
        }
        assert create_query_client(delay_ms=0).query_with_context("Why?")["context"] == {"documents": []}

    def test_a_plain_query_looks_nothing_up(self) -> None:
        events = list(client_of(PlayedProvider(says("x")), knowledge=Library()).stream("Why?"))
        assert not [event for event in events if isinstance(event, Retrieved)]
