"""The command `atlas-tui` as its users meet it: in a pipe, and in a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pexpect  # type: ignore[import-untyped]
import pyte

from tests.warm import warm

COMMAND = [sys.executable, "-m", "atlas_tui"]
QUICK = "[providers.mock]\ndelay_ms = 0\n"
"""Settings with which the mock provider answers at once."""


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    status: int
    out: str
    err: str


def start(
    *arguments: str, environ: Mapping[str, str] | None = None, out: int | IO[str] = subprocess.PIPE
) -> subprocess.Popen[str]:
    """The command with pipes at all three ends, and with these variables besides those of the tests."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=out,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, **(environ or {})},
    )


def run(*arguments: str, stdin: str = "", environ: Mapping[str, str] | None = None) -> Result:
    """Run the command to its end; in a fresh interpreter only where variables that this reads are other ones."""
    variables = {**os.environ, **(environ or {})}
    if _for_python(variables) == _USUAL:
        return Result(*warm().run(arguments, stdin, variables, 30))
    with start(*arguments, environ=environ) as process:
        out, err = process.communicate(stdin, timeout=30)
    return Result(process.returncode, out, err)


def _for_python(variables: Mapping[str, str]) -> dict[str, str]:
    """Those that an interpreter reads when it starts."""
    return {name: value for name, value in variables.items() if name.startswith(("PYTHON", "LANG", "LC_"))}


_USUAL = _for_python(os.environ)


def settings(folder: Path, text: str) -> str:
    """A settings file with this text; its path."""
    path = folder / "settings.toml"
    path.write_text(text)
    return str(path)


class Terminal:
    """The command in a terminal of its own: keys go in, a screen comes out."""

    def __init__(self, *arguments: str, columns: int = 80, rows: int = 24, program: str | None = None) -> None:
        command = [program, *arguments] if program else [*COMMAND, *arguments]
        # Where a test runner has loaded `readline`, C's own environment holds COLUMNS and LINES, and no Python knows.
        environ = dict(os.environ)
        self.process = pexpect.spawn(command[0], command[1:], dimensions=(rows, columns), timeout=20, env=environ)
        self.raw = b""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def lines(self) -> list[str]:
        """The rows of the screen that have text."""
        return [line.rstrip() for line in self._screen.display if line.strip()]

    def wait(self, shown: Callable[[list[str]], bool], timeout: float = 45) -> list[str]:
        """Read until the screen fits; its lines."""
        limit = time.monotonic() + timeout
        while not shown(self.lines):
            if time.monotonic() > limit or not self._read():
                raise AssertionError("the screen never showed it:\n" + "\n".join(self.lines))
        return self.lines

    def shows(self, *texts: str) -> list[str]:
        """Read until each text stands in some row, all at one time; the lines."""
        return self.wait(lambda lines: all(any(text in line for line in lines) for text in texts))

    def shows_no(self, text: str) -> None:
        """Read until the text stands nowhere."""
        self.wait(lambda lines: not any(text in line for line in lines))

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        self._screen.resize(rows, columns)
        self.process.setwinsize(rows, columns)

    def end(self) -> int:
        """Read to the end; the exit status."""
        while self._read():
            pass
        self.process.wait()
        assert self.process.exitstatus is not None, f"killed by signal {self.process.signalstatus}"
        return int(self.process.exitstatus)

    def close(self) -> None:
        """End the command if it still runs."""
        self.process.close(force=True)

    def _read(self) -> bool:
        try:
            data = self.process.read_nonblocking(65536, timeout=45)
        except pexpect.EOF:
            return False
        except pexpect.TIMEOUT as error:
            raise AssertionError("nothing more came after:\n" + "\n".join(self.lines)) from error
        self.raw += data
        self._stream.feed(data)
        return True
