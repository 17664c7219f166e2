"""The log: for its owner alone, without keys, and never on the screen."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from atlas_tui.config import log_dir
from tests.command import Result, run, settings
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


@pytest.mark.parametrize("login", ["user:pw1", "user:pw%40/", "user:long-secret-1", "token-0123456789", "u:"])
@pytest.mark.parametrize("kind", ["openai", "anthropic", "ollama"])
def test_a_login_in_an_address_goes_nowhere(server: ScriptedServer, tmp_path: Path, kind: str, login: str) -> None:
    """Not even a password that is too short to be looked for everywhere, with every SDK's own traces on."""
    login = login.replace("/", "%2F")
    url = server.url.replace("://", f"://{login}@") + ("/v1" if kind == "openai" else "")
    given = f'[providers.lab]\nkind = "{kind}"\nbase_url = "{url}"\napi_key_env = "LAB"\nmodel = "test-model"\n'
    config = settings(tmp_path, given)
    environ = {"LAB": KEY, "OPENAI_LOG": "debug", "ANTHROPIC_LOG": "debug", "HTTPX_LOG_LEVEL": "trace"}
    server.play(Script.text(f"You said {login} and {KEY}."), HttpError(400, f"no to {url} and {{key}}"))
    results = [run("ask", "--debug", "--config", config, "-p", "lab", f"Is {KEY} good?", environ=environ) for _ in "12"]
    assert [result.status for result in results] == [0, 1], results
    exported = run("history", "export", "last", "--format", "json").out
    files = [path.read_bytes().decode(errors="replace") for path in tmp_path.rglob("*") if path.suffix != ".toml"
             and path.is_file()]  # fmt: skip
    text = "\n".join([log().read_text(), results[1].err])
    assert "DEBUG" in text
    assert f"{login}@" not in text
    assert len(login) < 12 or login.rpartition(":")[2] not in text
    for left in (text, exported, *files, *(result.out + result.err for result in results)):
        assert KEY not in left


def test_a_folder_that_cannot_be_written_is_no_obstacle(server: ScriptedServer) -> None:
    log_dir().parent.mkdir(parents=True)
    log_dir().write_text("a file where the folder should be")
    server.play(Script.text("ok"))
    assert ask(server, "--debug") == Result(0, "ok\n", "")
