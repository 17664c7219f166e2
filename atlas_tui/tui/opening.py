"""What answers in the chat: provider, session, history. It takes half as long to load as the screen, which shows
itself first and takes keys meanwhile; only what may be refused is loaded before, so that the refusal needs no screen.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from atlas_tui.config import PROVIDER_KINDS, Config
from atlas_tui.errors import AtlasError, ProviderError
from atlas_tui.models.names import DEFAULT_MODELS, default_model, split_target

if TYPE_CHECKING:
    from atlas_tui.models.base import Provider
    from atlas_tui.models.recording import Recorder
    from atlas_tui.session import Session
    from atlas_tui.store import Store
    from atlas_tui.tui.screens.catalogue import Catalogue

_PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}"
_SOUND_URL = re.compile(rf"https?://[a-z0-9.-]+(:({_PORT}))?(/[a-z0-9/._-]*)?", re.ASCII | re.IGNORECASE)
_URL_VARIABLES = ("ANTHROPIC_BASE_URL", "OPENAI_BASE_URL", "OLLAMA_HOST")


class Opened(NamedTuple):
    """What the chat works with."""

    session: Session
    catalogue: Catalogue
    problem: AtlasError | None = None
    """Why there is nobody to ask, where that is so."""


class Compared(NamedTuple):
    """With which comparison the program begins."""

    targets: Sequence[str | Provider]
    """The line-up, by name or as who plays it; none for that of the last time."""
    prompts: Sequence[str] = ()
    """The first is asked at once; the next stands ready when one was asked."""
    temperature: float | None = None
    recorder: Recorder | None = None
    """Records what is answered."""


class Opening:
    """How the chat comes to its session."""

    def __init__(
        self,
        config: Config,
        *,
        target: str | None = None,
        model: str | None = None,
        mock: bool = False,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        self.config = config
        self._target = target or config.default_provider
        self._model = model
        self._mock = mock
        self._on_notice = on_notice
        self._store: Store | None = None
        self.notes: Sequence[str] = ()
        """What the user should know once it is open: that a fallback has no key."""
        self._opened: Opened | None = None
        self._name, wanted = split_target(self._target)
        self._model_name = model or wanted or default_model(self._name, config)
        table = config.providers.get(self._name)
        self._kind = table.kind if table else self._name

    @property
    def target(self) -> str:
        """Who will answer."""
        return f"{self._name}:{self._model_name}" if self._model_name else self._name

    @property
    def is_mock(self) -> bool:
        """Whether answers will be played."""
        return self._mock or self._kind == "mock"

    def may_be_refused(self) -> bool:
        """True unless it is certain that `open` will find nothing wrong with the settings. A guess to the safe side:
        providers know best what is wrong, so wherever there is something to know they are asked before the screen."""
        table = self.config.providers.get(self._name)
        url = table.base_url if table else None
        return bool(
            self.config.fallback
            or self._kind not in PROVIDER_KINDS
            or (table and table.options)
            or (url and not _SOUND_URL.fullmatch(url))
            or any(os.environ.get(name) for name in _URL_VARIABLES)
            or (self.is_mock and ("mock" in self.config.providers or self._model_name != DEFAULT_MODELS["mock"]))
        )

    def open(self) -> Opened:
        """Put it together; a second call gives the same again.

        Raises:
            AtlasError: a name or an option is wrong.
        """
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _open(self) -> Opened:
        from atlas_tui.budget import Account
        from atlas_tui.models.factory import chain, create_provider
        from atlas_tui.policy import Policy
        from atlas_tui.session import Session
        from atlas_tui.store import Journal, Ledger, Store
        from atlas_tui.tui.screens.catalogue import Catalogue

        config = self.config
        catalogue = Catalogue(config, mock=self._mock)
        problem: AtlasError | None = None
        try:
            provider = catalogue.provider(self._target, self._model)
        except ProviderError as error:  # no key: the screen opens all the same, and says so
            problem, provider = error, create_provider("mock", config=config)
        fallback, self.notes = chain(config.fallback, catalogue.provider)
        if config.history or config.budget.day is not None:
            self._store = Store(on_notice=self._on_notice)
        session = Session(
            provider,
            system_prompt=config.system_prompt,
            max_tokens=config.max_tokens,
            fallback=fallback,
            account=Account(config.budget, Ledger(self._store)),
            policy=Policy(config.retries),
            journal=Journal(self._store) if config.history and self._store else None,
        )
        return Opened(session, catalogue, problem)

    def close(self) -> None:
        """Write what waits for the history, and let its file go."""
        if self._store is not None:
            self._store.close()


class Early:
    """What is asked for before that is there which it needs, a session for instance: it is done then, in its order."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []
        self.over = False
        """True from the moment on when all is there."""

    def do(self, act: Callable[[], None]) -> None:
        """Do it now, or as soon as all is there."""
        if self.over:
            act()
        else:
            self._waiting.append(act)

    def catch_up(self) -> None:
        """All is there now."""
        self.over = True
        for act in self._waiting:
            act()
        self._waiting.clear()
