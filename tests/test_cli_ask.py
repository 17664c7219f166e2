"""`atlas-tui ask` in a pipe: what goes to stdout, what to stderr, and the exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from atlas_tui.config import log_dir
from tests.command import QUICK, Result, run, settings, start
from tests.servers.scripted import Delta, HttpError, Reasoning, Reset, Script, ScriptedServer, Stall, Usage

ANTHROPIC_KEY = "sk-ant-test-0123456789abcdef"
OPENAI_KEY = "sk-test-0123456789abcdef"
WIRES = ["anthropic", "openai", "ollama"]


def elsewhere(server: ScriptedServer) -> dict[str, str]:
    """Variables that lead every provider to the scripted server."""
    return {
        "ANTHROPIC_API_KEY": ANTHROPIC_KEY,
        "ANTHROPIC_BASE_URL": server.url,
        "OPENAI_API_KEY": OPENAI_KEY,
        "OPENAI_BASE_URL": f"{server.url}/v1",
        "OLLAMA_HOST": server.url,
    }


def ask(server: ScriptedServer, provider: str, *arguments: str) -> Result:
    return run("ask", "-p", provider, "-m", "test-model", "Hello?", *arguments, environ=elsewhere(server))


@pytest.fixture
def quick(tmp_path: Path) -> str:
    return settings(tmp_path, QUICK)


class TestTheAnswer:
    @pytest.mark.parametrize("provider", WIRES)
    def test_only_the_answer_is_on_stdout(self, server: ScriptedServer, provider: str) -> None:
        server.play(Script([Reasoning("hmm"), Delta("The sky "), Delta("is blue.")]))
        assert ask(server, provider) == Result(0, "The sky is blue.\n", "")

    def test_a_retired_model_warns_in_the_log_and_not_on_the_screen(self, server: ScriptedServer) -> None:
        """The anthropic SDK warns about models near their end."""
        server.play(Script.text("ok"))
        arguments = ["ask", "-p", "anthropic:claude-3-7-sonnet-20250219", "Hello?"]
        assert run(*arguments, environ=elsewhere(server)) == Result(0, "ok\n", "")

    def test_it_comes_as_it_is_streamed(self, server: ScriptedServer) -> None:
        server.play(Script([Delta("half"), Stall()]))
        with start("ask", "-p", "ollama", "-m", "test-model", "Hello?", environ=elsewhere(server)) as process:
            assert process.stdin
            assert process.stdout
            process.stdin.close()
            assert process.stdout.read(4) == "half"
            assert process.poll() is None
            process.terminate()

    def test_no_stream_prints_it_when_it_is_whole(self, quick: str) -> None:
        result = run("ask", "-m", "mock-basic", "hi", "--no-stream", "--config", quick)
        assert (result.status, result.err) == (0, "")
        assert result.out.startswith("This is a rehearsed answer")
        assert result.out.count("\n") == 1

    def test_control_characters_are_shown_and_not_obeyed(self, server: ScriptedServer) -> None:
        server.play(Script.text("red \x1b", "[31m text", "\x9b2J", "\u202e end"))
        assert ask(server, "ollama").out == "red ␛[31m text2J end\n"

    def test_an_output_that_is_not_utf_8_gets_question_marks(self, server: ScriptedServer) -> None:
        server.play(Script.text("Größe: 東京"))
        environ = {**elsewhere(server), "PYTHONIOENCODING": "ascii"}
        assert run("ask", "-p", "ollama", "-m", "test-model", "hi", environ=environ).out == "Gr??e: ??\n"

    def test_the_system_prompt_and_the_limits_are_sent(self, server: ScriptedServer) -> None:
        server.play(Script.text("ok"))
        ask(server, "openai", "--system", "Be brief.", "--max-tokens", "9", "--temperature", "0.5")
        body = server.requests[-1].json
        assert body["messages"][0] == {"role": "system", "content": "Be brief."}
        assert body["temperature"] == 0.5
        assert 9 in (body.get("max_tokens"), body.get("max_completion_tokens"))


class TestThePrompt:
    def prompt_of(self, server: ScriptedServer, *arguments: str, stdin: str = "") -> str:
        server.play(Script.text("ok"))
        result = run("ask", "-p", "ollama", "-m", "test-model", *arguments, stdin=stdin, environ=elsewhere(server))
        assert result.status == 0
        return str(server.requests[-1].json["messages"][-1]["content"])

    def test_standard_input_follows_it(self, server: ScriptedServer) -> None:
        assert self.prompt_of(server, "Review", "this:", stdin="a = 1\nb = 2\n") == "Review this:\n\na = 1\nb = 2"

    def test_standard_input_alone(self, server: ScriptedServer) -> None:
        assert self.prompt_of(server, stdin="\ufeffWhy?\n") == "Why?"

    @pytest.mark.parametrize("arguments", [[], [""], ["  "]])
    def test_none_is_an_error(self, arguments: list[str]) -> None:
        result = run("ask", *arguments)
        assert (result.status, result.out) == (2, "")
        assert result.err == 'atlas-tui: the prompt is empty: give one (atlas-tui ask "...") or pipe it in\n'

    def test_input_that_is_no_text(self) -> None:
        with start("ask", "Describe this") as process:
            assert process.stdin
            os.write(process.stdin.fileno(), b"\x89PNG\xff")
            out, err = process.communicate(timeout=30)
        assert (process.returncode, out) == (2, "")
        assert "the piped input is not UTF-8 text (byte 0)" in err

    @pytest.mark.parametrize("arguments", [["caf\udce9"], ["hi", "--system", "caf\udce9"]])
    def test_an_argument_that_is_no_text(self, arguments: list[str]) -> None:
        result = run("ask", *arguments)
        assert (result.status, result.out) == (2, "")
        assert "prompt is not UTF-8 text (character 3)" in result.err


class TestJson:
    @pytest.mark.parametrize("provider", WIRES)
    def test_one_object_with_the_fields_of_the_response(self, server: ScriptedServer, provider: str) -> None:
        server.play(Script([Delta("Bl\x1bue \x7f"), Usage(input=12, output=3)]))
        result = ask(server, provider, "--json")
        assert (result.status, result.err) == (0, "")
        assert result.out.isascii()
        assert result.out.count("\n") == 1
        assert "\x7f" not in result.out
        form = json.loads(result.out)
        assert set(form) == {
            "content", "reasoning", "model", "provider", "usage", "cost", "finish_reason", "timing", "request_id",
            "complete", "attempts", "mock", "context",
        }  # fmt: skip
        assert form["content"] == "Bl\x1bue \x7f"
        assert (form["provider"], form["complete"], form["mock"]) == (provider, True, False)
        assert (form["usage"]["input_tokens"], form["usage"]["output_tokens"]) == (12, 3)
        assert set(form["cost"]) == {"total", "input", "output", "known"}
        assert set(form["timing"]) == {"ttft", "duration", "tokens_per_second"}
        assert form["context"] == {"documents": []}

    def test_a_failure_keeps_the_partial(self, server: ScriptedServer) -> None:
        server.play(Script([Delta("half an ans"), Reset()]))
        result = ask(server, "openai", "--json")
        form = json.loads(result.out)
        assert result.status == 1
        assert (form["content"], form["complete"]) == ("half an ans", False)
        assert (form["error"]["kind"], form["error"]["provider"]) == ("connection", "openai")
        assert result.err == f"atlas-tui: {form['error']['message']}\n"

    def test_an_error_before_any_request(self) -> None:
        result = run("ask", "-p", "nobody", "hi", "--json")
        assert result.status == 2
        assert json.loads(result.out)["error"]["kind"] == "config"
        assert "unknown provider 'nobody'" in result.err


class TestEvents:
    def events(self, result: Result) -> list[dict[str, Any]]:
        assert result.out.isascii()
        return [json.loads(line) for line in result.out.splitlines()]

    def test_a_line_for_each_event_and_one_ending(self, server: ScriptedServer) -> None:
        server.play(Script([Reasoning("hmm"), Delta("a\nb"), Delta("c")]))
        events = self.events(ask(server, "anthropic", "--events"))
        kinds = [event["type"] for event in events]
        assert kinds[0] == "start"
        assert kinds.count("end") == 1
        assert kinds[-1] == "end"
        assert [event["text"] for event in events if event["type"] == "text"] == ["a\nb", "c"]
        assert [event["text"] for event in events if event["type"] == "reasoning"] == ["hmm"]
        assert events[-1]["response"]["content"] == "a\nbc"
        assert events[-1]["error"] is None

    def test_a_failure_is_in_the_ending(self, server: ScriptedServer) -> None:
        server.play(Script([Delta("half"), Reset()]))
        result = ask(server, "ollama", "--events")
        end = self.events(result)[-1]
        assert result.status == 1
        assert (end["type"], end["error"]["kind"], end["response"]["content"]) == ("end", "connection", "half")

    def test_an_error_before_any_request(self) -> None:
        result = run("ask", "hi", "-p", "anthropic", "--events")
        end = json.loads(result.out)
        assert result.status == 2
        assert (end["type"], end["response"], end["error"]["kind"]) == ("end", None, "auth")


class TestFailures:
    @pytest.mark.parametrize("provider", WIRES)
    def test_the_partial_stays_and_the_reason_follows(self, server: ScriptedServer, provider: str) -> None:
        server.play(Script([Delta("half an ans"), Reset()]))
        result = ask(server, provider)
        assert (result.status, result.out) == (1, "half an ans\n")
        assert result.err.startswith(f"atlas-tui: {provider}")
        assert result.err.count("\n") == 1

    def test_the_reason_of_the_server_in_one_line(self, server: ScriptedServer) -> None:
        server.play(HttpError(400, message="no such \x1b[31mthing\nhere"))
        result = ask(server, "openai")
        assert (result.status, result.out) == (1, "")
        assert "no such ␛[31mthing here" in result.err
        assert result.err.count("\n") == 1

    @pytest.mark.parametrize(("provider", "key"), [("anthropic", ANTHROPIC_KEY), ("openai", OPENAI_KEY)])
    def test_a_key_that_the_server_echoes_is_not_shown(self, server: ScriptedServer, provider: str, key: str) -> None:
        server.always(HttpError(401, message="wrong key {key}"))
        for arguments in ([], ["--events", "--debug"]):
            result = ask(server, provider, *arguments)
            assert result.status == 1
            assert "wrong key" in result.err
            assert key not in result.out + result.err

    def test_a_key_is_missing(self) -> None:
        result = run("ask", "hi", "-p", "anthropic")
        assert (result.status, result.out) == (2, "")
        assert result.err.startswith("atlas-tui: no API key for anthropic: set ANTHROPIC_API_KEY")

    def test_nobody_listens(self, dead_url: str, tmp_path: Path) -> None:
        here = settings(tmp_path, f'[providers.here]\nkind = "ollama"\nbase_url = "{dead_url}"')
        result = run("ask", "hi", "-p", "here:x", "--timeout", "1", "--config", here)
        assert (result.status, result.out) == (1, "")
        assert result.err.splitlines()[-1].startswith("atlas-tui: ")

    def test_an_unknown_model_of_the_mock(self) -> None:
        result = run("ask", "hi", "-m", "mock-nothing")
        assert result.status == 2
        assert "mock-basic, mock-standard, mock-advanced" in result.err

    def test_the_time_limit(self, server: ScriptedServer) -> None:
        server.always(Script([Delta("half"), Stall()]))
        result = ask(server, "openai", "--timeout", "0.5")
        assert (result.status, result.out) == (1, "half\n")
        assert "0.5 s" in result.err

    def test_the_cost_limit(self, server: ScriptedServer, tmp_path: Path) -> None:
        priced = settings(tmp_path, "[prices.ollama]\ninput = 0\noutput = 1000\n")
        server.play(Script([Delta("word " * 1000), Stall()]))
        result = ask(server, "ollama", "--max-cost", "0.01", "--config", priced)
        assert (result.status, result.out) == (1, "word " * 1000 + "\n")
        assert "limit of $0.01" in result.err
        server.wait_disconnect()

    def test_an_answer_cut_at_the_limit_of_tokens_says_so(self, quick: str) -> None:
        result = run("ask", "hi", "--max-tokens", "3", "--config", quick)
        assert (result.status, result.out) == (0, "This is a\n")
        assert "raise --max-tokens" in result.err

    def test_the_fallback_answers(self, server: ScriptedServer) -> None:
        server.play(HttpError(404, message="no such model"))
        result = ask(server, "openai", "--fallback", "mock:mock-basic")
        assert result.status == 0
        assert result.out.startswith("This is a rehearsed answer")
        assert "falling back to mock:mock-basic" in result.err

    def test_retries_are_silent_in_a_pipe(self, server: ScriptedServer) -> None:
        server.play(HttpError(529), Script.text("ok"))
        result = ask(server, "openai", "--json")
        assert (result.status, result.err) == (0, "")
        assert [attempt["error"] for attempt in json.loads(result.out)["attempts"]] == ["overloaded", None]

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
    def test_a_full_disk(self, quick: str) -> None:
        with open("/dev/full", "w") as full, start("ask", "hi", "--config", quick, out=full) as process:
            _, err = process.communicate(timeout=30)
        assert process.returncode == 1
        assert err == "atlas-tui: cannot write (No space left on device): check the disk and the output\n"


class TestFigures:
    def test_only_when_asked_for_in_a_pipe(self, quick: str) -> None:
        assert run("ask", "hi", "-m", "mock-basic", "--config", quick).err == ""
        figures = run("ask", "hi", "-m", "mock-basic", "-v", "--config", quick).err
        assert figures.startswith("mock:mock-basic · TTFT 0.")
        for part in ("1 in, ", " out", "$0.000000"):
            assert part in figures
        assert figures.count("\n") == 1

    def test_a_mock_that_plays_another_target_is_visibly_one(self) -> None:
        result = run("ask", "hi", "--mock", "-p", "anthropic:claude-x", "--max-tokens", "2", "-v")
        assert "anthropic:claude-x (mock)" in result.err

    def test_estimates_are_marked(self, server: ScriptedServer) -> None:
        server.play(Script([Delta("half an answer"), Reset()]))
        result = ask(server, "openai", "-v")
        assert " ~3 out" in result.err
        assert "incomplete" in result.err


@pytest.mark.parametrize("debug", [False, True])
def test_a_defect_is_one_line_and_the_log_has_the_rest(debug: bool) -> None:
    """A path with a NUL, which no shell can pass, stands for what nobody thought of."""
    program = "import sys; from atlas_tui.cli import main; sys.exit(main(sys.argv[1:] + ['--config', chr(0)]))"
    command = [sys.executable, "-c", program, "ask", "hi", *(["--debug"] if debug else [])]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 1
    *trace, line = result.stderr.splitlines()
    assert line.startswith("atlas-tui: Atlas itself failed (ValueError: embedded null byte)")
    assert bool(trace) is debug
    assert "Traceback" in (log_dir() / "atlas-tui.log").read_text()


def test_an_empty_answer_is_told(server: ScriptedServer) -> None:
    server.play(Script([]))
    done = ask(server, "ollama")
    assert done == Result(0, "", "atlas-tui: the answer is empty: ask again, or choose another model\n")
