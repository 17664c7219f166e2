"""A process of its own for what must not reach the caller: a slow import, much memory, a crash, telemetry.

One side is `Worker`, in the caller's process. The other is this module run by itself, `python -m
atlas_tui.retrieval.worker TASK`: it imports the task's module and answers one call after another. A call and its
answers are lines of JSON through pipes. When the caller ends, however it ends, its end of the pipe closes, and the
worker ends itself.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from atlas_tui.errors import AtlasError
from atlas_tui.text import one_line

Answer = dict[str, Any]
_GRACE = 5.0
"""Seconds that a task has to come to a good end once nobody waits for it any more."""
_SECRETS = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD", "_CREDENTIALS")
_QUIET = {
    # Before the first import: onnxruntime sends telemetry by default and writes an id into the user's cache.
    "ORT_DISABLE_TELEMETRY": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONUNBUFFERED": "1",
}


class WorkerDied(AtlasError):
    """The process has ended, or does not answer."""


class WorkerFailed(AtlasError):
    """The process said why it could not do what it was asked; `kind` is a word for a program, or empty."""

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind


class Worker:
    """One process and the calls to it; usable from any thread.

    Args:
        task: the module that does the work, in it `Task`, see `serve`.
        folder: where it runs; libraries read files of settings from there.
    """

    def __init__(self, task: str, folder: Path) -> None:
        self._numbers = itertools.count(1)
        self._waiting: dict[int, queue.SimpleQueue[Answer | None]] = {}
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            # -P: what lies in the folder is nothing to import.
            [sys.executable, "-P", "-m", __name__, task],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=_environment(os.environ),
            start_new_session=True,  # the terminal's Ctrl+C is the caller's
        )
        self._alive = True
        threading.Thread(target=self._read, name="atlas-worker-answers", daemon=True).start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can still be called."""
        return self._alive

    def call(
        self, do: str, *, timeout: float | None = None, progress: Callable[[Answer], None] | None = None, **values: Any
    ) -> Answer:
        """Have it do something, and wait for the answer; `progress` gets what it says on the way.

        Args:
            timeout: seconds until the next sign of life; a process that gives none is ended.

        Raises:
            WorkerDied: it ended before the answer.
            WorkerFailed: it could not do it.
        """
        number = next(self._numbers)
        answers: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
        self._waiting[number] = answers
        try:
            self._send({"number": number, "do": do, "values": values})
            while True:
                try:
                    answer = answers.get(timeout=timeout)
                except queue.Empty:
                    self.kill()
                    raise WorkerDied(f"a process behind Atlas gave no answer within {timeout:g} s") from None
                if answer is None:
                    raise WorkerDied("a process behind Atlas has ended")
                if "progress" in answer:
                    if progress is not None:
                        progress(answer["progress"])
                elif "error" in answer:
                    raise WorkerFailed(answer["error"], answer["kind"])
                else:
                    given: Answer = answer["answer"]
                    return given
        finally:
            self._waiting.pop(number, None)

    def stop(self) -> None:
        """Ask it to come to an end with what it is doing; the call then gets its answer."""
        with suppress(WorkerDied):
            self._send({"stop": True})

    def close(self, patience: float = 0.2) -> None:
        """End it: at once where it has nothing to bring to an end, else within `patience` seconds."""
        self._alive = False
        with suppress(OSError), self._lock:
            assert self._process.stdin
            self._process.stdin.close()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()

    def release(self) -> None:
        """Leave it alone: it brings to an end what it is doing, and ends. Who waits for an answer waits no more."""
        self._alive = False
        with suppress(OSError), self._lock:
            assert self._process.stdin
            self._process.stdin.close()
        for waiting in list(self._waiting.values()):
            waiting.put(None)

    def kill(self) -> None:
        """End it now."""
        self._alive = False
        self._process.kill()
        self._process.wait()

    def _send(self, message: Answer) -> None:
        data = json.dumps(message).encode() + b"\n"
        try:
            with self._lock:
                assert self._process.stdin
                self._process.stdin.write(data)
                self._process.stdin.flush()
        except (OSError, ValueError):
            raise WorkerDied("a process behind Atlas has ended") from None

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as lines:
            for line in lines:
                with suppress(ValueError):  # a line that was cut off by the end of the process
                    answer = json.loads(line)
                    if waiting := self._waiting.get(answer["number"]):
                        waiting.put(answer)
        self._alive = False
        self._process.wait()
        with suppress(OSError), self._lock:
            assert self._process.stdin
            self._process.stdin.close()
        for waiting in list(self._waiting.values()):
            waiting.put(None)


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """For the process: no key, no telemetry, and no variable that would make other settings for Chroma."""
    kept = {
        name: value
        for name, value in environ.items()
        if name.startswith("CHROMA_CLIENT_")  # how a Chroma server wants to be asked
        or not (name.upper().endswith(_SECRETS) or name.startswith(("CHROMA_", "OTEL_")))
    }
    loopback = "127.0.0.1,localhost,::1"  # which no proxy can reach for us
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = f"{kept[name]},{loopback}" if kept.get(name) else loopback
    package = str(Path(__file__).parents[2])
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (package, kept.get("PYTHONPATH"))))
    return kept | _QUIET


# --- In the process ----------------------------------------------------------------------------------------


class Line:
    """The task's line to its caller."""

    def __init__(self, say: Callable[[Answer], None]) -> None:
        self._say = say
        self.stopped = threading.Event()
        """Set once the caller wants no more, or is gone."""

    def progress(self, **values: Any) -> None:
        """Say how far it is."""
        self._say({"progress": values})


def serve(task: str) -> None:
    """Answer calls until nobody can make one any more.

    `Task` in the module `task` has a method for each call, with the values as named arguments and `line` first; what
    it returns is the answer. Its `GRACE` are the seconds that it wants once the caller is gone.
    """
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    calls: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
    number = 0

    def say(message: Answer) -> None:
        with suppress(OSError):  # the caller is gone, which `listen` notices
            output.write(json.dumps({"number": number, **message}).encode() + b"\n")
            output.flush()

    line = Line(say)

    def listen() -> None:
        for message in sys.stdin.buffer:
            call = json.loads(message)
            if "stop" in call:
                line.stopped.set()
            else:
                calls.put(call)
        line.stopped.set()
        calls.put(None)
        threading.Event().wait(grace)
        os._exit(1)

    grace = _GRACE
    threading.Thread(target=listen, daemon=True).start()
    worker = importlib.import_module(task).Task()
    grace = getattr(worker, "GRACE", _GRACE)
    while (call := calls.get()) is not None:
        number = call["number"]
        try:
            say({"answer": getattr(worker, call["do"])(line, **call["values"])})
        except Exception as error:  # noqa: BLE001 - told to the caller, whose call it is
            words = str(error) if isinstance(error, AtlasError) else f"{type(error).__name__}: {error}"
            say({"error": one_line(words, 240), "kind": getattr(error, "kind", "")})
    output.flush()
    os._exit(0)  # nothing of Chroma's or onnxruntime's own is waited for


if __name__ == "__main__":
    serve(sys.argv[1])
