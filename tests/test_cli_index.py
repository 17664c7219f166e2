"""`atlas-tui index`: what a person and a script see of it."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from atlas_tui.cli.index import progress_line, summary
from atlas_tui.config import data_dir
from atlas_tui.retrieval.indexing import Progress, Report
from atlas_tui.retrieval.tree import Skipped
from tests.command import Result, Terminal, run, start
from tests.retrieval.files import zip_bomb


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "guide.md").write_text("# Guide\n\nPress the green button.\n")
    (folder / "notes.txt").write_text("Buy milk.\n")
    return folder


def indexed(*arguments: str) -> dict[str, Any]:
    result = run("index", "--json", *arguments)
    assert result.status == 0, result.err
    form: dict[str, Any] = json.loads(result.out)
    return form


class TestSummary:
    def test_one_line_says_what_was_done(self, tree: Path) -> None:
        result = run("index", str(tree))
        assert (result.status, result.err) == (0, "")
        assert result.out.startswith("2 new, 0 unchanged · 2 chunks from 43 bytes in ")
        (tree / "notes.txt").unlink()
        assert run("index", str(tree)) == Result(0, "1 removed, 1 unchanged\n", "")

    def test_with_rate_and_reasons(self) -> None:
        report = Report(added=1, changed=2, removed=3, unchanged=4000, chunks=1, bytes=5_000_000, seconds=2.0)
        report.skipped = [Skipped("a", "30 MB, more than 20 MB"), *[Skipped("b", "hidden", True)] * 2]
        assert summary(report) == (
            "1 new, 2 changed, 3 removed, 4,000 unchanged · 1 chunk from 5 MB in 2.0 s, 2.5 MB/s"
            " · skipped 3: 2 hidden, 1 too large"
        )

    def test_as_json(self, tree: Path) -> None:
        (tree / "photo.png").write_bytes(b"\x89PNG")
        form = indexed(str(tree))
        assert form.pop("seconds") >= 0
        assert form == {
            "collection": "documents",
            "added": 2,
            "changed": 0,
            "unchanged": 0,
            "removed": 0,
            "chunks": 2,
            "bytes": 43,
            "skipped": [{"source": str(tree / "photo.png"), "reason": "binary"}],
            "partial": [],
            "left": 0,
            "embedder": None,
            "embedded": 0,
            "refused": 0,
            "interrupted": False,
        }

    def test_each_trouble_is_one_safe_line(self, tree: Path) -> None:
        (tree / "two\nlines \x1b[31m.docx").write_bytes(zip_bomb())
        (tree / "loop").symlink_to(tree)
        with open(tree / "huge.txt", "wb") as file:
            file.truncate(200_000_000)
        result = run("index", str(tree))
        assert result.status == 0
        assert "\x1b" not in result.out + result.err
        assert "2 new" in result.out
        assert sorted(line.removeprefix(f"atlas-tui: {tree}/") for line in result.err.splitlines()) == [
            "huge.txt: 200 MB, more than 20 MB",
            "loop: a symbolic link to a folder that it stands in: a loop",
            "two lines ␛[31m.docx: would unpack to 200 MB: a ZIP bomb",
        ]

    def test_much_trouble_is_cut(self, tree: Path) -> None:
        for number in range(30):
            (tree / f"{number}.docx").write_bytes(b"rubbish")
        result = run("index", str(tree))
        assert len(result.err.splitlines()) == 21
        assert result.err.splitlines()[-1] == "atlas-tui: 10 more are skipped: --json lists them all"


class TestArguments:
    def test_without_a_path_all_that_was_ever_given_is_brought_up_to_date(self, tree: Path) -> None:
        assert indexed("--max-size", "4kB", str(tree))["added"] == 2
        (tree / "new.md").write_text("Feed the cat.\n")
        (tree / "large.txt").write_text("word " * 1000)
        assert run("index", "--remove", str(tree / "notes.txt")).status == 0
        result = run("index")
        assert (result.status, result.err) == (0, f"atlas-tui: {tree}/large.txt: 5 kB, more than 4 kB\n")
        assert result.out.startswith("1 new, 1 unchanged · 1 chunk")
        assert result.out.endswith("skipped 2: 1 too large, 1 taken out\n")

    def test_a_size_limit(self, tree: Path) -> None:
        (tree / "large.txt").write_text("word " * 1000)
        assert indexed("--max-size", "4kB", str(tree))["added"] == 2
        assert indexed("--max-size", "1MB", str(tree))["added"] == 1

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ([], "nothing to index: give a file or a folder"),
            (["nowhere"], "there is no nowhere: check the path"),
            (["--max-size", "4kB"], "--max-size is kept for each PATH"),
            (["--max-size", "much", "x"], "must be a size such as 500kB, 20MB or 1GB"),
            (["--watch", "--list"], "not allowed with"),
        ],
    )
    def test_what_is_wrong_is_said(self, arguments: list[str], words: str) -> None:
        result = run("index", *arguments)
        assert (result.status, result.out) == (2, "")
        assert words in result.err
        assert result.err.count("\n") == 1

    def test_collections_are_apart_listed_and_emptied(self, tree: Path) -> None:
        assert run("index", "--list").err == (
            "atlas-tui: nothing is indexed yet: `atlas-tui index PATH` takes in files and folders\n"
        )
        indexed(str(tree))
        indexed(str(tree / "notes.txt"), "--collection", "other")
        listed = json.loads(run("index", "--list", "--json").out)["collections"]
        assert [(each["name"], each["sources"], each["chunks"]) for each in listed] == [
            ("documents", 2, 2),
            ("other", 1, 1),
        ]
        assert "other" in run("index", "--list").out
        documents = run("index", "--list", "--collection", "other").out
        assert documents.rstrip().endswith("/notes.txt")
        assert run("index", "--remove", str(tree / "guide.md")).out == "removed 1 document\n"
        assert json.loads(run("index", "--list", "--json").out)["collections"][0]["sources"] == 1
        assert run("index", "--remove", "--collection", "other").out == "removed 1 document\n"
        assert [each["name"] for each in json.loads(run("index", "--list", "--json").out)["collections"]] == [
            "documents"
        ]

    def test_what_is_taken_out_must_be_said_and_have_been_there(self, tree: Path) -> None:
        indexed(str(tree))
        nothing = run("index", "--remove", str(tree / "nothing.md"))
        assert (nothing.status, nothing.out) == (0, "removed 0 documents\n")
        assert "nothing was indexed there" in nothing.err
        assert run("index", "--remove").err.startswith("atlas-tui: nothing to remove: give a file or a folder")


def test_a_damaged_library_is_set_aside_and_built_anew(tree: Path) -> None:
    indexed(str(tree))
    library = data_dir() / "chroma" / "library.sqlite3"
    library.write_bytes(b"rubbish" * 1000)
    assert "index again, which builds a new one" in run("search", "green").err
    result = run("index", str(tree))
    assert (result.status, result.out.partition(" ·")[0]) == (0, "2 new, 0 unchanged")
    assert "was damaged: it is set aside as" in result.err
    assert run("search", "green").out


class TestTerminal:
    def test_the_bar_shows_rate_and_remaining_time(self) -> None:
        line = progress_line(Progress(500, 400, 100, 8_000_000, 2_000_000, 1.0, 0, "/tree/a.txt"))
        assert line.partition(" 25% · ")[2] == "100 of 400 files · 2 MB/s · 0:03 left · /tree/a.txt"
        assert progress_line(Progress(1)) == "looking · 1 file"
        deep = progress_line(Progress(1, 1, source=f"/tree/{'folder/' * 20}a.txt"))
        assert deep.endswith("/folder/folder/a.txt")
        assert len(deep) < 100

    def test_the_bar_goes_when_it_is_done(self, tree: Path) -> None:
        for number in range(40):
            (tree / f"{number}.txt").write_text(f"word{number} " * 20_000)
        terminal = Terminal("index", str(tree), columns=160)
        assert terminal.end() == 0
        assert "━" in terminal.raw.decode()
        assert " left · " in terminal.raw.decode()
        (line,) = terminal.lines
        assert line.startswith("42 new, 0 unchanged")

    def test_ctrl_c_keeps_what_is_done(self, tree: Path) -> None:
        for number in range(100):
            (tree / f"{number}.txt").write_text(f"word{number} " * 10_000)
        terminal = Terminal("index", str(tree), columns=160)
        terminal.shows(" left · ")
        terminal.process.sendintr()
        assert terminal.end() == 130
        assert terminal.lines[-1].startswith("atlas-tui: interrupted (")
        assert terminal.lines[-1].endswith("files left): what is done stays, the same command does the rest")
        form = indexed(str(tree))
        assert form["unchanged"] > 0
        assert form["added"] + form["unchanged"] == 102

    def test_who_watches_is_told_so_at_once(self, tree: Path) -> None:
        terminal = Terminal("index", "--watch", str(tree), columns=100)
        terminal.wait(lambda lines: "watching 2 files" in lines)
        (tree / "new.txt").write_text("new")
        terminal.wait(lambda lines: "watching 3 files" in lines)
        terminal.process.sendintr()
        assert terminal.end() == 130
        assert "watching" not in "".join(terminal.lines)

    def test_watching_goes_on_until_the_end_is_asked_for(self, tree: Path) -> None:
        with start("index", "--watch", "--json", str(tree)) as process:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["added"] == 2
            (tree / "new.txt").write_text("new")
            assert json.loads(process.stdout.readline())["added"] == 1
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=10)
        assert (process.returncode, err) == (130, "")


def test_a_path_that_is_empty_is_not_the_folder_one_stands_in(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script's variable without a value: all of the folder would come in, or be taken out."""
    monkeypatch.chdir(tree)
    assert indexed(".")["added"] == 2
    for arguments in (["--remove", ""], [str(tree), ""]):
        done = run("index", *arguments)
        assert (done.status, done.out) == (2, "")
        assert done.err == "atlas-tui: a PATH is empty: give a file or a folder (. is this one)\n"
    assert indexed()["unchanged"] == 2
