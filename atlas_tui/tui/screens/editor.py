"""The user's own editor: to write a prompt in, and to open a document at a line."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.app import App, SuspendNotSupported


class EditorError(Exception):
    """The editor could not be used; the message says why."""


_AT_LINE: dict[str, Callable[[str, int], list[str]]] = {
    **dict.fromkeys(("code", "code-insiders", "codium", "cursor"), lambda path, line: ["-g", f"{path}:{line}"]),
    **dict.fromkeys(("subl", "hx", "helix", "zed"), lambda path, line: [f"{path}:{line}"]),
    **dict.fromkeys(("mate", "gedit"), lambda path, line: [path]),
}
"""How editors are told a line, where it is not `+LINE` as vi, nano, emacs and most others take it."""


def _plus_line(path: str, line: int) -> list[str]:
    return [f"+{line}", path]


def open_in_editor(app: App[object], source: str, line: int) -> None:
    """Open a document in `$VISUAL` or `$EDITOR` at a line, counted from 1; the terminal is the editor's meanwhile.

    Raises:
        EditorError: the document is gone, there is no editor, it failed, or this terminal cannot be handed over.
    """
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    if not os.path.isabs(source) or not os.path.isfile(source):
        raise EditorError(f"{source} is not there any more")
    at_line = _AT_LINE.get(Path(command[0]).stem, _plus_line)
    try:
        with app.suspend():
            done = subprocess.run([*command, *at_line(source, line)], check=False)
    except SuspendNotSupported as error:
        raise EditorError("this terminal cannot be handed to an editor") from error
    except OSError as error:
        raise EditorError(f"{command[0]} cannot be used: {error}; set EDITOR") from error
    if done.returncode != 0:
        raise EditorError(f"{command[0]} ended with status {done.returncode}")


def edit_in_editor(app: App[object], text: str) -> str:
    """The text as the user left it in `$VISUAL` or `$EDITOR`; the terminal is the editor's meanwhile.

    Raises:
        EditorError: there is no editor, it failed, or this terminal cannot be handed over.
    """
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    descriptor, name = tempfile.mkstemp(prefix="atlas-prompt-", suffix=".md")
    path = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        with app.suspend():
            done = subprocess.run([*command, name], check=False)
        if done.returncode != 0:
            raise EditorError(f"{command[0]} ended with status {done.returncode}; the prompt is unchanged")
        return path.read_text(encoding="utf-8").rstrip("\n")
    except SuspendNotSupported as error:
        raise EditorError("this terminal cannot be handed to an editor") from error
    except (OSError, UnicodeDecodeError) as error:
        raise EditorError(f"{command[0]} cannot be used: {error}; set EDITOR") from error
    finally:
        path.unlink(missing_ok=True)
