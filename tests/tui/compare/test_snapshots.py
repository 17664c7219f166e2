"""How a comparison looks. After a change that is meant: run this file with `--snapshot-update`, then look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from atlas_tui.config import Config
from atlas_tui.errors import ProviderError
from atlas_tui.models.base import CancelToken, Emit, End, Provider, TextDelta, Timing
from atlas_tui.models.mock import MockProvider
from atlas_tui.session import Session, Turn
from atlas_tui.tui.app import AtlasApp
from atlas_tui.tui.screens.compare import judging as judging_room
from tests.played import PlayedProvider
from tests.tui.compare.driving import Compared, Known
from tests.tui.driving import make_app, once, steering

Compare = Callable[..., bool]
SIZES = {"wide": (200, 60), "usual": (120, 40), "small": (80, 24)}
THEMES = ["atlas-dark", "atlas-light"]
LEFT = (
    "The bridge has **12** spans and was built of steel in 1890.\n\nIt crosses the firth.\n\n"
    "```python\nlength = 2467\nprint(length)\n```\n\n- It was the longest of its kind.\n- It is painted red."
)
RIGHT = (
    "The bridge has **15** spans and was built of steel in 1890.\n\nIt crosses the firth.\n\n"
    "```python\nlength = 2528\nprint(length)\n```\n\n- It is painted red, all year round.\n\n> Take the train."
)
THIRD = "A railway bridge of steel, opened in 1890.\n\n| span | metres |\n| --- | --- |\n| main | 521 |\n| side | 207 |"
PACE = {"anthropic": Timing(0.42, 3.10, 61.5), "openai": Timing(0.31, 2.96, 48.1), "lab": Timing(0.08, 1.25, 122.0)}


class PacedSession(Session):
    """A session in which every provider has a pace of its own, the same on every machine."""

    async def run(self, turn: Turn, emit: Emit, cancel: CancelToken, **options: Any) -> End:
        end = await super().run(turn, emit, cancel, **options)
        pace = PACE.get(end.response.provider, Timing(0.5, 1.0, 20.0))
        if end.response.content:
            end.response.timing = pace
        end.response.attempts = tuple(replace(each, duration=pace.duration) for each in end.response.attempts)
        return end


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server of the person who runs the tests answers, and columns change places in a known way."""
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    judging_room.shuffle.seed(7)


def answering(count: int) -> list[Provider]:
    lost = ProviderError("connection", "the connection was lost")
    return [
        MockProvider("claude-x", name="anthropic", delay_ms=0, response=LEFT),
        MockProvider("gpt-x", name="openai", delay_ms=0, response=RIGHT),
        MockProvider("qwen3", name="lab", delay_ms=0, response=THIRD),
        PlayedProvider([TextDelta("A bridge in"), lost], name="ollama", model="llama3"),
        PlayedProvider([ProviderError("auth", "the key was refused", status=401)], name="far", model="other"),
    ][:count]


def app(theme: str, providers: Sequence[Provider]) -> AtlasApp:
    session = PacedSession(providers[0], policy=once())
    return make_app(session=session, config=Config(theme=theme), catalogue=Known(providers))


def compared(
    providers: Sequence[Provider], *actions: str, prompt: str = "Tell me of the bridge", keys: Sequence[str] = ()
) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Open a comparison, ask, run actions of the table, press keys."""

    async def run_before(pilot: Pilot[Any]) -> None:
        user = steering(pilot)
        chat = user.app.chat
        await user.until(lambda: chat.opened and bool(chat.catalogue.statuses))
        chat.act("compare", " ".join(provider.target for provider in providers))
        screen = (await Compared(user).furnished()).screen
        screen.prompt.editor.cursor_blink = False
        await pilot.pause()
        if prompt:
            screen.prompt.text = ""
            screen.asking.ask(prompt)
            await user.until(lambda: not screen.columns.running)
        else:
            await user.until(lambda: bool(screen.status.outlook))  # what the example would cost
        for action in actions:
            screen.act(action)
            await pilot.pause()
        screen.status.say("")
        await pilot.press(*keys)
        await user.app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.pause()

    return run_before


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("columns", [2, 3, 4, 5])
def test_columns(snap_compare: Compare, columns: int, size: str, theme: str) -> None:
    providers = answering(columns)
    run = compared(providers, "race", "column_2")
    assert snap_compare(app(theme, providers), terminal_size=SIZES[size], run_before=run)


@pytest.mark.parametrize("size", SIZES)
def test_before_the_first_prompt(snap_compare: Compare, size: str) -> None:
    providers = answering(3)
    assert snap_compare(
        app("atlas-dark", providers), terminal_size=SIZES[size], run_before=compared(providers, prompt="")
    )


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
def test_one_alone(snap_compare: Compare, size: str, theme: str) -> None:
    providers = answering(3)
    run = compared(providers, "column_3", "pin", "adopt", "expand")
    assert snap_compare(app(theme, providers), terminal_size=SIZES[size], run_before=run)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("action", ["differences", "vote"])
def test_what_is_opened(snap_compare: Compare, action: str, size: str, theme: str) -> None:
    providers = answering(3)
    run = compared(providers, "column_1", action)
    assert snap_compare(app(theme, providers), terminal_size=SIZES[size], run_before=run)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
def test_blind(snap_compare: Compare, size: str, theme: str) -> None:
    providers = answering(3)
    run = compared(providers, "blind", "race")
    assert snap_compare(app(theme, providers), terminal_size=SIZES[size], run_before=run)


@pytest.mark.parametrize("size", ["usual", "small"])
def test_the_leaderboard(snap_compare: Compare, size: str) -> None:
    providers = answering(3)
    run = compared(providers, "column_1", keys=["v", "a", "L"])
    assert snap_compare(app("atlas-dark", providers), terminal_size=SIZES[size], run_before=run)
