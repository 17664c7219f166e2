"""What is really loaded, seen from a process of its own: heavy parts wait until they are needed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SDKS = {"anthropic", "openai", "ollama", "chromadb", "httpx", "httpx2", "pydantic"}
SCREEN = {"textual", "rich", "markdown_it", "pygments"}
HEAVY = SDKS | SCREEN | {"genai_prices", "asyncio", "sqlite3", "platformdirs", "tomllib"}


def loaded(program: str) -> set[str]:
    """The top-level modules that a program has loaded at its end."""
    report = "; import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    result = subprocess.run(
        [sys.executable, "-c", program + report], capture_output=True, text=True, timeout=60, check=True
    )
    return set(json.loads(result.stdout.splitlines()[-1]))


def test_the_package_and_its_help_load_nothing_heavy() -> None:
    assert "atlas_tui" in loaded("import atlas_tui")
    assert not loaded("import atlas_tui; atlas_tui.__version__") & (HEAVY | {"argparse", "dataclasses"})
    assert not loaded("import atlas_tui.cli") & HEAVY
    helping = "from atlas_tui.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n0"
    assert not loaded(helping) & (HEAVY | {"dataclasses", "logging"})


def test_the_settings_load_only_themselves() -> None:
    assert not loaded("import atlas_tui.config") & HEAVY
    assert not loaded("from atlas_tui.config import load_config; load_config()") & (HEAVY - {"platformdirs", "tomllib"})


@pytest.mark.parametrize(
    "arguments", [["ask", "hi", "--json"], ["models", "-p", "mock"], ["ask", "hi", "-p", "nobody"]]
)
def test_a_command_on_the_mock_loads_no_sdk_and_no_screen(arguments: list[str]) -> None:
    quick = "from atlas_tui.cli import main; main(" + repr([*arguments, "-m", "mock-basic"]) + ")"
    assert not loaded(quick) & (SDKS - {"pydantic", "httpx2"} | SCREEN)


def test_a_client_loads_no_sdk_before_it_asks() -> None:
    program = (
        "import os; os.environ['ANTHROPIC_API_KEY'] = 'k' * 20; "
        "from atlas_tui import create_query_client; create_query_client('anthropic')"
    )
    assert not loaded(program) & (SDKS | SCREEN | {"genai_prices"})


def test_the_screen_loads_no_sdk_and_no_database() -> None:
    assert not loaded("import atlas_tui.tui.app") & (SDKS | {"genai_prices", "sqlite3"})
