"""The way from the chat to its documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atlas_tui.tui.screens.chat.screen import ChatScreen


class Collecting:
    """A method for the id of the table."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen

    def documents(self, _: str) -> None:
        """Add, list and remove documents."""
        from atlas_tui.tui.screens.documents import Documents

        screen = self._screen
        documents = Documents(screen.indexing, screen.grounding.knowledge, screen.keys)

        def back(name: str | None) -> None:
            screen.grounding.collected(name)
            if screen.indexing.running:
                screen.status.say("indexing goes on: /documents shows how far it is")

        screen.app.push_screen(documents, back)
