"""What exact search costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from time import process_time, thread_time
from typing import Any, cast

import numpy as np

from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.vectors.exact import CollectionVectors, ExactVectors
from tests.retrieval.shelf import MODEL, put, shelf, truth, vector_of


class Rows:
    """Vectors for a search, without a library."""

    def __init__(self, count: int) -> None:
        self.matrix = np.random.default_rng(1).standard_normal((count, 384)).astype("<f4")

    def scan_vectors(self, model: str, wanted: int) -> Iterator[list[tuple[int, bytes]]]:
        yield from ()

    def vectors_of(self, model: str, ids: Iterable[int]) -> list[tuple[int, bytes]]:
        return [(id_, self.matrix[id_].tobytes()) for id_ in ids]


def test_a_question_is_answered_in_its_own_thread() -> None:
    """BLAS would take all processors, and on a busy machine wait for them: a question then took 100 ms and more."""
    rows: Any = Rows(12_000)
    exact = ExactVectors(cast("Collection", rows), "test:384").holding(np.arange(12_000, dtype=np.int64))
    question = rows.matrix[77]
    exact.best(question, 10)
    all_of_it, mine = process_time(), thread_time()
    for _ in range(100):
        hits = exact.best(question, 10)
    all_of_it, mine = process_time() - all_of_it, thread_time() - mine
    assert hits[0].id == 77
    assert mine > 0.02
    assert all_of_it < 1.5 * mine


def nearest(collection: Collection, vector: bytes, k: int) -> list[int]:
    return [hit.id for hit in CollectionVectors(collection, MODEL).nearest(vector, k, None)]


def test_what_is_read_as_it_lies_is_what_is_found_one_by_one(tmp_path: Path) -> None:
    """Beside vectors of other models and collections, texts that stand twice, and what is a small part of the file."""
    large, small = shelf(tmp_path, 9000), shelf(tmp_path, name="small")
    put(large, "again.md", ["text 77", "text 8000"])
    put(small, "doc.md", ["text 77", "alone"])
    for collection in (large, small):
        collection.add_vectors("other:16", {key: vector_of("another") for key, _ in collection.missing("other:16", 50)})
        for text in ("text 77", "text 8000", "alone", "question"):
            vector = vector_of(text)
            found = nearest(collection, vector, 2 if collection is small else 7)
            assert set(found[:2]) == set(truth(collection, vector, 2))
            assert set(found) == set(truth(collection, vector, len(found)))


def test_what_is_written_while_it_is_read_is_found_too(tmp_path: Path) -> None:
    collection = shelf(tmp_path, 9000)

    class Early:
        """The last page was not there yet when it was read."""

        def __getattr__(self, name: str) -> Any:
            return getattr(collection, name)

        def scan_vectors(self, model: str, wanted: int) -> Iterator[list[tuple[int, bytes]]]:
            yield from list(collection.scan_vectors(model, wanted))[:-1]

    vector = vector_of("text 8999")
    assert nearest(cast("Collection", Early()), vector, 5) == truth(collection, vector, 5)
