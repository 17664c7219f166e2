"""A passage in full, and the words that others are looked for with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from atlas_tui.citations import found_words, place_of
from atlas_tui.text import clean, one_line
from atlas_tui.tui.commands import KeyTable, bindings
from atlas_tui.tui.keys import show_key
from atlas_tui.tui.widgets.context import Passage, marked, reasons

_WORDS = {
    "exclude": "in or out",
    "pin_passage": "pin",
    "source": "$EDITOR",
    "copy_passage": "copy",
}


class PassageScreen(ModalScreen[str | None]):
    """Gives the id of the action that is to be done with the passage, or None."""

    DEFAULT_CSS = """
    PassageScreen {
        align: center middle;
        background: $background 70%;
        & > Vertical {
            width: 100;
            max-width: 96%;
            height: auto;
            max-height: 90%;
            padding: 1 3;
            background: $surface;
            border-left: outer $accent;
        }
        & VerticalScroll { height: auto; max-height: 100%; margin: 1 0; scrollbar-size-vertical: 1; }
        & Static { height: auto; width: 100%; }
        & > Vertical > Static { max-height: 4; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss(None)", "Close", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
        Binding("pagedown", "scroll(10)", show=False),
    ]

    def __init__(self, passage: Passage, keys: KeyTable, *, sent: bool) -> None:
        super().__init__()
        self._passage = passage
        self._keys = keys
        self._actions = [name for name in _WORDS if not (sent and name == "exclude")]
        for binding in bindings("passages", keys):
            self._bindings.key_to_bindings.setdefault(binding.key, []).append(binding)

    def compose(self) -> ComposeResult:
        """Where it stands and why it is here; its text; the keys."""
        document = self._passage.document
        sign = f"[{self._passage.number}] " if self._passage.number is not None else ""
        title = one_line(str((document.get("metadata") or {}).get("title", "")), 200)
        head = Content.assemble((sign, "bold $text-accent"), (place_of(document, short=True), "bold $text-primary"))
        lines = [head, Content.styled(reasons(document), "$foreground-muted")]
        lines += [Content.styled(title, "$foreground-muted")] if title else []
        hints = [
            Content.assemble((show_key(self._keys[name][0], short=True), "bold $text-primary"), f" {_WORDS[name]}")
            for name in self._actions
        ]
        hints.append(Content.assemble(("Esc", "bold $text-primary"), " close"))
        with Vertical():
            yield Static(Content("\n").join(lines))
            with VerticalScroll(can_focus=False):
                yield Static(_numbered(document))
            yield Static(Content("   ").join(hints))

    def action_act(self, name: str) -> None:
        """Leave it to the room that knows what to do."""
        if name in self._actions:
            self.dismiss(name)

    def action_scroll(self, rows: int) -> None:
        """Move the text."""
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False)


def _numbered(document: Mapping[str, Any]) -> Content:
    """The text with its line numbers, where they are known, and the words that were looked for."""
    text = clean(str(document.get("content", ""))).expandtabs(4)
    words = found_words(document)
    first = (document.get("metadata") or {}).get("first_line")
    lines = text.split("\n")
    if not isinstance(first, int):
        return Content("\n").join(marked(line, words, "bold $text-warning") for line in lines)
    width = len(str(first + len(lines)))
    return Content("\n").join(
        Content.assemble((f"{number:>{width}}  ", "$foreground-muted"), marked(line, words, "bold $text-warning"))
        for number, line in enumerate(lines, first)
    )


class WordsScreen(ModalScreen[str | None]):
    """Asks for other words to look for; gives them, "" for those of the prompt, or None."""

    DEFAULT_CSS = """
    WordsScreen {
        align: center middle;
        background: $background 70%;
        & > Vertical {
            width: 76;
            max-width: 96%;
            height: auto;
            padding: 1 3;
            background: $surface;
            border-left: outer $accent;
        }
        & Input { border: none; height: 1; padding: 0; margin: 1 0; background: transparent; }
        & Static { height: auto; width: 100%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Close", show=False)]

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = one_line(words)

    def compose(self) -> ComposeResult:
        """What it is for, the field, the keys."""
        hints = (("Enter", "search"), ("empty", "by the prompt again"), ("Esc", "close"))
        with Vertical():
            yield Static(Content.styled("Look for passages with other words than the prompt's", "bold"))
            yield Input(self._words, placeholder="Words to look for", compact=True)
            yield Static(
                Content("   ").join(Content.assemble((key, "bold $text-primary"), f" {word}") for key, word in hints)
            )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take them."""
        self.dismiss(clean(event.value).strip())
