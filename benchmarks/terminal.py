"""Running a program in a pseudo-terminal and watching it from outside: what it prints when, what it costs."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far, its ended children's included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(value) for value in fields[11:15]) / _TICKS


def resident_megabytes(pid: int) -> float:
    """Memory that a process holds now, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass
class Terminal:
    """A program in a terminal of its own.

    It answers no terminal queries, so programs that ask (for the kitty protocol, say) take their plain way.
    """

    command: list[str]
    size: tuple[int, int] = (120, 40)
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.master, slave = pty.openpty()
        columns, rows = self.size
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **self.environment}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has its byte code, a checkout too then
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            self.command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        self.bytes_read = 0
        self.output: list[tuple[float, bytes]] = []

    def read(self, until: float) -> bytes | None:
        """The next output without its escape sequences, and None at the deadline or when the program has ended."""
        ready, _, _ = select.select([self.master], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return None
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:
            return None
        now = time.monotonic()
        self.bytes_read += len(data)
        plain = _ESCAPE.sub(b"", data)
        self.output.append((now, plain))
        return plain

    def wait_for(self, text: str, timeout: float = 60.0, between: Callable[[], None] | None = None) -> float:
        """Read until `text` has been printed; the moment at which it was. `between` runs after each read.

        Raises:
            TimeoutError: it was not printed in time.
        """
        wanted, tail, end = text.encode(), b"", time.monotonic() + timeout
        while time.monotonic() < end:
            data = self.read(min(end, time.monotonic() + 0.05))
            if data is None and self.process.poll() is not None:
                break
            tail = tail[-4096:] + (data or b"")
            if wanted in tail:
                return self.output[-1][0]
            if between is not None:
                between()
        raise TimeoutError(f"{self.command[0]} did not print {text!r}; last output: {tail[-300:]!r}")

    def settle(self, quiet: float = 0.3, timeout: float = 10.0) -> None:
        """Read until nothing has been printed for `quiet` seconds."""
        end = time.monotonic() + timeout
        while time.monotonic() < end and self.read(time.monotonic() + quiet) is not None:
            continue

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.master, keys.encode())

    def close(self) -> None:
        """End the program."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        os.close(self.master)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
