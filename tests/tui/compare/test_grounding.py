"""Passages in a comparison: all columns get the same ones, which are seen and chosen before."""

from __future__ import annotations

from pathlib import Path

import pytest

from atlas_tui.config import Config
from atlas_tui.tui.screens.passage import PassageScreen
from tests.played import PlayedProvider
from tests.tui.compare.driving import Compared, comparing, played
from tests.tui.papers import asked

pytestmark = pytest.mark.usefixtures("place")


def along(compared: Compared) -> list[str]:
    """The sources that the comparison's panel says go along, in their order."""
    listed = compared.screen.layout_of.shelf.context.passages
    return [Path(each.document["metadata"]["source"]).name for each in listed if each.number is not None]


def two() -> tuple[PlayedProvider, PlayedProvider]:
    return played("one", "It is red [1].", "So."), played("two", "Crimson [1] [7].", "So.")


async def write(compared: Compared, text: str) -> None:
    """Write a prompt instead of what stands there, and wait for its passages."""
    compared.screen.prompt.text = ""
    await compared.user.paste(text)
    await compared.user.until(lambda: bool(along(compared)))  # nothing goes along with the example that stood there


async def test_what_is_seen_and_chosen_is_what_all_columns_get(config: Config) -> None:
    one, other = two()
    async with comparing(one, other, config=config) as compared:
        user = compared.user
        await write(compared, "the kite's rope, the wind")
        await user.until(lambda: "rope.md" in along(compared))
        await user.shows("CONTEXT", "The rope of the kite is crimson.", "passages")
        await user.press("f12", "x")
        await user.shows("[–]", "Space in or out")
        await user.press("down", "p")
        chosen = along(compared)
        pinned = chosen[0]
        await user.press("escape")
        assert compared.screen.prompt.editor.has_focus
        await user.press("enter")
        await compared.ended()
        documents = user.session.turns[0].documents
        assert [Path(each["metadata"]["source"]).name for each in documents] == chosen
        assert asked(one) == asked(other)
        assert "<passages>" in asked(one)
        await user.shows("went along with this prompt")
        await user.press("f7")
        await user.until(lambda: user.app.screen is user.app.chat)
        await user.paste("something else: wind")
        chat = user.app.chat.sidebar.context
        await user.until(lambda: any(each.number for each in chat.passages))
        assert chat.passages[0].pinned
        assert Path(chat.passages[0].document["metadata"]["source"]).name == pinned


async def test_a_citation_in_a_column_leads_to_its_passage(config: Config) -> None:
    async with comparing(*two(), config=config, size=(180, 40)) as compared:
        user = compared.user
        await write(compared, "rope")
        await user.press("enter")
        await compared.ended()
        await user.shows("Crimson [1]")
        row = next(number for number, line in enumerate(user.lines) if "Crimson [1]" in line)
        column = user.lines[row].index("Crimson [1]") + len("Crimson ")
        await user.pilot.click(offset=(column + 1, row))
        await user.until(lambda: isinstance(user.app.screen, PassageScreen))
        await user.shows("rope.md:1-3", "The rope of the kite is crimson.")
        await user.press("escape")
        await user.pilot.click(offset=(user.lines[row].index("[7]") + 1, row))
        await user.shows("there is no passage [7]: 1 were sent")


async def test_one_key_switches_it_off_and_on_here_and_in_the_chat(config: Config) -> None:
    one, other = two()
    async with comparing(one, other, config=config) as compared:
        user = compared.user
        assert compared.screen.layout_of.shelf.display
        await user.press("f8")
        await user.shows("context off")
        assert not compared.screen.layout_of.shelf.display
        await compared.asked("rope")
        assert asked(one) == asked(other) == "rope"
        assert not user.app.chat.grounding.on
        await user.press("f8")
        await user.shows("context on: documents, 3 documents")
        await compared.asked("rope")
        assert "crimson" in asked(one)


async def test_where_there_is_little_room_a_key_brings_it_and_takes_it_away(config: Config) -> None:
    async with comparing(*two(), config=config, size=(100, 30)) as compared:
        user, shelf = compared.user, compared.screen.layout_of.shelf
        assert not shelf.display
        compared.screen.prompt.text = ""
        await user.paste("rope")
        await user.shows("1 passage")
        for back in ("f12", "escape"):
            await user.press("f12")
            assert shelf.display
            await user.shows("rope.md:1-3", "Space in or out", "F12 back")
            await user.press(back)
            assert not shelf.display
            assert compared.screen.prompt.editor.has_focus


async def test_every_frame_is_laid_out_for_its_width(config: Config) -> None:
    one, two = (played(name, "Kites fly in the wind [1]. " * 20) for name in ("one", "two"))
    async with comparing(one, two, config=config, size=(80, 24)) as compared:
        user, frames = compared.user, []
        await compared.asked("rope")
        layouts = compared.screen.screen_layout_refresh_signal
        layouts.subscribe(compared.screen, lambda _: frames.append(user.lines[3:20]), immediate=True)
        for _ in range(2):  # it comes, and goes
            await user.press("f12")
            assert [frame for frame in frames if frame != user.lines[3:20]] == []
            frames.clear()
        await user.paste("Does the kite need wind?")
        await user.until(lambda: "wind.md" in along(compared))
        await user.press("f12")
        assert "A kite needs wind, always." in user.screen, "one that was filled unseen has the width of now"
