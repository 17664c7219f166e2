"""Who is asked: the provider and model of the chat, and what follows where they change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_tui.errors import AtlasError
from atlas_tui.text import one_line
from atlas_tui.tui.messages import AboutTargets, ModelsListed, ProvidersChecked, TargetChosen, WindowKnown

if TYPE_CHECKING:
    from atlas_tui.tui.screens.chat.screen import ChatScreen


class Targets:
    """The target that answers, shown wherever it is named."""

    def __init__(self, screen: ChatScreen, problem: AtlasError | None) -> None:
        self._screen = screen
        self._problem = problem

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
        screen.status.say(f"{one_line(provider.target, 60)} answers from now on")
        screen.prompt.editor.focus()

    def show(self) -> None:
        """Bring everything that names the target up to date."""
        screen = self._screen
        provider, catalogue = screen.session.provider, screen.catalogue
        screen.gauge.about(target=provider.target, mock=provider.is_mock, session_cost=screen.session.cost)
        screen.sidebar.show_target(provider.name, provider.model_name)
        models, problem = catalogue.models.get(provider.name, ()), catalogue.problems.get(provider.name, "")
        screen.sidebar.show_models(models, problem)
        screen.panes.welcome.show_target(provider.target, mock=provider.is_mock, problem=self.problem)
        screen.metering.read()
