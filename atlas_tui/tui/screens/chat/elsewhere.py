"""An answer that another Atlas is writing: followed as it comes, and left alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from atlas_tui.errors import AtlasError
from atlas_tui.tui.screens.beside import beside

if TYPE_CHECKING:
    from textual.timer import Timer

    from atlas_tui.store import Conversation as StoredConversation
    from atlas_tui.tui.screens.chat.screen import ChatScreen

_EVERY = 1.0
"""Seconds between two looks at what the other process has written."""


class Elsewhere:
    """Whether the open conversation is being written by another process."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._timer: Timer | None = None

    @property
    def writing(self) -> bool:
        """True while it is."""
        return self._timer is not None

    def refuses(self) -> bool:
        """Whether nothing may be asked here now; says so."""
        if self.writing:
            branch = self._screen.key("branch")
            self._screen.status.say(f"another Atlas is writing this answer: wait for its end, or {branch} branches")
        return self.writing

    def follow(self, stored: StoredConversation | None) -> None:
        """This conversation was opened, or a new one begun."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if stored is not None and _grows(stored):
            self._screen.conversation.transcript.grow(stored.turns[-1].responses[-1].response)
            self._timer = self._screen.set_interval(_EVERY, partial(self._look, stored.info.id))

    async def _look(self, number: str) -> None:
        timer, journal = self._timer, self._screen.session.journal
        if journal is None:
            return
        try:
            stored = await beside(partial(journal.store.conversation, number))
        except AtlasError as error:
            self._screen.status.say(str(error))
            return
        if timer is not self._timer:  # another conversation has been opened meanwhile
            return
        if _grows(stored):
            self._screen.conversation.transcript.grow(stored.turns[-1].responses[-1].response)
        else:
            self._screen.history.open(stored)


def _grows(stored: StoredConversation) -> bool:
    responses = stored.turns[-1].responses if stored.turns else ()
    return bool(responses) and responses[-1].state == "streaming"
