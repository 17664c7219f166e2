"""What stands in the prompt and is not sent: kept while it is typed, and there again after whatever happened."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from atlas_tui.errors import AtlasError
from atlas_tui.text import clean
from atlas_tui.tui.screens.beside import beside, run_instead

if TYPE_CHECKING:
    from textual.timer import Timer

    from atlas_tui.tui.screens.chat.screen import ChatScreen

_PAUSE = 0.1
"""Seconds after a key; with the pause of the history's own thread, and its write, less than half a second."""


class Drafts:
    """Each conversation has its own draft, and so has the one that is still to begin, which is moved on with ease."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._editor = screen.prompt.editor
        self._timer: Timer | None = None
        self._known: dict[str, str] = {}
        """The drafts that this process has read or written."""
        self._at = ""
        """The conversation that the prompt belongs to, as drafts name it."""
        self._coming: object | None = None
        """Stands for the draft that is being read. Until it is there, the prompt belongs where it was typed."""

    @property
    def _place(self) -> str:
        session = self._screen.session
        return session.journal.conversation if session.journal is not None and session.turns else ""

    def changed(self) -> None:
        """Something was typed, or sent."""
        if self._timer is None:
            self._timer = self._screen.set_timer(_PAUSE, self.keep)

    def keep(self) -> None:
        """Hand over what stands in the prompt now; what was sent is forgotten where it stood."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._coming is None and self._at != self._place:  # the first prompt was sent: the conversation has begun
            self._put(self._at, "")
            self._at = self._place
        self._put(self._at, self._editor.text)

    def arrive(self) -> None:
        """Another conversation is there, and its draft comes back. Where it has none, what stands in the prompt comes
        along if it belongs to no conversation yet, or is taken to a new one; else it stays where it was typed."""
        place, typed = self._place, self._editor.text
        journal = self._screen.session.journal
        self._coming = coming = object()
        if place in self._known or journal is None or not journal.store.path.exists():
            self._bring(place, self._known.get(place, ""), typed)
            return

        async def look() -> None:
            try:
                draft = clean(await beside(partial(journal.store.draft, place)))
            except AtlasError:  # that the history cannot be read is said elsewhere; what is typed is still there
                draft = ""
            if coming is self._coming:
                self._bring(place, draft, typed)

        run_instead(self._screen, "draft", look)

    def _bring(self, place: str, draft: str, typed: str) -> None:
        """Put the draft of a place into the prompt; `typed` is what stood there when the other one was left."""
        prompt, now = self._screen.prompt, self._editor.text
        left, self._at, self._coming = self._at, place, None
        unbound = not left or not place
        if now not in ("", typed):  # it was typed meanwhile and stays; the draft is what Up brings
            prompt.text = draft
            prompt.clear()
            prompt.text = now
            if left != place:
                self._put(left, "" if unbound else typed)
        elif draft and draft != now:
            prompt.text = draft
            self._screen.status.say("what you had typed here is back")
        elif now and left != place and unbound:
            self._put(left, "")
        elif now and left != place:
            prompt.text = ""
            self._screen.status.say("what you had typed stays with the conversation you left")
        self.changed()

    def _put(self, place: str, text: str) -> None:
        journal = self._screen.session.journal
        if journal is not None and self._known.get(place, "") != text:
            self._known[place] = text
            journal.store.keep_draft(text, place)
