"""What a prompt would cost and fill, before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from atlas_tui.budget import Limit, money, no_price
from atlas_tui.models.base import MESSAGE_OVERHEAD, CostEstimate, ModelRequest, Provider, TokenUsage, estimate_tokens

_FULL = 0.8
"""The share of the context window from which on a warning is due: an answer needs room too."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A request as it would be sent now; every figure is estimated."""

    target: str
    input_tokens: int
    output_tokens: int
    """Of the answer, if it is long: the limit on it, else what the longest so far had, and 1,000 at least."""
    least: CostEstimate
    """The cost of the input alone."""
    most: CostEstimate
    """The cost with a long answer."""
    window: int | None = None
    """The model's context window in tokens, or None where it is not known."""
    warnings: tuple[str, ...] = ()
    """What the user should know before sending, each as a sentence: close to or over a limit or the window."""
    refused: bool = False
    """It would not be sent: a limit of the budget forbids it."""

    @property
    def share(self) -> float | None:
        """How much of the context window the input takes, 1 for all of it; None where the window is not known."""
        return self.input_tokens / self.window if self.window else None

    def __str__(self) -> str:
        """The figures in one line."""
        parts = [f"~{self.input_tokens:,} tokens"]
        if self.most.known:
            parts.append(f"~{self.least} to {self.most} with an answer of {self.output_tokens:,} tokens")
        else:
            parts.append("cost unknown")
        if self.share is not None:
            parts.append(f"{self.share:.0%} of the context window")
        return " · ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """The form of `--estimate --json`."""
        return {
            "target": self.target,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost": {"least": self.least.total, "most": self.most.total, "known": self.most.known},
            "window": self.window,
            "warnings": list(self.warnings),
            "refused": self.refused,
        }


class Scale:
    """Counts the tokens of requests. A text that was in the last one is not counted again, so that the estimate for a
    prompt in a long conversation is made in the pauses of typing."""

    def __init__(self, count: Callable[[str], int] = estimate_tokens) -> None:
        self._count = count
        self._known: dict[str, int] = {}

    def weigh(self, request: ModelRequest) -> int:
        """About how many tokens it has, the same as `request.estimated_tokens()`."""
        texts = [request.system_prompt or "", *(message.content for message in request.messages)]
        before, self._known = self._known, {}
        total = 0
        for text in filter(None, texts):
            self._known[text] = tokens = before.get(text) or self._count(text)
            total += tokens + MESSAGE_OVERHEAD
        return total


def estimate(
    provider: Provider,
    tokens: int,
    longest: int,
    *,
    limits: Sequence[Limit],
    warn: float,
    window: int | None,
) -> Estimate:
    """The estimate for a request.

    Args:
        provider: who would answer.
        tokens: of the request, corrected.
        longest: tokens of a long answer.
        limits: those of the budget that are set, with what is spent under each.
        warn: the share of a limit from which on a warning is due.
        window: the context window where the caller knows it better than the price table.
    """
    least = provider.cost_of_usage(TokenUsage(tokens, 0, estimated=True), provider.model_name)
    most = provider.cost_of_usage(TokenUsage(tokens, longest, estimated=True), provider.model_name)
    window = window or provider.context_window()
    refusals, near = held_against(limits, least.total or 0.0, warn)
    if limits and least.total is None:
        refusals, near = [str(no_price(provider.target))], list[str]()
    warnings = (*refusals, *_about_window(tokens, window), *near)
    return Estimate(provider.target, tokens, longest, least, most, window, warnings, refused=bool(refusals))


def held_against(limits: Sequence[Limit], dollars: float, warn: float) -> tuple[list[str], list[str]]:
    """What a cost does to the limits: which it would exceed, and which it would come near, each as a sentence."""
    refusals: list[str] = []
    near: list[str] = []
    for limit in limits:
        if error := limit.exceeded(dollars):
            refusals.append(str(error))
        elif limit.spent + dollars >= warn * limit.dollars and dollars:
            spent = money(limit.spent + dollars)
            near.append(f"{limit.subject} nears its limit with ~{spent} of {money(limit.dollars)}")
    return refusals, near


def _about_window(tokens: int, window: int | None) -> Sequence[str]:
    if not window or tokens < _FULL * window:
        return ()
    if tokens >= window:
        return (
            f"the prompt of ~{tokens:,} tokens does not fit into the context window of {window:,}: shorten it, or "
            "choose a model with a larger one",
        )
    return (f"the prompt fills {tokens / window:.0%} of the context window of {window:,} tokens",)
