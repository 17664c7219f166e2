"""The user's own editor: to write a prompt in, and to open a document at a line; other programs for what is no text."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from textual.app import App, SuspendNotSupported

from atlas_tui.citations import shown


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
    """Open a document in `$VISUAL` or `$EDITOR` at a line, counted from 1; the terminal is the editor's meanwhile. PDF,
    office documents and books open in the desktop's program for them, beside the terminal.

    Raises:
        EditorError: the document is gone, there is no editor, it failed, or this terminal cannot be handed over; or
            there is no desktop.
    """
    if not os.path.isabs(source) or not os.path.isfile(source):
        raise EditorError(f"{shown(source)} is not there any more")
    from atlas_tui.retrieval.reading import is_text

    if not is_text(source):
        _view(source)
        return
    command = _command()
    at_line = _AT_LINE.get(Path(command[0]).stem, _plus_line)
    status = _run(app, [*command, *at_line(source, line)])
    if status != 0:
        raise EditorError(f"{command[0]} ended with status {status}")


def edit_in_editor(app: App[object], text: str) -> str:
    """The text as the user left it in `$VISUAL` or `$EDITOR`; the terminal is the editor's meanwhile.

    Raises:
        EditorError: there is no editor, it failed, or this terminal cannot be handed over.
    """
    command = _command()
    descriptor, name = tempfile.mkstemp(prefix="atlas-prompt-", suffix=".md")
    path = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        status = _run(app, [*command, name])
        if status != 0:
            raise EditorError(f"{command[0]} ended with status {status}; the prompt is unchanged")
        # An editor may save in another encoding: a sign that cannot be read is no reason to lose the rest.
        return path.read_text(encoding="utf-8", errors="replace").rstrip("\n")
    except OSError as error:
        raise EditorError(f"{name} cannot be used: {error}; the prompt is unchanged") from error
    finally:
        path.unlink(missing_ok=True)


def _view(source: str) -> None:
    desktop = sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    viewer = shutil.which("open" if sys.platform == "darwin" else "xdg-open") if desktop else None
    if viewer is None:
        raise EditorError(f"{shown(source)} is no text, and there is no desktop here that could show it")
    try:
        process = subprocess.Popen(
            [viewer, source],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # it may stay open when Atlas ends
        )
    except OSError as error:
        raise EditorError(f"{viewer} cannot be used: {error}") from error
    threading.Thread(target=process.wait, name="atlas-viewer", daemon=True).start()  # so that nothing of it is left


def _command() -> list[str]:
    name = "VISUAL" if os.environ.get("VISUAL") else "EDITOR"
    try:
        return shlex.split(os.environ.get(name) or "vi") or ["vi"]
    except ValueError as error:
        raise EditorError(f"${name} cannot be understood: {error}; set it to a command, as in EDITOR=nano") from error


def _run(app: App[object], command: list[str]) -> int:
    try:
        with app.suspend():
            return subprocess.run(command, check=False).returncode
    except SuspendNotSupported as error:
        raise EditorError("this terminal cannot be handed to an editor") from error
    except OSError as error:
        raise EditorError(f"{command[0]} cannot be used: {error}; set EDITOR") from error
