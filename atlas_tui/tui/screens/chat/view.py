"""What is seen: moving through the transcript, the sidebar beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atlas_tui.tui.screens.chat.answers import Answering
    from atlas_tui.tui.screens.chat.screen import ChatScreen


class Paging:
    """A method for each id of the table; all take the argument of the slash command, which they ignore."""

    def __init__(self, screen: Answering) -> None:
        self._screen = screen

    def next_message(self, _: str) -> None:
        """Go on."""
        self._screen.transcript.focus_next_message()

    def previous_message(self, _: str) -> None:
        """Go back."""
        self._screen.transcript.focus_previous_message()

    def page_up(self, _: str) -> None:
        """Scroll back."""
        self._screen.transcript.page_up()

    def page_down(self, _: str) -> None:
        """Scroll on."""
        self._screen.transcript.page_down()

    def follow(self, _: str) -> None:
        """Go to the end."""
        self._screen.transcript.scroll_to_end()


class View:
    """A method for each id of the table; all take the argument of the slash command, most ignore it."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen

    def find(self, argument: str) -> None:
        """Look for a text."""
        self._screen.conversation.transcript.reach()
        self._screen.panes.find_bar.open(argument)

    def sidebar(self, _: str) -> None:
        """Show or hide the sidebar."""
        self._screen.panes.toggle_sidebar()
