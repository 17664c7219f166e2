"""The keys that matter now, at the foot of the comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_tui.tui import commands
from atlas_tui.tui.actions import State

if TYPE_CHECKING:
    from atlas_tui.tui.screens.compare.screen import CompareScreen


class Footer:
    """There before the rooms are: it says then what can be done without columns."""

    def __init__(self, screen: CompareScreen) -> None:
        self._screen = screen

    def show(self) -> None:
        """Show them."""
        screen, hints = self._screen, self._screen.layout_of.hints
        if screen.furnished and screen.layout_of.shelf.in_context:
            hints.hints = screen.grounding.panel.hints
            return
        state = self._state()
        possible = {
            "fall_back": screen.furnished and bool(screen.current.thread.fallback),
            "others": screen.furnished and bool(screen.asking.unasked),
            "passages": screen.along.on,
            "context": False,
        }
        without = frozenset(name for name, can_be_done in possible.items() if not can_be_done)
        found = commands.hints(state, screen.keys, scope="compare", without=without)
        # The key that leads here also leads back.
        hints.hints = [(key, "chat" if name == "compare" else word, name) for key, word, name in found]

    def _state(self) -> State:
        """What the current column does, else what any does: a wait before a retry is ended in that column alone."""
        screen = self._screen
        if not screen.furnished or not screen.session.turns:
            return "empty"
        if screen.columns.running:
            view = screen.current
            return "retrying" if not view.followed and view.reading().phase == "retrying" else "running"
        return "idle" if screen.prompt.editor.has_focus else "transcript"
