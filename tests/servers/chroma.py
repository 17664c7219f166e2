"""A real Chroma server on loopback, `chroma run`, in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.health import await_health

PATIENCE = 60.0
"""Seconds in which it has to answer: two, usually."""


@contextmanager
def chroma_process(folder: Path) -> Iterator[str]:
    """Start it with its data in `folder`; its URL, once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
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
        # Its log says that it listens a little before it does.
        await_health(f"{url}/api/v2/heartbeat", PATIENCE, alive=lambda: process.poll() is None)
        yield url
    finally:
        process.kill()
        process.wait()


def installed() -> bool:
    """Whether the package is there."""
    return importlib.util.find_spec("chromadb") is not None
