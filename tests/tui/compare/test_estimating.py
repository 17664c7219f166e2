"""What a prompt would cost in all columns is said while it is typed."""

from __future__ import annotations

from atlas_tui.budget import Account
from atlas_tui.config import Budget, Price
from atlas_tui.session import Session
from tests.played import PlayedProvider, says
from tests.tui.compare.driving import comparing, played
from tests.tui.driving import once


def priced(name: str) -> PlayedProvider:
    return PlayedProvider(says("Because."), name=name, prices={name: Price(100.0, 1000.0)})


async def test_the_sum_over_all_columns_stands_below_the_prompt_until_it_is_sent() -> None:
    async with comparing(priced("one"), priced("two"), size=(80, 24)) as compared:
        user = compared.user
        compared.screen.prompt.text = "Why is the sky blue?"
        await user.shows(" tok in 2 · $0.00", " to $2.00")
        await user.press("enter")
        await compared.ended()
        assert compared.screen.status.outlook == ""


async def test_what_costs_nothing_or_has_no_price_says_so() -> None:
    async with comparing(priced("one"), played("nobody", "N")) as compared:
        compared.screen.prompt.text = "Why?"
        await compared.user.shows("1 without a price")
        compared.screen.act("line_up", "mock:mock-basic mock:mock-standard")
        compared.screen.prompt.text = "Why not?"
        await compared.user.shows("tok in 2 · free")


async def test_a_limit_that_all_together_would_exceed_is_said_before_it_is_sent() -> None:
    one = priced("one")
    session = Session(one, policy=once(), account=Account(Budget(conversation=0.0008)))
    async with comparing(one, priced("two"), session=session) as compared:
        compared.screen.prompt.text = "Why?"
        await compared.user.shows("the conversation would cost more than the limit of $0.0008")
