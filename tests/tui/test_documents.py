"""The documents screen: taking in, listing, taking out, and what the chat sees of it."""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from atlas_tui.config import Config, ProviderConfig, RetrievalSettings
from atlas_tui.tui.screens.documents import Documents
from atlas_tui.tui.screens.sources import Sources
from tests.servers.scripted import Body, Request, ScriptedServer
from tests.tui.driving import Driver, driving
from tests.tui.papers import fresh, places


async def test_documents_are_added_listed_and_taken_out_on_their_screen(place: Path, tmp_path: Path) -> None:
    config = fresh(tmp_path)
    (place / "blob.bin").write_bytes(bytes(range(256)) * 8)
    async with driving(config=config) as user:
        await user.paste("/documents")
        await user.press("enter")
        await user.shows("documents", "nothing in it yet: type a path above")
        await user.paste(str(place)[:-2])
        await user.until(lambda: user.app.screen.query_one("Input")._suggestion != "")  # type: ignore[attr-defined]
        await user.press("tab")
        await user.press("enter")
        await user.shows("documents: 3 new, 0 unchanged", "skipped 1: 1 binary", "3 documents")
        await user.press("escape")
        await user.shows("1 binary · F8 sends passages")  # they are not used yet, and that is said
        user.app.chat.act("documents")
        await user.shows("3 documents")
        await user.press("tab")
        await user.shows("install.md", "rope.md", "wind.md", "Del take out")
        await user.click_on("rope.md")
        assert isinstance(user.app.screen, Sources)
        await user.press(*"rope")
        await user.shows_no("wind.md")
        await user.press("delete")
        await user.shows("Del again takes out rope.md")
        await user.press("delete")
        await user.shows("Nothing found")
        await user.press("tab")
        await user.shows("2 documents")
        await user.press("ctrl+n", *"novels", "enter")
        await user.shows("novels")
        await user.press("enter")
        await user.shows("nothing is indexed in novels; there is documents")
        assert user.app.chat.grounding.knowledge.collection_name == "novels"
        user.app.chat.act("documents")
        await user.shows("2 documents")
        await user.press("up", "delete", "delete")
        await user.shows_no("2 documents")
        await user.press("escape")
        assert not isinstance(user.app.screen, Documents)


def many_pages(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.md").write_text(f"# Page {number}\n\n" + f"word{number} " * 2000)
    return folder


async def test_an_indexing_goes_on_without_its_screen(tmp_path: Path) -> None:
    many = many_pages(tmp_path / "many", 100)
    async with driving(config=fresh(tmp_path)) as user:
        user.app.chat.act("documents")
        await user.shows("type a path above")
        await user.paste(str(many))
        await user.press("enter", "escape")
        user.app.chat.act("documents")
        await user.shows("documents: 100 new, 0 unchanged", "100 documents")
        assert not user.app.chat.indexing.running


async def test_an_indexing_is_stopped_and_done_to_the_end_later(place: Path, tmp_path: Path, config: Config) -> None:
    more = many_pages(tmp_path / "more", 3)
    other = sqlite3.connect(tmp_path / "library" / "library.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # nothing gets in meanwhile
    async with driving(config=config) as user:
        user.app.chat.act("documents")
        await user.shows("3 documents")
        await user.paste(str(more))
        await user.press("enter")
        await user.shows("^C stop")
        await user.press("ctrl+c")
        other.close()
        await user.shows("stopped: what is done stays")
        assert not user.app.chat.indexing.running
        await user.paste(str(more))
        await user.press("enter")
        await user.shows("6 documents")


async def test_a_path_that_is_not_there_is_said(config: Config) -> None:
    async with driving(config=config) as user:
        user.app.chat.act("documents")
        await user.shows("type a path above")
        await user.paste("/no/such/place")
        await user.press("enter")
        await user.shows("there is no /no/such/place")


async def test_what_is_taken_in_can_be_used_while_its_meaning_is_still_sought(
    place: Path, tmp_path: Path, server: ScriptedServer
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def embed(request: Request) -> Body:
        asked.set()
        assert go_on.wait(20)
        rows = [{"index": number, "embedding": [1.0, 0.5]} for number, _ in enumerate(request.json["input"])]
        return Body(json.dumps({"data": rows}).encode())

    server.routes["/v1/embeddings"] = embed
    settings = RetrievalSettings(embedder="local:m", context=True)
    local = ProviderConfig(kind="openai", base_url=f"{server.url}/v1", model="m")
    config = Config(db_path=str(tmp_path / "fresh"), retrieval=settings, providers={"local": local})
    try:
        async with driving(config=config) as user:
            await user.shows("nothing is indexed yet")
            user.app.chat.act("documents")
            await user.shows("type a path above")
            await user.paste(str(place))
            await user.press("enter")
            await user.until(asked.is_set)
            await user.shows(
                "finding meanings", "3 new, 0 unchanged · words find all of it", "3 documents", "words alone"
            )
            await user.press("escape")
            await user.shows("indexing goes on", "documents · 3 documents. What fits")
            await user.paste("rope")
            await user.shows("[1] rope.md:1-3")
            go_on.set()
            await user.shows("documents: 3 new, 0 unchanged · 3 embedded")
            user.app.chat.act("documents")
            await user.shows("words + local:m")
    finally:
        go_on.set()


async def test_a_collection_is_brought_up_to_date(place: Path, config: Config) -> None:
    async with driving(config=config, size=(80, 24)) as user:
        (place / "rope.md").write_text("# Rope\n\nThe rope is blue by now.\n")
        (place / "wind.md").unlink()
        user.app.chat.act("documents")
        await user.shows("3 documents", "^R renew   Del take out")
        await user.press("ctrl+r")
        await user.shows("documents: 1 changed, 1 removed, 1 unchanged", "2 documents")
        await user.press("escape")
        await user.paste("rope")
        await user.until(lambda: places(user) == ["rope.md"])
        await user.press("f12")
        await user.shows("The rope is blue by now.")


async def test_a_document_is_opened_in_the_editor(
    place: Path, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with driving(config=config) as user:
        user.app.chat.act("documents")
        await user.shows("3 documents")
        await user.press("tab")
        await user.shows("rope.md", "Enter $EDITOR")
        (place / "install.md").unlink()
        await user.press("enter")
        await user.shows("install.md is not there any more")
        await user.press("escape")
        await user.shows("3 documents", "Enter use it")


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
async def test_in_the_terminals_own_colours_what_is_highlighted_can_be_read(
    place: Path, config: Config, theme: str
) -> None:
    async with driving(config=replace(config, theme=theme)) as user:
        await user.paste("How do I install a kite?")
        await user.until(lambda: len(places(user)) == 3)
        await user.press("f12")
        assert_readable(user, "[1] install.md")
        user.app.chat.act("documents")
        await user.shows("3 documents", "Enter use it")
        assert_readable(user, "● documents")


def assert_readable(user: Driver, text: str) -> None:
    """Where this stands is marked, but not by another ground: no other colour of the terminal's is safe on it."""
    row = next(number for number, line in enumerate(user.lines) if text in line)
    strip = user.app.screen._compositor.render_strips()[row]
    marked = [segment.style for segment in strip if segment.style and segment.style.underline]
    assert marked
    assert all(style.bgcolor is None or style.bgcolor.is_default for style in marked)
