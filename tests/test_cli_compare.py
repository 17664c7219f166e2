"""`atlas-tui compare` without its screen."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from atlas_tui.comparison import Judgements, LineUp, Vote
from atlas_tui.store import Store
from tests.command import QUICK, Terminal, run, settings
from tests.servers.scripted import Delta, HttpError, Script, ScriptedServer, Stall

BOTH = ("-p", "mock:mock-basic", "-p", "mock:mock-standard")


@pytest.fixture
def config(tmp_path: Path) -> str:
    return settings(tmp_path, QUICK)


class TestForms:
    def test_json(self, config: str) -> None:
        result = run("compare", *BOTH, "--config", config, "--repeat", "2", "--json", "Hello")
        assert (result.status, result.err) == (0, "")
        form = json.loads(result.out)
        assert form["prompt"] == "Hello"
        assert [(each["target"], each["repetition"]) for each in form["responses"]] == [
            ("mock:mock-basic", 1), ("mock:mock-standard", 1), ("mock:mock-basic", 2), ("mock:mock-standard", 2),
        ]  # fmt: skip
        assert all("rehearsed" in each["content"] and each["complete"] for each in form["responses"])
        assert [each["answers"] for each in form["summary"]] == [2, 2]

    def test_markdown_in_a_pipe_with_the_piped_input_behind_the_prompt(self, config: str) -> None:
        result = run("compare", *BOTH, "--config", config, "Review this", stdin="x = 1\n")
        assert result.status == 0
        assert result.out.startswith("# Review this x = 1\n")
        assert "| 1 | mock:mock-" in result.out
        assert "## mock:mock-basic" in result.out

    def test_csv_of_many_prompts(self, config: str, tmp_path: Path) -> None:
        path = tmp_path / "set.jsonl"
        path.write_text('{"prompt": "One", "reference": "rehearsed answer"}\nTwo\n')
        result = run("compare", *BOTH, "--config", config, "--prompts", str(path), "--csv")
        assert result.status == 0
        rows = list(csv.DictReader(io.StringIO(result.out)))
        assert [(row["prompt"], row["matches"]) for row in rows] == [
            ("One", "true"), ("One", "true"), ("Two", ""), ("Two", ""),
        ]  # fmt: skip

    def test_a_page(self, config: str) -> None:
        result = run("compare", *BOTH, "--config", config, "--html", "Hello")
        assert result.status == 0
        assert result.out.startswith("<!doctype html>")
        assert result.out.count("<article>") == 2


class TestFailures:
    def test_a_target_that_failed_is_status_1_and_the_others_are_there(
        self, config: str, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "k" * 20)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        server.always(HttpError(401))
        result = run("compare", "-p", "mock:mock-basic", "-p", "openai:gpt-4.1", "--config", config, "--json", "Hello")
        assert result.status == 1
        assert result.err.startswith("atlas-tui: openai:gpt-4.1: the answer failed (")
        mock, failed = json.loads(result.out)["responses"]
        assert mock["complete"]
        assert failed["error"]["kind"] == "auth"
        assert "k" * 20 not in result.out + result.err

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["Hi"], "give two targets or more"),
            ([*BOTH, "-m", "x", "Hi"], "name each with its provider"),
            (["-p", "nobody", "Hi"], "unknown provider 'nobody'"),
            (["-p", "openai", "-p", "mock", "Hi"], "OPENAI_API_KEY"),
            ([*BOTH], "the prompt is empty"),
            ([*BOTH, "--prompts", "/nowhere", "Hi"], "--prompts gives the prompts"),
            ([*BOTH, "--replay", "/nowhere"], "/nowhere cannot be read"),
            ([*BOTH, "--line-up", "x", "Hi"], "exclude each other"),
            (["--line-up", "x", "Hi"], "no line-up 'x'"),
            ([*BOTH, "--json", "--csv", "Hi"], "not allowed with"),
            ([*BOTH, "--repeat", "0", "Hi"], "whole number above 0"),
        ],
    )
    def test_what_is_wrong_is_said_before_anything_is_sent(self, arguments: list[str], words: str) -> None:
        result = run("compare", *arguments)
        assert (result.status, result.out) == (2, "")
        assert words in result.err
        assert result.err.count("\n") == 1

    def test_an_early_error_has_a_form_too(self) -> None:
        result = run("compare", "-p", "nobody", "--json", "Hi")
        assert json.loads(result.out)["error"]["kind"] == "config"

    def test_ctrl_c_keeps_what_is_there_and_a_resumed_run_asks_for_the_rest(
        self, config: str, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "k" * 20)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        server.play(Script([Delta("half"), Stall()]))
        server.always(Script.text("whole"))
        out = tmp_path / "run.jsonl"
        arguments = ["compare", "-p", "mock:mock-basic", "-p", "openai:gpt-4.1", "--config", config, "--json"]
        terminal = Terminal(*arguments, "--out", str(out), "Hello", columns=120)
        try:
            terminal.shows("1 of 2 answers")
            server.wait_request()
            terminal.process.sendintr()
            assert terminal.end() == 130
        finally:
            terminal.close()
        assert "interrupted" in "\n".join(terminal.lines)
        first, second = map(json.loads, out.read_text().splitlines()[1:])
        assert first["response"]["complete"]
        assert second["response"]["error"]["kind"] == "cancelled"
        result = run(*arguments, "--resume", str(out), "Hello")
        assert (result.status, result.err) == (0, "")
        assert [each["content"] for each in json.loads(result.out)["responses"]][1] == "whole"
        assert len(server.exchanges) == 2


class TestScreen:
    def test_a_prompt_is_asked_at_once_and_quitting_gives_the_terminal_back(self, config: str) -> None:
        terminal = Terminal("compare", *BOTH, "--config", config, "Why is the sky blue?", columns=120, rows=40)
        try:
            settled(terminal, "2 columns", "Why is the sky blue?")
            terminal.process.send("\x1bt")
            terminal.shows("race · agreement")
            terminal.process.send("\x11")
            assert terminal.end() == 0
        finally:
            terminal.close()

    @pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40), (200, 60)])
    def test_two_keys_lead_from_a_bare_start_to_a_finished_comparison_of_three(
        self, config: str, columns: int, rows: int
    ) -> None:
        """Nothing is configured but the pace of the mock; nothing is typed, chosen or read."""
        terminal = Terminal("--config", config, columns=columns, rows=rows)
        try:
            terminal.shows("F7 compare")
            terminal.process.send("\x1b[18~")  # F7
            terminal.shows("3 columns", "▌ Explain")
            terminal.process.send("\r")
            heads = (f"{place} mock-{{}} ✓" if columns < 100 else f"{place} mock:mock-{{}}" for place in (1, 2, 3))
            names = ("basic", "standard", "advanced")
            settled(terminal, "3 columns", *(head.format(name) for head, name in zip(heads, names, strict=True)))
            terminal.process.send("\x11")
            assert terminal.end() == 0
        finally:
            terminal.close()

    @pytest.mark.parametrize(("flags", "sent"), [(["--collection", "bridges"], 1), (["--no-context"], 0), ([], 0)])
    def test_passages_go_along_if_they_are_wanted(
        self, config: str, tmp_path: Path, flags: list[str], sent: int
    ) -> None:
        (tmp_path / "bridge.md").write_text("# The bridge\n\nThe bridge has twelve spans.\n")
        assert run("index", str(tmp_path / "bridge.md"), "--collection", "bridges").status == 0
        terminal = Terminal("compare", *BOTH, "--config", config, *flags, "How many spans has the bridge?", columns=120)
        try:
            settled(terminal, "2 columns")
            terminal.process.send("\x11")
            assert terminal.end() == 0
        finally:
            terminal.close()
        store = Store()
        (turn,) = store.conversation("last").turns
        store.close()
        assert len(turn.responses) == 2
        assert ["twelve spans" in document["content"] for document in turn.documents] == [True] * sent

    def test_a_collection_that_is_not_there_is_refused_before_the_screen(self, config: str) -> None:
        terminal = Terminal("compare", *BOTH, "--config", config, "--collection", "none", "Hello", columns=200)
        try:
            assert terminal.end() == 2
            assert lines_with(terminal, "there is no collection 'none'")
            assert b"?1049h" not in terminal.raw
        finally:
            terminal.close()

    def test_a_target_that_cannot_be_asked_is_refused_before_the_screen(self, config: str) -> None:
        terminal = Terminal("compare", "-p", "mock", "-p", "nobody", "--config", config, "Hello", columns=200)
        try:
            assert terminal.end() == 2
            assert lines_with(terminal, "unknown provider 'nobody'")
            assert b"?1049h" not in terminal.raw
        finally:
            terminal.close()


def settled(terminal: Terminal, columns: str, *texts: str) -> None:
    """Wait until the state says that all is done, and these texts are shown; the state may come a frame before them."""
    terminal.wait(
        lambda lines: (
            any(columns in line and "✓ done" in line for line in lines)
            and all(any(text in line for line in lines) for text in texts)
        )
    )


def lines_with(terminal: Terminal, text: str) -> list[str]:
    """The rows with the text, of a screen that was waited for or of a command that has ended."""
    return [line for line in terminal.lines if text in line]


class TestTerminal:
    def test_the_progress_is_drawn_on_a_terminal_and_goes(self, config: str) -> None:
        terminal = Terminal("compare", *BOTH, "--config", config, "--repeat", "3", "--csv", "Hello", columns=120)
        assert terminal.end() == 0
        assert b"6 answers" in terminal.raw
        assert not any("of 6 answers" in line for line in terminal.lines)


class TestReplay:
    def test_a_recorded_race_is_run_again(self, config: str, tmp_path: Path) -> None:
        path = tmp_path / "race.jsonl"
        before = run("compare", *BOTH, "--config", config, "--record", str(path), "--json", "Hello")
        assert before.status == 0
        after = run("compare", "--replay", str(path), "--speed", "0", "--json")
        assert (after.status, after.err) == (0, "")
        forms = [json.loads(result.out) for result in (before, after)]
        assert forms[0]["prompt"] == forms[1]["prompt"] == "Hello"
        texts = [[(each["target"], each["content"]) for each in form["responses"]] for form in forms]
        assert texts[0] == texts[1]

    def test_it_is_played_on_the_screen_too(
        self, config: str, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "k" * 20)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        server.play(Script.text("The recorded words"))
        path = tmp_path / "race.jsonl"
        targets = ("-p", "openai:gpt-4.1", "-p", "mock:mock-basic")
        assert run("compare", *targets, "--config", config, "--record", str(path), "--json", "Recorded?").status == 0
        monkeypatch.delenv("OPENAI_API_KEY")
        terminal = Terminal("compare", "--replay", str(path), "--speed", "0", columns=120)
        try:
            said = ("1 openai:gpt-4.1 mock", "2 mock:mock-basic", "Recorded?", "The recorded words")
            settled(terminal, "2 columns", *said)
            terminal.process.send("\x11")
            assert terminal.end() == 0
        finally:
            terminal.close()
        assert len(server.exchanges) == 1

    def test_a_run_on_the_screen_is_recorded_and_one_target_in_two_columns_plays_the_take_of_each(
        self, config: str, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "k" * 20)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        for words in ("First words", "Other words"):
            server.play(Script.text(words))
        server.always(Script.text("Second turn"))
        path = tmp_path / "race.jsonl"
        targets = ("-p", "openai:gpt-4.1", "-p", "openai:gpt-4.1")
        terminal = Terminal("compare", *targets, "--config", config, "--record", str(path), "Recorded?", columns=120)
        try:
            settled(terminal, "2 columns · recording")
            terminal.process.send("And then?\r")
            terminal.wait(lambda lines: any(line.count("Second turn") == 2 for line in lines))
            settled(terminal, "2 columns · recording", "First words", "Other words")
            (shown,) = lines_with(terminal, "First words")
            terminal.process.send("\x11")
            assert terminal.end() == 0
        finally:
            terminal.close()
        monkeypatch.delenv("OPENAI_API_KEY")
        terminal = Terminal("compare", "--replay", str(path), "--speed", "0", columns=120)
        try:
            settled(terminal, "2 columns", "First words", "Other words", "And then?")  # the next prompt stands ready
            (played,) = lines_with(terminal, "First words")
            assert played.split() == shown.split()  # side by side as they were
            terminal.process.send("\r")
            terminal.wait(lambda lines: any(line.count("Second turn") == 2 for line in lines))
            terminal.process.send("\x11")
            assert terminal.end() == 0
        finally:
            terminal.close()
        assert len([each for each in server.exchanges if each.request.method == "POST"]) == 4

    def test_where_nothing_is_asked_no_recording_is_left(self, config: str, tmp_path: Path) -> None:
        path = tmp_path / "race.jsonl"
        terminal = Terminal("compare", *BOTH, "--config", config, "--record", str(path), columns=120)
        try:
            terminal.shows("one prompt asks all · recording")
            assert path.exists()
            terminal.process.send("\x11")
            assert terminal.end() == 0
        finally:
            terminal.close()
        assert not path.exists()

    def test_a_recording_that_is_there_is_not_written_over(self, config: str, tmp_path: Path) -> None:
        (tmp_path / "race.jsonl").write_text("mine")
        terminal = Terminal(
            "compare", *BOTH, "--config", config, "--record", str(tmp_path / "race.jsonl"), "Hello", columns=200
        )
        try:
            assert terminal.end() == 2
            assert lines_with(terminal, "is there already")
            assert b"?1049h" not in terminal.raw
        finally:
            terminal.close()
        assert (tmp_path / "race.jsonl").read_text() == "mine"


class TestLeaderboard:
    @pytest.fixture
    def votes(self, tmp_path: Path) -> None:
        store = Store()
        judgements = Judgements(store)
        for verdict in ("A", "A", "tie"):
            judgements.add(Vote("a:1", "b:2", verdict, topic="code"))
        judgements.keep(LineUp("pair", ("mock:mock-basic", "mock:mock-standard")))
        store.close()

    def test_it_leaves_in_three_forms(self, votes: None) -> None:
        text = run("compare", "--leaderboard")
        assert [line.split()[:2] for line in text.out.splitlines()] == [["RANK", "TARGET"], ["1", "a:1"], ["2", "b:2"]]
        form = json.loads(run("compare", "--leaderboard", "--json").out)
        assert [(each["target"], each["wins"], each["ties"]) for each in form["leaderboard"]] == [
            ("a:1", 2, 1), ("b:2", 0, 1),
        ]  # fmt: skip
        rows = list(csv.DictReader(io.StringIO(run("compare", "--leaderboard", "--csv").out)))
        assert [row["rank"] for row in rows] == ["1", "2"]

    def test_by_topic(self, votes: None) -> None:
        result = run("compare", "--leaderboard", "--topic", "prose")
        assert (result.status, result.out) == (0, "")
        assert "no vote on 'prose' yet" in result.err

    def test_a_line_up_that_was_kept_is_asked_by_its_name(self, votes: None, config: str) -> None:
        result = run("compare", "--line-up", "pair", "--config", config, "--json", "Hello")
        assert [each["target"] for each in json.loads(result.out)["summary"]] == [
            "mock:mock-basic", "mock:mock-standard",
        ]  # fmt: skip


class TestCost:
    def test_the_whole_run_stays_below_its_limit(self, tmp_path: Path) -> None:
        """Each answer of the mock costs a few cents by these prices."""
        path = settings(tmp_path, f'{QUICK}\n[prices."mock"]\ninput = 1000\noutput = 1000\n')
        prompts = tmp_path / "prompts.txt"
        prompts.write_text("\n".join(f"Question {number}" for number in range(20)))
        arguments = ["compare", "-p", "mock:mock-basic", "--config", path, "--prompts", str(prompts), "--json"]
        result = run(*arguments, "--max-cost", "0.15")
        assert result.status == 1
        form = json.loads(result.out)
        whole = [each for each in form["responses"] if each["complete"]]
        assert 2 <= len(whole) <= 5
        assert form["unasked"] == 20 - len(form["responses"]) > 0
        # What a mock says at once is over before it is counted: at most one such answer too much.
        assert sum(each["cost"]["total"] for each in form["responses"]) < 0.15 + 0.04
        told = "the run would cost more than the limit of $0.15 "
        assert told in result.err
        assert [told in each["error"]["message"] for each in form["responses"] if not each["complete"]] == [True]
