"""The one key that every terminal program has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atlas_tui.tui.screens.chat.screen import ChatScreen
    from atlas_tui.tui.screens.compare import CompareScreen

_TWICE = 2.0
"""Seconds in which the key, pressed again, quits."""


class Interrupting:
    """A method for the id of the table.

    Args:
        screen: the chat or a comparison.
        stop: stops what is under way; False if nothing is.
        clear: empties the prompt.
    """

    def __init__(self, screen: ChatScreen | CompareScreen, stop: Callable[[], bool], clear: Callable[[], None]) -> None:
        self._screen = screen
        self._stop = stop
        self._clear = clear
        self._pressed_at = -_TWICE

    def interrupt(self, _: str) -> None:
        """Copy, else stop, else clear; twice: quit."""
        screen = self._screen
        if selected := screen.get_selected_text():
            screen.answers.to_clipboard(selected, "selection")
            screen.clear_selection()
            return
        if self._stop():
            return
        now = screen.clock()
        cleared = "prompt cleared, Up brings it back; " if screen.prompt.text else ""
        if (
            cleared
        ):  # also where the key was pressed a moment ago: what was typed since then is not lost with the program
            self._clear()
        elif now - self._pressed_at < _TWICE:
            screen.app.exit()
            return
        self._pressed_at = now
        screen.status.say(f"{cleared}{screen.key('interrupt')} again quits")
