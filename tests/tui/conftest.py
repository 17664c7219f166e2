"""Where the driven program finds itself."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def all_colours(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pictures are those of a terminal that shows every colour."""
    monkeypatch.setenv("COLORTERM", "truecolor")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the program was started."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
