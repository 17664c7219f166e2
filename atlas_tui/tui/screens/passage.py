"""A passage in full, and the words that others are looked for with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from atlas_tui.citations import found_words
from atlas_tui.text import clean, one_line
from atlas_tui.tui.commands import KeyTable, bindings
from atlas_tui.tui.keys import show_key
from atlas_tui.tui.widgets.context import Context
from atlas_tui.tui.widgets.passage import Fitted, heading, marked

_WORDS = {
    "exclude": "in or out",
    "pin_passage": "pin",
    "source": "$EDITOR",
    "copy_passage": "copy",
}
_HIGHEST = 0.9
"""The share of the screen that it takes at most."""
_AROUND = 7
"""Rows of it that are not the text's: the head, the keys, and what is left free."""


class PassageScreen(ModalScreen[None]):
    """The passage that is highlighted in the panel; what is done with it, and which one it is, happens there too.

    Args:
        act: runs an action of the table on it.
        sent: it went with a turn: it is neither taken in nor left out any more.
    """

    DEFAULT_CSS = """
    PassageScreen {
        align: center middle;
        background: $background 70%;
        & > Vertical {
            width: 100;
            max-width: 96%;
            height: auto;
            padding: 1 3;
            background: $surface;
            border-left: outer $accent;
        }
        & VerticalScroll { height: auto; margin: 1 0; scrollbar-size-vertical: 1; }
        & Static { height: auto; width: 100%; }
        & #foot { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss(None)", "Close", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
        Binding("pagedown", "scroll(10)", show=False),
        Binding("left,h", "walk(-1)", show=False),
        Binding("right,l", "walk(1)", show=False),
    ]

    def __init__(self, panel: Context, keys: KeyTable, act: Callable[[str], None], *, sent: bool) -> None:
        super().__init__()
        self._panel = panel
        self._keys = keys
        self._act = act
        self._actions = [name for name in _WORDS if not (sent and name == "exclude")]
        self._head, self._text = Static(), Static()
        self._room = VerticalScroll(can_focus=False)
        for binding in bindings("passages", keys):
            self._bindings.key_to_bindings.setdefault(binding.key, []).append(binding)

    def compose(self) -> ComposeResult:
        """Where it stands and why it is here; its text; the keys."""
        hints = [(show_key(self._keys[name][0], short=True), _WORDS[name]) for name in self._actions]
        hints += [("←→", "others"), ("Esc", "close")]
        with Vertical():
            yield self._head
            with self._room:
                yield self._text
            foot = (Content.assemble((key, "bold $text-primary"), f" {word}") for key, word in hints)
            yield Static(Content("   ").join(foot), id="foot")

    def on_mount(self) -> None:
        """Show the one that is highlighted."""
        self.on_resize()
        self._show()

    def on_resize(self) -> None:
        """The head and the keys stay in sight."""
        self._room.styles.max_height = max(int(self.app.size.height * _HIGHEST) - _AROUND, 1)

    def action_act(self, name: str) -> None:
        """Leave it to the room that knows what to do, and show what has become of it."""
        if name in self._actions:
            self._act(name)
            self._show()

    def action_scroll(self, rows: int) -> None:
        """Move the text."""
        self._room.scroll_relative(y=rows, animate=False)

    def action_walk(self, by: int) -> None:
        """To the passage before or after it."""
        at = self._panel.highlighted
        if at is not None:
            self._panel.go_to(at + by)
            self._room.scroll_home(animate=False)
            self._show()

    def _show(self) -> None:
        at = self._panel.highlighted
        if at is None:  # nothing goes along any more
            self.dismiss()
            return
        passage = self._panel.passages[at]
        self._head.update(Fitted(lambda width: Content("\n").join(heading(passage, width))))
        self._text.update(Fitted(partial(_numbered, passage.document)))


def _numbered(document: Mapping[str, Any], width: int) -> Content:
    """The text with its line numbers, where they are known, and the words that were looked for."""
    text = clean(str(document.get("content", ""))).expandtabs(4)
    words = found_words(document)
    first = (document.get("metadata") or {}).get("first_line")
    lines = [marked(line, words, "bold $text-warning") for line in text.split("\n")]
    if not isinstance(first, int):
        return Content("\n").join(lines)
    gutter = len(str(first + len(lines) - 1))
    rows = []
    for number, line in enumerate(lines, first):
        for place, row in enumerate(line.wrap(max(width - gutter - 2, 1))):
            rows.append(Content.assemble((f"{'' if place else number:>{gutter}}  ", "$foreground-muted"), row))
    return Content("\n").join(rows)


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
