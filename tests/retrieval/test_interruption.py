"""A stop in the middle of one large document: soon, and nothing of it is left behind."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest

from atlas_tui.models.base.cancel import CancelToken
from atlas_tui.retrieval.indexing import Progress, index
from atlas_tui.retrieval.library import Library

LINE = "the quick brown fox jumps over the lazy dog and on, {number}, "


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A document that takes a second, and a small one before it."""
    folder = tmp_path_factory.mktemp("papers")
    (folder / "a.txt").write_text("small and found\n")
    (folder / "b.csv").write_text("".join(LINE.format(number=number) * 3 + "\n" for number in range(25_000)))
    return folder


@pytest.fixture(scope="module")
def whole(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds of the processor's time for all of it: how busy the machine is must not matter here."""
    collection = Library(tmp_path_factory.mktemp("whole") / "library.sqlite3").collection("papers")
    told, begun = 0, process_time()

    def count(progress: Progress) -> None:
        nonlocal told
        told += 1

    assert index([str(tree)], collection, progress=count).added == 2
    assert told > 6, "how far it is, is said in the middle of a document too"
    return process_time() - begun


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7])
def test_it_ends_at_once_and_the_document_is_absent(tree: Path, whole: float, tmp_path: Path, share: float) -> None:
    collection = Library(tmp_path / "library.sqlite3").collection("papers")
    cancel, begun, since = CancelToken(), process_time(), 0.0

    def stop(progress: Progress) -> None:
        nonlocal since
        if not since and process_time() - begun > share * whole:
            since = process_time()
            cancel.cancel()

    report = index([str(tree)], collection, progress=stop, cancel=cancel)
    assert report.cancelled
    assert process_time() - since < 0.1 + 0.2 * whole
    assert (report.added, report.left) == (1, 1)
    assert [Path(source).name for source in collection.sources()] == ["a.txt"]
    assert len(collection.ids()) == 1
