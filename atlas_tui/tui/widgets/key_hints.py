"""The footer: the keys that matter now."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

Hint = tuple[str, str, str]
"""A key, a word and the action of the screen that a click runs."""


class KeyHints(Widget):
    """One line of keys; what does not fit is left out, the last words first."""

    DEFAULT_CSS = """
    KeyHints {
        height: 1;
        padding: 0 2;
        color: $text-muted;
        link-style: none;
        link-color: $foreground;
        link-style-hover: bold;
        link-color-hover: $text-primary;
        link-background-hover: transparent;
    }
    """
    ALLOW_SELECT = False

    hints: reactive[Sequence[Hint]] = reactive(())

    def render(self) -> Content:
        """The hints, as many as fit."""
        room = self.content_size.width
        line = Content("")
        for key, word, action in self.hints:
            hint = Content.assemble((key, "bold $text-primary"), " ", word)
            if line.cell_length + hint.cell_length + 3 > room + (0 if line else 3):
                break
            hint = hint.stylize(Style.from_meta({"@click": f"screen.act('{action}')"}))
            line = Content.assemble(line, "   ", hint) if line else hint
        return line
