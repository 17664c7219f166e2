"""Stores on a folder of the test; each is closed at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from atlas_tui.store import Store

OpenStore = Callable[[], Store]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "history.db"


@pytest.fixture
def open_store(path: Path) -> Iterator[OpenStore]:
    """Opens the test's history once more: to the file it is another process."""
    stores: list[Store] = []

    def open_one() -> Store:
        stores.append(Store(path, on_notice=lambda sentence: None))
        return stores[-1]

    yield open_one
    for store in stores:
        assert store.close()


@pytest.fixture
def store(open_store: OpenStore) -> Store:
    return open_store()
