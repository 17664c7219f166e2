"""What can be asked: providers, their models, their context windows. Asked for in threads, so no screen waits."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from textual.message import Message
from textual.message_pump import MessagePump

from atlas_tui.config import Config
from atlas_tui.errors import AtlasError
from atlas_tui.models.base import ModelInfo, Provider
from atlas_tui.models.factory import ProviderStatus, check_providers, create_provider, provider_names
from atlas_tui.pricing import load_prices
from atlas_tui.text import one_line
from atlas_tui.tui.messages import ModelsListed, ProvidersChecked, WindowKnown

log = logging.getLogger(__name__)


class Catalogue:
    """Providers and models, known or being asked for."""

    def __init__(self, config: Config, *, mock: bool) -> None:
        self.config = config
        self.mock = mock
        self.listeners: list[MessagePump] = []
        """Who is told what has been found out."""
        self.statuses: tuple[ProviderStatus, ...] = ()
        self.models: dict[str, tuple[ModelInfo, ...]] = {}
        self.problems: dict[str, str] = {}
        """Why a provider gave no models."""
        self._asked: set[str] = set()

    def provider(self, target: str, model: str | None = None) -> Provider:
        """A provider for a target.

        Raises:
            AtlasError: it cannot be used; the message says why and what to do.
        """
        return create_provider(target, model, mock=self.mock, config=self.config)

    def warm_up(self, provider: Provider, first: Callable[[], object]) -> None:
        """After the first paint: load what the first turn needs, then look around. None of it delays the screen."""

        def work() -> None:
            first()
            self._list(provider)
            load_prices()
            self._find_window(provider)
            self._check()

        self._asked.add(provider.name)
        _in_background(work)

    def list_models(self, name: str) -> None:
        """Ask a provider for its models, once."""
        if name in self._asked:
            return
        self._asked.add(name)
        try:
            provider = self.provider(name)
        except AtlasError as error:
            self.problems[name] = str(error)
            self._tell(ModelsListed(name, (), str(error)))
            return
        _in_background(lambda: self._list(provider))

    def list_all(self) -> None:
        """Ask every provider that can be used for its models."""
        for status in self.statuses:
            if status.available:
                self.list_models(status.name)

    def find_window(self, provider: Provider) -> None:
        """Find out the context window of a provider's model."""
        _in_background(lambda: self._find_window(provider))

    def _check(self) -> None:
        if self.mock:
            self.statuses = tuple(ProviderStatus(name, True, "played") for name in provider_names(self.config))
        else:
            self.statuses = tuple(check_providers(self.config))
        self._tell(ProvidersChecked(self.statuses))

    def _list(self, provider: Provider) -> None:
        try:
            # A server may list a model twice; a choice needs each once.
            self.models[provider.name] = tuple({model.id: model for model in provider.list_models()}.values())
        except AtlasError as error:
            self.problems[provider.name] = str(error)
        self._tell(
            ModelsListed(provider.name, self.models.get(provider.name, ()), self.problems.get(provider.name, ""))
        )

    def _find_window(self, provider: Provider) -> None:
        known = next((m for m in self.models.get(provider.name, ()) if m.id == provider.model_name), None)
        tokens = (known.context_window if known else None) or provider.context_window()
        self._tell(WindowKnown(provider.target, tokens))

    def _tell(self, message: Message) -> None:
        for listener in list(self.listeners):
            try:
                listener.post_message(message)
            except RuntimeError:  # its loop has closed: the program is ending
                self.listeners.remove(listener)


def _in_background(work: Callable[[], None]) -> None:
    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the border of a thread; what it looked for stays unknown
            log.warning("looking for providers failed: %s", one_line(f"{type(error).__name__}: {error}"))

    threading.Thread(target=run, name="atlas-catalogue", daemon=True).start()
