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

from atlas_tui.models.base import ModelInfo
from atlas_tui.text import one_line
from atlas_tui.tui.messages import ModelsListed, ProvidersChecked
from atlas_tui.tui.screens.catalogue import Catalogue
from atlas_tui.tui.widgets import figures

_NAME_WIDTH = 48


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
        """Take what was clicked."""
        self.dismiss(event.option_id)

    def action_move(self, how: str) -> None:
        """Move the highlight while the field keeps the focus."""
        getattr(self.query_one(OptionList), f"action_{how}")()


class ModelPicker(Picker):
    """All models of all providers, with what is known of each; what cannot be used says why."""

    placeholder = "Provider or model"

    def __init__(self, catalogue: Catalogue, target: str) -> None:
        super().__init__()
        self._catalogue = catalogue
        self._target = target

    def on_mount(self) -> None:
        """Show what is known, and ask for the rest."""
        self._catalogue.listeners.append(self)
        self._catalogue.list_all()

    def on_unmount(self) -> None:
        """Nobody listens any more."""
        self._catalogue.listeners.remove(self)

    def on_models_listed(self, message: ModelsListed) -> None:
        """A provider has answered."""
        self.refill()

    def on_providers_checked(self, message: ProvidersChecked) -> None:
        """It is known who can be used: ask those for their models."""
        self._catalogue.list_all()
        self.refill()

    def current(self) -> str:
        return self._target

    def entries(self) -> Sequence[Entry]:
        rows: list[tuple[str | None, str, str]] = []
        refused: list[tuple[str | None, str, str]] = []
        for status in self._catalogue.statuses:
            name = status.name
            models = self._catalogue.models.get(name)
            if not status.available:
                refused.append((None, name, status.reason))
            elif models:
                rows += [(f"{name}:{model.id}", f"{name}:{model.id}", _facts(model)) for model in models]
            else:
                rows.append((name, name, self._catalogue.problems.get(name, "asking for its models …")))
        if self._target not in [target for target, _, _ in rows]:
            rows.insert(0, (self._target, self._target, "in use"))
        rows += refused
        width = min(_NAME_WIDTH, max(len(name) for _, name, _ in rows)) + 2
        return [
            Entry(
                target,
                Content.assemble(one_line(name, _NAME_WIDTH).ljust(width), (one_line(facts, 120), "$foreground-muted")),
            )
            for target, name, facts in rows
        ]

    def found(self) -> Sequence[Entry]:
        """The entries, and a target typed in full: a server may know models that it does not list."""
        entries = self.entries()
        typed = "".join(self.query_one(Input).value.split())
        provider, colon, model = typed.partition(":")
        known = any(entry.id == typed for entry in entries)
        if colon and model and not known and any(status.name == provider for status in self._catalogue.statuses):
            text = Content.assemble("use ", (one_line(typed, 100), "bold"))
            return [*entries, Entry(typed, text)]
        return entries


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


def _facts(model: ModelInfo) -> str:
    facts = []
    if model.context_window:
        facts.append(f"{figures.count(model.context_window)} context")
    if model.price:
        facts.append(f"${model.price[0]:g} in, ${model.price[1]:g} out" if any(model.price) else "free")
    if model.detail:
        facts.append(one_line(model.detail, 40))
    return " · ".join(facts)
