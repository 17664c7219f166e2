"""How passages look in a comparison. After a change that is meant: run it with `--snapshot-update`, then look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from atlas_tui.config import Config
from tests.played import PlayedProvider, says
from tests.tui.compare.driving import Compared, Known
from tests.tui.compare.test_grounding import write
from tests.tui.compare.test_snapshots import SIZES, THEMES, PacedSession, alone
from tests.tui.driving import make_app, once, steering

__all__ = ["alone"]

ANSWERS = {
    "one": 'It is crimson [1], as in "the rope of the kite is crimson" [1].',
    "two": 'They say "the rope is green" [2].\n\n```python\nwind = 12\nprint(wind)\n```\n\nSo pull [3][7].',
}
Act = Callable[[Compared], Awaitable[None]]


async def chosen(compared: Compared) -> None:
    """One is pinned, another left out."""
    await write(compared, "How do I install a kite?")
    await compared.user.press("f12", "down", "p", "down", "x")


async def answered(compared: Compared) -> None:
    """The columns cite what is shown beside them."""
    await write(compared, "What colour is the rope of the kite in the wind?")
    await compared.user.press("enter")
    await compared.ended()
    await compared.user.press("tab", "f12")


async def previewed(compared: Compared) -> None:
    """One is shown in full."""
    await chosen(compared)
    await compared.user.press("v", "left")


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("act", [chosen, answered, previewed])
def test_passages(snap_compare: Callable[..., bool], config: Config, act: Act, size: str, theme: str) -> None:
    providers = [PlayedProvider(says(text), name=name) for name, text in ANSWERS.items()]
    config = replace(config, theme=theme)
    catalogue = Known(providers, config)
    app = make_app(session=PacedSession(providers[0], policy=once()), config=config, catalogue=catalogue)

    async def run_before(pilot: Pilot[Any]) -> None:
        user = steering(pilot)
        await user.begun()
        await user.ask("/compare one two")
        compared = await Compared(user).furnished()
        compared.screen.prompt.editor.cursor_blink = False
        await act(compared)
        screen = compared.screen
        # What the prompt would cost is said half a second after it was last changed, and counts where the files are.
        await user.until(lambda: screen.estimating._timer is None and not len(user.app.workers))
        screen.status.outlook = ""
        screen.status.say("")
        await user.idle()

    assert snap_compare(app, terminal_size=SIZES[size], run_before=run_before)
