"""The processes and threads behind Atlas, and their end."""

from __future__ import annotations

import os
import select
import threading
from pathlib import Path

PATIENCE = 60.0


def workers() -> set[int]:
    """The processes behind Atlas that this process has started, by number."""
    found = set()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes()
        except OSError:  # it has ended since
            continue
        if parent == os.getpid() and b"atlas_tui.retrieval.worker" in command:
            found.add(int(folder.name))
    return found


def ends(process: int, seconds: float = PATIENCE) -> bool:
    """Wait until the process of this number has ended, whoever started it; False if it does not."""
    try:
        file = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([file], [], [], seconds)[0])
    finally:
        os.close(file)


def over(thread: str) -> None:
    """Wait until the threads of this name are over."""
    for each in threading.enumerate():
        if each.name == thread:
            each.join(PATIENCE)
            assert not each.is_alive()
