"""Writing a prompt in the user's own editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from textual.app import App, SuspendNotSupported


class EditorError(Exception):
    """The editor could not be used; the message says why."""


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
