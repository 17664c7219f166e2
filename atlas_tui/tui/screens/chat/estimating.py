"""What the prompt would cost and fill: said in the pauses of typing, where it is worth a word."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.worker import WorkType

from atlas_tui.text import one_line
from atlas_tui.tui.screens.beside import beside
from atlas_tui.tui.widgets import figures

if TYPE_CHECKING:
    from textual.timer import Timer

    from atlas_tui.estimate import Estimate
    from atlas_tui.tui.screens.chat.screen import ChatScreen

_PAUSE = 0.5
"""Seconds after a key."""
_LONG = 4000
"""Characters from which on a prompt is long."""
_FILLED = 0.5
"""The share of the context window from which on each prompt matters."""


class Estimating:
    """Takes estimates from the session to the line below the prompt."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._timer: Timer | None = None

    def changed(self) -> None:
        """Something was typed or sent, or other passages go along."""
        if not self._screen.prompt.text:
            self._screen.status.outlook = ""
        if self._timer is None:
            self._timer = self._screen.set_timer(_PAUSE, self._look)

    def _look(self) -> None:
        self._timer = None
        screen = self._screen
        text, window = screen.prompt.text, screen.gauge.read().window
        if not self._matters(text):
            screen.status.outlook = ""
            return

        async def look() -> None:
            documents = screen.grounding.chosen(text) or ()  # those still to be found are told of when they are
            estimate = await beside(partial(screen.session.estimate, text, documents=documents, window=window))
            if screen.prompt.text == text:
                screen.status.outlook = _words(estimate, long=len(text) >= _LONG)

        work: WorkType[None] = look  # no coroutine yet: one that the next pause replaces is never begun
        screen.run_worker(work, group="estimate", exclusive=True)

    def _matters(self, text: str) -> bool:
        if not text.strip() or text.startswith("/"):
            return False
        share = self._screen.gauge.read().share
        limited = self._screen.session.account.budget.limited
        return limited or len(text) >= _LONG or (share is not None and share >= _FILLED)


def _words(estimate: Estimate, *, long: bool) -> str:
    """The first warning, without its remedy, which the card of a refused prompt gives; else the figures."""
    if estimate.warnings:
        return one_line(estimate.warnings[0].partition(": ")[0], 100)
    if not long:
        return ""
    parts = [f"~{figures.count(estimate.input_tokens)} tok"]
    if estimate.most.known:
        parts.append(f"{figures.cost(estimate.least)} to {figures.cost(estimate.most)}")
    if estimate.share is not None:
        parts.append(f"{estimate.share:.0%} ctx")
    return " · ".join(parts)
