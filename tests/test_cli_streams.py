"""What stands at the ends of a command: streams that are closed, full or endless, and a terminal that is given back."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pytest

from tests.command import COMMAND, QUICK, Terminal, settings

needs_devices = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs devices of Linux")


def shell(command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a shell makes of the line, in which `atlas` stands for the program with these arguments."""
    line = command.replace("atlas", shlex.join([*COMMAND, *arguments]))
    return subprocess.run(["sh", "-c", line], capture_output=True, encoding="utf-8", timeout=60)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["ask", "Hello"], 0),
        (["models", "-p", "mock"], 0),
        (["history"], 0),
        (["history", "import", "-"], 2),
        (["compare", "-p", "mock", "-p", "mock", "Hello"], 0),
        (["index", "--list"], 0),
        (["search", "sea"], 0),
        (["doctor", "--offline", "--json"], 0),
    ],
)
def test_streams_that_the_caller_closed_are_no_defect(arguments: list[str], status: int, tmp_path: Path) -> None:
    done = shell("TERM=xterm atlas <&- >&-", *arguments, "--config", settings(tmp_path, QUICK))
    assert "Atlas itself failed" not in done.stderr
    assert done.returncode == status


@needs_devices
def test_an_error_that_cannot_be_written_keeps_its_status() -> None:
    assert shell("atlas 2>/dev/full", "ask", "-p", "nobody", "Hi").returncode == 2
    assert shell("atlas 2>/dev/full", "no-command").returncode == 2


@needs_devices
def test_what_never_ends_does_not_fill_the_memory() -> None:
    done = shell("atlas </dev/zero", "ask", "Hi")
    assert done.returncode == 2
    assert done.stderr == "atlas-tui: more than 100 MB are piped in, which no model reads: pipe in a part\n"


def test_who_presses_ctrl_c_twice_sees_again_what_is_typed() -> None:
    """The second one ends the process at once: the terminal has to be as it was by then."""
    program = """if True:
        import signal
        from atlas_tui.cli.console import Console
        from atlas_tui.cli.interruption import Interruption
        with Interruption() as interruption, Console() as console:
            interruption.cancels(console.give_back, lambda: print("once", flush=True))
            print("begun", flush=True)
            while True:
                signal.pause()
    """
    terminal = Terminal("-c", program, program=sys.executable)
    try:
        terminal.shows("begun")
        assert not terminal.process.getecho()
        terminal.process.sendintr()
        terminal.shows("once")
        assert terminal.process.getecho()
        terminal.process.sendintr()
        terminal.process.expect_exact(pexpect.EOF)
        terminal.process.wait()
        assert terminal.process.signalstatus == signal.SIGINT
    finally:
        terminal.close()
