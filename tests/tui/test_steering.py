"""What one decides while a target fails, waits or costs: who is asked next, what may be spent, how long to wait."""

from __future__ import annotations

from atlas_tui.budget import Account
from atlas_tui.config import Budget, Price
from atlas_tui.errors import ProviderError
from atlas_tui.models.base import Counted, TokenUsage
from atlas_tui.policy import Policy
from atlas_tui.session import Session
from tests.played import HANG, PlayedProvider, says
from tests.tui.driving import driving, once


async def test_the_fallback_chain_is_typed_and_shown() -> None:
    async with driving(PlayedProvider([ProviderError("bad_request", "no")])) as user:
        await user.shows("FALLBACK", "nobody else")
        await user.press("f6")
        await user.shows("there is no target to fall back to: F chooses some")
        await user.ask("/fallback mock:mock-basic, mock:mock-advanced mock:mock-basic")
        await user.shows(
            "1 mock:mock-basic", "2 mock:mock-advanced", "when one fails: mock:mock-basic, then mock:mock-adv"
        )
        await user.ask("/fallback nobody mock")
        await user.shows("unknown provider 'nobody'")
        assert [provider.target for provider in user.session.fallback] == ["mock:mock-basic", "mock:mock-advanced"]
        await user.asked("Why?")
        await user.shows("F6 asks mock:mock-basic")
        await user.asked("/next")
        await user.shows("rehearsed answer")
        await user.ask("/fallback none")
        await user.shows("nobody else")
        assert user.session.fallback == []


async def test_the_fallback_chain_is_chosen_and_ordered_in_a_list() -> None:
    async with driving() as user:
        await user.shows("mock-advanced", "FALLBACK")
        await user.ask("/fallback")
        await user.shows("When one fails, who is asked?", "mock:mock-advanced", "earlier")
        await user.press(*"advanced", "enter")
        await user.shows("1 mock:mock-advanced")
        await user.press(*"mock-standard", "enter")
        await user.shows("2 mock:mock-standard")
        await user.press("ctrl+up")
        await user.shows("1 mock:mock-standard", "2 mock:mock-advanced")
        await user.click_on("2 mock:mock-advanced")
        await user.shows_no("2 mock:mock-advanced")
        await user.press("escape")
        await user.shows("Ask anything")
        assert [provider.target for provider in user.session.fallback] == ["mock:mock-standard"]
        await user.shows("1 mock:mock-standard")


async def test_a_target_that_rests_is_marked() -> None:
    failing = PlayedProvider([ProviderError("overloaded", "busy")], name="first")
    spare = PlayedProvider([ProviderError("overloaded", "busy")], name="spare")
    last = PlayedProvider(says("at last"), name="last")
    async with driving(failing, fallback=[spare, last]) as user:
        await user.asked("Why?")
        await user.shows("at last", "1 spare:test-model", "◌ rests after: overloaded", "2 last:test-model")


async def test_fall_back_asks_the_next_target() -> None:
    failing = PlayedProvider([ProviderError("bad_request", "no")], name="first")
    async with driving(failing, fallback=[PlayedProvider(says("from the second"), name="second")]) as user:
        await user.asked("Why?")
        await user.shows("F6 asks second:test-model")
        await user.press("f6")
        await user.answered(2)
        await user.shows("from the second", "second:test-model")


async def test_the_key_asks_one_target_after_the_other() -> None:
    no = ProviderError("bad_request", "no")
    first, second, third = (PlayedProvider([no], [no], name=name) for name in ("first", "second", "third"))
    async with driving(first, fallback=[second, third]) as user:
        await user.ask("Why?")
        for number, following in enumerate(("second", "third", "second"), 1):
            await user.answered(number)
            await user.shows(f"F6 asks {following}:test-model")
            await user.press("f6")


async def test_what_is_spent_is_shown_under_each_limit() -> None:
    account = Account(Budget(answer=0.5, conversation=0.01))
    counted = Counted(TokenUsage(1000, 4000))
    provider = PlayedProvider(says("It is blue.", counted=counted), prices={"played": Price(1.0, 2.0)})
    session = Session(provider, policy=once(), account=account)
    async with driving(session=session) as user:
        await user.shows("LIMITS", "$0.00 of $0.50", "$0.00 of $0.01")
        await user.asked("Why?")
        await user.shows("$0.0090 of $0.01")


async def test_a_limit_is_set_raised_and_lifted_while_one_chats() -> None:
    counted = Counted(TokenUsage(1000, 4000))  # $0.009
    provider = PlayedProvider(*[says("It is blue.", counted=counted)] * 3, prices={"played": Price(1.0, 2.0)})
    async with driving(session=Session(provider, policy=once())) as user:
        await user.ask("/limit")
        await user.shows("there is no limit to what is spent", "/limit conversation 2")
        assert user.app.chat.prompt.text == "/limit "
        await user.press(*"conversation $0.000001", "enter")
        await user.shows("at most <$0.0001 for the conversation", "LIMITS")
        await user.asked("Why?")
        await user.shows("budget", "/limit raises the limit, /limit off lifts it")
        await user.ask("/limit conversation much")
        await user.shows("no limit like 'conversation much'")
        await user.ask("/limit conversation 2")
        await user.ask("/limit 0.50")
        await user.shows("at most $0.50 for each answer, $2.00 for the conversation", "of $0.50", "of $2.00")
        await user.press("ctrl+r")
        await user.answered(2)
        await user.shows("It is blue.", "$0.0090 of $2.00")
        await user.ask("/limit answer off")
        await user.shows("at most $2.00 for the conversation")
        await user.ask("/limit off")
        await user.shows("there is no limit to what is spent")
        await user.shows_no("LIMITS")
        assert not user.session.account.budget.limited


async def test_a_running_attempt_can_be_given_up_for_the_next_target() -> None:
    slow = PlayedProvider([HANG], name="slow")
    async with driving(slow, fallback=[PlayedProvider(says("at last"), name="quick")]) as user:
        await user.ask("Why?")
        await user.until(slow.hanging.is_set)
        await user.press("f6")
        await user.answered()
        await user.shows("at last", "quick:test-model")


async def test_a_wait_counts_down_and_a_key_ends_it() -> None:
    busy = ProviderError("overloaded", "busy", status=529, retry_after=50)
    provider = PlayedProvider([busy], says("at last"))
    async with driving(provider, policy=Policy()) as user:
        await user.ask("Why?")
        await user.shows("overloaded: attempt 2 in 50 s", "busy")
        user.clock.now += 20
        await user.shows("attempt 2 in 30 s")
        await user.press("ctrl+r")
        await user.answered()
        await user.shows("at last", "✓ done", "after 1 × played: overloaded")
        await user.shows_no("busy")


async def test_a_wait_can_be_stopped() -> None:
    busy = ProviderError("overloaded", "busy", status=529, retry_after=50)
    async with driving(PlayedProvider([busy]), policy=Policy()) as user:
        await user.ask("Why?")
        await user.shows("attempt 2 in")
        await user.press("escape")
        await user.answered()
        await user.shows("stopped")
