"""What a prompt would cost in all columns together."""

from __future__ import annotations

import pytest

from atlas_tui.budget import Account
from atlas_tui.comparison import Comparison, outlook
from atlas_tui.config import Budget, Price
from atlas_tui.session import Session
from tests.comparison.columns import answered
from tests.played import PlayedProvider, says


def priced(name: str, *prices: float) -> PlayedProvider:
    known = {name: Price(*prices)} if prices else {}
    return PlayedProvider(says("Because."), says("So."), name=name, prices=known)


def compared(*providers: PlayedProvider, budget: Budget | None = None) -> Comparison:
    return Comparison(providers, session=Session(providers[0], account=Account(budget or Budget())))


def test_it_is_the_sum_over_the_columns() -> None:
    comparison = compared(priced("cheap", 1.0, 10.0), priced("dear", 3.0, 30.0))
    found = outlook(comparison, "Why is the sky blue?")
    one, other = found.estimates
    assert found.input_tokens == one.input_tokens + other.input_tokens > 0
    assert found.least.total == pytest.approx(4 * one.input_tokens / 1e6)
    assert found.most.total == pytest.approx(4 * one.input_tokens / 1e6 + 40 * one.output_tokens / 1e6)
    assert (found.unpriced, found.warnings, found.refused) == (0, (), False)


def test_each_column_has_its_own_thread() -> None:
    long = PlayedProvider(says("word " * 400), name="long")
    comparison = compared(priced("short", 1.0, 1.0), long)
    answered(comparison, "Why?")
    one, other = outlook(comparison, "And then?").estimates
    assert other.input_tokens > one.input_tokens + 300


def test_what_has_no_price_is_counted_apart() -> None:
    found = outlook(compared(priced("known", 1.0, 10.0), priced("nobody")), "Why?")
    assert found.unpriced == 1
    assert found.most.known
    assert found.most == found.estimates[0].most


def test_a_limit_that_each_column_would_keep_is_held_against_their_sum() -> None:
    one = outlook(compared(priced("a", 1.0, 10.0)), "Why?").least.total
    assert one is not None
    budget = Budget(conversation=one * 1.5)
    assert not outlook(compared(priced("a", 1.0, 10.0), budget=budget), "Why?").refused
    found = outlook(compared(priced("a", 1.0, 10.0), priced("b", 1.0, 10.0), budget=budget), "Why?")
    assert found.refused
    assert found.warnings[0].startswith("the conversation would cost more than the limit")


def test_what_one_column_alone_must_not_is_said_of_it() -> None:
    budget = Budget(answer=0.0001)
    found = outlook(compared(priced("cheap", 1.0, 1.0), priced("dear", 900.0, 900.0), budget=budget), "Why?")
    assert found.refused
    assert found.warnings[0].startswith("in dear:test-model the answer would cost more than the limit")
    assert not any("cheap" in warning for warning in found.warnings)
