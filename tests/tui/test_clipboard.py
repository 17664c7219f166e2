"""What is copied is in the clipboard of the machine too, where there is one: not every terminal takes it."""

from __future__ import annotations

import base64
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import QUICK, Terminal, settings

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning"),
    pytest.mark.skipif(sys.platform == "darwin", reason="it has a clipboard of its own"),
]


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that stands for the clipboard; what fills it is found before any other program."""
    programs, filled = tmp_path / "programs", tmp_path / "filled"
    programs.mkdir()
    for name in ("wl-copy", "xclip", "tmux"):
        program = programs / name
        program.write_text(
            f'#!/bin/sh\ncat > "{filled}.new"; echo "{name} $*" >> "{filled}.new"\nmv "{filled}.new" "{filled}"\n'
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return filled


@pytest.fixture
def chat(
    tmp_path: Path, filled: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Terminal]:
    for name, value in request.param.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal("--config", settings(tmp_path, QUICK))
    yield terminal
    terminal.close()


def copied(terminal: Terminal) -> str:
    """Ask and copy the answer; what the terminal was told."""
    terminal.shows("Ask anything")
    terminal.process.send("Why is it?\r")
    terminal.shows("✓ done")
    terminal.process.send("/copy\r")
    terminal.shows("answer copied")
    told = terminal.raw.rpartition(b"\x1b]52;c;")[2].partition(b"\x07")[0]
    return base64.b64decode(told).decode()


@pytest.mark.parametrize(
    ("chat", "program"),
    [
        ({"WAYLAND_DISPLAY": "wayland-0"}, "wl-copy "),
        ({"DISPLAY": ":0"}, "xclip -selection clipboard"),
        ({"TMUX": "/tmp/x,1,0", "SSH_CONNECTION": "a b", "DISPLAY": ":10"}, "tmux load-buffer -w -"),
    ],
    indirect=["chat"],
)
def test_what_is_copied_is_in_the_clipboard_of_the_machine(chat: Terminal, program: str, filled: Path) -> None:
    text = copied(chat)
    assert "Why is it?" in text
    chat.process.send("x")
    chat.wait(lambda _: filled.exists())
    assert filled.read_text() == f"{text}{program}\n"
