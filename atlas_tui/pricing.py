"""What a request used, and what that costs.

Prices come from genai-prices (community data, so costs computed from them are estimates of the bill); it is
imported at the first price, which belongs in a worker: the import takes a quarter of a second.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation

_FREE_PROVIDERS = frozenset({"mock", "ollama"})


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one request."""

    input_tokens: int = 0
    """All of the input, cached or not."""
    output_tokens: int = 0
    """All of the output, reasoning included."""
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False
    """True where Atlas counted, False where the provider did."""

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cache_read_tokens": self.cache_read_tokens,
            "cache_write_tokens": self.cache_write_tokens,
            "reasoning_tokens": self.reasoning_tokens,
            "estimated": self.estimated,
        }


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """Cost in US dollars: exact (the provider said it), estimated (computed from prices) or unknown."""

    total: float | None = None
    input: float | None = None
    output: float | None = None
    estimated: bool = True

    @property
    def known(self) -> bool:
        """False where no price is known: that is not the same as free."""
        return self.total is not None

    def __str__(self) -> str:
        return "unknown" if self.total is None else f"${self.total:.6f}"

    def __add__(self, other: CostEstimate) -> CostEstimate:
        """The sum; unknown if either part is."""
        if self.total is None or other.total is None:
            return UNKNOWN_COST
        return CostEstimate(
            self.total + other.total,
            (self.input or 0.0) + (other.input or 0.0),
            (self.output or 0.0) + (other.output or 0.0),
            self.estimated or other.estimated,
        )

    def to_dict(self) -> dict[str, Any]:
        """The form of `--json`: dollars, or None where unknown."""
        return {"total": self.total, "input": self.input, "output": self.output, "known": self.known}


UNKNOWN_COST = CostEstimate()
FREE = CostEstimate(0.0, 0.0, 0.0, estimated=False)


class Rates(Protocol):
    """Prices that the user set, in US dollars per million tokens; None where the input's holds."""

    @property
    def input(self) -> float: ...
    @property
    def output(self) -> float: ...
    @property
    def cache_read(self) -> float | None: ...
    @property
    def cache_write(self) -> float | None: ...


def _cost_at(rates: Rates, usage: TokenUsage) -> CostEstimate:
    fresh = max(0, usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens)
    read = rates.input if rates.cache_read is None else rates.cache_read
    write = rates.input if rates.cache_write is None else rates.cache_write
    spent_in = (fresh * rates.input + usage.cache_read_tokens * read + usage.cache_write_tokens * write) / 1e6
    spent_out = usage.output_tokens * rates.output / 1e6
    return CostEstimate(spent_in + spent_out, spent_in, spent_out, usage.estimated)


def cost_of(
    usage: TokenUsage,
    provider: str,
    model: str,
    *,
    base_url: str | None = None,
    prices: Mapping[str, Rates] | None = None,
) -> CostEstimate:
    """The cost of a usage.

    Args:
        usage: the tokens.
        provider: the provider's name; for servers that the price table knows by address, `base_url` decides.
        model: the model, as the response named it.
        base_url: the server's address where it is not the vendor's own.
        prices: the user's own prices by target (`provider:model` or `provider`); they win.
    """
    own = prices and (prices.get(f"{provider}:{model}") or prices.get(provider))
    if own:
        return _cost_at(own, usage)
    if provider in _FREE_PROVIDERS:
        return FREE
    read = min(usage.cache_read_tokens, usage.input_tokens)
    write = min(usage.cache_write_tokens, usage.input_tokens - read)
    price = _calculate(
        provider,
        model,
        base_url,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=read or None,
        cache_write_tokens=write or None,
    )
    if price is None:
        return UNKNOWN_COST
    return CostEstimate(float(price.total_price), float(price.input_price), float(price.output_price))


def load_prices() -> None:
    """Import the price table now, so that the first price does not have to wait for it."""
    import genai_prices  # noqa: F401


def hasten_prices(provider: str) -> None:
    """Have the price table imported beside what goes on, where this provider's prices are in it."""
    if provider not in _FREE_PROVIDERS and "genai_prices" not in sys.modules:
        threading.Thread(target=load_prices, name="atlas-prices", daemon=True).start()


@lru_cache(maxsize=1024)
def context_window(provider: str, model: str, base_url: str | None = None) -> int | None:
    """How many tokens the model can read and write together, or None where that is not known."""
    if provider in _FREE_PROVIDERS:
        return None
    price = _calculate(provider, model, base_url, input_tokens=1)
    return None if price is None else price.model.context_window


def _calculate(provider: str, model: str, base_url: str | None, **tokens: int | None) -> PriceCalculation | None:
    from genai_prices import Usage, calc_price

    usage = Usage(**tokens)
    try:
        if base_url:
            return calc_price(usage, model, provider_api_url=base_url)
        return calc_price(usage, model, provider_id=provider)
    except LookupError:
        return None
