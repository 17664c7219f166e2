"""Exact search: right, in the memory it is given, and with what the library holds now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from atlas_tui.errors import AtlasError, ConfigError
from atlas_tui.models.base import CancelToken
from atlas_tui.retrieval.vectors import open_index
from atlas_tui.retrieval.vectors.layered import LayeredIndex
from tests.retrieval.shelf import MODEL, Plain, put, shelf, texts, truth, vector_of


@pytest.mark.parametrize("held", [1 << 20, 1000], ids=["in memory", "too large for the memory it may take"])
def test_the_nearest_come_first(tmp_path: Path, held: int) -> None:
    collection = shelf(tmp_path, 5000)
    index = LayeredIndex(collection, Plain().name, lambda model: None, held=held)
    for question in ("text 77", "something else", "text 4999"):
        vector = vector_of(question)
        hits = index.query(vector, 10)
        assert [hit.id for hit in hits] == truth(collection, vector, 10)
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert texts(collection, [index.query(vector_of("text 77"), 1)[0].id]) == ["text 77"]
    assert index.query(vector_of("text 77"), 1)[0].score == pytest.approx(1)
    index.close()


@pytest.mark.parametrize("held", [1 << 20, 1000], ids=["in memory", "too large for the memory it may take"])
def test_only_what_is_allowed_is_found(tmp_path: Path, held: int) -> None:
    collection = shelf(tmp_path, 600)
    index = LayeredIndex(collection, Plain().name, lambda model: None, held=held)
    allowed = collection.ids(["doc2.md", "doc4.md"])
    vector = vector_of("text 7")
    assert [hit.id for hit in index.query(vector, 10, allowed=allowed)] == truth(collection, vector, 10, allowed)
    assert index.query(vector, 10, allowed=set()) == []
    assert index.query(vector, 10, allowed={10**9}) == []
    index.close()


def test_more_than_there_are_is_all_there_are(tmp_path: Path) -> None:
    index = open_index(shelf(tmp_path, 3), str(tmp_path), Plain())
    assert len(index.query(vector_of("text 1"), 50)) == 3
    index.close()


def test_what_is_indexed_after_the_opening_is_found_at_once(tmp_path: Path) -> None:
    collection = shelf(tmp_path)
    index = open_index(collection, str(tmp_path), Plain())
    assert index.query(vector_of("anything"), 5) == []
    put(collection, "first.md", ["the first"])
    assert texts(collection, [hit.id for hit in index.query(vector_of("the first"), 5)]) == ["the first"]
    put(collection, "second.md", ["the second"])
    assert texts(collection, [index.query(vector_of("the second"), 5)[0].id]) == ["the second"]
    index.close()


def test_what_has_left_the_library_is_not_found(tmp_path: Path) -> None:
    collection = shelf(tmp_path, 300)
    index = LayeredIndex(collection, Plain().name, lambda model: None)
    gone = index.query(vector_of("text 150"), 1)[0].id
    collection.remove(["doc1.md"])
    put(collection, "doc1.md", ["another text"])
    index.refresh()
    index.close()  # waits for what runs behind
    index = LayeredIndex(collection, Plain().name, lambda model: None)
    vector = vector_of("text 150")
    assert gone not in [hit.id for hit in index.query(vector, 300)]
    assert [hit.id for hit in index.query(vector, 9)] == truth(collection, vector, 9)
    index.close()


def test_a_vector_that_comes_late_for_an_early_chunk_counts(tmp_path: Path) -> None:
    collection = shelf(tmp_path, 10)
    early = collection.chunks(sorted(collection.ids())[:1])[0]
    collection.add_vectors("other:16", {early.hash: vector_of("x")})
    collection.set_embedder("other:16")
    index = LayeredIndex(collection, "other", lambda model: None)
    assert [hit.id for hit in index.query(vector_of("x"), 5)] == [early.id]
    others = collection.chunks(sorted(collection.ids())[1:])
    collection.add_vectors("other:16", {stored.hash: vector_of(stored.chunk.text) for stored in others})
    index.build(lambda done, total: None, CancelToken())
    assert len(index.query(vector_of("x"), 50)) == 10
    index.close()


def test_two_embedders_are_never_mixed(tmp_path: Path) -> None:
    collection = shelf(tmp_path, 10)
    index = open_index(collection, str(tmp_path), Plain("ollama:other"))
    with pytest.raises(ConfigError, match=r"'docs' was embedded by test:model, not by ollama:other.*--embedder"):
        index.query(vector_of("text 1"), 5)
    index.close()


def test_a_question_of_another_size_is_refused(tmp_path: Path) -> None:
    index = open_index(shelf(tmp_path, 10), str(tmp_path), Plain())
    with pytest.raises(AtlasError, match=MODEL):
        index.query(vector_of("text 1", 8), 5)
    index.close()


def test_an_index_turns_to_a_new_embedder_when_the_collection_does(tmp_path: Path) -> None:
    collection = shelf(tmp_path, 10)
    index = LayeredIndex(collection, None, lambda model: None)
    assert len(index.query(vector_of("text 1"), 50)) == 10
    collection.set_embedder("other:8")
    one = collection.chunks(collection.ids())[0]
    collection.add_vectors("other:8", {one.hash: vector_of("x", 8)})
    assert [hit.id for hit in index.query(vector_of("x", 8), 50)] == [one.id]
    index.close()


def test_a_library_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite3").write_bytes(b"not a database" * 1000)
    index = open_index(shelf(tmp_path), str(tmp_path), Plain(), vectors="exact")
    with pytest.raises(AtlasError, match="cannot be read"):
        index.query(vector_of("text 1"), 5)
    index.close()


def test_opening_an_index_imports_nothing_heavy() -> None:
    code = (
        "import sys, atlas_tui.retrieval.vectors, atlas_tui.retrieval.embedders, atlas_tui.retrieval.vectors.opening,"
        " atlas_tui.retrieval.filling, atlas_tui.retrieval.embedders.choice\n"
        "print(*sys.modules.keys() & {'numpy', 'chromadb', 'onnxruntime', 'tokenizers', 'openai', 'ollama', 'httpx'})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
