"""A real Chroma server on loopback, `chroma run`, in a process of its own."""

from __future__ import annotations

import http.client
import importlib.util
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PATIENCE = 30.0


@contextmanager
def chroma_process(folder: Path) -> Iterator[str]:
    """Start it with its data in `folder`; its URL, once it answers."""
    with socket.socket() as free:  # with port 0 it never tells which it was given
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder)),
            *("--host", "127.0.0.1", "--port", str(port)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "ANONYMIZED_TELEMETRY": "False"},
        encoding="utf-8",
    )
    assert process.stdout
    impatient = threading.Timer(PATIENCE, process.kill)
    impatient.start()
    with process.stdout as log:
        try:
            listening(log)
            # It logs every request: a pipe that nobody reads would stop it.
            reader = threading.Thread(target=log.read, name="chroma-log", daemon=True)
            reader.start()
            if not answers(port):
                raise RuntimeError("chroma run does not answer")
            impatient.cancel()
            yield f"http://127.0.0.1:{port}"
            process.kill()
            reader.join()
        finally:
            impatient.cancel()
            process.kill()
            process.wait()


def listening(log: IO[str]) -> None:
    """Wait until it tells that it does."""
    said = ""
    for line in log:
        said += line
        if "listening on address" in line:
            return
    raise RuntimeError(f"chroma run ended, or did not listen within {PATIENCE} s: {said[-2000:]}")


def answers(port: int) -> bool:
    """Whether a Chroma server answers there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/api/v2/heartbeat")
        return connection.getresponse().status == 200
    finally:
        connection.close()


def installed() -> bool:
    """Whether the package is there."""
    return importlib.util.find_spec("chromadb") is not None
