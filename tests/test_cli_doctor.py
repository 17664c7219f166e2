"""`atlas-tui doctor`: each problem is named with what to do about it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.command import Result, run, settings
from tests.servers.scripted import HttpError, ScriptedServer, ServedModel

KEY = "sk-test-0123456789abcdefgh"
PLAIN = {"LANG": "C.UTF-8", "TERM": "xterm-256color"}


def findings(result: Result) -> dict[str, dict[str, Any]]:
    return {each["what"]: each for each in json.loads(result.out)["findings"]}


def test_a_fresh_machine_is_fine() -> None:
    done = run("doctor", "--offline", environ=PLAIN)
    assert (done.status, done.err) == (0, "")
    assert "✓ mock: can be used" in done.out
    assert "· anthropic: no API key for anthropic: set ANTHROPIC_API_KEY" in done.out
    assert "✗" not in done.out


def test_looking_leaves_no_file(tmp_path: Path) -> None:
    run("doctor", "--offline", environ={**PLAIN, "ATLAS_DATA_DIR": str(tmp_path / "nothing")})
    assert not (tmp_path / "nothing").exists()


def test_a_chosen_provider_without_its_key_is_a_problem() -> None:
    done = run("doctor", "--offline", "--json", environ={**PLAIN, "ATLAS_DEFAULT_PROVIDER": "anthropic"})
    found = findings(done)["anthropic"]
    assert (done.status, found["state"]) == (1, "problem")
    assert "ANTHROPIC_API_KEY" in found["words"]


def test_hosts_and_keys_are_tried_and_keys_never_shown(server: ScriptedServer, dead_url: str, tmp_path: Path) -> None:
    server.models = [ServedModel("gpt-x")]
    server.routes["/refusing/models"] = HttpError(401, f"Incorrect API key provided: {KEY}")
    config = settings(
        tmp_path,
        f'''default_provider = "good"
[providers.good]
kind = "openai"
base_url = "{server.url}/v1"
model = "gpt-x"
api_key_env = "LAB_KEY"
[providers.refusing]
kind = "openai"
base_url = "{server.url}/refusing"
api_key_env = "LAB_KEY"
[providers.gone]
kind = "openai"
base_url = "{dead_url}/v1"
''',
    )
    done = run("doctor", "--json", "--config", config, environ={**PLAIN, "LAB_KEY": KEY})
    found = findings(done)
    assert (done.status, done.err) == (1, "")
    assert (found["good"]["state"], found["good"]["words"]) == ("ok", "1 models; answers with gpt-x")
    assert found["refusing"]["state"] == found["gone"]["state"] == "problem"
    assert KEY not in done.out


@pytest.mark.parametrize(
    ("environ", "what", "remedy"),
    [
        ({"TERM": "dumb"}, "TERM", "xterm-256color"),
        ({"PYTHONIOENCODING": "latin-1"}, "encoding", "UTF-8"),
    ],
)
def test_a_terminal_that_does_not_fit_is_told(environ: dict[str, str], what: str, remedy: str) -> None:
    done = run("doctor", "--offline", "--json", environ={**PLAIN, **environ})
    found = findings(done)[what]
    assert (done.status, found["state"]) == (1, "problem")
    assert remedy in found["words"]


def test_a_damaged_history_and_open_folders_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    (folder / "history.db").write_bytes(b"no database" * 1000)
    done = run("doctor", "--offline", "--json", environ={**PLAIN, "ATLAS_DATA_DIR": str(folder)})
    found = findings(done)
    assert done.status == 1
    assert "chmod 700" in found["data"]["words"]
    assert found["history"]["state"] == "problem"
    assert "damaged" in found["history"]["words"]


def test_a_history_that_cannot_be_used_is_told_for_what_it_is(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "history.db") as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()
    found = findings(run("doctor", "--offline", "--json", environ={**PLAIN, "ATLAS_DATA_DIR": str(tmp_path)}))
    assert found["history"]["state"] == "problem"
    assert found["history"]["words"].endswith("update Atlas to use it: conversations cannot be kept")


def test_what_is_indexed_and_what_finds_it_by_meaning(tmp_path: Path) -> None:
    environ = {**PLAIN, "ATLAS_EMBEDDER": "none"}
    nothing = findings(run("doctor", "--offline", "--json", environ=environ))["knowledge base"]
    assert (nothing["state"], nothing["words"]) == ("ok", "none yet; `atlas-tui index PATH` begins it")
    (tmp_path / "sea.md").write_text("The sea is salty.\n")
    assert run("index", str(tmp_path), environ=environ).status == 0
    found = findings(run("doctor", "--json", environ=environ))
    assert found["documents"]["words"] == "1 document, 1 chunk, 0 vectors"
    assert found["search by meaning"]["words"] == "off, as the settings say"


def test_settings_that_name_what_does_not_exist_are_told(tmp_path: Path) -> None:
    wrong = """default_provider = "mok"
fallback = ["mock:mock-gigantic"]
[keys]
retri = "f5"
"""
    environ = {**PLAIN, "ATLAS_EMBEDDER": "x"}
    done = run("doctor", "--json", "--config", settings(tmp_path, wrong), environ=environ)
    found = findings(done)
    problems = {"keys", "search by meaning", "default_provider", "fallback"}
    assert done.status == 1
    assert {what for what, finding in found.items() if finding["state"] == "problem"} == problems
    assert "unknown provider 'mok'" in found["default_provider"]["words"]
    assert "mock-gigantic" in found["fallback"]["words"]
    assert "no embedder 'x'" in found["search by meaning"]["words"]
    assert "no action 'retri'" in found["keys"]["words"]


def test_problems_are_told_apart_where_only_ascii_is_shown(tmp_path: Path) -> None:
    wrong = settings(tmp_path, 'default_provider = "mok"\n')
    done = run("doctor", "--offline", "--config", wrong, environ={**PLAIN, "PYTHONIOENCODING": "ascii"})
    assert "  ! default_provider: unknown provider" in done.out
    assert "  + mock: can be used" in done.out


def test_a_folder_that_cannot_be_looked_at_is_told(tmp_path: Path) -> None:
    """As one that may not be entered; that is no hindrance to root, a name that is too long is."""
    done = run("doctor", "--offline", "--json", environ={**PLAIN, "ATLAS_DATA_DIR": str(tmp_path / ("long" * 100))})
    found = findings(done)
    assert (done.status, done.err) == (1, "")
    assert found["data"]["state"] == found["history"]["state"] == "problem"
    assert "cannot be read (File name too long)" in found["data"]["words"]
