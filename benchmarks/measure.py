"""One measured run of a program that streams an answer into a terminal."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.server import END_MARK
from benchmarks.terminal import Terminal, cpu_seconds, resident_megabytes

_TOKEN = re.compile(rb"w(\d{6})")
# Letters that no scenario prints: the first time one appears after its key, the terminal has echoed it.
_ECHO_LETTERS = [chr(code) for code in (*range(0x3B1, 0x3C9), *range(0x430, 0x450), *range(0x561, 0x587))]


class Server:
    """The paced server in a process of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", "benchmarks.server"], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def sent(self) -> tuple[float, list[float]]:
        """When the last request came, and when each of its tokens left."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/sent") as answer:
            body = json.load(answer)
        return body["asked"], body["sent"]

    def close(self) -> None:
        """End the server."""
        self._process.terminate()
        self._process.wait()


@dataclass(frozen=True)
class Program:
    """How a program is started on a model and made to ask."""

    name: str
    command: list[str]
    ready: str
    """What it prints when it takes keys."""
    ask: str
    """The keys that send a prompt."""
    environment: dict[str, str]


def baseline(server: Server, model: str) -> Program:
    """The official SDK with a plain `print`."""
    command = [sys.executable, "-m", "benchmarks.baseline", str(server.port), model]
    return Program("SDK and print", command, "ready", "\r", {})


def atlas(server: Server, *models: str) -> Program:
    """Atlas on the same server, with a fresh home."""
    home = Path(tempfile.mkdtemp(prefix="atlas-benchmark-"))
    config = home / "config.toml"
    url = f"http://127.0.0.1:{server.port}/v1"
    config.write_text(f'[providers.bench]\nkind = "openai"\nbase_url = "{url}"\n')
    command = [sys.executable, "-m", "atlas_tui", "--config", str(config), "-p", f"bench:{models[0]}"]
    environment = {"ATLAS_DATA_DIR": str(home), "XDG_STATE_HOME": str(home), "HOME": str(home)}
    return Program("Atlas", command, "Ask anything", "go\r", environment)


def comparison(server: Server, model: str, columns: int) -> Program:
    """Atlas with so many columns of one model."""
    program = atlas(server, model)
    at = program.command.index("-p")
    targets = ["-p", f"bench:{model}"] * columns
    command = [*program.command[:at], "compare", *targets]
    return replace(program, name=f"{columns} columns", command=command, ready=f"{columns} columns")


@dataclass(frozen=True)
class StreamFigures:
    """What one streamed answer cost and how far the screen was behind."""

    tokens: int
    cpu: float
    """Processor seconds from the prompt to the end."""
    lag_p50: float
    """Milliseconds from a token's leaving the server to its appearing in the terminal's output."""
    lag_p95: float
    first: float
    """Milliseconds from the key that sends to the first token shown."""
    shown_rate: float
    """Tokens a second from the first shown to the last."""
    kilobytes: float
    """Output to the terminal per 1,000 tokens."""
    memory: float
    """MB resident after the answer."""
    echo_p50: float
    echo_p95: float
    """Milliseconds from a key to its echo, where keys were typed."""

    @property
    def cpu_per_token(self) -> float:
        """Processor microseconds a token."""
        return self.cpu / self.tokens * 1e6


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def stream(
    program: Program,
    server: Server,
    tokens: int,
    *,
    size: tuple[int, int] = (120, 40),
    typing: bool = False,
    timeout: float = 180.0,
) -> StreamFigures:
    """Start the program, send a prompt, and watch the answer until its last token is on the screen."""
    with Terminal(program.command, size, program.environment) as terminal:
        terminal.wait_for(program.ready)
        terminal.settle(1.5)  # what is imported behind the first screen belongs to the start
        cpu_before, bytes_before = cpu_seconds(terminal.process.pid), terminal.bytes_read
        asked = time.monotonic()
        terminal.press(program.ask)
        typist = _Typist(terminal) if typing else None
        terminal.wait_for(END_MARK, timeout, typist.step if typist else None)
        cpu = cpu_seconds(terminal.process.pid) - cpu_before
        kilobytes = (terminal.bytes_read - bytes_before) / tokens
        terminal.settle()
        memory = resident_megabytes(terminal.process.pid)
        shown = _first_shown(terminal.output)
        _, sent = server.sent()
    lags = [(shown[number] - at) * 1e3 for number, at in enumerate(sent) if number in shown]
    if len(lags) < 0.95 * tokens:
        print(f"  note: {program.name} showed {len(lags)} of {tokens} tokens as they came", file=sys.stderr)
    times = sorted(shown.values())
    return StreamFigures(
        tokens,
        cpu,
        _percentile(lags, 0.5),
        _percentile(lags, 0.95),
        (times[0] - asked) * 1e3,
        len(times) / (times[-1] - times[0]),
        kilobytes,
        memory,
        _percentile(typist.echoes, 0.5) if typist else float("nan"),
        _percentile(typist.echoes, 0.95) if typist else float("nan"),
    )


def _first_shown(output: list[tuple[float, bytes]]) -> dict[int, float]:
    shown: dict[int, float] = {}
    tail = b""
    for at, data in output:
        text = tail + data
        for match in _TOKEN.finditer(text):
            shown.setdefault(int(match[1]), at)
        tail = text[-6:]
    return shown


class _Typist:
    """Presses a key five times a second and waits for its echo."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._letters = iter(_ECHO_LETTERS)
        self._waiting: tuple[str, float, int] | None = None
        self._next = time.monotonic() + 0.5
        self.echoes: list[float] = []

    def step(self) -> None:
        """Look for the echo of the last key, and press the next when it is time."""
        output = self._terminal.output
        if self._waiting is not None:
            letter, pressed, seen = self._waiting
            wanted = letter.encode()
            for at, data in output[seen:]:
                if wanted in data:
                    self.echoes.append((at - pressed) * 1e3)
                    self._waiting = None
                    break
            else:
                self._waiting = (letter, pressed, len(output))
        elif time.monotonic() >= self._next:
            letter = next(self._letters, "")
            if letter:
                self._waiting = (letter, time.monotonic(), len(output))
                self._terminal.press(letter)
                self._next = time.monotonic() + 0.2
