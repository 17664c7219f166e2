"""A library, a collection in it, and a folder of which it may be made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from atlas_tui.retrieval.library import Collection, Library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library(tmp_path / "library.sqlite3")
    yield library
    library.close()


@pytest.fixture
def collection(library: Library) -> Collection:
    return library.collection("default")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An empty folder."""
    folder = tmp_path / "tree"
    folder.mkdir()
    return folder
