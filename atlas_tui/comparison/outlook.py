"""What a prompt would cost in all columns together, before it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atlas_tui.estimate import Estimate, held_against
from atlas_tui.models.base import CostEstimate
from atlas_tui.pricing import FREE
from atlas_tui.text import one_line

if TYPE_CHECKING:
    from atlas_tui.comparison.comparison import Column, Comparison
    from atlas_tui.retrieval import Document


@dataclass(frozen=True, slots=True)
class Outlook:
    """The estimates of all columns, and their sum."""

    estimates: tuple[Estimate, ...]
    warnings: tuple[str, ...] = ()
    """What the user should know before sending, each as a sentence; first what would be refused."""
    refused: bool = False
    """A column would not be asked, or not all of them: a limit of the budget forbids it."""

    @property
    def input_tokens(self) -> int:
        """Of all columns."""
        return sum(estimate.input_tokens for estimate in self.estimates)

    @property
    def unpriced(self) -> int:
        """How many columns have no known price; `least` and `most` are without them."""
        return sum(not estimate.most.known for estimate in self.estimates)

    @property
    def least(self) -> CostEstimate:
        """The cost of all inputs alone."""
        return sum((estimate.least for estimate in self.estimates if estimate.least.known), FREE)

    @property
    def most(self) -> CostEstimate:
        """The cost with long answers."""
        return sum((estimate.most for estimate in self.estimates if estimate.most.known), FREE)


def outlook(comparison: Comparison, prompt: str, documents: Sequence[Document] = ()) -> Outlook:
    """What a prompt, with these passages, would cost if all columns were asked now. The first one imports the price
    table, and a limit for the day asks the history, so not for a screen's thread."""
    estimates = tuple(_estimate(comparison, column, prompt, documents) for column in comparison.columns)
    refusals, near = _together(comparison, estimates)
    for estimate in estimates:
        kind = refusals if estimate.refused else near
        kind += [f"in {one_line(estimate.target, 60)} {warning}" for warning in estimate.warnings]
    return Outlook(estimates, (*refusals, *near), bool(refusals))


def _estimate(comparison: Comparison, column: Column, prompt: str, documents: Sequence[Document]) -> Estimate:
    thread = comparison.session.thread(column.number, column.provider, (), column.policy)
    return thread.estimate(prompt, documents=documents)


def _together(comparison: Comparison, estimates: Sequence[Estimate]) -> tuple[list[str], list[str]]:
    """What the sum does to the limits that hold for all columns together: played answers count towards a day of
    their own."""
    account = comparison.session.account
    refusals: list[str] = []
    near: list[str] = []
    for mock in sorted({column.provider.is_mock for column in comparison.columns}):
        paid = [
            estimate.least.total or 0.0
            for column, estimate in zip(comparison.columns, estimates, strict=True)
            if column.provider.is_mock is mock
        ]
        shared = [limit for limit in account.limits(mock=mock) if limit.scope != "answer"]
        over, close = held_against(shared, sum(paid), account.budget.warn)
        refusals += over
        near += close
    return refusals, near
