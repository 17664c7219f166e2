"""What a request used and what that costs."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_tui.config import Price
from atlas_tui.pricing import FREE, UNKNOWN_COST, CostEstimate, TokenUsage, context_window, cost_of

COUNTS = st.integers(0, 2_000_000)
USAGES = st.builds(TokenUsage, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, st.booleans())


class TestTokenUsage:
    @given(USAGES)
    def test_the_total_is_both_sides(self, usage: TokenUsage) -> None:
        assert usage.total_tokens == usage.input_tokens + usage.output_tokens

    def test_its_stable_form(self) -> None:
        assert TokenUsage(5, 4, 3, 2, 1, estimated=True).to_dict() == {
            "input_tokens": 5,
            "output_tokens": 4,
            "cache_read_tokens": 3,
            "cache_write_tokens": 2,
            "reasoning_tokens": 1,
            "estimated": True,
        }


class TestCostEstimate:
    @pytest.mark.parametrize(
        ("cost", "text"),
        [
            (CostEstimate(0.001234), "$0.001234"),
            (CostEstimate(12.5), "$12.500000"),
            (FREE, "$0.000000"),
            (UNKNOWN_COST, "unknown"),
        ],
    )
    def test_as_text(self, cost: CostEstimate, text: str) -> None:
        assert str(cost) == text

    def test_unknown_is_not_free(self) -> None:
        assert FREE.known
        assert not UNKNOWN_COST.known
        assert UNKNOWN_COST.to_dict() == {"total": None, "input": None, "output": None, "known": False}

    def test_a_sum_is_as_sure_as_its_least_sure_part(self) -> None:
        billed, computed = CostEstimate(0.5, 0.2, 0.3, estimated=False), CostEstimate(0.25, 0.125, 0.125)
        assert billed + computed == CostEstimate(0.75, 0.325, 0.425, estimated=True)
        assert not (billed + FREE).estimated
        assert not (billed + UNKNOWN_COST).known


class TestCostOf:
    def test_a_small_request(self) -> None:
        cost = cost_of(TokenUsage(1000, 1000), "anthropic", "claude-sonnet-4-6")
        assert (cost.total, cost.input, cost.output) == pytest.approx((0.018, 0.003, 0.015))
        assert cost.estimated, "community prices are no bill"

    def test_cached_input_is_cheaper(self) -> None:
        usage = TokenUsage(1000, 0, cache_read_tokens=600, cache_write_tokens=200)
        cost = cost_of(usage, "anthropic", "claude-sonnet-4-6")
        assert cost.total == pytest.approx((200 * 3 + 600 * 0.3 + 200 * 3.75) / 1e6)

    def test_long_input_costs_more_a_token(self) -> None:
        small, large = (cost_of(TokenUsage(count, 0), "openai", "gpt-6-sol").total for count in (1000, 1_000_000))
        assert small is not None
        assert large is not None
        assert large > small * 1000

    @given(USAGES)
    def test_no_usage_is_too_odd_to_price(self, usage: TokenUsage) -> None:
        cost = cost_of(usage, "openai", "gpt-4.1")
        assert cost.total is not None
        assert cost.total >= 0

    @pytest.mark.parametrize(
        ("provider", "model", "base_url"),
        [
            ("openai", "no-such-model", None),
            ("nobody", "gpt-4.1", None),
            ("local", "gpt-4.1", "http://127.0.0.1:8080/v1"),
        ],
    )
    def test_what_nobody_priced_is_unknown(self, provider: str, model: str, base_url: str | None) -> None:
        assert cost_of(TokenUsage(1, 1), provider, model, base_url=base_url) == UNKNOWN_COST
        assert context_window(provider, model, base_url) is None

    def test_a_known_address_has_a_price_whatever_its_name(self) -> None:
        named = cost_of(TokenUsage(1000, 1000), "work", "gpt-4.1", base_url="https://api.openai.com/v1")
        assert named == cost_of(TokenUsage(1000, 1000), "openai", "gpt-4.1")

    @pytest.mark.parametrize("provider", ["ollama", "mock"])
    def test_one_s_own_machine_is_free(self, provider: str) -> None:
        assert cost_of(TokenUsage(1000, 1000), provider, "llama3") == FREE

    def test_the_context_window(self) -> None:
        assert context_window("openai", "gpt-4.1") == 1_000_000


class TestOwnPrices:
    PRICES = {"openai:gpt-4.1": Price(1.0, 2.0), "ollama": Price(0.5, 0.5), "openai": Price(10.0, 20.0)}  # noqa: RUF012

    @pytest.mark.parametrize(
        ("provider", "model", "total"),
        [("openai", "gpt-4.1", 3.0), ("openai", "another", 30.0), ("ollama", "llama3", 1.0)],
    )
    def test_the_most_precise_wins(self, provider: str, model: str, total: float) -> None:
        usage = TokenUsage(1_000_000, 1_000_000)
        assert cost_of(usage, provider, model, prices=self.PRICES).total == pytest.approx(total)

    def test_cached_input_at_the_input_s_price_unless_set(self) -> None:
        usage = TokenUsage(1_000_000, 0, cache_read_tokens=500_000, cache_write_tokens=250_000)
        plain, set_apart = {"x": Price(4.0, 8.0)}, {"x": Price(4.0, 8.0, cache_read=0.4, cache_write=5.0)}
        assert cost_of(usage, "x", "m", prices=plain).total == pytest.approx(4.0)
        assert cost_of(usage, "x", "m", prices=set_apart).total == pytest.approx(1.0 + 0.2 + 1.25)

    def test_an_exact_count_at_one_s_own_price_is_exact(self) -> None:
        assert not cost_of(TokenUsage(1, 1), "openai", "gpt-4.1", prices=self.PRICES).estimated
        assert cost_of(TokenUsage(1, 1, estimated=True), "openai", "gpt-4.1", prices=self.PRICES).estimated


def test_the_price_table_is_imported_at_the_first_price_only() -> None:
    program = (
        "import sys; from atlas_tui import pricing; "
        "pricing.cost_of(pricing.TokenUsage(1, 1), 'ollama', 'x'); sys.exit('genai_prices' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
