"""The actions of the comparison: each has one method, Tab leads to the columns, and the chat does not pay for it."""

from __future__ import annotations

import subprocess
import sys

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import TextDelta
from atlas_tui.policy import Policy, RetrySettings
from atlas_tui.session import Session
from atlas_tui.tui import actions, commands
from atlas_tui.tui.screens.compare.rooms import ACTIONS as ROOMS
from tests.played import HANG, PlayedProvider, says
from tests.tui.compare.driving import comparing, played


def test_every_action_can_be_run() -> None:
    for action in actions.ACTIONS:
        if {"app", "compare"} & set(action.on):
            assert len([room for room in ROOMS if hasattr(room, action.id)]) == 1, action.id


async def test_tab_leads_from_the_prompt_to_the_current_column_and_back() -> None:
    async with comparing(played("one", "1"), played("two", "2")) as compared:
        user = compared.user
        await compared.asked("Why?")
        assert compared.screen.prompt.editor.has_focus
        await user.press("tab")
        assert compared.views[0].pane.log_view.has_focus
        await user.press("2")
        assert compared.views[1].pane.log_view.has_focus
        await user.shows("a adopt")
        await user.press("tab")
        assert compared.screen.prompt.editor.has_focus
        await user.press("tab")
        assert compared.views[1].pane.log_view.has_focus


async def test_help_and_palette_are_those_of_the_comparison() -> None:
    async with comparing(played("one", "1"), played("two", "2"), size=(120, 84)) as compared:
        user = compared.user
        await user.press("f1")
        await user.shows(*(action.text for action in commands.helped("compare")))
        await user.press("escape")
        await user.press("ctrl+p")
        await user.press(*"race table", "enter")
        await user.press("enter")
        await user.shows("attempts")


async def test_a_click_takes_a_column_and_sorts_the_race() -> None:
    async with comparing(played("one", "1"), played("two", "some words more"), size=(120, 40)) as compared:
        user = compared.user
        await compared.asked("Why?")
        await user.click(*compared.views[1].pane.head.region.offset)
        assert compared.screen.current is compared.views[1]
        await user.press("t")
        await user.shows("attempts")
        table = compared.screen.layout_of.race
        row, heading = next((row, line) for row, line in enumerate(user.lines) if "TTFT   total" in line)
        await user.click(heading.index("words") + 2, row)
        assert table.sorted_by == "words"
        await user.resize(80, 24)
        await user.click_on("1 test-model", right=4)
        assert compared.screen.current is compared.views[0]


async def test_nothing_ticks_at_rest() -> None:
    async with comparing(played("one", "1"), played("two", "2")) as compared:
        columns = compared.screen.columns
        await compared.asked("Why?")
        assert not columns._timer._active.is_set()
        await compared.ask("Again?")
        await compared.ended()
        assert not columns._timer._active.is_set()


def test_the_chat_loads_nothing_of_it() -> None:
    program = (
        "import atlas_tui.tui.app, atlas_tui.tui.screens.chat.rooms, sys\n"
        "mine = ('atlas_tui.comparison', 'atlas_tui.tui.screens.compare')\n"
        "print([name for name in sys.modules if name.startswith(mine)])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert found.stdout.strip() == "[]"


async def test_while_a_column_waits_to_ask_again_its_keys_are_those_of_the_footer() -> None:
    down = PlayedProvider([ProviderError("overloaded", "busy")], says("At last."), name="down")
    held = PlayedProvider([TextDelta("Half"), HANG], name="held")
    patient = Policy(RetrySettings(first_wait=3600.0, longest_wait=3600.0, total_wait=1e9), jitter=lambda: 1.0)
    session = Session(down, fallback=[held], policy=patient)
    async with comparing(down, held, session=session) as compared:
        user = compared.user
        await compared.ask("Why?")
        await user.shows("Half", "attempt 2 in 3600 s", "Esc stop", "^R retry", "F6 fall back")
        await compared.to_column(2)
        await user.shows("Esc stop")
        await user.shows_no("^R retry", "F6 fall back")
        await user.press("1", "f5")
        await user.shows("At last.")
        await user.shows_no("^R retry")
        await user.press("2", "escape")
        await compared.ended()
        assert (len(down.requests), len(held.requests)) == (2, 1)
