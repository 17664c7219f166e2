"""The library: what is put in is there, for every thread and process, and never at the cost of what was there."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from atlas_tui.errors import AtlasError
from atlas_tui.retrieval.library import Library
from atlas_tui.retrieval.library.schema import FORM
from atlas_tui.retrieval.values import Chunk, SourceState


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "chroma" / "library.sqlite3"


@pytest.fixture
def library(file: Path) -> Iterator[Library]:
    library = Library(file)
    yield library
    library.close()


def state(source: str, digest: str = "d", modified: int = 1) -> SourceState:
    return SourceState(source, 10, modified, digest)


def texts(library: Library, name: str = "main") -> list[str]:
    collection = library.collection(name)
    return [each.chunk.text for each in collection.chunks(sorted(collection.ids()))]


def test_reading_leaves_nothing_behind(library: Library, file: Path) -> None:
    collection = library.collection("main")
    assert collection.sources() == {}
    assert collection.lexical("anything", 5) == []
    assert collection.matched("anything", []) == {}
    assert collection.chunks([1]) == []
    assert collection.ids() == set()
    assert collection.missing("m", 5) == []
    assert collection.vectors("m") == []
    assert (collection.embedder, collection.generation) == (None, 0)
    assert library.collections() == []
    assert not library.delete_collection("main")
    assert not file.parent.exists()


def test_it_is_for_its_owner_alone(library: Library, file: Path) -> None:
    old = os.umask(0)
    try:
        library.collection("main").replace(state("a"), [Chunk("text")])
    finally:
        os.umask(old)
    assert file.exists()
    for path in [file.parent, *file.parent.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_document_takes_the_place_of_the_one_before(library: Library) -> None:
    collection = library.collection("main")
    collection.replace_many(
        [
            (state("a.md"), [Chunk("first text", "Guide > Setup", 3, 9), Chunk("second text", page=4)]),
            (state("b.md"), [Chunk("other text")]),
        ]
    )
    first, second, third = collection.chunks([2, 1, 99, 3])
    assert (first.source, first.chunk) == ("a.md", Chunk("second text", page=4))
    assert (second.source, second.chunk) == ("a.md", Chunk("first text", "Guide > Setup", 3, 9))
    assert (third.source, third.hash) == ("b.md", Chunk("other text").hash)
    collection.replace(state("a.md", "changed", 5), [Chunk("third text")])
    assert texts(library) == ["other text", "third text"]
    assert collection.sources() == {"a.md": state("a.md", "changed", 5), "b.md": state("b.md")}
    assert collection.lexical("first second", 5) == []
    assert min(collection.ids() - {3}) > 3  # an id is never used again
    collection.touch([("b.md", 77), ("never there", 1)])
    assert collection.sources("b")["b.md"].modified_ns == 77
    collection.remove(["a.md", "never there"])
    assert texts(library) == ["other text"]
    collection.replace(state("empty"), [])
    assert set(collection.sources()) == {"b.md", "empty"}


def test_a_batch_goes_in_whole_or_not_at_all(library: Library) -> None:
    collection = library.collection("main")
    collection.replace(state("a"), [Chunk("before")])
    generation = collection.generation

    def half() -> Iterator[tuple[SourceState, list[Chunk]]]:
        yield state("a"), [Chunk("after")]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collection.replace_many(half())
    assert texts(library) == ["before"]
    assert len(collection.lexical("before", 5)) == 1
    assert collection.lexical("after", 5) == []
    assert collection.generation == generation


def test_sources_are_told_apart_by_how_they_begin(library: Library) -> None:
    collection = library.collection("main")
    names = ["src/a", "src/b", "src2/c", "Src/d", "s%c/e", "s_c/f", "ß/g", "new\nline"]
    collection.replace_many((state(name), []) for name in names)
    assert set(collection.sources()) == set(names)
    assert set(collection.sources("src/")) == {"src/a", "src/b"}
    assert set(collection.sources("s%")) == {"s%c/e"}
    assert set(collection.sources("ß")) == {"ß/g"}


def test_collections_know_nothing_of_each_other(library: Library) -> None:
    one, two = library.collection("one"), library.collection("two '; --")
    one.replace(state("a"), [Chunk("shared words"), Chunk("only here")])
    two.replace(state("a"), [Chunk("shared words")])
    two.set_embedder("m:2")
    two.add_vectors("m:2", {Chunk("shared words").hash: b"12345678"})
    assert [(i.name, i.embedder, i.sources, i.chunks, i.vectors) for i in library.collections()] == [
        ("one", None, 1, 2, 0),
        ("two '; --", "m:2", 1, 1, 1),
    ]
    assert len(one.lexical("shared words", 5)) == 1
    assert two.chunks(one.ids()) == []
    assert one.vectors("m:2") == [(1, b"12345678")]  # what was embedded once need not be again
    before = two.generation
    assert library.delete_collection("two '; --")
    assert [info.name for info in library.collections()] == ["one"]
    assert one.vectors("m:2") == [(1, b"12345678")]
    two.replace(state("a"), [Chunk("begun again")])
    assert two.generation > before
    assert two.lexical("shared", 5) == []
    assert library.delete_collection("one")
    one.replace(state("a"), [Chunk("shared words")])
    assert one.vectors("m:2") == []


def test_vectors_belong_to_a_text_and_a_model(library: Library) -> None:
    collection = library.collection("main")
    collection.replace(state("a"), [Chunk("same"), Chunk("same"), Chunk("text", "Under")])
    collection.replace(state("b"), [Chunk("same"), Chunk("more")])
    missing = dict(collection.missing("m", 10))
    assert sorted(missing.values()) == ["Under\n\ntext", "more", "same"]
    pages = [collection.missing("m", 1)]
    while page := collection.missing("m", 1, pages[-1][-1][0]):
        pages.append(page)
    assert {key: text for page in pages for key, text in page} == missing
    collection.add_vectors("m", {Chunk("same").hash: b"old!", Chunk("gone").hash: b"...."})
    generation = collection.generation
    collection.add_vectors("m", {Chunk("same").hash: b"same"})
    assert collection.generation > generation
    assert Chunk("same").hash not in dict(collection.missing("m", 10))
    assert len(collection.missing("other", 10)) == 3
    assert collection.vectors("m") == [(1, b"same"), (2, b"same"), (4, b"same")]
    assert collection.vectors("m", after=1, limit=1) == [(2, b"same")]
    assert collection.vectors("other") == []
    collection.remove(["a", "b"])
    collection.replace(state("back"), [Chunk("same")])
    assert [vector for _, vector in collection.vectors("m")] == [b"same"]
    collection.remove(["back"])
    library.compact()
    collection.replace(state("back"), [Chunk("same")])
    assert collection.vectors("m") == []


def test_what_is_taken_out_leaves_the_disk(library: Library, file: Path) -> None:
    other = Library(file)
    for name in ("kept", "gone"):
        texts = [f"{name} secret number {number} " * 20 for number in range(1000)]
        library.collection(name).replace(state("a"), [Chunk(text) for text in texts])
    before = len(other.collection("gone").ids())
    library.delete_collection("gone")
    kept = library.collection("kept")
    ids = kept.ids()
    kept.replace(state("b"), [Chunk("one more")])
    library.collection("new").replace(state("a"), [Chunk("and another")])
    assert (before, len(other.collection("kept").lexical("secret number 7", 2000))) == (1000, 1000)
    assert min(kept.ids() - ids) > 2000  # numbers are not given again
    other.close()
    library.close()
    assert b"gone secret" not in file.read_bytes()
    assert b"kept secret" in file.read_bytes()


def test_an_open_library_sees_what_another_writes(library: Library, file: Path) -> None:
    other = Library(file)
    assert other.collection("main").lexical("news", 5) == []
    library.collection("main").replace(state("a"), [Chunk("news")])
    assert len(other.collection("main").lexical("news", 5)) == 1
    library.collection("main").replace(state("a"), [Chunk("something else")])
    assert other.collection("main").lexical("news", 5) == []
    other.close()


def test_a_question_does_not_wait_for_a_batch(library: Library) -> None:
    collection = library.collection("main")
    collection.replace(state("a"), [Chunk("before")])
    asked = threading.Event()
    found: list[int] = []

    def slow() -> Iterator[tuple[SourceState, list[Chunk]]]:
        yield state("b"), [Chunk("before and after")]
        assert asked.wait(20)

    writer = threading.Thread(target=lambda: collection.replace_many(slow()))
    writer.start()
    try:
        found.append(len(collection.lexical("before", 5)))
    finally:
        asked.set()
        writer.join(20)
    found.append(len(collection.lexical("before", 5)))
    assert found == [1, 2]


# Files that cannot be used


def test_a_newer_one_is_left_as_it_is(library: Library, file: Path) -> None:
    file.parent.mkdir()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE future (x)")
        connection.execute(f"PRAGMA user_version = {len(FORM.migrations) + 1}")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(AtlasError, match=r"^the knowledge base was written by a newer Atlas and is left as it is"):
        library.collections()
    with pytest.raises(AtlasError, match="written by a newer Atlas"):
        library.collection("main").replace(state("a"), [])
    assert file.read_bytes() == before
    assert not list(file.parent.glob("*damaged*"))


def test_a_damaged_one_is_told_when_read_and_set_aside_when_written(library: Library, file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"this was a book " * 1000)
    with pytest.raises(AtlasError, match=r"cannot be read \(the file is damaged\): index again"):
        library.collection("main").lexical("book", 5)
    assert file.read_bytes() == b"this was a book " * 1000
    library.collection("main").replace(state("a"), [Chunk("a new book")])
    (aside,) = file.parent.glob("*damaged*")
    assert aside.read_bytes() == b"this was a book " * 1000
    assert library.notices == [f"the knowledge base was damaged: it is set aside as {aside.name}; index again"]
    assert len(library.collection("main").lexical("book", 5)) == 1


def test_damage_that_shows_later_is_one_sentence(library: Library, file: Path) -> None:
    collection = library.collection("main")
    collection.replace_many((state(f"{n}"), [Chunk(f"text {n} " * 50)]) for n in range(500))
    library.close()
    size = file.stat().st_size
    with open(file, "r+b") as handle:
        handle.seek(16384)
        handle.write(b"\xff" * (size - 16384))
    with pytest.raises(AtlasError, match="damaged"):
        collection.lexical("text", 5)
    with pytest.raises(AtlasError, match=r"the knowledge base was damaged: it is set aside as \S+; index again"):
        collection.replace(state("1"), [Chunk("again")])
    assert len([path for path in file.parent.glob("*damaged*") if path.stat().st_size == size]) == 1
    collection.replace(state("1"), [Chunk("again")])
    assert texts(library) == ["again"]


def test_a_folder_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("a file")
    library = Library(tmp_path / "plain" / "library.sqlite3")
    with pytest.raises(AtlasError, match=r"^the knowledge base .* cannot be read \(Not a directory\)"):
        library.collections()
    with pytest.raises(AtlasError, match=r"^the knowledge base .* cannot be used"):
        library.collection("main").replace(state("a"), [])


def test_it_goes_on_with_a_new_one_when_the_file_is_deleted(library: Library, file: Path) -> None:
    collection = library.collection("main")
    collection.replace(state("a"), [Chunk("old")])
    assert len(collection.lexical("old", 5)) == 1
    for path in file.parent.iterdir():
        path.unlink()
    assert collection.lexical("old", 5) == []
    collection.replace(state("b"), [Chunk("new")])
    assert texts(library) == ["new"]


def test_one_that_cannot_be_written_can_be_read(library: Library, file: Path) -> None:
    library.collection("main").replace(state("a"), [Chunk("read me")])
    library.close()
    for path in file.parent.iterdir():
        if path != file:
            path.unlink()
    with sqlite3.connect(f"{file.as_uri()}?immutable=1&mode=ro", uri=True) as plain:
        assert plain.execute("SELECT text FROM chunks").fetchall() == [("read me",)]
    plain.close()
    if os.geteuid() == 0:
        pytest.skip("nothing is unwritable for root")
    file.chmod(0o400)
    file.parent.chmod(0o500)
    try:
        assert texts(library) == ["read me"]
        with pytest.raises(AtlasError, match=r"read-only|cannot be|denied"):
            library.collection("main").replace(state("b"), [])
    finally:
        file.parent.chmod(0o700)
