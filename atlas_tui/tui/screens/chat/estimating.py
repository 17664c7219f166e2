"""What the prompt would cost and fill: said where it is worth a word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from atlas_tui.tui.screens.estimating import Estimating, warning
from atlas_tui.tui.widgets import figures

if TYPE_CHECKING:
    from atlas_tui.estimate import Estimate
    from atlas_tui.retrieval import Document
    from atlas_tui.tui.screens.chat.screen import ChatScreen

_LONG = 4000
"""Characters from which on a prompt is long."""
_FILLED = 0.5
"""The share of the context window from which on each prompt matters."""


class ChatEstimating(Estimating):
    """What the session says."""

    _screen: ChatScreen

    def matters(self, text: str) -> bool:
        """Whether something is limited, the prompt is long, or the window is getting full."""
        share = self._screen.gauge.read().share
        limited = self._screen.session.account.budget.limited
        return limited or len(text) >= _LONG or (share is not None and share >= _FILLED)

    def estimate(self, text: str, documents: Sequence[Document]) -> Callable[[], str]:
        """The first warning; for a long prompt else the figures."""
        session, window = self._screen.session, self._screen.gauge.read().window

        def look() -> str:
            found = session.estimate(text, documents=documents, window=window)
            return warning(found.warnings) or (_figures(found) if len(text) >= _LONG else "")

        return look


def _figures(estimate: Estimate) -> str:
    parts = [f"~{figures.count(estimate.input_tokens)} tok"]
    if estimate.most.known:
        parts.append(f"{figures.cost(estimate.least)} to {figures.cost(estimate.most)}")
    if estimate.share is not None:
        parts.append(f"{estimate.share:.0%} ctx")
    return " · ".join(parts)
