"""Which passages fit the prompt: looked for in a thread while it is typed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from atlas_tui.errors import AtlasError
from atlas_tui.text import one_line
from atlas_tui.tui.screens.beside import beside
from atlas_tui.tui.screens.chat.choice import Along, Found

if TYPE_CHECKING:
    from textual.timer import Timer

    from atlas_tui.tui.screens.chat.screen import ChatScreen
    from atlas_tui.tui.screens.compare import CompareScreen

_PAUSE = 0.12
"""Seconds after a key."""
_AGAIN = 1.0
"""Seconds after which is looked again for what was found by words alone, because the embedder still loads."""


class Searching:
    """One search at a time; what is typed meanwhile is looked for next.

    Args:
        screen: whose prompt it is.
        along: by which choice, and whether at all.
        on_change: called when something was found, or when there is nothing to look for.
    """

    def __init__(self, screen: ChatScreen | CompareScreen, along: Along, on_change: Callable[[], None]) -> None:
        self._screen = screen
        self._along = along
        self._on_change = on_change
        self._found: Found | None = None
        self._old: Found | None = None
        """What is to be looked for again, and holds until then."""
        self._timer: Timer | None = None
        self._looking = False

    @property
    def typed(self) -> str:
        """The prompt that is being written; no slash command is one."""
        text = self._screen.prompt.text
        return "" if text.startswith("/") or not text.strip() else text

    def changed(self) -> None:
        """Something was typed, or sent, or something else is to be looked for."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._screen.set_timer(_PAUSE, self._look)

    def forget(self) -> None:
        """The documents are others now."""
        self._found = None

    def found(self, prompt: str) -> Found | None:
        """What was found for this prompt, if that is what was looked for last."""
        found, choice = self._found, self._along.choice
        if found is None or found.knowledge is not choice.knowledge or found.query != choice.query(prompt):
            return None
        return found

    @property
    def current(self) -> Found | None:
        """What was found for the one that is being written."""
        return self.found(self.typed) if self.typed else None

    def _look(self) -> None:
        self._timer = None
        if self._wanted(self.typed) and not self._looking:
            self._looking = True
            self._screen.run_worker(self._search(), group="passages")
        else:
            self._on_change()

    def _wanted(self, prompt: str) -> bool:
        """Whether passages are still to be found for what is typed."""
        if not prompt or not self._along.on:
            return False
        found = self.found(prompt)
        return found is None or found is self._old

    async def _search(self) -> None:
        try:
            while self._wanted(prompt := self.typed):
                choice = self._along.choice
                try:
                    self._found = await beside(partial(choice.look, prompt))
                except AtlasError as error:
                    self._found = Found(choice.query(prompt), choice.knowledge, (), (one_line(str(error)),))
        finally:
            self._looking = False
        self._on_change()
        if self._found is not None and self._found.late:
            self._screen.set_timer(_AGAIN, partial(self._look_again, self._found))

    def _look_again(self, found: Found) -> None:
        if found is self._found:
            self._old = found
            self._look()
