"""The program under a shell's job control, and in a window that is dragged about."""

from __future__ import annotations

import os
import random
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import COMMAND, QUICK, Terminal, settings

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
STALL = '[providers.mock]\ndelay_ms = 0\nsimulate_errors = true\nerror_type = "stall"\n'


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """An interactive shell with job control: a process that nobody could bring back would not stop."""
    monkeypatch.setenv("PS1", "shell> ")
    here = Terminal("--norc", "--noprofile", "-i", program="bash")
    yield here
    here.close()


def test_it_stops_gives_the_terminal_back_and_comes_back_as_it_was(shell: Terminal, tmp_path: Path) -> None:
    shell.shows("shell>")
    note = tmp_path / "pid"
    command = " ".join([*COMMAND, "--config", settings(tmp_path, STALL)])
    shell.process.send(f"sh -c 'echo $$ > {note}; exec {command}'\r")
    shell.shows("Ask anything")
    shell.process.send("hi\r")
    shell.shows("rehearsed answer", "streaming")
    before = len(shell.raw)
    os.kill(int(note.read_text()), signal.SIGTSTP)
    shell.shows("Stopped", "shell>")
    left = shell.raw[before:].decode(errors="replace")
    for mode in ("?1049", "?1000", "?2004"):
        assert f"\x1b[{mode}l" in left, f"mode {mode} stayed on"
    shell.process.send("echo between; fg\r")
    shell.shows("rehearsed answer", "streaming")
    shell.process.send("\x1b")
    shell.shows("stopped")
    shell.process.send("more")
    shell.shows("more")
    shell.process.send("\x11")
    shell.shows("shell>")
    shell.process.send("echo status $?\r")
    shell.shows("status 0")


def test_a_window_that_is_dragged_about_loses_nothing(tmp_path: Path) -> None:
    """Eighty sizes, also absurd ones, while an answer comes; then the whole answer stands there, and keys are taken."""
    here = Terminal("--config", settings(tmp_path, "[providers.mock]\ndelay_ms = 4\n"), columns=100, rows=30)
    chance = random.Random(7)
    try:
        here.shows("Ask anything")
        here.process.send("Why is the sky blue?\r")
        here.shows("rehearsed answer")
        for _ in range(80):
            here.resize(chance.randint(1, 220), chance.randint(1, 60))
        here.resize(100, 30)
        here.shows("✓ done", "free · mock")
        here.process.send("still here")
        here.shows("still here")
        here.process.send("\x11")
        assert here.end() == 0
        assert re.findall(r"\x1b\[\?1049([hl])", here.raw.decode(errors="replace"))[-1] == "l"
    finally:
        here.close()


def test_the_smallest_windows_are_answered_with_a_sentence_and_survived(tmp_path: Path) -> None:
    here = Terminal("--config", settings(tmp_path, QUICK), columns=59, rows=16)
    try:
        here.shows("Atlas needs a terminal of at least 60x16")
        here.process.send("\x11")
        assert here.end() == 0
    finally:
        here.close()
