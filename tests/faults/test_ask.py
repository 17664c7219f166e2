"""The matrix, seen by `atlas-tui ask` in a pipe: exit status, stdout, and one line on stderr."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from atlas_tui.cli import main
from atlas_tui.text import clean
from tests.command import run, settings
from tests.faults.conftest import Place
from tests.faults.providers import NAMES
from tests.faults.table import CELLS, NAMES_OF_CELLS, Fault
from tests.models.wires import KEY

SETTINGS = """
[retries]
attempts = 2
first_wait = 0
[timeouts]
connect = {limits.connect}
first_token = {limits.first_token}
between_tokens = {limits.between_tokens}
total = {total}
[providers.{name}]
kind = "{name}"
base_url = "{url}"
{api}
"""
THROUGH_A_PIPE = {"a stall between tokens", "status 529", "a reset", "a web page", "nobody listens", "single bytes"}
"""Faults that are also put to the command as its own process."""


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """The command sets up the log of its process, which here is the tests' own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    raises = logging.raiseExceptions
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.raiseExceptions = raises
    logging.captureWarnings(False)


def arguments(fault: Fault, wire: str, url: str, folder: Path) -> list[str]:
    """What follows `atlas-tui`."""
    name = NAMES[wire]
    text = SETTINGS.format(
        limits=fault.limits,
        total=fault.limits.total or "false",
        name=name,
        url=url if wire in ("anthropic", "ollama") else f"{url}/v1",
        api=f'api = "{wire}"' if name == "openai" else "",
    )
    return ["ask", "-p", f"{name}:test-model", "Hello?", "--config", settings(folder, text), "--no-history"]


def assert_told(fault: Fault, status: int, out: str, err: str) -> None:
    """The status, what had come on stdout, and one line about the rest on stderr."""
    assert out == (f"{clean(fault.arrives)}\n" if fault.arrives else "")
    if fault.kind is None:
        assert status == 0
        assert err in ("", "atlas-tui: the answer was cut at the limit of tokens: "
                           "raise --max-tokens or ask it to continue\n")  # fmt: skip
    else:
        assert status == 1
        line = err.removesuffix("\n")
        assert line.startswith("atlas-tui: ")
        assert line.isprintable(), "one line, and nothing that a terminal would obey"
        assert KEY not in err


@pytest.mark.usefixtures("no_leaked_threads", "logging_as_before")
@pytest.mark.parametrize(("fault", "wire"), CELLS, ids=NAMES_OF_CELLS)
def test_a_fault(
    place: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: Fault,
    wire: str,
) -> None:
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OLLAMA_API_KEY"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setattr(sys, "stdin", None)
    status = main(arguments(fault, wire, place(fault), tmp_path))
    assert_told(fault, status, *capsys.readouterr())
    logs = [file.read_text() for file in tmp_path.rglob("*.log")]
    assert not any(KEY in text or "Traceback" in text for text in logs)


@pytest.mark.parametrize(
    ("fault", "wire"),
    [cell for number, cell in enumerate(c for c in CELLS if c[0].name in THROUGH_A_PIPE) if number % 3 == 0],
)
def test_a_fault_and_the_command_as_a_process(place: Place, tmp_path: Path, fault: Fault, wire: str) -> None:
    environ = dict.fromkeys(("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OLLAMA_API_KEY"), KEY)
    result = run(*arguments(fault, wire, place(fault), tmp_path), environ=environ)
    assert_told(fault, result.status, result.out, result.err)
