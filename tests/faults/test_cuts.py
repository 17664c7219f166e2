"""An answer that was cut never looks complete: at random bytes, in every framing; nothing is lost, nothing doubled.

`python -m benchmarks.cuts` does a thousand and more.
"""

from __future__ import annotations

import pytest

from tests.faults.cuts import problems

pytestmark = pytest.mark.usefixtures("no_leaked_threads")


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_what_came_is_kept_and_what_is_missing_is_known(first: int) -> None:
    assert problems(range(first, first + 50)) == []


def test_retried_and_continued_it_is_the_whole_answer_once() -> None:
    assert problems(range(1_000, 1_040), joining=True) == []
