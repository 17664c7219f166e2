"""The column at the right: who can answer, the meters, the passages that go along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from atlas_tui.text import one_line
from atlas_tui.tui.messages import CommandEntered, TargetChosen
from atlas_tui.tui.widgets import figures
from atlas_tui.tui.widgets.meters import Meters
from atlas_tui.tui.widgets.reading import Reading

if TYPE_CHECKING:
    from atlas_tui.models.base import ModelInfo
    from atlas_tui.models.factory import ProviderStatus
    from atlas_tui.tui.widgets.context import Context

_WIDTH = 32
_CLOSE = 0.8
"""The share of a limit from which on what is spent is marked."""


class Sidebar(VerticalScroll, can_focus=False):
    """Shown beside the transcript, or over it where the terminal is narrow."""

    DEFAULT_CSS = """
    Sidebar {
        width: 36;
        padding: 1 2;
        scrollbar-gutter: auto;
        background: $surface;
        scrollbar-size-vertical: 1;
        &:ansi { border-left: solid ansi_bright_black; }
        & > .heading { color: $text-muted; text-style: bold; height: 1; }
        & > Static { height: auto; }
        & > OptionList {
            height: auto;
            margin-bottom: 1;
            & > .option-list--option { padding: 0; }
            & > .option-list--option-highlighted { background: transparent; color: $foreground; text-style: none; }
            & > .option-list--option-disabled { color: $text-muted; }
            & > .option-list--option-hover { background: $boost; }
            &:focus > .option-list--option-highlighted { background: $primary-muted; color: $text-primary; }
        }
        & > #models { max-height: 9; }
        & > #fallback { max-height: 6; }
        & > Meters { margin-bottom: 1; }
        & > Context { margin-bottom: 1; }
        & > #limits { display: none; margin-bottom: 1; }
    }
    """

    context: Context
    """The passages; they come with all else, in `fill`."""

    def __init__(self) -> None:
        super().__init__()
        self._provider = ""
        self._model = ""
        self._statuses: Sequence[ProviderStatus] = ()
        self._models: Sequence[ModelInfo] = ()
        self._problem = ""
        self._meters = Meters()
        self._limits = Static(id="limits")
        self._limits_heading = _heading("LIMITS")
        self._limits_heading.display = False
        self._providers = OptionList(id="providers", markup=False)
        self._choices = OptionList(id="models", markup=False)
        self._fallback = OptionList(id="fallback", markup=False)
        self._chain: Sequence[tuple[str, str]] = ()
        self._context_heading = _heading("CONTEXT")
        self._filled = False

    def fill(self, context: Context) -> None:
        """Put in all that it shows, once the first screen is painted; what changes most often stands highest."""
        self.context = context
        self._filled = True
        self.mount(
            _heading("METERS"),
            self._meters,
            self._limits_heading,
            self._limits,
            self._context_heading,
            context,
            _heading("PROVIDER"),
            self._providers,
            _heading("MODEL"),
            self._choices,
            _heading("FALLBACK"),
            self._fallback,
        )
        self._draw()

    def show_reading(self, reading: Reading) -> None:
        """Show these figures."""
        self._meters.reading = reading

    def show_limits(self, limits: Sequence[tuple[str, float, float]]) -> None:
        """Show what is spent under each limit, in US dollars: its name, what is spent, the limit."""
        lines = []
        for name, spent, limit in limits:
            share = spent / limit if limit else 1.0
            style = "$text-error" if share >= 1 else "$text-warning" if share >= _CLOSE else "$foreground"
            figure = f"{figures.dollars(spent)} of {figures.dollars(limit)}"
            gap = max(1, _WIDTH - len(name) - len(figure))
            lines.append(Content.assemble((name, "$foreground-muted"), " " * gap, (figure, style)))
        self._limits.update(Content("\n").join(lines))
        self._limits.display = self._limits_heading.display = bool(limits)

    def show_target(self, provider: str, model: str) -> None:
        """Mark who answers."""
        self._provider, self._model = provider, model
        self._draw()

    def show_providers(self, statuses: Sequence[ProviderStatus]) -> None:
        """Show who can be used, and why the others cannot."""
        self._statuses = statuses
        self._draw()

    def show_models(self, models: Sequence[ModelInfo], problem: str = "") -> None:
        """Show the models of the provider that answers."""
        self._models, self._problem = models, problem
        self._draw()

    def show_fallback(self, chain: Sequence[tuple[str, str]]) -> None:
        """Show who is asked when one fails, in this order, and why one rests for a while, "" where it does not."""
        self._chain = chain
        self._draw()

    def show_context(self) -> None:
        """Bring the passages into view."""
        # It may have been shown only now, and has no lines to scroll over yet.
        self.call_after_refresh(self.scroll_to_widget, self._context_heading, top=True, animate=False)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A provider or a model was chosen."""
        event.stop()
        if event.option_list is self._fallback:
            self.post_message(CommandEntered("/fallback", ""))
        elif event.option_id is not None:
            self.post_message(TargetChosen(event.option_id))

    def _draw(self) -> None:
        if self._filled:
            self._draw_providers()
            self._draw_models()
            self._draw_fallback()

    def _draw_providers(self) -> None:
        from atlas_tui.models.factory import ProviderStatus

        statuses = self._statuses or [ProviderStatus(self._provider, True, "looking for others …")]
        options = []
        for status in statuses:
            current = status.name == self._provider
            sign = ("● ", "$text-success") if current else ("○ ", "$foreground-muted")
            lines = Content.assemble(sign, (one_line(status.name, 30), "bold" if current else ""))
            if status.reason:
                lines += Content.styled(f"\n  {_short(status)}", "$foreground-muted").truncate(_WIDTH, ellipsis=True)
            options.append(Option(lines, id=status.name, disabled=not status.available))
        _replace(self._providers, options)

    def _draw_models(self) -> None:
        names = [model.id for model in self._models]
        if self._model and self._model not in names:
            names.insert(0, self._model)
        options = []
        for name in names:
            current = name == self._model
            sign = ("● ", "$text-success") if current else ("○ ", "$foreground-muted")
            text = Content.assemble(sign, (figures.model(name), "bold" if current else ""))
            options.append(Option(text, id=f"{self._provider}:{name}"))
        if self._problem:
            options.append(Option(Content.styled(f"  {one_line(self._problem)}", "$foreground-muted"), disabled=True))
        elif not options:
            options.append(Option(Content.styled("  asking for its models …", "$foreground-muted"), disabled=True))
        _replace(self._choices, options)

    def _draw_fallback(self) -> None:
        options = []
        for number, (target, error) in enumerate(self._chain, 1):
            text = Content.assemble((f"{number} ", "$foreground-muted"), figures.target(target))
            if error:
                text += Content.styled(f"\n  ◌ rests after: {error}", "$text-warning")
            options.append(Option(text))
        _replace(self._fallback, options or [Option(Content.styled("  nobody else · choose", "$foreground-muted"))])


def _heading(text: str) -> Static:
    return Static(text, classes="heading")


def _short(status: ProviderStatus) -> str:
    """What to do about it, which is the last part of the reason; the model picker shows the whole."""
    reason = one_line(status.reason)
    return reason.rpartition(": ")[2].partition(", ")[0]


def _replace(options: OptionList, new: list[Option]) -> None:
    at = options.highlighted
    options.clear_options()
    options.add_options(new)
    if at is not None and at < len(new):
        options.highlighted = at
