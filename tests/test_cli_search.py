"""`atlas-tui search`: passages for people and for scripts."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from atlas_tui.cli.search import excerpt
from tests.command import QUICK, Terminal, run, settings

EMPTY = "atlas-tui: nothing is indexed yet: `atlas-tui index PATH` takes in files and folders\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tree"
    (folder / "docs").mkdir(parents=True)
    filler = "Nothing of note stands here. " * 20
    (folder / "docs/guide.md").write_text(
        f"# Guide\n\n{filler}\n\n## Buttons\n\n{filler}Press the green button twice.\n"
    )
    (folder / "notes.txt").write_text("Buy green tea \x1b[31mand\x07 [bold]milk[/bold].\n")
    monkeypatch.chdir(folder)
    assert run("index", ".").status == 0
    return folder


def test_people_get_source_lines_score_title_and_excerpt(tree: Path) -> None:
    result = run("search", "green", "buttons", "--in", "docs")
    assert (result.status, result.err) == (0, "")
    head, *passage = result.out.splitlines()
    assert re.fullmatch(r"docs/guide\.md:5-7  \d\.\d\d  Guide > Buttons", head)
    assert len(passage) == 4
    assert all(line.startswith("    ") and len(line) <= 100 for line in passage)
    assert "Press the green button" in " ".join(passage)


def test_what_documents_contain_is_shown_not_obeyed(tree: Path) -> None:
    result = run("search", "tea")
    assert result.out.splitlines()[1] == "    Buy green tea ␛[31mand␇ [bold]milk[/bold]."
    assert "\x1b" not in run("search", "tea", "--json").out


def test_a_terminal_shows_the_words_in_bold(tree: Path) -> None:
    terminal = Terminal("search", "green tea")
    assert terminal.end() == 0
    assert b"\x1b[1mgreen\x1b[22m \x1b[1mtea\x1b[22m" in terminal.raw
    assert "\x1b" not in run("search", "green tea").out


def test_scripts_get_documents(tree: Path) -> None:
    (document,) = json.loads(run("search", "button", "--json", "-k", "1").out)["documents"]
    assert document["content"].endswith("Press the green button twice.")
    assert document["metadata"]["source"] == str(tree / "docs/guide.md")
    assert (document["metadata"]["first_line"], document["metadata"]["last_line"]) == (5, 7)
    assert document["why"] == ["button"]


@pytest.mark.parametrize(
    ("within", "names"),
    [("docs", {"guide.md"}), ("*.txt", {"notes.txt"}), ("guide.md", {"guide.md"}), ("d?cs/*.md", {"guide.md"})],
)
def test_only_where_it_is_wanted(tree: Path, within: str, names: set[str]) -> None:
    documents = json.loads(run("search", "green", "--json", "--in", within).out)["documents"]
    assert {os.path.basename(document["metadata"]["source"]) for document in documents} == names


def test_from_elsewhere_the_source_is_whole(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path / "home")
    assert run("search", "milk").out.startswith(f"{tree}/notes.txt:1  ")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run("search", "milk").out.startswith("~/tree/notes.txt:1  ")


def test_nothing_found_says_what_to_do(tree: Path) -> None:
    assert run("search", "zebra").err == "atlas-tui: nothing found: try other words\n"
    result = run("search", "green", "--in", "nowhere", "--json")
    assert (result.status, json.loads(result.out)) == (0, {"documents": []})
    assert result.err == "atlas-tui: nothing found: try other words, or leave out --in\n"


def test_an_empty_knowledge_base_says_how_to_fill_it() -> None:
    result = run("search", "anything")
    assert (result.status, result.out, result.err) == (0, "", EMPTY)


def test_an_excerpt_has_the_lines_with_the_most_of_the_words() -> None:
    code = "\tdef alpha():\n\t\tone\n\n\t\ttwo\n\t\tthree\n\t\tfour\n\t\tbeta\n\t\t\tgamma\n\t\tfive\n"
    words = re.compile("alpha|beta|gamma")
    assert excerpt(code, words, 80) == ["three", "four", "beta", "    gamma"]
    assert excerpt("short\ntext\n", None, 80) == ["short", "text"]
    prose = excerpt("filler " * 100 + "alpha beta gamma " + "filler " * 100, words, 70)
    assert "alpha beta gamma" in " ".join(" ".join(prose).split())
    assert max(map(len, prose)) <= 70


@pytest.mark.parametrize(
    "command", ["search sky", "index --list", "index --remove .", "ask sky", "compare sky -p mock"]
)
def test_a_collection_that_is_not_there_is_an_error(command: str) -> None:
    result = run(*command.split(), "--collection", "nope")
    assert (result.status, result.out) == (2, "")
    assert result.err == "atlas-tui: there is no collection 'nope': `atlas-tui index --list` lists them\n"


def test_a_question_takes_passages_of_the_collection_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATLAS_CONFIG", settings(tmp_path, QUICK))
    (tmp_path / "sea.md").write_text("The sea is salty.\n")
    assert run("index", str(tmp_path / "sea.md"), "--collection", "nature", "--embedder", "none").status == 0
    answer = json.loads(run("ask", "--json", "--collection", "nature", "Is the sea salty?").out)
    assert [document["content"] for document in answer["context"]["documents"]] == ["The sea is salty."]
    nothing = run("ask", "--context", "-q", "Is the sea salty?")
    assert nothing.status == 0
    assert nothing.err.splitlines() == ["atlas-tui: no passage goes along: `atlas-tui search` shows what there is"]
