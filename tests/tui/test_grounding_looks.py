"""How passages and documents look. After a change that is meant: run it with `--snapshot-update`, then look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from atlas_tui.config import Config
from atlas_tui.models.base import Counted, TokenUsage
from atlas_tui.tui.app import AtlasApp
from tests.played import PlayedProvider, says
from tests.tui.driving import make_app, once, steering
from tests.tui.test_snapshots import SteadySession, no_server, settled

__all__ = ["no_server"]

ANSWER = 'With a hammer [1]. "Install the kite with a hammer" [1], and "wind is not needed" [2], they say [9].'
SIZES = {"usual": (120, 40), "small": (80, 24)}
THEMES = ["atlas-dark", "atlas-light"]
Act = Callable[[Pilot[Any]], Awaitable[None]]


async def typed(pilot: Pilot[Any]) -> None:
    """A prompt is typed, and its passages are there."""
    await settled(pilot)
    chat = app_of(pilot).chat
    await pilot.app.workers.wait_for_complete()
    chat.status.say("")
    chat.prompt.text = "How do I install a kite?"
    await steering(pilot).until(lambda: bool(chat.sidebar.context.passages))
    await pilot.pause()


async def chosen(pilot: Pilot[Any]) -> None:
    """One is pinned, another left out."""
    await typed(pilot)
    await pilot.press("f12", "down", "p", "down", "x")
    app_of(pilot).chat.status.say("")
    await pilot.pause()


async def previewed(pilot: Pilot[Any]) -> None:
    """One is shown in full."""
    await typed(pilot)
    await pilot.press("f12", "enter")
    await pilot.pause()


async def answered(pilot: Pilot[Any]) -> None:
    """The answer cites."""
    await typed(pilot)
    await pilot.press("enter")
    chat = app_of(pilot).chat
    await steering(pilot).until(lambda: not chat.conversation.running and bool(chat.session.turns[-1].responses))
    await settled(pilot)


async def listed(pilot: Pilot[Any]) -> None:
    """The documents screen."""
    await settled(pilot)
    app_of(pilot).chat.act("documents")
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def app_of(pilot: Pilot[Any]) -> AtlasApp:
    assert isinstance(pilot.app, AtlasApp)
    return pilot.app


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("act", [chosen, previewed, answered, listed])
def test_passages(
    snap_compare: Callable[..., bool], place: Path, config: Config, act: Act, size: str, theme: str
) -> None:
    provider = PlayedProvider(says(ANSWER, counted=Counted(TokenUsage(420, 31))))
    app = make_app(session=SteadySession(provider, policy=once()), config=replace(config, theme=theme))
    assert snap_compare(app, terminal_size=SIZES[size], run_before=act)
