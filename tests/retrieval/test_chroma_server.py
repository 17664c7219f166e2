"""A Chroma server: several people index into it, everybody finds everything, and losing it loses nothing."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from atlas_tui.errors import AtlasError
from atlas_tui.models.base import CancelToken
from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.vectors import VectorIndex, open_index
from tests.retrieval.shelf import MODEL, Plain, fill_shelf, put, shelf, texts, truth, vector_of
from tests.servers.chroma import chroma_process, installed
from tests.servers.forwarder import Forwarder

pytestmark = [
    pytest.mark.xdist_group("chroma-server"),
    pytest.mark.skipif(not installed(), reason="chromadb is not installed"),
]
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma_process(tmp_path_factory.mktemp("chroma")) as url:
        yield url


@pytest.fixture
def name() -> str:
    """A collection of the test's own."""
    return f"docs-{next(NUMBERS)}"


class Person:
    """Somebody with a library and an index of their own."""

    def __init__(self, folder: Path, url: str, name: str, embedder: Plain | None = None) -> None:
        self.collection: Collection = shelf(folder, name=name)
        self.index: VectorIndex = open_index(self.collection, url, embedder or Plain())

    def share(self) -> None:
        self.index.build(lambda done, total: None, CancelToken())

    def has(self) -> set[str]:
        return set(self.collection.sources())

    def finds(self, text: str) -> str:
        (hit,) = self.index.query(vector_of(text), 1)
        return texts(self.collection, [hit.id])[0]

    def reads(self, words: str) -> list[str]:
        return texts(self.collection, [hit.id for hit in self.collection.lexical(words, 5)])


@pytest.fixture
def people(tmp_path: Path, chroma: str, name: str) -> Iterator[Any]:
    """Makes people who share one collection."""
    made: list[Person] = []

    def make(url: str = chroma, embedder: Plain | None = None, folder: Path | None = None) -> Person:
        person = Person(folder or tmp_path / f"person{len(made)}", url, name, embedder)
        made.append(person)
        return person

    yield make
    for person in made:
        person.index.close()


def test_what_one_indexes_another_finds_changes_and_removes(people: Any) -> None:
    ann, bob = people(), people()
    put(ann.collection, "guide.md", ["the quokka is a marsupial", "it smiles"])
    put(ann.collection, "old.md", ["an old thing"])
    ann.share()
    bob.share()
    assert bob.has() == {"guide.md", "old.md"}
    assert bob.finds("it smiles") == "it smiles"
    assert bob.index.searched_by == "Chroma"
    assert bob.reads("quokka") == ["the quokka is a marsupial"]
    (found,) = bob.collection.chunks([bob.index.query(vector_of("it smiles"), 1)[0].id])
    assert (found.source, found.chunk.title, found.chunk.first_line) == ("guide.md", "Title", 2)
    assert bob.collection.embedder == MODEL

    put(bob.collection, "guide.md", ["the wombat digs"], digest="1" * 64)
    bob.collection.remove(["old.md"])
    put(bob.collection, "bobs.md", ["what bob wrote"])
    bob.share()
    ann.share()
    assert ann.has() == {"guide.md", "bobs.md"}
    assert ann.reads("quokka") == []
    assert ann.finds("the wombat digs") == "the wombat digs"
    assert ann.finds("what bob wrote") == "what bob wrote"


def test_three_write_at_once_and_nothing_is_lost(people: Any) -> None:
    writers = [people() for _ in range(3)]
    for number, person in enumerate(writers):
        for part in range(4):
            put(person.collection, f"p{number}-{part}.md", [f"{number} wrote {part} {n}" for n in range(60)])
    threads = [threading.Thread(target=person.share) for person in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for person in writers:
        person.share()
        assert person.has() == {f"p{number}-{part}.md" for number in range(3) for part in range(4)}
        assert len(person.collection.vector_ids(MODEL)) == 3 * 4 * 60
        for number in range(3):
            vector = vector_of(f"{number} wrote 3 59")
            assert [hit.id for hit in person.index.query(vector, 5)] == truth(person.collection, vector, 5)


def test_without_an_embedder_the_words_of_others_are_found(people: Any, tmp_path: Path, chroma: str, name: str) -> None:
    ann = people()
    put(ann.collection, "guide.md", ["the quokka is a marsupial"])
    ann.share()
    collection = shelf(tmp_path / "bare", name=name)
    index = open_index(collection, chroma, None)
    index.build(lambda done, total: None, CancelToken())
    index.close()
    assert texts(collection, [hit.id for hit in collection.lexical("quokka", 5)]) == ["the quokka is a marsupial"]


def test_another_embedder_is_refused_in_one_sentence(people: Any) -> None:
    ann = people()
    put(ann.collection, "guide.md", ["something"])
    ann.share()
    bob = people(embedder=Plain("other:model"))
    put(bob.collection, "bobs.md", ["bob's own"])
    bob.collection.set_embedder("other:model:8")
    bob.collection.add_vectors("other:model:8", {bob.collection.chunks([1])[0].hash: vector_of("x", 8)})
    with pytest.raises(AtlasError, match=r"was embedded by test:model:16.*another --collection"):
        bob.share()
    assert bob.has() == {"bobs.md"}
    assert len(bob.index.query(vector_of("x", 8), 5)) == 1
    ann.share()
    assert ann.has() == {"guide.md"}


def test_a_collection_begun_again_on_either_side_loses_nothing(people: Any, chroma: str, name: str) -> None:
    ann, bob = people(), people()
    for number in range(3):
        put(ann.collection, f"doc{number}.md", [f"text {number}"])
    ann.share()
    bob.share()
    # Bob's library is lost, and he begins again with one document.
    bob.index.close()
    for file in bob.collection.file.parent.glob("library.sqlite3*"):
        file.unlink()
    bob = people(folder=bob.collection.file.parent)
    put(bob.collection, "new.md", ["bob begins again"])
    bob.share()
    assert bob.has() == {"doc0.md", "doc1.md", "doc2.md", "new.md"}
    # The server loses everything.
    import chromadb
    from chromadb.config import Settings

    host, _, port = chroma.removeprefix("http://").partition(":")
    client = chromadb.HttpClient(host=host, port=int(port), settings=Settings(anonymized_telemetry=False))
    client.delete_collection(name)
    ann.share()
    bob.share()
    ann.share()
    assert ann.has() == bob.has() == {"doc0.md", "doc1.md", "doc2.md", "new.md"}
    # Half a document, whose writer was killed, is none.
    target: Any = client.get_collection(name, embedding_function=None)
    whole = target.get(where={"source": "new.md"})["ids"]
    target.upsert(
        ids=[whole[0].replace("-0-1", "-0-2").replace(whole[0][:4], "dead")],
        embeddings=[np.ones(16, np.float32)],
        documents=["half"],
        metadatas=[{"source": "half.md"}],
    )
    target.modify(metadata={**target.metadata, "atlas_change": "x"})
    ann.share()
    assert ann.reads("half") == []


def test_a_server_that_goes_away_is_one_sentence_and_everything_is_still_found(
    people: Any, chroma: str, tmp_path: Path
) -> None:
    with Forwarder(chroma) as way:
        ann = people(way.url)
        fill_shelf(ann.collection, 300)
        ann.share()
        vector = vector_of("text 7")
        wanted = truth(ann.collection, vector, 5)
        assert ann.index.searched_by == "Chroma"
        assert [hit.id for hit in ann.index.query(vector, 5)] == wanted
    assert [hit.id for hit in ann.index.query(vector, 5)] == wanted
    assert ann.index.searched_by == "exact search"
    assert way.url in ann.index.notice
    assert "\n" not in ann.index.notice
    put(ann.collection, "later.md", ["indexed meanwhile"])
    with pytest.raises(AtlasError, match="check that it runs"):
        ann.share()
    assert ann.finds("indexed meanwhile") == "indexed meanwhile"
    with Forwarder(chroma, way.port):
        ann.share()
        assert ann.index.notice == ""
        assert ann.index.searched_by == "Chroma"
    bob = people()
    bob.share()
    assert bob.finds("indexed meanwhile") == "indexed meanwhile"
