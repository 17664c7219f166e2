"""A comparison of providers of the test's choice, driven by keys."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from atlas_tui.config import Config
from atlas_tui.models.base import Provider
from atlas_tui.models.mock import MockProvider
from atlas_tui.session import Session
from atlas_tui.tui.screens.catalogue import Catalogue
from atlas_tui.tui.screens.compare import CompareScreen
from atlas_tui.tui.screens.compare.column_view import ColumnView
from tests.played import PlayedProvider, says
from tests.tui.driving import Driver, driving, once


class Known(Catalogue):
    """Knows these providers besides the usual ones."""

    def __init__(self, providers: Sequence[Provider], config: Config | None = None) -> None:
        super().__init__(config or Config(), mock=False)
        self._known = {name: provider for provider in providers for name in (provider.name, provider.target)}

    def provider(self, target: str, model: str | None = None) -> Provider:
        if target.startswith("mock:"):
            return MockProvider(target.partition(":")[2], delay_ms=0)
        return self._known.get(target) or super().provider(target, model)


class Compared:
    """A user at a comparison."""

    def __init__(self, user: Driver) -> None:
        self.user = user

    @property
    def screen(self) -> CompareScreen:
        screen = self.user.app.get_screen("compare")
        assert isinstance(screen, CompareScreen)
        return screen

    @property
    def views(self) -> list[ColumnView]:
        return self.screen.columns.views

    def said(self, place: int, turn: int = 1) -> str:
        """What stands in a column, from 1."""
        return self.views[place - 1].pane.log_view.text_of(f"answer-{turn}")

    async def furnished(self) -> Compared:
        """Wait until the columns are there; gives itself."""
        await self.user.until(lambda: self.user.app.is_screen_installed("compare") and self.screen.furnished)
        await self.user.settled()
        return self

    async def ask(self, prompt: str) -> None:
        """Send a prompt from wherever the focus is."""
        self.screen.prompt.editor.focus()
        await self.user.settled()
        await self.user.ask(prompt)

    async def asked(self, prompt: str) -> None:
        """Send a prompt and wait until all have answered."""
        await self.ask(prompt)
        await self.ended()

    async def ended(self) -> None:
        """Wait until nothing runs."""
        await self.user.until(lambda: bool(self.screen.session.turns) and not self.screen.columns.running)
        await self.user.settled()

    async def to_column(self, place: int) -> None:
        """Leave the prompt for a column."""
        if self.screen.prompt.editor.has_focus:
            await self.user.press("tab")
        await self.user.press(f"{place}")
        await self.user.settled()


@asynccontextmanager
async def comparing(
    *providers: Provider, size: tuple[int, int] = (160, 40), session: Session | None = None, **options: Any
) -> AsyncIterator[Compared]:
    """The program with a comparison of these open."""
    session = session or Session(providers[0], policy=once())
    async with driving(
        size=size, session=session, catalogue=Known(providers, options.get("config")), **options
    ) as user:
        await user.ask("/compare " + " ".join(provider.name for provider in providers))
        compared = await Compared(user).furnished()
        assert [view.column.provider for view in compared.views] == list(providers)
        yield compared


def played(name: str, *answers: str) -> PlayedProvider:
    """A provider that gives these answers, in the deltas between the bars."""
    return PlayedProvider(*(says(*answer.split("|")) for answer in answers), name=name)
