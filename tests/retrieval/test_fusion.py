"""Two searches made into one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from atlas_tui.retrieval.fusion import fuse
from atlas_tui.retrieval.values import Scored

scores = st.floats(0, 1)
hits = st.dictionaries(st.integers(1, 20), scores, max_size=15).map(
    lambda found: sorted((Scored(id_, score) for id_, score in found.items()), key=lambda hit: -hit.score)
)


def ids(found: list[Scored]) -> list[int]:
    return [hit.id for hit in found]


def test_what_both_find_is_best() -> None:
    lexical = [Scored(1, 0.8), Scored(2, 0.7), Scored(3, 0.1)]
    dense = [Scored(4, 0.6), Scored(2, 0.55), Scored(5, 0.2)]
    fused = fuse(lexical, dense)
    assert ids(fused)[:2] == [2, 1]
    assert set(ids(fused)) == {1, 2, 3, 4, 5}


def test_words_alone_keep_their_scores() -> None:
    lexical = [Scored(1, 0.8), Scored(2, 0.2)]
    assert fuse(lexical, []) == lexical
    assert fuse([], []) == []


def test_meaning_alone_keeps_its_order() -> None:
    fused = fuse([], [Scored(7, 0.6), Scored(8, 0.5), Scored(9, 0.4)])
    assert ids(fused) == [7, 8, 9]
    assert fused[0].score == 0.6


def test_the_scale_of_an_embedder_does_not_matter() -> None:
    """One gives cosines from 0.1 to 0.5, another the same order from 0.7 to 0.8."""
    lexical = [Scored(1, 0.9), Scored(2, 0.6), Scored(3, 0.5)]
    wide = [Scored(3, 0.5), Scored(2, 0.4), Scored(9, 0.1)]
    narrow = [Scored(hit.id, 0.675 + hit.score / 4) for hit in wide]
    assert ids(fuse(lexical, wide)) == ids(fuse(lexical, narrow))


@given(hits, hits)
def test_every_hit_is_there_once_with_a_score_that_can_be_read(lexical: list[Scored], dense: list[Scored]) -> None:
    fused = fuse(lexical, dense)
    assert sorted(ids(fused)) == sorted({*ids(lexical), *ids(dense)})
    assert all(0 <= hit.score <= 1 for hit in fused)
    assert [hit.score for hit in fused] == sorted((hit.score for hit in fused), reverse=True)
    both = {*ids(lexical[:1])} & {*ids(dense[:1])}
    strict = lexical[1:2] and lexical[0].score > lexical[1].score
    if both and strict:
        assert {fused[0].id} == both, "the best of both is the best"
