"""What the prompt would cost in all columns together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from atlas_tui.comparison import Outlook, outlook
from atlas_tui.tui.screens.estimating import Estimating, warning
from atlas_tui.tui.widgets import figures

if TYPE_CHECKING:
    from atlas_tui.retrieval import Document
    from atlas_tui.tui.screens.compare.screen import CompareScreen


class CompareEstimating(Estimating):
    """The sum of all columns' estimates."""

    _screen: CompareScreen

    def matters(self, text: str) -> bool:
        """Always: a prompt to several costs several times as much."""
        return True

    def estimate(self, text: str, documents: Sequence[Document]) -> Callable[[], str]:
        """The first warning, else the figures of all columns together."""
        comparison = self._screen.columns.comparison

        def look() -> str:
            found = outlook(comparison, text, documents)
            return warning(found.warnings) or _figures(found)

        return look


def _figures(found: Outlook) -> str:
    parts = [f"~{figures.count(found.input_tokens)} tok in {len(found.estimates)}"]
    if found.unpriced == len(found.estimates):
        return f"{parts[0]} · cost unknown"
    parts.append(f"{figures.cost(found.least)} to {figures.cost(found.most)}" if found.most.total else "free")
    if found.unpriced:
        parts.append(f"{found.unpriced} without a price")
    return " · ".join(parts)
