"""Where a prompt is written: several lines, its history, and slash commands with completion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, TextArea
from textual.widgets.option_list import Option

from atlas_tui.text import clean
from atlas_tui.tui.messages import CommandEntered, PromptSent

Completion = tuple[str, str, str]
"""A slash command, what it takes, what it does."""

# TextArea's own keys that the program needs for itself.
_GIVEN_AWAY = {"f6", "f7", "ctrl+f", "pageup", "pagedown"}


class PromptHistory:
    """The prompts of this run, and the draft that was being written when the user began to look back."""

    def __init__(self) -> None:
        self._entries: list[str] = []
        self._at = 0
        self._draft = ""

    def add(self, text: str) -> None:
        """Remember a prompt; the same one twice in a row is one."""
        if text.strip() and self._entries[-1:] != [text]:
            self._entries.append(text)
        self._at = len(self._entries)
        self._draft = ""

    def older(self, current: str) -> str | None:
        """The prompt before, or None at the oldest."""
        if self._at == 0:
            return None
        if self._at == len(self._entries):
            self._draft = current
        self._at -= 1
        return self._entries[self._at]

    def newer(self) -> str | None:
        """The prompt after, then the draft, then None."""
        if self._at >= len(self._entries):
            return None
        self._at += 1
        return self._draft if self._at == len(self._entries) else self._entries[self._at]


class Editor(TextArea):
    """The text field of the prompt."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding
        for binding in TextArea.BINDINGS
        if isinstance(binding, Binding) and not _GIVEN_AWAY & set(binding.key.split(","))
    ]

    def __init__(self, send_keys: Sequence[str], newline_keys: Sequence[str]) -> None:
        super().__init__(
            soft_wrap=True,
            show_line_numbers=False,
            highlight_cursor_line=False,
            compact=True,
            tab_behavior="focus",
            placeholder="Ask anything",
            id="editor",
        )
        self.cursor_blink = False  # a blink repaints twice a second, for ever: a screen at rest costs nothing
        self._send_keys = frozenset(send_keys)
        self._newline_keys = frozenset(newline_keys)

    @property
    def area(self) -> PromptArea:
        """The widget around it, which holds history and completions."""
        parent = self.parent
        assert isinstance(parent, PromptArea)
        return parent

    async def _on_key(self, event: events.Key) -> None:
        if self.area.completion_key(event.key) or self._handled(event.key):
            event.stop()
            event.prevent_default()
            return
        await super()._on_key(event)

    def _handled(self, key: str) -> bool:
        if key in self._send_keys:
            self.area.send()
        elif key in self._newline_keys:
            self.insert("\n", maintain_selection_offset=False)
        else:
            return False
        return True

    async def _on_paste(self, event: events.Paste) -> None:
        # Textual calls the handlers of base classes too: this one replaces TextArea's.
        event.prevent_default()
        event.stop()
        # xterm, VTE, iTerm2 and tmux send the end of a pasted line as the Enter key is sent.
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        self.replace(clean(text), *self.selection, maintain_selection_offset=False)

    def action_cursor_up(self, select: bool = False) -> None:
        """Up; from the first row on, back in the history."""
        first = self.wrapped_document.location_to_offset(self.cursor_location).y == 0
        if select or not first or not self.area.recall_older():
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Down; from the last row on, forward in the history."""
        last = self.wrapped_document.location_to_offset(self.cursor_location).y == self.wrapped_document.height - 1
        if select or not last or not self.area.recall_newer():
            super().action_cursor_down(select)


class PromptArea(Vertical):
    """The prompt: a text field and, while a slash command is typed, the commands that fit."""

    DEFAULT_CSS = """
    PromptArea {
        height: auto;
        max-height: 50%;
        & > Editor {
            height: auto;
            min-height: 1;
            max-height: 10;
            background: transparent;
            border: none;
            padding: 0;
        }
        & > #field { height: auto; }
        & > #completions {
            display: none;
            height: auto;
            max-height: 8;
            border: none;
            padding: 0 1;
            background: $panel;
            scrollbar-size-vertical: 1;
        }
        &.-completing > #completions { display: block; }
    }
    """

    def __init__(
        self, completions: Sequence[Completion], *, send_keys: Sequence[str], newline_keys: Sequence[str]
    ) -> None:
        super().__init__()
        self._known = list(completions)
        self._matches: list[Completion] = []
        self._matched = ""
        """The text that they fit."""
        self._keys = (send_keys, newline_keys)
        self._history = PromptHistory()
        self._options = OptionList(id="completions", markup=False)
        self._options.can_focus = False

    def compose(self) -> ComposeResult:
        yield Editor(*self._keys)

    def fill(self) -> None:
        """Offer completions from here on, once the first screen is painted."""
        self.mount(self._options, before=0)
        self.on_text_area_changed()

    @property
    def editor(self) -> Editor:
        """The text field."""
        return self.query_one(Editor)

    @property
    def text(self) -> str:
        """What stands in the prompt."""
        return self.editor.text

    @text.setter
    def text(self, text: str) -> None:
        editor = self.editor
        # An edit like any other, so that Ctrl+Z brings back what stood there.
        editor.replace(text, editor.document.start, editor.document.end, maintain_selection_offset=False)
        editor.move_cursor(editor.document.end)

    def clear(self) -> None:
        """Empty the prompt; Ctrl+Z or Up brings the text back."""
        self._history.add(self.text)
        self.text = ""

    def send(self) -> None:
        """Send what stands here: a prompt, or a slash command."""
        text = self.text
        if not text.strip():
            return
        name, _, argument = text.strip().partition(" ")
        self._history.add(text)
        if name.startswith("/") and name[1:].isalpha() and "\n" not in text:
            self.text = ""
            self.post_message(CommandEntered(name, argument.strip()))
        else:
            self.post_message(PromptSent(text))

    def recall_older(self) -> bool:
        """Put the prompt before into the field; False at the oldest."""
        return self._recall(self._history.older(self.text))

    def recall_newer(self) -> bool:
        """Put the prompt after into the field; False at the newest."""
        return self._recall(self._history.newer())

    def _recall(self, text: str | None) -> bool:
        if text is not None:
            self.text = text
        return text is not None

    # Completion of slash commands

    def on_text_area_changed(self) -> None:
        """Offer the commands that fit what has been typed."""
        text = self._matched = self.text
        self._matches = []
        if not self._options.is_attached:
            return
        if text.startswith("/") and " " not in text and "\n" not in text:
            self._matches = [entry for entry in self._known if entry[0].startswith(text)]
        self.set_class(bool(self._matches), "-completing")
        options = self._options
        options.clear_options()
        if self._matches:
            width = max(len(f"{name} {argument}") for name, argument, _ in self._matches) + 2
            options.add_options(Option(_completion_line(entry, width)) for entry in self._matches)
            options.highlighted = 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click on a command takes it."""
        event.stop()
        self._complete(event.option_index, run=True)

    def completion_key(self, key: str) -> bool:
        """Handle a key while commands are offered; False if it means something else."""
        if self.text != self._matched:
            self.on_text_area_changed()  # typed faster than its message comes: Enter is not for what fitted before
        if not self._matches:
            return False
        options = self._options
        at = options.highlighted or 0
        if key == "up":
            options.action_cursor_up()
        elif key == "down":
            options.action_cursor_down()
        elif key == "tab":
            self._complete(at, run=False)
        elif key in self._keys[0]:
            self._complete(at, run=True)
        elif key == "escape":
            self._matches = []
            self.remove_class("-completing")
        else:
            return False
        return True

    def _complete(self, index: int, *, run: bool) -> None:
        name, argument, _ = self._matches[index]
        self.editor.focus()
        if run:
            self.text = name
            self.send()
        else:
            self.text = f"{name} " if argument else name


def _completion_line(entry: Completion, width: int) -> Content:
    name, argument, text = entry
    gap = " " * (width - len(f"{name} {argument}"))
    return Content.assemble(
        (name, "bold $text-primary"), " ", (argument, "$foreground-muted"), gap, (text, "$foreground-muted")
    )
