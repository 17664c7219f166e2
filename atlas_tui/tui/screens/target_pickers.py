"""Choosing targets: who answers, and who is asked when one fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static

from atlas_tui.models.base import ModelInfo
from atlas_tui.text import one_line
from atlas_tui.tui.messages import ModelsListed, ProvidersChecked
from atlas_tui.tui.screens.catalogue import Catalogue
from atlas_tui.tui.screens.picker import Entry, Picker
from atlas_tui.tui.widgets import figures

_NAME_WIDTH = 48


class ModelPicker(Picker):
    """All models of all providers, with what is known of each; what cannot be used says why."""

    placeholder = "Provider or model"
    nothing = "Nothing found. PROVIDER:MODEL takes any model of a provider."

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


class FallbackPicker(ModelPicker):
    """Who is asked when one fails: Enter takes a target in and out, two keys move it; each change holds at once."""

    DEFAULT_CSS = """
    FallbackPicker Static { height: 1; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+up,shift+up,alt+up", "shift(-1)", show=False, priority=True),
        Binding("ctrl+down,shift+down,alt+down", "shift(1)", show=False, priority=True),
    ]
    placeholder = "When one fails, who is asked?"

    def __init__(
        self,
        catalogue: Catalogue,
        target: str,
        chain: Sequence[str],
        on_change: Callable[[Sequence[str]], list[str] | None],
    ) -> None:
        super().__init__(catalogue, target)
        self._chain = list(chain)
        self._on_change = on_change

    def compose(self) -> ComposeResult:
        """Field, list and keys."""
        keys = (("Enter", "in or out"), ("Ctrl+Up", "earlier"), ("Ctrl+Down", "later"), ("Esc", "done"))
        words = (Content.assemble((key, "bold $text-primary"), f" {word}") for key, word in keys)
        with Vertical():
            yield Input(placeholder=self.placeholder, compact=True)
            yield OptionList(markup=False)
            yield Static(Content("   ").join(words).stylize_before("$foreground-muted"))

    def current(self) -> str:
        """The first of the chain."""
        return self._chain[0] if self._chain else ""

    def entries(self) -> Sequence[Entry]:
        """The chain in its order, then all others; who is asked first anyway is no fallback."""
        others = [entry for entry in super().entries() if entry.id not in (*self._chain, self._target)]
        sign = Content("  ")
        chosen = [
            Entry(target, Content.assemble((f"{number} ", "bold $text-accent"), one_line(target, 100)))
            for number, target in enumerate(self._chain, 1)
        ]
        return [*chosen, *(Entry(entry.id, sign + entry.text) for entry in others)]

    def take(self) -> None:
        """Take what is highlighted into the chain, or out of it."""
        option = self.query_one(OptionList).highlighted_option
        if option is None or option.id is None:
            return
        chain = [target for target in self._chain if target != option.id]
        self._set(chain if option.id in self._chain else [*chain, option.id])
        self.query_one(Input).value = ""

    def action_shift(self, step: int) -> None:
        """Have what is highlighted asked earlier or later."""
        option = self.query_one(OptionList).highlighted_option
        if option is not None and option.id in self._chain:
            at = self._chain.index(option.id)
            chain = [*self._chain[:at], *self._chain[at + 1 :]]
            chain.insert(max(0, at + step), option.id)
            self._set(chain)

    def _set(self, chain: list[str]) -> None:
        holds = self._on_change(chain)
        if holds is not None:
            self._chain = holds
            self.refill()


def _facts(model: ModelInfo) -> str:
    facts = []
    if model.context_window:
        facts.append(f"{figures.count(model.context_window)} context")
    if model.price:
        facts.append(f"${model.price[0]:g} in, ${model.price[1]:g} out" if any(model.price) else "free")
    if model.detail:
        facts.append(one_line(model.detail, 40))
    return " · ".join(facts)
