"""What is done with the passages of the panel."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from atlas_tui.retrieval import Document
from atlas_tui.text import one_line
from atlas_tui.tui.screens.chat.choice import Choice
from atlas_tui.tui.widgets.passage import Passage

if TYPE_CHECKING:
    from atlas_tui.tui.screens.chat.panel import Shelf
    from atlas_tui.tui.screens.chat.screen import ChatScreen
    from atlas_tui.tui.screens.compare import CompareScreen


class Passages:
    """A method for each id of the table; all but the first are about the passage that is highlighted."""

    def __init__(self, screen: ChatScreen | CompareScreen, shelf: Shelf) -> None:
        self._screen = screen
        self._shelf = shelf
        self._panel = shelf.context

    def passages(self, _: str) -> None:
        """To the panel; from an answer, to what was sent with it; from the panel back."""
        screen = self._screen
        if self._shelf.in_context:
            self._shelf.put_away()
            screen.prompt.editor.focus()
            return
        if self._shelf.in_transcript:
            screen.grounding.panel.look_at(screen.focused_exchange)
        self._shelf.reveal()
        if self._panel.passages:
            self._panel.list.focus()
        else:
            screen.status.say("no passages here yet")

    def exclude(self, _: str) -> None:
        """Leave a passage out, or take it in again."""
        passage = self._highlighted
        if passage is None:
            return
        if self._screen.grounding.panel.sent:
            self._screen.status.say("this was sent; what is typed next has passages of its own")
            return
        taken = passage.number is None
        self._change(self._choice.saying(_document(passage), taken))

    def pin_passage(self, _: str) -> None:
        """Have a passage go along with every prompt, or no longer."""
        passage = self._highlighted
        if passage is None:
            return
        document = _document(passage)
        self._change(self._choice.pinning(document))
        pinned = document in self._choice.pinned
        self._screen.status.say("pinned: it goes along with every prompt" if pinned else "no longer pinned")

    def source(self, _: str) -> None:
        """Open the document at the passage."""
        from atlas_tui.tui.screens.editor import EditorError, open_in_editor

        passage = self._highlighted
        if passage is None:
            return
        metadata = passage.document.get("metadata") or {}
        line = metadata.get("first_line")
        try:
            open_in_editor(self._screen.app, str(metadata.get("source", "")), line if isinstance(line, int) else 1)
        except EditorError as error:
            self._screen.status.say(one_line(str(error)))

    def copy_passage(self, _: str) -> None:
        """Copy what stands in it."""
        if (passage := self._highlighted) is not None:
            self._screen.answers.to_clipboard(str(passage.document.get("content", "")), "passage")

    def search_again(self, _: str) -> None:
        """Look for passages with other words."""
        from atlas_tui.tui.screens.passage import WordsScreen

        screen = self._screen

        def searched(words: str | None) -> None:
            if words is None:
                return
            screen.grounding.panel.look_at(None)
            self._change(replace(self._choice, words=words))
            screen.grounding.changed()

        if not self._screen.grounding.typed:
            screen.status.say("type a prompt first: its passages stand here while you type")
        else:
            screen.app.push_screen(WordsScreen(self._choice.query(self._screen.grounding.typed)), searched)

    def preview(self, _: str) -> None:
        """Show a passage in full."""
        from atlas_tui.tui.screens.passage import PassageScreen

        screen = self._screen
        if self._panel.highlighted is not None:
            sent = screen.grounding.panel.sent
            screen.app.push_screen(PassageScreen(self._panel, screen.keys, screen.act, sent=sent))

    @property
    def _highlighted(self) -> Passage | None:
        at = self._panel.highlighted
        return self._panel.passages[at] if at is not None else None

    @property
    def _choice(self) -> Choice:
        return self._screen.grounding.choice

    def _change(self, choice: Choice) -> None:
        self._screen.grounding.change(choice)


def _document(passage: Passage) -> Document:
    """The passage as the knowledge base gave it, or the history kept it."""
    return cast("Document", passage.document)
