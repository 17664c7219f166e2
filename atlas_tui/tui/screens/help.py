"""Every key and command, from the one table."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from atlas_tui.tui.commands import KeyTable, help_groups


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
        & Static { height: auto; width: 100%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,f1,question_mark", "dismiss(None)", "Close", show=False)]

    def __init__(self, keys: KeyTable) -> None:
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        """One text, so that it costs nothing and scrolls as a whole."""
        with VerticalScroll():
            yield Static(self._text())

    def _text(self) -> Content:
        groups = help_groups(self._keys)
        key_width = max(len(keys) for _, rows in groups for keys, _, _ in rows) + 2
        slash_width = max(len(slash) for _, rows in groups for _, slash, _ in rows) + 2
        lines = [Content.assemble(("Keys", "bold"), ("   Esc closes", "$foreground-muted"))]
        for title, rows in groups:
            lines += [Content(""), Content.styled(title.upper(), "bold $foreground-muted")]
            for keys, slash, text in rows:
                lines.append(
                    Content.assemble(
                        (keys.ljust(key_width), "bold $text-primary"),
                        (slash.ljust(slash_width), "$text-accent"),
                        text,
                    )
                )
        lines += [
            Content(""),
            Content.styled(
                "Letters work on the transcript: Tab or a click takes you there, Tab again back.", "$foreground-muted"
            ),
        ]
        return Content("\n").join(lines)
