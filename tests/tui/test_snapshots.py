"""How it looks. After a change that is meant: `pytest tests/tui/test_snapshots.py --snapshot-update`, then look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from atlas_tui.budget import Account
from atlas_tui.config import Budget, Config, Price
from atlas_tui.errors import ProviderError
from atlas_tui.models.base import CancelToken, Emit, End, Provider, TextDelta, Timing
from atlas_tui.models.mock import MockProvider
from atlas_tui.policy import Policy, RetrySettings
from atlas_tui.session import Session, Turn
from atlas_tui.tui.app import AtlasApp
from tests.clock import Clock
from tests.played import HANG, PlayedProvider
from tests.tui.driving import make_app, once, steering

Compare = Callable[..., bool]
SIZES = {"wide": (200, 60), "usual": (120, 40), "small": (80, 24), "smallest": (60, 16)}
THEMES = ["atlas-dark", "atlas-light"]


class SteadySession(Session):
    """A session whose answers all take the same time, on every machine."""

    async def run(self, turn: Turn, emit: Emit, cancel: CancelToken, **options: Any) -> End:
        end = await super().run(turn, emit, cancel, **options)
        if end.response.content:
            end.response.timing = Timing(0.31, 2.96, 48.1)
        end.response.attempts = tuple(
            replace(each, duration=0.4, waited=0.3 if each.waited else 0.0) for each in end.response.attempts
        )
        return end


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Ollama of the person who runs the tests answers."""
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")


def steady(provider: Provider | None = None, theme: str = "atlas-dark", clock: Clock | None = None) -> AtlasApp:
    provider = provider or MockProvider("mock-advanced", delay_ms=0)
    return make_app(session=SteadySession(provider, policy=once()), config=Config(theme=theme), clock=clock)


async def settled(pilot: Pilot[Any]) -> None:
    """All that is looked for in the background has been found."""
    user = steering(pilot)
    chat = user.app.chat
    await user.until(lambda: chat.opened)
    chat.prompt.editor.cursor_blink = False
    await user.until(lambda: bool(chat.catalogue.statuses) and not chat.conversation.running)
    await pilot.pause()


def asked(prompt: str, *, until: str = "") -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Send a prompt and wait for the answer, or until the log holds a text."""

    async def run_before(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        user = steering(pilot)
        chat = user.app.chat
        user.app.post_message(events.Paste(prompt))
        await pilot.pause()
        await pilot.press("enter")
        await user.until(lambda: bool(chat.conversation.exchanges))
        if until:
            await user.until(lambda: until in chat.transcript.text_of("answer-1"))
        else:
            await settled(pilot)

    return run_before


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
def test_an_answer(snap_compare: Compare, size: str, theme: str) -> None:
    app = steady(theme=theme)
    assert snap_compare(app, terminal_size=SIZES[size], run_before=asked("Why is the sky blue?"))


@pytest.mark.parametrize("size", ["usual", "small", "smallest"])
def test_the_welcome(snap_compare: Compare, size: str) -> None:
    assert snap_compare(steady(), terminal_size=SIZES[size], run_before=settled)


def test_below_the_smallest_size(snap_compare: Compare) -> None:
    assert snap_compare(steady(), terminal_size=(50, 12), run_before=settled)


def test_a_failure(snap_compare: Compare) -> None:
    provider = PlayedProvider([ProviderError("overloaded", "the server has no capacity", status=529)])
    assert snap_compare(steady(provider), terminal_size=SIZES["usual"], run_before=asked("Why?"))


def test_a_partial_answer(snap_compare: Compare) -> None:
    provider = PlayedProvider([TextDelta("The first half"), ProviderError("connection", "the connection was lost")])
    assert snap_compare(steady(provider), terminal_size=SIZES["usual"], run_before=asked("Why?"))


def test_a_stall(snap_compare: Compare) -> None:
    clock = Clock()

    async def stalled(pilot: Pilot[Any]) -> None:
        await asked("Why?", until="first half")(pilot)
        clock.now += 9
        assert isinstance(pilot.app, AtlasApp)
        pilot.app.chat.metering.read()
        await pilot.pause()

    provider = PlayedProvider([TextDelta("The first half"), HANG])
    assert snap_compare(steady(provider, clock=clock), terminal_size=SIZES["small"], run_before=stalled)


@pytest.mark.parametrize("key", ["f1", "f3", "f4", "f9"])
def test_what_a_key_opens(snap_compare: Compare, key: str) -> None:
    async def opened(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press(key)
        await pilot.pause()

    assert snap_compare(steady(), terminal_size=SIZES["small"], run_before=opened)


def test_slash_commands(snap_compare: Compare) -> None:
    async def typed(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("slash")
        await pilot.pause()

    assert snap_compare(steady(), terminal_size=SIZES["small"], run_before=typed)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", ["usual", "small"])
@pytest.mark.parametrize("action", ["attempts", "fallback"])
def test_whom_it_fell_back_to(snap_compare: Compare, theme: str, size: str, action: str) -> None:
    busy = ProviderError("overloaded", "the server has no capacity", status=529)
    prices = {"first": Price(1.0, 2.0), "second": Price(1.0, 2.0)}
    session = SteadySession(
        PlayedProvider([busy], [busy], name="first", prices=prices),
        fallback=[PlayedProvider([busy], [busy], name="second", prices=prices), MockProvider("mock-basic", delay_ms=0)],
        policy=Policy(RetrySettings(attempts=2, first_wait=0.0)),
        account=Account(Budget(conversation=2.5, day=10.0)),
    )

    async def acted(pilot: Pilot[Any]) -> None:
        await asked("Why is the sky blue?")(pilot)
        assert isinstance(pilot.app, AtlasApp)
        pilot.app.chat.act(action)
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    app = make_app(session=session, config=Config(theme=theme))
    assert snap_compare(app, terminal_size=SIZES[size], run_before=acted)
