"""Figures as words: short, of constant form, and honest about what is estimated or unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_tui.models.names import model_shown, target_shown
from atlas_tui.text import one_line

if TYPE_CHECKING:
    from atlas_tui.models.base import CostEstimate, ModelResponse, TokenUsage

_COMPACT = 10_000


def seconds(value: float) -> str:
    """`0.31 s`, `12.4 s`, `2:05`."""
    if value < 10:
        return f"{value:.2f} s"
    return f"{value:.1f} s" if value < 60 else f"{int(value // 60)}:{int(value % 60):02}"


def elapsed(value: float) -> str:
    """Running time, in steps that can be read."""
    return f"{value:.1f} s" if value < 60 else f"{int(value // 60)}:{int(value % 60):02}"


def count(value: int) -> str:
    """`142`, `9,120`, `12.4k`, `1.05M`."""
    if value < _COMPACT:
        return f"{value:,}"
    return f"{value / 1000:.1f}k" if value < 1_000_000 else f"{value / 1_000_000:.2f}M"


def tokens(value: int, usage: TokenUsage) -> str:
    """A token count, with `~` where Atlas counted."""
    return f"{'~' if usage.estimated and value else ''}{count(value)}"


def rate(value: float) -> str:
    """`48.1 tok/s`."""
    return f"{value:.1f} tok/s" if value < 1000 else f"{value:,.0f} tok/s"


def cost(value: CostEstimate) -> str:
    """`$0.0012`, `free`, `unknown`."""
    if value.total is None:
        return "unknown"
    if value.total == 0:
        return "free" if not value.estimated else "$0"
    return "<$0.0001" if value.total < 0.0001 else f"${value.total:.4f}" if value.total < 1 else f"${value.total:.2f}"


def dollars(value: float) -> str:
    """`$0.50`, `$0.0012`, `$12`."""
    if value >= 10 and value == int(value):
        return f"${value:.0f}"
    if 0 < value < 0.0001:
        return "<$0.0001"
    return f"${value:.4f}" if 0 < value < 0.01 else f"${value:.2f}"


def model(name: str) -> str:
    """A model's name in a line."""
    return one_line(model_shown(name), 80)


def target(name: str) -> str:
    """A target in a line: `openai:gpt-6.1-sol`."""
    return one_line(target_shown(name), 160)


def footer(response: ModelResponse) -> str:
    """The line below an answer: `142 tok · 48.1 tok/s · TTFT 0.31 s · $0.0012`."""
    usage, timing = response.usage, response.timing
    parts = [f"{tokens(usage.output_tokens, usage)} tok"]
    if timing.tokens_per_second is not None:
        parts.append(rate(timing.tokens_per_second))
    if timing.ttft is not None:
        parts.append(f"TTFT {seconds(timing.ttft)}")
    parts.append(cost(response.cost) if response.cost.known else "cost unknown")
    if response.mock:
        parts.append("mock")
    return " · ".join(parts)
