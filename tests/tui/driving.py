"""Driving the program as a user does: keys in, screen and messages out."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from rich.cells import cell_len
from textual import events
from textual.geometry import Size
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key
from textual.message import Message
from textual.message_pump import MessagePump
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
from tests.clock import Clock
from tests.played import PlayedProvider

PATIENCE = 30.0
"""Seconds; a wait ends with what it waits for, so it costs nothing where that comes."""
_A_LITTLE = 0.02
_ROUNDS = 20
"""After which the screen is taken to be one that never rests: an answer streams."""
_TURNS = 200
"""Of the loop, after which what is being done is taken to wait for something."""


class Prepared(Opening):
    """An opening that finds everything ready."""

    def __init__(self, config: Config, opened: Opened) -> None:
        super().__init__(config, target=opened.session.provider.target)
        self._opened = opened


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
            self.app.post_message(_pressed(key))
            await self.settled()

    async def type_at_once(self, *keys: str) -> None:
        """Press keys faster than the screen answers them."""
        for key in keys:
            self.app.post_message(_pressed(key))
        await self.settled()

    async def paste(self, text: str) -> None:
        """Paste a text, as a terminal with bracketed paste sends it."""
        self.app.post_message(events.Paste(text))
        await self.settled()

    async def click_on(self, text: str, *, right: int = 0) -> None:
        """Click where this text stands, or so many cells to the right of its beginning."""
        await self.shows(text)
        y = next(number for number, line in enumerate(self.lines) if text in line)
        x = cell_len(self.lines[y].partition(text)[0]) + right
        await self.click(x, y)

    async def click(self, x: int, y: int) -> None:
        """Click on a cell, as a terminal tells it: the button goes down and up."""
        for kind in (events.MouseDown, events.MouseUp):
            self.app.post_message(kind(None, x, y, 0, 0, 1, False, False, False))
        await self.settled()

    async def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        size = Size(columns, rows)
        assert self.app._driver is not None
        self.app._driver._size = size
        self.app.post_message(events.Resize(size, size))
        await self.settled()
        await self.until(lambda: self.app._resize_event is None)  # many at once are taken together, after a moment
        await self.settled()

    async def settled(self) -> None:
        """Wait until every screen has dealt with all that came, with what that brought about, and is painted.

        What threads bring is waited for with `shows`, `shows_no` and `until`. The pilot's own `press` and `pause` watch
        the processor's clock instead, for 20 ms at the least, and for seconds where other threads work. Its callback in
        every widget's queue would do, but took up to a quarter of a test.
        """
        for _ in range(_ROUNDS):
            if not (await self._dealt() or await self.pilot._wait_for_screen()):
                return  # it has ended
            self.app.screen._on_timer_update()
            if self._rests():
                return

    async def _dealt(self) -> bool:
        """Turn the loop until nobody has anything to do; False if that takes long: something else is waited for."""
        loop = asyncio.get_running_loop()
        for _ in range(_TURNS):
            await asyncio.sleep(0)
            if not loop._ready and not any(map(_busy, self._nodes())):  # type: ignore[attr-defined]
                return not self.app._exception_event.is_set()
        return False

    def _nodes(self) -> Iterator[MessagePump]:
        """All that takes messages."""
        yield self.app
        for screen in self.app.screen_stack:
            yield from screen.walk_children(with_self=True)

    def _rests(self) -> bool:
        """Whether nothing waits, to be dealt with or to be painted."""
        shown = self.app.screen
        if shown._layout_required or shown._dirty_widgets or shown._repaint_required or shown._recompose_required:
            return False
        if any(screen._callbacks for screen in self.app.screen_stack):
            return False
        return not any(map(_busy, self._nodes()))

    async def begun(self) -> None:
        """Wait until the program takes prompts and has looked around: from here on nothing moves by itself."""
        chat = self.app.chat
        await self.until(lambda: chat.opened)
        chat.prompt.editor.cursor_blink = False
        if isinstance(chat.session.provider, MockProvider | PlayedProvider):  # a server may keep it waiting
            await self.until(lambda: bool(chat.sidebar._statuses))
        await self.settled()

    async def ask(self, prompt: str) -> None:
        """Put a prompt into the field and send it."""
        await self.paste(prompt)
        await self.press("enter")

    async def asked(self, prompt: str) -> None:
        """Send a prompt and wait for its answer."""
        before = len(self.finished)
        await self.ask(prompt)
        await self.answered(before + 1)

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

    async def idle(self) -> None:
        """Wait until nothing is being read or looked for either, and no answer comes."""
        await self.settled()
        await self.until(lambda: not self.app.chat.conversation.running and not len(self.app.workers))
        await self.settled()

    async def shows(self, *texts: str) -> None:
        """Wait until the screen shows these texts, all at once."""
        if not await self._comes_to(lambda screen: all(text in screen for text in texts)):
            raise AssertionError(f"not on the screen: {texts}\n{self.screen}")

    async def shows_no(self, *texts: str) -> None:
        """Wait until none of these texts is on the screen any more."""
        if not await self._comes_to(lambda screen: not any(text in screen for text in texts)):
            raise AssertionError(f"still on the screen, one of {texts}\n{self.screen}")

    async def _comes_to(self, wanted: Callable[[str], bool]) -> bool:
        """Wait until the screen is like this, at rest; False if it never is."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    await self.settled()
                    if wanted(self.screen):
                        return True
                    await self._something()
        except TimeoutError:
            return False

    @property
    def lines(self) -> list[str]:
        """What a user sees, line by line."""
        return [strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()]

    @property
    def screen(self) -> str:
        """What a user sees."""
        return "\n".join(self.lines)


def _busy(node: MessagePump) -> bool:
    """Whether it deals with a message, or has one to deal with: else it waits at its queue, or is closed."""
    if node._closing or node._closed:
        return False
    return bool(node.message_queue_size or node._next_callbacks or not node._message_queue.ready_event._waiters)


def _pressed(key: str) -> events.Key:
    """What a terminal sends at a key that is given by its name or its character."""
    name = key if len(key) > 1 or key.isalnum() else _character_to_key(key)
    character: str | None
    try:
        character = unicodedata.lookup(_get_unicode_name_from_key(REPLACED_KEYS.get(name, name)))
    except KeyError:
        character = key if len(key) == 1 else None
    return events.Key(name, character)


def steering(pilot: Pilot[Any]) -> Driver:
    """A program that something else has started: the taking of a picture."""
    assert isinstance(pilot.app, AtlasApp)
    driver = Driver(pilot.app, Clock())
    driver.pilot = pilot
    return driver


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
        await driver.begun()
        yield driver
