"""Choosing from a list by typing a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a picker."""

    id: str | None
    """None for a line that only tells something."""
    text: Content


class Picker(ModalScreen[str | None]):
    """A text field over a list; gives the id of the chosen entry, or None."""

    DEFAULT_CSS = """
    Picker {
        align: center middle;
        background: $background 70%;
        & > Vertical {
            width: 92;
            max-width: 96%;
            height: 80%;
            padding: 1 2;
            background: $surface;
            border-left: outer $primary;
        }
        & Input { border: none; height: 1; padding: 0; margin-bottom: 1; background: transparent; }
        & OptionList {
            height: 1fr;
            & > .option-list--option-highlighted { background: $primary-muted; color: $text-primary; text-style: bold; }
            &:ansi > .option-list--option-highlighted {
                background: ansi_default;  /* on no other colour of the terminal are all the others seen */
                color: ansi_default;
                text-style: bold underline;
            }
            & > .option-list--option-disabled { color: $text-muted; }
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", show=False),
        Binding("down", "move('cursor_down')", show=False, priority=True),
        Binding("up", "move('cursor_up')", show=False, priority=True),
        Binding("pagedown", "move('page_down')", show=False, priority=True),
        Binding("pageup", "move('page_up')", show=False, priority=True),
    ]
    placeholder: ClassVar[str] = "Type to filter"
    nothing: ClassVar[str] = "Nothing found"
    """Said where nothing holds what was typed."""

    def entries(self) -> Sequence[Entry]:
        """All that can be chosen now."""
        raise NotImplementedError

    def current(self) -> str:
        """The id that holds now."""
        return ""

    def compose(self) -> ComposeResult:
        """Field and list."""
        with Vertical():
            yield Input(placeholder=self.placeholder, compact=True)
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        """Show everything."""
        self.query_one(OptionList).can_focus = False
        self.refill()

    def refill(self) -> None:
        """Show the entries that hold every word of the field."""
        words = self.query_one(Input).value.lower().split()
        options = self.query_one(OptionList)
        at = options.highlighted_option
        wanted = at.id if at is not None and at.id else self.current()
        options.clear_options()
        shown = [entry for entry in self.found() if all(word in entry.text.plain.lower() for word in words)]
        options.add_options(Option(entry.text, id=entry.id, disabled=entry.id is None) for entry in shown)
        if words and not shown:
            options.add_option(Option(self.nothing, disabled=True))
        usable = [number for number, entry in enumerate(shown) if entry.id is not None]
        chosen = [number for number in usable if shown[number].id == wanted]
        options.highlighted = next(iter(chosen + usable), None)

    def found(self) -> Sequence[Entry]:
        """The entries to filter."""
        return self.entries()

    def on_input_changed(self) -> None:
        """Filter while typing."""
        self.refill()

    def on_input_submitted(self) -> None:
        """Enter."""
        self.take()

    def take(self) -> None:
        """Take what is highlighted."""
        option = self.query_one(OptionList).highlighted_option
        if option is not None:
            self.dismiss(option.id)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click has highlighted it: take it as by Enter. Textual runs the handlers of subclasses first, then this."""
        event.stop()
        self.take()

    def action_move(self, how: str) -> None:
        """Move the highlight while the field keeps the focus."""
        getattr(self.query_one(OptionList), f"action_{how}")()


class ThemePicker(Picker):
    """All themes; each is tried on while it is highlighted."""

    placeholder = "Theme"

    def __init__(self) -> None:
        super().__init__()
        self._before = ""

    def on_mount(self) -> None:
        """Remember what to go back to."""
        self._before = self.app.theme

    def current(self) -> str:
        return self._before or self.app.theme

    def entries(self) -> Sequence[Entry]:
        themes = sorted(
            self.app.available_themes.values(), key=lambda theme: (not theme.name.startswith("atlas"), theme.name)
        )
        return [
            Entry(
                theme.name,
                Content.assemble(theme.name.ljust(26), ("dark" if theme.dark else "light", "$foreground-muted")),
            )
            for theme in themes
        ]

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Try it on."""
        if event.option_id:
            self.app.theme = event.option_id

    def action_dismiss(self, result: str | None = None) -> None:  # type: ignore[override]
        """Closed without a choice: back to what was before."""
        self.app.theme = self._before
        self.dismiss(None)
