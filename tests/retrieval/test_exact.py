"""What exact search costs."""

from __future__ import annotations

from collections.abc import Iterable
from time import process_time, thread_time
from typing import Any, cast

import numpy as np

from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.vectors.exact import ExactVectors


class Rows:
    """Vectors for a search, without a library."""

    def __init__(self, count: int) -> None:
        self.matrix = np.random.default_rng(1).standard_normal((count, 384)).astype("<f4")

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
