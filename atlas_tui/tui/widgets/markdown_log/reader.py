"""What a reader does with messages: focus them, fold them, walk their code."""

from __future__ import annotations

from typing import TypeAlias

from atlas_tui.tui.widgets.markdown_log import messages
from atlas_tui.tui.widgets.markdown_log.citing import Citing
from atlas_tui.tui.widgets.markdown_log.message import CodeBlock, Message
from atlas_tui.tui.widgets.markdown_log.view import Place, Seen


class Reader(Citing):
    """The log knows which message and which code one is at."""

    MessageFocused: TypeAlias = messages.MessageFocused

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._by_key: dict[str, Message] = {}
        self._focused: Message | None = None
        self._code: tuple[Message, int] | None = None

    # The message in focus

    @property
    def focused_key(self) -> str | None:
        """The key of the message that has the focus."""
        return self._focused.key if self._focused is not None else None

    def focus_message(self, key: str | None) -> None:
        """Give the focus to a message, or take it away, and bring the message into sight."""
        message = None if key is None else self._by_key[key]
        if message is self._focused:
            return
        self._focused = message
        self.post_message(self.MessageFocused(self, key))
        if message is not None and self.size:
            self._draw()
            number = self._messages.index(message)
            first, last = Place(number, 0, 0), Place(number, len(message.blocks) - 1, 0)
            view = self._view
            if not (view.sees(first) or (view.top >= first and view.top <= last)):
                view.go(first)
        self._changed()

    def focus_next_message(self) -> None:
        """Give the focus to the message below, from none to the first in sight."""
        self._step_focus(1)

    def focus_previous_message(self) -> None:
        """Give the focus to the message above, from none to the last in sight."""
        self._step_focus(-1)

    def _step_focus(self, step: int) -> None:
        if not self._messages:
            return
        if self._focused is not None:
            if step < 0 and self._focused is self._messages[0]:
                self._complete()
            number = self._messages.index(self._focused) + step
        else:
            self._draw()
            seen = [line.message for line in self._seen if line.message is not None]
            number = self._messages.index(seen[0 if step > 0 else -1]) if seen else len(self._messages) - 1
        self.focus_message(self._messages[min(max(number, 0), len(self._messages) - 1)].key)

    def _selected_message(self) -> Message | None:
        return self._focused

    def _gutter(self, message: Message) -> str:
        return "bar-focus" if message is self._focused else super()._gutter(message)

    # Folding

    def fold(self, key: str) -> None:
        """Show only one line of a message."""
        self._set_folded(self._by_key[key], True)

    def unfold(self, key: str) -> None:
        """Show a message whole."""
        self._set_folded(self._by_key[key], False)

    def toggle_reasoning(self, key: str) -> None:
        """Show or hide the reasoning of a message."""
        message = self._by_key[key]
        with self._reshaping(message):
            message.reasoning_shown = not message.reasoning_open

    def _set_folded(self, message: Message, folded: bool) -> None:
        if message.folded != folded:
            with self._reshaping(message):
                message.folded = folded

    def _clicked(self, line: Seen, at: int) -> None:
        message = line.message
        if message is None:
            return
        if line.block is message.summary:
            self.toggle_reasoning(message.key)
        elif message.folded:
            self.unfold(message.key)
        else:
            super()._clicked(line, at)

    # Code

    def code_blocks(self, key: str) -> list[CodeBlock]:
        """The fenced blocks of code in a message's answer."""
        return [code for _, code in self._by_key[key].codes()]

    @property
    def focused_code(self) -> CodeBlock | None:
        """The block of code that has the focus."""
        if self._code is None:
            return None
        message, start = self._code
        return next((code for at, code in message.codes() if at == start), None)

    def next_code_block(self) -> CodeBlock | None:
        """Give the focus to the next block of code of the focused message, else of the last that has any."""
        message, codes = self._with_code()
        if message is None:
            return None
        starts = [start for start, _ in codes]
        place = 0
        if self._code is not None and self._code[0] is message and self._code[1] in starts:
            place = (starts.index(self._code[1]) + 1) % len(starts)
        self.clear_code_focus()
        self._code = message, starts[place]
        message.answer.focused_code = starts[place]
        self._set_folded(message, False)
        self._draw()
        number = self._messages.index(message)
        self._show(self._view.locate(number, message.answer, starts[place]))
        self._touched(message)
        return codes[place][1]

    def clear_code_focus(self) -> None:
        """Take the focus away from code."""
        if self._code is not None:
            self._code[0].answer.focused_code = -1
            self._code = None
            self._changed()

    def _with_code(self) -> tuple[Message | None, list[tuple[int, CodeBlock]]]:
        if self._focused is not None:
            codes = self._focused.codes()
            return (self._focused, codes) if codes else (None, [])
        for message in reversed(self._messages):
            if ("```" in message.answer.source or "~~~" in message.answer.source) and (codes := message.codes()):
                return message, codes
        return None, []
