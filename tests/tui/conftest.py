"""Where the driven program finds itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from atlas_tui.config import Config, RetrievalSettings
from tests.tui.papers import TEXTS, take_in


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


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    """A folder of documents."""
    folder = tmp_path / "papers"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def place(papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of documents, indexed; the program runs in it."""
    monkeypatch.chdir(papers)
    take_in(tmp_path, papers)
    return papers


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Settings that send passages along, of what `place` has indexed."""
    return Config(db_path=str(tmp_path / "library"), retrieval=RetrievalSettings(embedder="none", context=True))
