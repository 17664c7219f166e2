"""Files without a text: read once, and no documents."""

from __future__ import annotations

from pathlib import Path

from atlas_tui.retrieval.indexing import index
from atlas_tui.retrieval.library import Collection, Library


def test_they_are_kept_in_mind_and_neither_counted_nor_listed(
    tree: Path, library: Library, collection: Collection
) -> None:
    (tree / "a.txt").write_text("apple")
    (tree / "b.dat").write_bytes(bytes(range(256)))
    (tree / "c.txt").write_text("")
    assert index([str(tree)], collection).added == 1
    assert index([str(tree)], collection).unchanged == 3
    assert [Path(state.source).name for state in collection.documents()] == ["a.txt"]
    assert [info.sources for info in library.collections()] == [1]
