"""A real Chroma server on loopback, `chroma run`, in a process of its own."""

from __future__ import annotations

import http.client
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def chroma_process(folder: Path) -> Iterator[str]:
    """Start it with its data in `folder`; its URL, once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder)),
            *("--host", "127.0.0.1", "--port", str(port)),
        ],
        # It logs every request: a pipe that nobody reads would stop it.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "ANONYMIZED_TELEMETRY": "False"},
    )
    try:
        end = time.monotonic() + 30
        while not answers(port):  # its log says that it listens a little before it does
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"chroma run does not answer (status {process.returncode})")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    """Whether a Chroma server answers there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/api/v2/heartbeat")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def installed() -> bool:
    """Whether the package is there."""
    return importlib.util.find_spec("chromadb") is not None
