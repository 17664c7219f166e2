"""The arguments: where they may stand, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from atlas_tui import __version__
from atlas_tui.cli.parser import parse
from tests.command import run, settings


class TestWhereOptionsMayStand:
    @pytest.mark.parametrize(
        "arguments",
        [
            "-p openai -m x --mock --debug ask hi",
            "ask hi -p openai -m x --mock --debug",
            "-p openai ask -m x hi --mock --debug",
        ],
    )
    def test_common_options_before_and_after_the_command(self, arguments: str) -> None:
        options = parse(arguments.split())
        assert (options.command, options.prompt) == ("ask", ["hi"])
        assert (options.provider, options.model, options.mock, options.debug) == (["openai"], "x", True, True)

    def test_without_a_command_it_is_the_chat(self) -> None:
        options = parse(["-p", "ollama:llama3:8b"])
        assert (options.command, options.provider, options.mock) == ("chat", ["ollama:llama3:8b"], False)

    def test_fallbacks_keep_their_order(self) -> None:
        assert parse(["ask", "--fallback", "openai", "hi", "--fallback", "mock"]).fallback == ["openai", "mock"]

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [("ask one -p mock two --json three", "prompt"), ("index one --collection x two three", "paths")],
    )
    def test_words_may_stand_on_both_sides_of_an_option(self, arguments: str, words: str) -> None:
        assert getattr(parse(arguments.split()), words) == ["one", "two", "three"]

    def test_a_prompt_that_begins_with_a_dash(self) -> None:
        assert parse(["ask", "--", "-5 + 3?"]).prompt == ["-5 + 3?"]


class TestWrongArguments:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["aks", "hi"], "there is no command 'aks'"),
            (["aks", "hi"], "(did you mean ask?)"),
            (["history", "exprt", "last"], "there is no action 'exprt' (did you mean export?): `atlas-tui history --"),
            (["serve", "--port", "65536"], "--port: must be a whole number from 0 to 65535"),
            (["Why is the sky blue?"], "a prompt goes after ask"),
            (["ask", "--max-tokens", "0", "hi"], "--max-tokens: must be a whole number above 0"),
            (["ask", "--max-tokens", "many", "hi"], "--max-tokens: must be a whole number above 0"),
            (["ask", "--timeout", "0", "hi"], "--timeout: must be a number above 0"),
            (["ask", "--timeout", "inf", "hi"], "--timeout: must be a number above 0"),
            (["ask", "--max-cost", "-1", "hi"], "--max-cost: must be a number from 0 on"),
            (["ask", "--temperature", "warm", "hi"], "--temperature: must be a number from 0 on"),
            (["ask", "--temp", "1", "hi"], "unrecognized arguments: --temp"),
            (["ask", "hi", "--temp", "1", "more"], "unrecognized arguments: --temp 1 more"),
            (["models", "-p", "mock", "gpt"], "unrecognized arguments: gpt"),
            (["ask", "--jsno", "hi"], "--jsno (did you mean --json?): `atlas-tui ask --help` shows how"),
            (["ask", "--json", "--events", "hi"], "not allowed with argument"),
            (["ask", "-p", "mock", "-p", "openai", "hi"], "one -p/--provider is enough"),
            (["ask", "-p"], "expected one argument"),
            (["ask", "--\x1b[31m"], "unrecognized arguments"),
        ],
    )
    def test_one_line_and_status_2(self, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            parse(arguments)
        out, err = capsys.readouterr()
        assert ended.value.code == 2
        assert out == ""
        assert words in err
        assert err.startswith("atlas-tui: ")
        assert "--help` shows how" in err
        assert err.count("\n") == 1
        assert "\x1b" not in err


class TestTheProcess:
    def test_help_shows_commands_and_examples(self) -> None:
        result = run("--help")
        assert (result.status, result.err) == (0, "")
        for word in ("ask", "models", "examples:", "--mock", "mock"):
            assert word in result.out
        assert "exit status: 0 done" in run("ask", "--help").out

    def test_version(self) -> None:
        assert run("--version").out == f"atlas-tui {__version__}\n"

    def test_the_chat_screen_needs_a_terminal(self) -> None:
        result = run()
        assert result.status == 2
        assert "atlas-tui ask" in result.err

    def test_a_settings_file_that_does_not_exist(self) -> None:
        result = run("ask", "hi", "--config", "/nowhere/settings.toml")
        assert (result.status, result.out) == (2, "")
        assert result.err == "atlas-tui: there is no file /nowhere/settings.toml: check --config and ATLAS_CONFIG\n"

    def test_a_settings_file_with_a_slip(self, tmp_path: Path) -> None:
        path = settings(tmp_path, 'defualt_model = "x"')
        result = run("ask", "hi", environ={"ATLAS_CONFIG": path})
        assert (result.status, result.out) == (2, "")
        assert result.err == f"atlas-tui: {path}, line 1: unknown key 'defualt_model': did you mean 'default_model'?\n"

    def test_a_default_provider_that_does_not_exist(self, tmp_path: Path) -> None:
        result = run("ask", "hi", "--config", settings(tmp_path, 'default_provider = "mok"'))
        words = "unknown provider 'mok' (default_provider in the settings): use one of anthropic, openai, ollama, mock"
        assert (result.status, result.out, result.err) == (2, "", f"atlas-tui: {words}\n")

    @pytest.mark.parametrize("option", ["delay_ms = 'x'", "delay_ms = inf", "simulate_errors = []", "speed = 'fast'"])
    def test_an_option_of_a_provider_that_is_no_number(self, option: str, tmp_path: Path) -> None:
        result = run("ask", "hi", "--config", settings(tmp_path, f"[providers.mock]\n{option}\n"))
        assert (result.status, result.out) == (2, "")
        assert "of the mock provider is a number, not" in result.err
