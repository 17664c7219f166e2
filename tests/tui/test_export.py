"""The conversation leaves the screen as a file, whether or not a history keeps it."""

from __future__ import annotations

import stat
from pathlib import Path

from atlas_tui.models.base import TextDelta
from atlas_tui.store import Journal, Store
from atlas_tui.store.export import from_json
from tests.played import HANG, PlayedProvider, says
from tests.store.rehearsal import session_of
from tests.tui.driving import driving


async def test_without_a_history_it_goes_under_its_first_words(here: Path) -> None:
    async with driving(PlayedProvider(says("Light [b]scatters[/b]."), says("Dark."))) as user:
        await user.ask("/export")
        await user.shows("nothing to export yet")
        await user.asked("Why is the sky / blue?")
        user.app.chat.transcript.focus()
        await user.press("E")
        await user.shows("exported to why-is-the-sky-blue.md")
        await user.press("E")
        await user.shows("exported to why-is-the-sky-blue-2.md")
    file = here / "why-is-the-sky-blue.md"
    assert "Light [b]scatters[/b]." in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_what_the_history_cannot_keep_can_still_be_exported(here: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    store = Store(tmp_path / "data" / "history.db")
    provider = PlayedProvider(says("first"), [TextDelta("half"), HANG])
    async with driving(session=session_of(store, provider)) as user:
        await user.asked("One?")
        await user.ask("Two?")
        await user.shows("half")
        await user.ask("/export all.json")
        await user.shows("exported to all.json; the answer that is coming is not in it")
        await user.ask("/export all.json")
        await user.shows("all.json exists: choose another name")
        await user.ask("/export nowhere/all.json")
        await user.shows("nowhere/all.json cannot be written (No such file or directory)")
        await user.press("escape")
        await user.answered(2)
        await user.ask("/export ALL.HTML")
        await user.shows("exported to ALL.HTML")
    assert store.close()
    taken = from_json((here / "all.json").read_text())
    assert [[stored.response.content for stored in turn.responses] for turn in taken.turns] == [["first"], []]
    assert "half" in (here / "ALL.HTML").read_text()


async def test_a_title_that_was_given_is_exported(here: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "history.db")
    session = session_of(store, PlayedProvider(says("first")))
    assert isinstance(session.journal, Journal)
    async with driving(session=session) as user:
        await user.asked("One?")
        store.rename(session.journal.conversation, "Überblick: ../../etc")
        await user.ask("/export")
        await user.shows("exported to überblick-etc.md")
    assert store.close()
    assert (here / "überblick-etc.md").read_text().startswith('---\ntitle: "Überblick: ../../etc"')
