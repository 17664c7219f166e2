"""Lines written straight to the terminal leave it as Textual's own way would."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pyte
import pytest

SIZE = (24, 80)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_streaming_log_leaves_the_terminal_as_it_means_to(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    terminal, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    program = [sys.executable, "-m", "tests.tui.widgets.markdown_log.terminal_app", str(report)]
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(program, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    screen = pyte.Screen(SIZE[1], SIZE[0])
    stream = pyte.ByteStream(screen)
    try:
        deadline = time.monotonic() + 30
        quiet = False
        while not (report.exists() and quiet):
            assert time.monotonic() < deadline, "the program did not get to its end"
            quiet = not select.select([terminal], [], [], 0.3)[0]
            if not quiet:
                stream.feed(os.read(terminal, 1 << 16))
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
    meant = json.loads(report.read_text())
    assert meant["free"] == [True, False, True]
    # A wide character takes two places on the terminal's side, the second of them empty.
    shown = ["".join(screen.buffer[y][x].data for x in range(SIZE[1])) for y in range(SIZE[0])]
    assert shown == meant["lines"]
    assert "item two" in "\n".join(shown)
