"""Who is asked: the provider and model of the chat, and what follows where they change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from atlas_tui.errors import AtlasError
from atlas_tui.models.factory import chain as made_chain
from atlas_tui.text import one_line
from atlas_tui.tui.messages import AboutTargets, ModelsListed, ProvidersChecked, TargetChosen, WindowKnown
from atlas_tui.tui.widgets import figures

if TYPE_CHECKING:
    from textual.timer import Timer

    from atlas_tui.tui.screens.chat.screen import ChatScreen

_LOOK_AGAIN = 5.0
"""Seconds after which a target that rests is looked at again."""


class Targets:
    """The target that answers, shown wherever it is named."""

    def __init__(self, screen: ChatScreen, problem: AtlasError | None) -> None:
        self._screen = screen
        self._problem = problem
        self._usual = list(screen.session.fallback)
        self._timer: Timer | None = None

    @property
    def problem(self) -> str:
        """Why there is nobody to ask, and what to do about it; nothing where there is somebody."""
        if self._problem is None:
            return ""
        return f"{one_line(str(self._problem))}; {self._screen.key('model')} chooses another provider"

    def take(self, message: AboutTargets) -> None:
        """Somebody was chosen, or something was found out."""
        asked = self._screen.session.provider
        match message:
            case TargetChosen(target):
                self.choose(target)
            case ProvidersChecked(statuses):
                self._screen.sidebar.show_providers(statuses)
            case ModelsListed(provider):
                if provider == asked.name:  # where its server decides which model answers, that is known now
                    self.show()
            case WindowKnown(target, tokens):
                if target == asked.target:
                    self._screen.gauge.know_window(tokens)
                    self._screen.metering.read()

    def choose(self, target: str | None) -> None:
        """Another provider or model, from the next prompt on; the conversation stays."""
        if target is None:
            return
        screen = self._screen
        try:
            provider = screen.catalogue.provider(target)
        except AtlasError as error:
            screen.status.say(one_line(str(error)))
            return
        screen.session.provider = provider
        self._problem = None
        screen.catalogue.list_models(provider.name)
        screen.catalogue.find_window(provider)
        self.show()
        screen.status.say(f"{figures.target(provider.target)} answers from now on")
        screen.prompt.editor.focus()

    def fall_back_to(self, targets: Sequence[str]) -> list[str] | None:
        """Have these asked in this order when one fails, in this conversation, and give them by their full names;
        None, and nothing changes, if one of them cannot be asked."""
        screen = self._screen
        known = {provider.target: provider for provider in screen.session.fallback}
        try:
            chain = [known.get(target) or screen.catalogue.provider(target) for target in targets]
        except AtlasError as error:
            screen.status.say(one_line(str(error)))
            return None
        screen.session.fall_back_to(list({provider.target: provider for provider in chain}.values()))
        names = ", then ".join(figures.target(provider.target) for provider in screen.session.fallback)
        screen.status.say(f"when one fails: {names}" if names else "when one fails, nobody else is asked")
        self._show_fallback()
        screen.show_hints()
        return [provider.target for provider in screen.session.fallback]

    def reopened(self, targets: Sequence[str] | None) -> None:
        """A conversation was opened, or begun: its own fallback targets come back, be it none; else the usual ones."""
        screen = self._screen
        if targets is None or not screen.session.own_fallback:
            screen.session.fallback = list(self._usual)
            return
        known = {provider.target: provider for provider in (*self._usual, *screen.session.fallback)}
        providers, notes = made_chain(targets, lambda target: known.get(target) or screen.catalogue.provider(target))
        screen.session.fallback = providers
        for note in notes:
            screen.status.say(note)

    def _show_fallback(self) -> None:
        session = self._screen.session
        resting = [(provider.target, session.policy.cooling(provider.target)) for provider in session.fallback]
        words = [(target, error.kind.replace("_", " ") if error else "") for target, error in resting]
        self._screen.sidebar.show_fallback(words)
        if (
            any(error for _, error in resting) and self._timer is None
        ):  # a rest ends without anything else that would show it
            self._timer = self._screen.set_timer(_LOOK_AGAIN, self._look_again)

    def _look_again(self) -> None:
        self._timer = None
        self._show_fallback()

    def show(self) -> None:
        """Bring everything that names the target up to date."""
        screen = self._screen
        provider, catalogue = screen.session.provider, screen.catalogue
        screen.gauge.about(target=provider.target, mock=provider.is_mock, session_cost=screen.session.cost)
        screen.sidebar.show_target(provider.name, provider.model_name)
        models, problem = catalogue.models.get(provider.name, ()), catalogue.problems.get(provider.name, "")
        screen.sidebar.show_models(models, problem)
        self._show_fallback()
        screen.panes.welcome.show_target(provider.target, mock=provider.is_mock, problem=self.problem)
        screen.spending.show()
        screen.metering.read()
