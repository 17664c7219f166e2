"""What is done with an answer that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from atlas_tui.text import clean, one_line

if TYPE_CHECKING:
    from textual.app import App

    from atlas_tui.tui.screens.chat.conversation import Conversation
    from atlas_tui.tui.screens.chat.exchange import Exchange
    from atlas_tui.tui.widgets.markdown_log import MarkdownLog
    from atlas_tui.tui.widgets.meters import Status


class Answering(Protocol):
    """A screen that shows answers: the chat, or a comparison, which means its current column."""

    status: Status

    @property
    def app(self) -> App[object]:
        """The program."""

    @property
    def conversation(self) -> Conversation:
        """What is asked and shown."""

    @property
    def transcript(self) -> MarkdownLog:
        """Where it is shown."""

    @property
    def focused_exchange(self) -> Exchange | None:
        """The turn that an action is about."""


class Answers:
    """A method for each id of the table; they are about the message in focus, else about the last answer."""

    def __init__(self, screen: Answering) -> None:
        self._screen = screen

    def copy(self, _: str) -> None:
        """Copy the answer without its marks."""
        from atlas_tui.tui.screens.plain import plain

        if text := self._answer():
            self.to_clipboard(plain(text), "answer")

    def copy_markdown(self, _: str) -> None:
        """Copy the answer as the model wrote it."""
        if text := self._answer():
            self.to_clipboard(text, "Markdown")

    def code(self, _: str) -> None:
        """Copy one code block after the other."""
        block = self._screen.transcript.next_code_block()
        if block is None:
            self._screen.status.say("there is no code block here")
        else:
            self.to_clipboard(block.text, f"{one_line(block.language, 20)} code".strip())

    def reasoning(self, _: str) -> None:
        """Show or hide what the model thought."""
        exchange = self._screen.focused_exchange
        response = exchange.answer if exchange else None
        if exchange and (self._screen.conversation.running or (response and response.reasoning)):
            self._screen.transcript.toggle_reasoning(exchange.answer_key)
        else:
            self._screen.status.say("this answer shows no reasoning")

    def attempts(self, _: str) -> None:
        """Show or hide what was tried."""
        exchange = self._screen.focused_exchange
        if self._screen.conversation.running:
            self._screen.status.say("the answer is still coming")
        elif exchange is None or not self._screen.conversation.transcript.toggle_attempts(exchange):
            self._screen.status.say("nothing was tried here")

    def previous_sibling(self, _: str) -> None:
        """The answer before this retry."""
        self._walk(-1)

    def next_sibling(self, _: str) -> None:
        """The answer after it."""
        self._walk(1)

    def to_clipboard(self, text: str, what: str) -> None:
        """Copy, and say so."""
        self._screen.app.copy_to_clipboard(clean(text))
        self._screen.status.say(f"{what} copied")

    def _answer(self) -> str:
        exchange = self._screen.focused_exchange
        answer = exchange.answer if exchange else None
        if answer is None or not answer.content:
            self._screen.status.say("no answer to copy yet")
            return ""
        return answer.content

    def _walk(self, step: int) -> None:
        exchange = self._screen.focused_exchange
        if exchange is None or not self._screen.conversation.walk(exchange, step):
            self._screen.status.say("no other answer there")
