"""The log: for its owner alone, without keys, and never on the screen."""

from __future__ import annotations

import stat
from pathlib import Path

from atlas_tui.config import log_dir
from tests.command import Result, run
from tests.servers.scripted import HttpError, Script, ScriptedServer

KEY = "sk-test-0123456789abcdef"


def ask(server: ScriptedServer, *arguments: str) -> Result:
    environ = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{server.url}/v1"}
    return run("ask", "-p", "openai", "-m", "test-model", "Hello?", *arguments, environ=environ)


def log() -> Path:
    return log_dir() / "atlas-tui.log"


def test_without_a_warning_there_is_none(server: ScriptedServer) -> None:
    server.play(Script.text("ok"))
    assert ask(server).status == 0
    assert not log().exists()


def test_debug_logs_everything_but_keys_for_the_owner_alone(server: ScriptedServer) -> None:
    server.always(HttpError(401, message="wrong key {key} \x1b[31m"))
    result = ask(server, "--debug")
    assert result.status == 1
    assert "DEBUG" not in result.err
    text = log().read_text()
    assert "DEBUG openai" in text
    assert KEY not in text
    assert "\x1b" not in text
    assert [stat.S_IMODE(path.stat().st_mode) for path in (log(), log().parent)] == [0o600, 0o700]


def test_a_folder_that_cannot_be_written_is_no_obstacle(server: ScriptedServer) -> None:
    log_dir().parent.mkdir(parents=True)
    log_dir().write_text("a file where the folder should be")
    server.play(Script.text("ok"))
    assert ask(server, "--debug") == Result(0, "ok\n", "")
