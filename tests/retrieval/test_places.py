"""All that was ever taken in is brought up to date without being named again."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from atlas_tui.models.base.cancel import CancelToken
from atlas_tui.retrieval.indexing import Report, index
from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.places import take_out
from atlas_tui.retrieval.values import SourceState
from atlas_tui.retrieval.watching import watch


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with one document."""
    return plant(tmp_path / "tree", "a.md")


def plant(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"What {name} says.")
    return folder


def held(collection: Collection, folder: Path) -> set[str]:
    return {os.path.relpath(source, folder) for source in collection.sources()}


def counts(report: Report) -> tuple[int, int, int, int]:
    return report.added, report.changed, report.unchanged, report.removed


def test_new_files_of_a_folder_are_found_too(tree: Path, collection: Collection, tmp_path: Path) -> None:
    plant(tmp_path, "alone.md", "beside.md")
    index([str(tree), str(tmp_path / "alone.md")], collection)
    plant(tree, "deep/new.md")
    (tree / "a.md").write_text("Something else.")
    (tmp_path / "alone.md").unlink()
    assert counts(index((), collection)) == (1, 1, 0, 1)
    assert held(collection, tmp_path) == {"tree/a.md", "tree/deep/new.md"}


def test_what_was_taken_out_stays_out_until_it_is_named_again(tree: Path, collection: Collection) -> None:
    plant(tree, "private/b.md", "private/c.md", "d.md")
    index([str(tree)], collection)
    assert take_out([str(tree / "private"), str(tree / "d.md")], collection) == 3
    plant(tree, "private/new.md", "e.md")
    assert counts(index((), collection)) == (1, 0, 1, 0)
    index([str(tree / "private/c.md")], collection)
    assert counts(index((), collection)) == (0, 0, 3, 0)
    assert held(collection, tree) == {"a.md", "e.md", "private/c.md"}
    assert index([str(tree)], collection).added == 3
    assert held(collection, tree) == {"a.md", "d.md", "e.md", "private/b.md", "private/c.md", "private/new.md"}
    assert index((), collection).unchanged == 6


def test_a_folder_that_was_taken_out_is_forgotten(tree: Path, collection: Collection) -> None:
    plant(tree, "inner/b.md")
    index([str(tree), str(tree / "inner")], collection)
    assert take_out([str(tree)], collection) == 2
    assert counts(index((), collection)) == (0, 0, 0, 0)


def test_a_folder_that_is_a_link_by_now_can_be_taken_out(tree: Path, collection: Collection, tmp_path: Path) -> None:
    index([str(tree)], collection)
    tree.rename(tmp_path / "moved")
    tree.symlink_to(tmp_path / "moved")
    assert take_out([str(tree)], collection) == 1


def test_the_limit_of_a_place_is_kept(tree: Path, collection: Collection, tmp_path: Path) -> None:
    plant(tmp_path, "other/large.md")
    for folder in (tree, tmp_path / "other"):
        (folder / "large.md").write_text("word " * 100)
    index([str(tree)], collection, max_size=100)
    index([str(tmp_path / "other")], collection)
    assert counts(index((), collection)) == (0, 0, 2, 0)
    assert held(collection, tmp_path) == {"tree/a.md", "other/large.md"}


def test_a_file_that_was_given_itself_stays_whoever_ignores_it(tree: Path, collection: Collection) -> None:
    plant(tree, "ignored.md", ".git/HEAD")
    (tree / ".gitignore").write_text("ignored.md\n")
    index([str(tree / "ignored.md")], collection)
    for paths in ([str(tree)], ()):
        index(paths, collection)
        assert held(collection, tree) == {"a.md", "ignored.md"}


def test_what_was_away_for_a_while_comes_back(tree: Path, collection: Collection, tmp_path: Path) -> None:
    """A drive, say."""
    index([str(tree)], collection)
    tree.rename(tmp_path / "away")
    assert counts(index((), collection)) == (0, 0, 0, 1)
    (tmp_path / "away").rename(tree)
    assert counts(index((), collection)) == (1, 0, 0, 0)


def test_documents_of_a_library_that_knew_no_places_stand_for_themselves(tree: Path, collection: Collection) -> None:
    for name in ("a.md", "gone.md"):
        collection.replace(SourceState(str(tree / name), 1, 1, "0"), [])
    assert counts(index((), collection)) == (0, 1, 0, 1)
    assert collection.places() == []


def test_what_others_have_shared_is_left_as_it_is(tree: Path, collection: Collection) -> None:
    index([str(tree)], collection)
    collection.replace(SourceState("/home/ann/notes.md", 1, 1, "0"), [])
    assert counts(index((), collection, shared=True)) == (0, 0, 1, 0)
    assert "/home/ann/notes.md" in collection.sources()


def test_a_name_that_is_no_text_is_found_again(collection: Collection, tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/a\xff.md")
    with open(path, "w") as file:
        file.write("apple")
    index([path], collection)
    assert counts(index((), collection)) == (0, 0, 1, 0)


def test_nothing_new_changes_nothing(tree: Path, collection: Collection) -> None:
    index([str(tree)], collection)
    before = collection.generation
    index([str(tree)], collection)
    index((), collection)
    assert collection.generation == before


@pytest.mark.parametrize("named", [True, False])
def test_a_watched_folder_leaves_out_what_is_taken_out_meanwhile(
    named: bool, tree: Path, collection: Collection
) -> None:
    plant(tree, "b.md")
    index([str(tree)], collection)
    take_out([str(tree / "b.md")], collection)
    cancel, reports = CancelToken(), list[Report]()
    again = threading.Event()

    def done(report: Report) -> None:
        reports.append(report)
        if len(reports) == 1:
            take_out([str(tree / "a.md")], collection)
            plant(tree, "c.md")
        else:
            cancel.cancel()
            again.set()

    watch([str(tree)] if named else [], collection, done, cancel=cancel)
    assert again.is_set()
    assert held(collection, tree) == ({"b.md", "c.md"} if named else {"c.md"})
