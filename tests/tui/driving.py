"""Driving the program as a user does: keys in, screen and messages out."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from textual import events
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key
from textual.message import Message
from textual.pilot import Pilot

from atlas_tui.config import Config
from atlas_tui.errors import AtlasError
from atlas_tui.models.base import Provider
from atlas_tui.models.mock import MockProvider
from atlas_tui.policy import Policy, RetrySettings
from atlas_tui.session import Session
from atlas_tui.tui.app import AtlasApp
from atlas_tui.tui.messages import Finished
from atlas_tui.tui.opening import Opened, Opening
from atlas_tui.tui.screens.catalogue import Catalogue

PATIENCE = 10.0
_A_LITTLE = 0.05
_ROUNDS = 20
"""After which the screen is taken to be one that never rests: an answer streams."""


class Prepared(Opening):
    """An opening that finds everything ready."""

    def __init__(self, config: Config, opened: Opened) -> None:
        super().__init__(config, target=opened.session.provider.target)
        self._opened = opened


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Driver:
    """A running program."""

    def __init__(self, app: AtlasApp, clock: Clock) -> None:
        self.app = app
        self.clock = clock
        self.messages: list[Message] = []
        self.finished: list[Finished] = []
        """The endings so far."""
        self.pilot: Pilot[Any] = None  # type: ignore[assignment]
        self._arrived = asyncio.Event()

    @property
    def session(self) -> Session:
        return self.app.chat.session

    def hook(self, message: Message) -> None:
        """Takes note of every message; one that bubbles comes more than once."""
        self.messages.append(message)
        if isinstance(message, Finished) and not any(message is known for known in self.finished):
            self.finished.append(message)
        self._arrived.set()

    async def press(self, *keys: str) -> None:
        """Press keys, and wait until the screen has answered each."""
        for key in keys:
            assert self.app._driver is not None
            self.app._driver.send_message(_pressed(key))
            await self.settled()

    async def paste(self, text: str) -> None:
        """Paste a text, as a terminal with bracketed paste sends it."""
        self.app.post_message(events.Paste(text))
        await self.settled()

    async def settled(self) -> None:
        """Wait until the screen has dealt with all that came, and with what that brought about.

        The pilot's own `press` and `pause` watch the processor's clock instead, for 40 ms a key at the least, and for
        seconds where other threads work.
        """
        for _ in range(_ROUNDS):
            await self.pilot._wait_for_screen()
            if not any(node.message_queue_size for node in (self.app, *self.app.screen.walk_children(with_self=True))):
                break
        self.app.screen._on_timer_update()

    async def ask(self, prompt: str) -> None:
        """Put a prompt into the field and send it."""
        await self.paste(prompt)
        await self.press("enter")

    async def answered(self, answers: int = 1) -> Finished:
        """Wait until so many answers have ended, and the screen shows it."""
        await self.until(lambda: len(self.finished) >= answers)
        await self.settled()
        return self.finished[-1]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that a message, a thread or a timer of the screen brings about."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await self._something()

    async def _something(self) -> None:
        """The next message, or a little time: a message is told before it is dealt with, and painting is none."""
        self._arrived.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_A_LITTLE):
                await self._arrived.wait()

    async def shows(self, *texts: str) -> None:
        """Wait until the screen shows these texts."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not all(text in self.screen for text in texts):
                    await self._something()
                    await self.settled()
        except TimeoutError:
            raise AssertionError(f"not on the screen: {texts}\n{self.screen}") from None

    @property
    def lines(self) -> list[str]:
        """What a user sees, line by line."""
        return [strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()]

    @property
    def screen(self) -> str:
        """What a user sees."""
        return "\n".join(self.lines)


def _pressed(key: str) -> events.Key:
    """What a terminal sends at a key that is given by its name or its character."""
    name = key if len(key) > 1 or key.isalnum() else _character_to_key(key)
    character: str | None
    try:
        character = unicodedata.lookup(_get_unicode_name_from_key(REPLACED_KEYS.get(name, name)))
    except KeyError:
        character = key if len(key) == 1 else None
    return events.Key(name, character)


def once(**settings: Any) -> Policy:
    """A policy that asks a target only once."""
    return Policy(RetrySettings(attempts=1, **settings))


def make_app(
    provider: Provider | None = None,
    *,
    config: Config | None = None,
    clock: Clock | None = None,
    fallback: Sequence[Provider] = (),
    policy: Policy | None = None,
    problem: AtlasError | None = None,
    session: Session | None = None,
    catalogue: Catalogue | None = None,
) -> AtlasApp:
    """The program with a provider of the test's choice; the mock without delay is the default."""
    session = session or Session(
        provider or MockProvider("mock-basic", delay_ms=0), fallback=fallback, policy=policy or once()
    )
    config = config or Config()
    opened = Opened(session, catalogue or Catalogue(config, mock=False), problem)
    app = AtlasApp(Prepared(config, opened), clock=clock or Clock())
    app.animation_level = "none"
    return app


@asynccontextmanager
async def driving(
    provider: Provider | None = None, *, size: tuple[int, int] = (120, 40), **options: Any
) -> AsyncIterator[Driver]:
    """Run the program."""
    clock = Clock()
    driver = Driver(make_app(provider, clock=clock, **options), clock)
    async with driver.app.run_test(size=size, message_hook=driver.hook, notifications=True) as pilot:
        driver.pilot = pilot
        driver.app.chat.prompt.editor.cursor_blink = False
        await driver.until(lambda: driver.app.chat.opened)
        await driver.settled()
        yield driver
