"""The command in a process that had everything imported when it began: a fork of one that does nothing else.

It is a process of its own in all that it does: arguments, variables, folder, pipes, signals, ending. Only, to import
what it wants, which takes most of the time of a fresh one, was done before.
"""

from __future__ import annotations

import array
import atexit
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path

PRELOADED = [
    *(f"atlas_tui.cli.{name}" for name in ("ask", "compare", "doctor", "history", "index", "logs", "models", "search")),
    *(f"atlas_tui.models.{name}" for name in ("anthropic", "factory", "ollama", "openai")),
    *("anthropic.resources.messages", "openai.resources.chat.completions", "openai.resources.responses"),
    *("httpx", "httpx2", "ollama", "genai_prices"),
]
"""What commands import. Nothing of it starts a thread, which would be missing in a fork."""


class Warm:
    """The process that forks, seen from the tests."""

    def __init__(self) -> None:
        self._channel, its_end = socket.socketpair()
        with its_end:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm", str(its_end.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=Path(__file__).parents[1],
                pass_fds=[its_end.fileno()],
            )
        self._answers = self._channel.makefile("r")
        self._one_at_a_time = threading.Lock()
        atexit.register(self._close)

    def run(
        self, arguments: Sequence[str], stdin: str, environ: Mapping[str, str], seconds: float
    ) -> tuple[int, str, str]:
        """Run the command to its end; its status, stdout and stderr.

        Raises:
            TimeoutError: it had not ended after so many seconds, and was killed.
        """
        (its_in, our_in), (our_out, its_out), (our_err, its_err) = os.pipe(), os.pipe(), os.pipe()
        wanted = json.dumps([list(arguments), dict(environ), os.getcwd()]) + "\n"
        with self._one_at_a_time, ThreadPoolExecutor(3) as pool:
            socket.send_fds(self._channel, [wanted.encode()], [its_in, its_out, its_err])
            for pipe in (its_in, its_out, its_err):
                os.close(pipe)
            out, err = pool.submit(_read, our_out), pool.submit(_read, our_err)
            pool.submit(_write, our_in, stdin)
            killer = threading.Timer(seconds, os.kill, (int(self._answers.readline()), signal.SIGKILL))
            killer.start()
            status = int(self._answers.readline())
            killer.cancel()
            killer.join()
        if status == -signal.SIGKILL:
            raise TimeoutError(f"not done within {seconds} s; it said {err.result()!r}")
        return status, out.result(), err.result()

    def _close(self) -> None:
        self._channel.shutdown(socket.SHUT_RDWR)
        self._process.wait()


@cache
def warm() -> Warm:
    """The one of this process; it ends with it."""
    return Warm()


def _read(pipe: int) -> str:
    with open(pipe, encoding="utf-8") as file:
        return file.read()


def _write(pipe: int, text: str) -> None:
    with suppress(BrokenPipeError), open(pipe, "w", encoding="utf-8") as file:
        file.write(text)


def _wanted(channel: socket.socket) -> tuple[bytes, list[int]]:
    """The next line, and the pipes that came with it; nothing when the tests are over."""
    line, pipes = b"", array.array("i")
    while not line.endswith(b"\n"):
        data, received, _, _ = socket.recv_fds(channel, 65536, 3)
        if not data:
            return b"", []
        line += data
        pipes.extend(received)
    return line, pipes.tolist()


def _serve(channel: socket.socket) -> None:
    """Fork for each command that is wanted. It returns in the forks, with all set up, and when the tests are over."""
    while True:
        line, pipes = _wanted(channel)
        if not line:
            os._exit(0)
        process = os.fork()
        if not process:
            break
        for pipe in pipes:
            os.close(pipe)
        channel.sendall(f"{process}\n".encode())
        _, status = os.waitpid(process, 0)
        channel.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    channel.close()
    for number, pipe in enumerate(pipes):
        os.dup2(pipe, number)
        os.close(pipe)
    # New ones: those of the start know of their files whether they can seek.
    sys.stdin, sys.stdout = os.fdopen(0, encoding="utf-8"), os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    arguments, environ, folder = json.loads(line)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    sys.argv = ["atlas-tui", *arguments]


if __name__ == "__main__":
    for name in PRELOADED:
        import_module(name)
    assert threading.active_count() == 1
    gc.collect()
    gc.freeze()  # no fork goes over it, which would copy it
    _serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("atlas_tui", run_name="__main__", alter_sys=True)
