"""The line in which one looks for a text in the transcript."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Protocol

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Static

from atlas_tui.tui.messages import FindClosed


class Searchable(Protocol):
    """What one can look into: the log."""

    def find(self, query: str) -> int:
        """Mark every place where the text stands, go to the first, and tell how many there are."""

    def find_next(self) -> None:
        """Go to the next place."""

    def find_previous(self) -> None:
        """Go to the place before."""

    def found(self) -> tuple[int, int]:
        """At which place one is, from 1, and how many there are."""

    def clear_find(self) -> None:
        """Take the marks away."""


class FindBar(Horizontal):
    """Hidden, and empty, until it is opened."""

    DEFAULT_CSS = """
    FindBar {
        display: none;
        height: 1;
        padding: 0 2;
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

    def __init__(self, searched: Callable[[], Searchable]) -> None:
        super().__init__()
        self._searched = searched
        self._field = Input(placeholder="Enter next, Up before, Esc close", compact=True, select_on_focus=True)
        self._hits = Static("", id="hits", markup=False)

    def open(self, query: str = "") -> None:
        """Show it and take the focus."""
        if not self.children:
            self.mount(Static("find", id="sign"), self._field, self._hits)
        self.add_class("-open")
        if query:
            self._field.value = query
        self._field.focus()
        self._look()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look while typing."""
        event.stop()
        if self.has_class("-open"):
            self._look()

    def action_step(self, backwards: bool) -> None:
        """Go to another hit."""
        searched = self._searched()
        if backwards:
            searched.find_previous()
        else:
            searched.find_next()
        self._say()

    def action_close(self) -> None:
        """Hide it."""
        self.remove_class("-open")
        self._searched().clear_find()
        self.post_message(FindClosed())

    def _look(self) -> None:
        self._searched().find(self._field.value)
        self._say()

    def _say(self) -> None:
        place, hits = self._searched().found()
        here = f"{place:,} of {hits:,}" if place else f"{hits} found"
        self._hits.update(here if self._field.value else "")
