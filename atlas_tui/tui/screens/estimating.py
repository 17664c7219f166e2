"""What the prompt would cost: said below it in the pauses of typing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from atlas_tui.text import one_line
from atlas_tui.tui.screens.beside import beside, run_instead

if TYPE_CHECKING:
    from textual.timer import Timer

    from atlas_tui.retrieval import Document
    from atlas_tui.tui.screens.chat.screen import ChatScreen
    from atlas_tui.tui.screens.compare import CompareScreen

_PAUSE = 0.5
"""Seconds after a key."""


class Estimating:
    """Takes estimates to the line below the prompt; whose they are is the screen's own affair."""

    def __init__(self, screen: ChatScreen | CompareScreen) -> None:
        self._screen = screen
        self._timer: Timer | None = None

    def matters(self, text: str) -> bool:
        """Whether a prompt is worth a word."""
        raise NotImplementedError

    def estimate(self, text: str, documents: Sequence[Document]) -> Callable[[], str]:
        """What finds the words for a prompt with these passages; it is run in a thread."""
        raise NotImplementedError

    def changed(self) -> None:
        """Something was typed or sent, or something else goes along, or to others."""
        if not self._screen.prompt.text:
            self._screen.status.outlook = ""
        if self._timer is None:
            self._timer = self._screen.set_timer(_PAUSE, self._look)

    def _look(self) -> None:
        self._timer = None
        screen, text = self._screen, self._screen.prompt.text
        if not text.strip() or text.startswith("/") or not self.matters(text):
            screen.status.outlook = ""
            return

        async def look() -> None:
            documents = screen.grounding.chosen(text) or ()  # those still to be found are told of when they are
            words = await beside(self.estimate(text, documents))
            if screen.prompt.text == text:
                screen.status.outlook = words

        run_instead(screen, "estimate", look)


def warning(warnings: Sequence[str]) -> str:
    """The first one, without its remedy, which the card of a refused prompt gives."""
    return one_line(warnings[0].partition(": ")[0], 100) if warnings else ""
