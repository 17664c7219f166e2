"""`atlas-tui models`: what providers offer, and what is said of those that do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import run, settings
from tests.servers.scripted import ScriptedServer, ServedModel


@pytest.fixture
def both(server: ScriptedServer, tmp_path: Path) -> str:
    """Settings with a provider that answers and one that has no key."""
    server.models = [ServedModel("small", context=8192), ServedModel("big\x1b[31m", context=1_048_576)]
    return settings(
        tmp_path,
        f'[providers.lab]\nkind = "openai"\nbase_url = "{server.url}/v1"\n'
        '[prices."lab:small"]\ninput = 0.5\noutput = 2\n'
        f'[providers.ollama]\nbase_url = "{server.url}"\n',
    )


def test_one_provider_is_one_row_a_model(both: str) -> None:
    result = run("models", "-p", "lab", "--config", both)
    assert (result.status, result.err) == (0, "")
    rows = [row.split() for row in result.out.splitlines()]
    assert [row[0] for row in rows] == ["lab:small", "lab:big␛[31m"]
    assert rows[0][2:4] == ["0.50", "2.00"]
    assert rows[1][2:4] == ["?", "?"]


def test_all_providers_and_why_some_have_none(both: str) -> None:
    result = run("models", "--config", both)
    assert result.status == 0
    targets = [row.split()[0] for row in result.out.splitlines()]
    assert "mock:mock-standard" in targets
    assert "lab:small" in targets
    assert "ollama:small" in targets
    reasons = result.err.splitlines()
    assert [reason.split(":")[1].split()[-1] for reason in reasons] == ["anthropic", "openai"]
    assert "ANTHROPIC_API_KEY" in reasons[0]


def test_json(both: str) -> None:
    result = run("models", "--json", "--config", both)
    form = json.loads(result.out)
    assert result.out.isascii()
    small = next(model for model in form["models"] if (model["provider"], model["id"]) == ("lab", "small"))
    assert small["price"] == {"input": 0.5, "output": 2.0}
    ollama = next(model for model in form["models"] if model["provider"] == "ollama")
    assert ollama["context_window"] == 8192
    assert [entry["provider"] for entry in form["unavailable"]] == ["anthropic", "openai"]


def test_a_provider_that_gives_no_list(dead_url: str, tmp_path: Path) -> None:
    here = settings(tmp_path, f'[providers.lab]\nkind = "openai"\nbase_url = "{dead_url}/v1"\n')
    result = run("models", "-p", "lab", "--config", here)
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith("atlas-tui: lab")
    assert result.err.count("\n") == 1


def test_an_unknown_provider_and_a_missing_key() -> None:
    assert run("models", "-p", "nobody").status == 2
    assert run("models", "-p", "openai").status == 2


def test_the_mock_needs_no_key() -> None:
    result = run("models", "-p", "anthropic", "--mock")
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith("anthropic:mock-basic")
