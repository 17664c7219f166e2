"""The public surface: what others import, and what that costs."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

import pytest

import atlas_tui
from atlas_tui import create_provider, create_query_client
from atlas_tui.models import base

HEAVY = ("anthropic", "openai", "ollama", "chromadb", "textual", "rich", "genai_prices", "httpx", "httpx2", "pydantic")


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after `code`."""
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_names_are_written_down() -> None:
    assert sorted(atlas_tui.__all__) == [
        "AtlasError",
        "ConfigError",
        "ProviderError",
        "QueryClient",
        "__version__",
        "create_provider",
        "create_query_client",
    ]
    assert dir(atlas_tui) == sorted(atlas_tui.__all__)
    for name in atlas_tui.__all__:
        assert getattr(atlas_tui, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        atlas_tui.nothing  # noqa: B018


def test_every_public_thing_says_what_it_is() -> None:
    for name in set(atlas_tui.__all__) - {"__version__"}:
        assert inspect.getdoc(getattr(atlas_tui, name)), name


def test_the_documented_names_of_the_models_are_there() -> None:
    documented = {"ModelRequest", "ModelMessage", "ModelResponse", "TokenUsage", "CostEstimate", "Provider"}
    assert documented <= set(base.__all__)
    for name in base.__all__:
        assert getattr(base, name) is not None


def test_the_arguments_keep_their_names_and_order() -> None:
    client = inspect.signature(create_query_client).parameters
    assert list(client)[:2] == ["provider_name", "model_name"]
    assert {"system_prompt", "system_prompt_file", "collection_name", "db_path", "max_tokens"} <= set(client)
    assert {"fallback", "budget", "mock"} <= set(client)
    assert list(inspect.signature(create_provider).parameters)[:3] == ["name", "model_name", "max_tokens"]


def test_importing_the_package_loads_nothing_of_it() -> None:
    loaded = loaded_by("import atlas_tui")
    assert {name for name in loaded if name.startswith("atlas_tui")} == {"atlas_tui"}
    assert not loaded & {*HEAVY, "asyncio"}


def test_a_client_loads_no_sdk_and_no_terminal_framework_until_it_asks() -> None:
    loaded = loaded_by("from atlas_tui import create_query_client; create_query_client(mock=True)")
    assert not loaded & set(HEAVY)
    assert "atlas_tui.tui" not in loaded


def test_an_answer_of_the_mock_needs_no_sdk_either() -> None:
    loaded = loaded_by("from atlas_tui import create_query_client; create_query_client(delay_ms=0).query('Hello')")
    assert not loaded & {"anthropic", "openai", "ollama", "chromadb", "textual", "rich", "genai_prices"}


def test_a_program_that_logs_nothing_finds_nothing_on_its_stderr() -> None:
    """A vector server that is dead is a notice; Python writes what a library warns of to stderr if nobody takes it."""
    code = (
        "from atlas_tui import create_query_client\n"
        "client = create_query_client('mock', db_path='http://127.0.0.1:1')\n"
        "print(client.retrieve_only('anything'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert (done.stdout, done.stderr) == ("[]\n", "")
