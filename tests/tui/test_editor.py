"""The user's own editor."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import pytest
from textual.app import App

from atlas_tui.tui.screens.editor import EditorError, edit_in_editor, open_in_editor


class Terminal:
    """A program that can hand over its terminal."""

    def suspend(self) -> Any:
        return nullcontext()


TERMINAL = cast("App[object]", Terminal())


def test_a_document_is_opened_at_the_line_in_the_forms_that_editors_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, told = tmp_path / "a b\n.md", tmp_path / "told"
    document.write_text("text")
    wanted = {
        "vi": f"+7\n{document}", "nano": f"+7\n{document}", "emacs": f"+7\n{document}",
        "code": f"-g\n{document}:7", "hx": f"{document}:7",
    }  # fmt: skip
    for name, arguments in wanted.items():
        editor = tmp_path / name
        editor.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {told}\n')
        editor.chmod(0o700)
        monkeypatch.setenv("EDITOR", str(editor))
        open_in_editor(TERMINAL, str(document), 7)
        assert told.read_text() == arguments + "\n"
    document.unlink()
    with pytest.raises(EditorError, match="is not there any more"):
        open_in_editor(TERMINAL, str(document), 7)


def an_editor(place: Path, script: str) -> str:
    place.write_text(f"#!/bin/sh\n{script}\n")
    place.chmod(0o700)
    return str(place)


@pytest.mark.skipif(sys.platform != "linux", reason="another desktop has another command")
def test_what_is_no_text_opens_in_the_desktop_s_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document, told = tmp_path / "a b.PDF", tmp_path / "told"
    document.write_bytes(b"%PDF")
    os.mkfifo(told)
    an_editor(tmp_path / "xdg-open", f'printf "%s" "$@" > {told}')
    monkeypatch.setenv("EDITOR", "false")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(EditorError, match=r"a b\.PDF is no text, and there is no desktop here"):
        open_in_editor(TERMINAL, str(document), 1)
    monkeypatch.setenv("DISPLAY", ":0")
    open_in_editor(TERMINAL, str(document), 1)
    assert told.read_text() == str(document)  # a pipe: it waits for who writes


def test_a_prompt_comes_back_as_it_was_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", an_editor(tmp_path / "ed", 'printf " and more\\n" >> "$1"'))
    assert edit_in_editor(TERMINAL, "a draft") == "a draft and more"
    monkeypatch.setenv("VISUAL", an_editor(tmp_path / "latin", 'printf "caf\\351 at noon" > "$1"'))
    assert edit_in_editor(TERMINAL, "a draft") == "caf\N{REPLACEMENT CHARACTER} at noon"


@pytest.mark.parametrize(
    ("name", "command", "said"),
    [
        ("EDITOR", "false", "ended with status 1; the prompt is unchanged"),
        ("EDITOR", "'vi", r"\$EDITOR cannot be understood: .*set it to a command"),
        ("VISUAL", "there-is-no-such-editor", "there-is-no-such-editor cannot be used: .*set EDITOR"),
    ],
)
def test_an_editor_that_fails_is_one_sentence(
    name: str, command: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, command)
    with pytest.raises(EditorError, match=said):
        edit_in_editor(TERMINAL, "a draft")
