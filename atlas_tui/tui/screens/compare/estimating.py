"""What the prompt would cost in all columns together: said in the pauses of typing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from atlas_tui.comparison import Outlook, outlook
from atlas_tui.text import one_line
from atlas_tui.tui.screens.beside import beside
from atlas_tui.tui.widgets import figures

if TYPE_CHECKING:
    from textual.timer import Timer

    from atlas_tui.tui.screens.compare.screen import CompareScreen

_PAUSE = 0.5
"""Seconds after a key."""


class Estimating:
    """Takes the sum of all columns' estimates to the line below the prompt."""

    def __init__(self, screen: CompareScreen) -> None:
        self._screen = screen
        self._timer: Timer | None = None

    def changed(self) -> None:
        """Something was typed or sent, or others are asked."""
        if not self._screen.prompt.text:
            self._screen.status.outlook = ""
        if self._timer is None:
            self._timer = self._screen.set_timer(_PAUSE, self._look)

    def _look(self) -> None:
        self._timer = None
        screen = self._screen
        text, comparison = screen.prompt.text, screen.columns.comparison
        if not text.strip() or text.startswith("/"):
            screen.status.outlook = ""
            return

        async def look() -> None:
            documents = screen.grounding.chosen(text) or ()  # those still to be found are told of when they are
            found = await beside(partial(outlook, comparison, text, documents))
            if screen.prompt.text == text:
                screen.status.outlook = words(found)

        screen.run_worker(look(), group="estimate", exclusive=True)


def words(found: Outlook) -> str:
    """The first warning without its remedy, else the figures of all columns together."""
    if found.warnings:
        return one_line(found.warnings[0].partition(": ")[0], 100)
    parts = [f"~{figures.count(found.input_tokens)} tok in {len(found.estimates)}"]
    if found.unpriced == len(found.estimates):
        return f"{parts[0]} · cost unknown"
    parts.append(f"{figures.cost(found.least)} to {figures.cost(found.most)}" if found.most.total else "free")
    if found.unpriced:
        parts.append(f"{found.unpriced} without a price")
    return " · ".join(parts)
