"""What a prompt would cost is said while it is typed, where that is worth a word."""

from __future__ import annotations

from atlas_tui.budget import Account
from atlas_tui.config import Budget, Price
from atlas_tui.session import Session
from tests.played import PlayedProvider, says
from tests.tui.driving import driving, once

PRICES = {"played": Price(1.0, 10.0)}


def session_of(budget: Budget | None = None) -> Session:
    provider = PlayedProvider(says("Because."), prices=PRICES)
    return Session(provider, account=Account(budget or Budget()), policy=once())


async def test_a_long_prompt_says_what_it_would_cost_until_it_is_taken_back() -> None:
    async with driving(session=session_of()) as driver:
        await driver.paste("word " * 2000)
        await driver.shows("~2,180 tok · $0.0022 to $0.0122")
        await driver.press("ctrl+c")
        status = driver.app.chat.status
        await driver.until(lambda: not status.outlook)


async def test_a_prompt_that_a_limit_forbids_says_so_before_it_is_sent() -> None:
    async with driving(session=session_of(Budget(conversation=0.000001))) as driver:
        await driver.paste("Why is the sky blue?")
        await driver.shows("the conversation would cost more than the limit of $0.000001")
        await driver.press("enter")
        await driver.answered()
        await driver.shows("budget", "/limit raises the limit, /limit off lifts it")
        assert "--max-cost" not in driver.screen
