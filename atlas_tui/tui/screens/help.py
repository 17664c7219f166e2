"""Every key and command, from the one table."""

from __future__ import annotations

from textwrap import wrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget

from atlas_tui.tui.actions import Scope
from atlas_tui.tui.commands import KeyTable, help_groups

_LETTERS = "Letters work on the transcript: Tab or a click takes you there, and back."


class HelpScreen(ModalScreen[None]):
    """Closed by Esc, q or the keys that open it."""

    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        background: $background 70%;
        & > VerticalScroll {
            width: 100;
            max-width: 96%;
            height: auto;
            max-height: 94%;
            padding: 1 3;
            background: $surface;
            border-left: outer $primary;
            scrollbar-size-vertical: 1;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,f1,question_mark", "dismiss(None)", "Close", show=False)]

    def __init__(self, keys: KeyTable, scope: Scope) -> None:
        super().__init__()
        self._keys = keys
        self._scope = scope

    def compose(self) -> ComposeResult:
        """One text, so that it costs nothing and scrolls as a whole."""
        with VerticalScroll():
            yield _KeyTable(self._keys, self._scope)


class _KeyTable(Widget):
    """The table as one text that fits the width: where it is narrow, the slash commands are left to the prompt."""

    DEFAULT_CSS = "_KeyTable { height: auto; width: 100%; }"

    def __init__(self, keys: KeyTable, scope: Scope) -> None:
        super().__init__()
        self._groups = help_groups(keys, scope)

    def render(self) -> Content:
        rows = [row for _, group in self._groups for row in group]
        key_width = max(len(keys) for keys, _, _ in rows) + 2
        slash_width = max(len(slash) for _, slash, _ in rows) + 2
        text_width = max(len(text) for _, _, text in rows)
        if key_width + slash_width + text_width > self.content_size.width:
            slash_width = 0
        indent = key_width + slash_width
        text_width = max(self.content_size.width - indent, 10)
        lines = [Content.assemble(("Keys", "bold"), ("   Esc closes", "$foreground-muted"))]
        for title, group in self._groups:
            lines += [Content(""), Content.styled(title.upper(), "bold $foreground-muted")]
            for keys, slash, text in group:
                shown = (keys.ljust(key_width), "bold $text-primary"), (slash.ljust(slash_width), "$text-accent")
                text = f"\n{' ' * indent}".join(wrap(text, text_width))
                lines.append(Content.assemble(shown[0], shown[1] if slash_width else "", text))
        lines += [Content(""), Content.styled(_LETTERS, "$foreground-muted")]
        return Content("\n").join(lines)
