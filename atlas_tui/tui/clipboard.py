"""The clipboard of the machine, for the terminals that do not take what is copied.

A program copies by an escape sequence (OSC 52). GNOME's terminal and that of macOS do not know it, and tmux ignores it
as it is installed: there a program that fills the clipboard does it too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator

_PATIENCE = 5.0
"""Seconds that the program has; those that serve the clipboard do so in a process of their own."""


def copy_beside(text: str) -> None:
    """Put a text into the clipboard of this machine, in a thread of its own, where there is a program for that."""
    commands = list(_commands())
    if commands:
        threading.Thread(target=_copy, args=(text, commands), name="clipboard", daemon=True).start()


def _copy(text: str, commands: list[list[str]]) -> None:
    for command in commands:
        try:
            subprocess.run(
                command,
                input=text.encode("utf-8", "replace"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "LC_CTYPE": "UTF-8"} if sys.platform == "darwin" else None,
                timeout=_PATIENCE,
                start_new_session=True,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue  # the terminal was told in any case


def _commands() -> Iterator[list[str]]:
    """What fills a clipboard here; none that is of another machine than the one where the user sits."""
    if os.environ.get("TMUX"):
        yield ["tmux", "load-buffer", "-w", "-"]  # which passes it on to the terminal around it
    if os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"):
        return
    graphical = []
    if sys.platform == "darwin":
        graphical = [["pbcopy"]]
    elif os.environ.get("WAYLAND_DISPLAY"):
        graphical = [["wl-copy"]]
    elif os.environ.get("DISPLAY"):
        graphical = [["xclip", "-selection", "clipboard"], ["xsel", "--clipboard", "--input"]]
    yield from [command for command in graphical if shutil.which(command[0])][:1]
