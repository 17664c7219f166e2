"""`atlas-tui history`, and what `ask` keeps and goes on with."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from atlas_tui.cli.parser import parse
from atlas_tui.config import data_dir
from tests.command import QUICK, Result, run, settings, start
from tests.servers.scripted import Delta, Script, ScriptedServer, Stall


@pytest.fixture
def quick(tmp_path: Path) -> str:
    return settings(tmp_path, QUICK)


def ask(quick: str, *arguments: str) -> Result:
    return run("ask", "-m", "mock-basic", *arguments, "--config", quick)


def listed(*arguments: str) -> list[dict[str, object]]:
    result = run("history", *arguments, "--json")
    assert (result.status, result.err) == (0, "")
    conversations: list[dict[str, object]] = json.loads(result.out)["conversations"]
    return conversations


class TestAsk:
    def test_it_is_kept(self, quick: str) -> None:
        answer = ask(quick, "Why is the sky blue?").out
        (info,) = listed()
        assert (info["title"], info["turns"], info["target"]) == ("Why is the sky blue?", 1, "mock:mock-basic")
        assert answer.strip() in run("history", "show", "last").out

    @pytest.mark.parametrize("switch", ["--no-history", "history = false"])
    def test_it_leaves_no_trace_if_so_wanted(self, tmp_path: Path, switch: str) -> None:
        off = not switch.startswith("-")
        result = ask(settings(tmp_path, f"{switch}\n{QUICK}" if off else QUICK), "Secret?", *([] if off else [switch]))
        assert (result.status, result.err) == (0, "")
        assert not data_dir().exists()

    def test_it_goes_on_with_the_last(self, server: ScriptedServer) -> None:
        server.play(Script.text("four"), Script.text("six"))
        environ = {"OLLAMA_HOST": server.url}
        run("ask", "-p", "ollama", "-m", "test-model", "--system", "Be brief.", "2 + 2?", environ=environ)
        result = run("ask", "-c", "And 2 more?", environ=environ)
        assert result == Result(0, "six\n", "")
        sent = json.loads(server.requests[-1].body)
        assert sent["model"] == "test-model"
        assert [(m["role"], m["content"]) for m in sent["messages"]] == [
            ("system", "Be brief."),
            ("user", "2 + 2?"),
            ("assistant", "four"),
            ("user", "And 2 more?"),
        ]
        (info,) = listed()
        assert info["turns"] == 2

    def test_the_fallback_targets_go_on_with_it(self, quick: str) -> None:
        def asked(*options: str) -> list[str] | None:
            assert ask(quick, *options, "Why?").status == 0
            exported = json.loads(run("history", "export", "last", "--format", "json").out)
            fallback: list[str] | None = exported["fallback"]
            return fallback

        assert asked() is None
        assert asked("--fallback", "mock:mock-advanced") == ["mock:mock-advanced"]
        assert asked("-c") == ["mock:mock-advanced"]
        assert asked("-c", "--fallback", "mock") == ["mock:mock-advanced"]  # which was meant for this once

    def test_what_was_rehearsed_goes_on_as_a_rehearsal(self, quick: str) -> None:
        run("ask", "-p", "anthropic", "--mock", "first", "--config", quick)
        result = run("ask", "-c", "second", "--json", "--config", quick)
        assert result.status == 0
        assert (json.loads(result.out)["mock"], json.loads(result.out)["provider"]) == (True, "anthropic")

    def test_there_must_be_something_to_go_on_with(self, quick: str, tmp_path: Path) -> None:
        result = ask(quick, "-c", "And?")
        words = "there is no conversation to continue: ask without --continue"
        assert result == Result(2, "", f"atlas-tui: {words}\n")
        off = settings(tmp_path, "history = false")
        assert "the history is switched off" in ask(off, "-c", "And?").err

    def test_a_history_that_cannot_be_read_is_the_reason_why_it_does_not_go_on(
        self, quick: str, tmp_path: Path
    ) -> None:
        environ = {"ATLAS_DATA_DIR": quick}  # a file
        result = run("ask", "-c", "And?", "--config", quick, environ=environ)
        assert (result.status, result.out) == (2, "")
        assert result.err.startswith(f"atlas-tui: the history {quick}/history.db cannot be used")
        assert result.err.endswith("there is no conversation to continue\n")

    def test_an_answer_that_is_killed_is_there_and_marked(self, server: ScriptedServer) -> None:
        server.play(Script([Delta("half of it"), Stall()]))
        environ = {"OLLAMA_HOST": server.url}
        with start("ask", "-p", "ollama", "-m", "test-model", "Go on", environ=environ) as process:
            assert process.stdin
            assert process.stdout
            process.stdin.close()
            process.stdout.read(4)
            while "half of it" not in run("history", "show", "last").out:
                assert process.poll() is None
            assert not listed()[0]["interrupted"]
            process.kill()
        assert "Interrupted (interrupted): Atlas was ended while the answer came" in run("history", "show", "last").out
        assert listed()[0]["interrupted"]

    def test_a_history_that_cannot_be_used_is_said_once_and_the_answer_comes(self, quick: str) -> None:
        data_dir().parent.mkdir(parents=True, exist_ok=True)
        data_dir().write_text("a file where the folder should be")
        result = ask(quick, "Still there?")
        assert result.status == 0
        assert result.out.startswith("This is a rehearsed answer")
        assert result.err.count("\n") == 1
        assert result.err.endswith("check the folder: this answer is not kept\n")
        shown = run("history")
        assert (shown.status, shown.err.count("\n")) == (1, 1)
        assert shown.err.endswith("check the folder: what it holds can be neither shown nor changed\n")
        limited = run("ask", "--no-history", "--max-cost-day", "9", "Go", "--config", quick)
        assert limited.status == 0
        assert limited.err.endswith("check the folder: the limit for a day counts this answer alone\n")


class TestTheCommand:
    def test_an_empty_history(self) -> None:
        assert run("history") == Result(0, "", "")
        assert listed() == []

    def test_found_by_its_words(self, quick: str) -> None:
        ask(quick, "Where do zebras live?")
        ask(quick, "Something else")
        result = run("history", "search", "ZEBRAS", "liv")
        assert result.out.count("zebras") == 4  # a title and a line for the prompt, and for the answer that quotes it
        hits = json.loads(run("history", "search", "zebras", "--json").out)["hits"]
        assert [hit["role"] for hit in hits] == ["assistant", "user"]
        assert hits[1]["snippet"][slice(*hits[1]["marks"][0])] == "zebras"
        nothing = "atlas-tui: nothing found: try other words, or fewer\n"
        assert run("history", "search", "nowhere") == Result(0, "", nothing)

    def test_renamed_deleted_and_brought_back(self, quick: str) -> None:
        ask(quick, "first")
        number = str(listed()[0]["id"])
        assert (
            run("history", "rename", number[:4], "A", "better", "title").out == f"renamed {number} (A better title)\n"
        )
        result = run("history", "delete", "last")
        assert result.out == f"deleted {number} (A better title); atlas-tui history undelete {number} brings it back\n"
        assert listed() == []
        assert [info["id"] for info in listed("list", "--deleted")] == [number]
        assert run("history", "undelete", "last").out == f"brought back {number} (A better title)\n"
        run("history", "delete", number)
        assert run("history", "purge").out == "removed 1\n"
        assert run("history", "undelete", number).status == 2

    def test_exported_and_taken_in(self, quick: str, tmp_path: Path) -> None:
        ask(quick, "first")
        ask(quick, "-c", "second")
        file = tmp_path / "sky.json"
        assert run("history", "export", "last", "-o", str(file)) == Result(0, "", "")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        result = run("history", "import", str(file))
        assert result.out.startswith("imported ")
        taken = run("history", "export", result.out.split()[1], "--format", "json").out
        ours, theirs = json.loads(taken), json.loads(file.read_text())
        assert ours.pop("id") != theirs.pop("id")
        assert ours == theirs
        assert run("history", "import", "-", stdin=file.read_text()).status == 0
        assert len(listed()) == 3

    def test_the_form_follows_the_name_of_the_file(self, quick: str, tmp_path: Path) -> None:
        ask(quick, "first")
        for name, begin in (("a.md", "---\ntitle: "), ("a.html", "<!doctype html>"), ("a.json", "{"), ("a", "---\n")):
            run("history", "export", "last", "-o", str(tmp_path / name))
            assert (tmp_path / name).read_text().startswith(begin), name
        assert run("history", "export", "last", "--format", "html").out.startswith("<!doctype html>")

    def test_nothing_is_overwritten(self, quick: str, tmp_path: Path) -> None:
        ask(quick, "first")
        file = tmp_path / "sky.md"
        file.write_text("mine")
        result = run("history", "export", "last", "-o", str(file))
        assert (result.status, result.out) == (2, "")
        assert "exists: choose another name" in result.err
        assert file.read_text() == "mine"

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "is not JSON"),
            ("{}", "is no conversation of Atlas"),
            ('{"atlas_conversation": 99}', "by a newer Atlas"),
            ('{"atlas_conversation": 1}', "is damaged (KeyError: 'turns')"),
        ],
    )
    def test_what_cannot_be_taken_in(self, text: str, words: str) -> None:
        result = run("history", "import", "-", stdin=text)
        assert (result.status, result.out) == (2, "")
        assert words in result.err
        assert listed() == []

    def test_a_dash_is_standard_output(self, quick: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        ask(quick, "Why?")
        monkeypatch.chdir(tmp_path)
        assert run("history", "export", "last", "-o", "-") == run("history", "export", "last")
        assert not (tmp_path / "-").exists()

    def test_an_unknown_id(self) -> None:
        result = run("history", "show", "nope", "--json")
        words = "there is no conversation 'nope': `atlas-tui history` lists them"
        assert (result.status, result.err) == (2, f"atlas-tui: {words}\n")
        assert json.loads(result.out) == {"error": {"kind": "config", "message": words}}
        assert run("history", "show", "nope", "--debug").err.startswith("Traceback")

    def test_nothing_in_a_conversation_reaches_the_terminal_as_control(self, server: ScriptedServer) -> None:
        server.play(Script.text("red \x1b[31m and \x9b2J \u202e end"))
        environ = {"OLLAMA_HOST": server.url}
        run("ask", "-p", "ollama", "-m", "test-model", "\x1b]0;owned\x07 prompt", environ=environ)
        out = "".join(
            run("history", *arguments).out
            for arguments in (
                ["list"], ["search", "prompt"], ["search", "red"], ["show", "last"], ["list", "--json"],
                *(["export", "last", "--format", form] for form in ("md", "html", "json")),
            )
        )  # fmt: skip
        assert "owned" in out
        assert "red" in out
        assert not set(out) & {*map(chr, [*range(9), *range(11, 32), *range(0x7F, 0xA0)]), "\u202e"}


class TestArguments:
    def test_options_may_stand_on_either_side(self) -> None:
        assert parse(["history", "--json", "-n", "3"]).limit == 3
        assert parse(["history", "--json", "list"]).json
        assert parse(["history", "list", "--json", "--debug"]).debug
        assert parse(["--config", "x", "history", "show", "abc"]).config == "x"
        assert parse(["history"]).action is None

    @pytest.mark.parametrize("arguments", [["history", "show"], ["history", "fly"], ["history", "list", "-n", "0"]])
    def test_wrong_ones(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as left:
            parse(arguments)
        assert left.value.code == 2
        assert capsys.readouterr().err.count("\n") == 1

    def test_the_help_names_every_action(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            parse(["history", "--help"])
        shown = capsys.readouterr().out
        for action in ("list", "search", "show", "export", "import", "delete", "undelete", "rename", "purge"):
            assert f"    {action} " in shown
        assert os.linesep in shown
