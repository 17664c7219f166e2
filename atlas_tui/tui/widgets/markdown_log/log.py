"""The widget."""

from __future__ import annotations

from collections.abc import Sequence

from textual.await_remove import AwaitRemove

from atlas_tui.citations import Document
from atlas_tui.text import clean
from atlas_tui.tui.widgets.markdown_log import looks
from atlas_tui.tui.widgets.markdown_log.find import Finding
from atlas_tui.tui.widgets.markdown_log.message import STATES, Entry, Message
from atlas_tui.tui.widgets.markdown_log.view import Place


class MarkdownLog(Finding, can_focus=True):
    """A transcript of Markdown messages, drawn by line, that costs the same to extend however long it is.

    Text is cleaned of controls when it enters. `LinkClicked`, `MessageFocused` and `FollowChanged` are what it tells.
    """

    DEFAULT_CSS = looks.CSS

    @property
    def keys(self) -> list[str]:
        """The keys of the messages, from top to bottom."""
        return [message.key for message in self._messages]

    def add(self, key: str, role: str, text: str = "", *, title: str = "", after: str | None = None) -> None:
        """Add a message at the end, or after another. Raises ValueError for a key that is there already or a
        role that is none of `user`, `assistant`, `note`, `error`; KeyError where `after` is unknown."""
        if key in self._by_key:
            raise ValueError(f"the log has a message {key!r} already")
        place = len(self._messages) if after is None else self._messages.index(self._by_key[after]) + 1
        message = Message(key, role, title)
        message.answer.append(text)
        if role != "assistant":
            message.answer.end()
        if place < len(self._messages):
            self._view.renumber()
            self.clear_selection()
            if place <= self._view.top.message:
                self._view.top = self._view.top._replace(message=self._view.top.message + 1)
        self._messages.insert(place, message)
        self._by_key[key] = message
        self._touched(message)

    def prepend(self, entries: Sequence[Entry]) -> None:
        """Put complete messages above all others, in one go; what is seen, selected and found stays as it is."""
        messages = [Message.of(entry) for entry in entries]
        self._grounded = self._grounded or any(message.documents for message in messages)
        self._messages[:0] = messages
        self._by_key.update((message.key, message) for message in messages)
        self._view.prepended(len(messages))
        self._shift_selection(len(messages))
        if self._finder is not None:
            for message in messages:
                self._finder.read(message)
        self._changed()

    def append(self, key: str, text: str) -> None:
        """Add text to the answer of a message, which is complete from now on until `finish` says otherwise."""
        if not text:
            return
        message = self._by_key[key]
        message.state = "complete"
        if not self._view.following:
            self._new_below = True
        if message.reasoning.source and not message.answer.source:
            with self._reshaping(message):
                message.answer.append(text)
        else:
            message.answer.append(text)
            self._touched(message)

    def append_reasoning(self, key: str, text: str) -> None:
        """Add text to the reasoning of a message, which is folded when its answer begins."""
        if not self._view.following:
            self._new_below = True
        self._by_key[key].reasoning.append(text)
        self._touched(self._by_key[key])

    def finish(self, key: str, footer: str = "", state: str = "complete") -> None:
        """No text will come for this message. Raises ValueError for a state that is none of `complete`,
        `incomplete`, `failed`, `stopped`."""
        if state not in STATES:
            raise ValueError(f"unknown state {state!r}: one of {', '.join(STATES)}")
        message = self._by_key[key]
        with self._reshaping(message):
            message.answer.end()
            message.reasoning.end()
            message.footer, message.state = clean(footer), state

    def ground(self, key: str, documents: Sequence[Document]) -> None:
        """Link what a message cites to the passages that were sent with its prompt."""
        message = self._by_key[key]
        if message.documents != documents:
            message.documents = documents
            self._grounded = self._grounded or bool(documents)
            self._touched(message)

    def set_title(self, key: str, text: str) -> None:
        """Change the title of a message."""
        message = self._by_key[key]
        with self._reshaping(message):
            message.title = clean(text)

    def set_footer(self, key: str, text: str) -> None:
        """Change the footer of a message."""
        self._by_key[key].footer = clean(text)
        self._touched(self._by_key[key])

    def remove(self, key: str | None = None) -> AwaitRemove:
        """Take a message out; without a key, take the widget out of its screen as with any widget."""
        if key is None:
            return super().remove()
        message = self._by_key.pop(key)
        number = self._messages.index(message)
        del self._messages[number]
        if self._focused is message:
            self.focus_message(None)
        if self._code is not None and self._code[0] is message:
            self._code = None
        if self._finder is not None:
            self._finder.drop(message)
        top = self._view.top
        if number < top.message:
            self._view.top = top._replace(message=top.message - 1)
        elif number == top.message:
            self._view.top = Place(min(number, max(len(self._messages) - 1, 0)), 0, 0)
        self._view.renumber()
        self.clear_selection()
        self._changed()
        return AwaitRemove([])

    def clear(self) -> None:
        """Take all messages out."""
        self.focus_message(None)
        self._messages.clear()
        self._by_key.clear()
        self._code = self._finder = None
        self._grounded = False
        self._view.renumber()
        self._view.top = Place(0, 0, 0)
        self._view.following = True
        self.clear_selection()
        self._changed()

    def clear_selection(self) -> None:
        """Select nothing."""
        if self.is_attached and self.text_selection is not None:
            self.screen.clear_selection()

    def text_of(self, key: str) -> str:
        """The Markdown of a message's answer."""
        return self._by_key[key].answer.source
