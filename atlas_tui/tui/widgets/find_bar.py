"""The line in which one looks for a text in the transcript."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Static

from atlas_tui.tui.messages import FindChanged, FindClosed, FindStepped


class FindBar(Horizontal):
    """Hidden until it is opened."""

    DEFAULT_CSS = """
    FindBar {
        display: none;
        height: 1;
        padding: 0 1;
        background: $panel;
        &.-open { display: block; }
        & > Input { width: 1fr; border: none; height: 1; padding: 0; background: transparent; }
        & > Static { width: auto; color: $text-muted; }
        & > #sign { padding-right: 1; color: $text-accent; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False, priority=True),
        Binding("enter,down", "step(False)", "Next", show=False, priority=True),
        Binding("shift+enter,up", "step(True)", "Before", show=False, priority=True),
    ]

    @property
    def is_open(self) -> bool:
        """Whether it is on the screen."""
        return self.has_class("-open")

    def open(self, query: str = "") -> None:
        """Show it and take the focus."""
        if not self.children:
            self._field = Input(placeholder="Enter next, Up before, Esc close", compact=True, select_on_focus=True)
            self._hits = Static("", id="hits", markup=False)
            self.mount(Static("find", id="sign"), self._field, self._hits)
        self.add_class("-open")
        if query:
            self._field.value = query
        self._field.focus()
        self.post_message(FindChanged(self._field.value))

    def show_hits(self, text: str) -> None:
        """Say how many there are."""
        self._hits.update(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look while typing."""
        event.stop()
        if self.is_open:
            self.post_message(FindChanged(event.value))

    def action_step(self, backwards: bool) -> None:
        """Go to another hit."""
        self.post_message(FindStepped(backwards))

    def action_close(self) -> None:
        """Hide it."""
        self.remove_class("-open")
        self.post_message(FindClosed())
