"""Two searches made into one: by words and by meaning."""

from __future__ import annotations

from collections.abc import Sequence

from atlas_tui.retrieval.values import Scored

DEPTH = 100
"""Hits of each search that are looked at."""
_MEANING = 0.5
"""What meaning weighs beside words: between 0.3 and 0.7 the order is hardly another one."""


def fuse(lexical: Sequence[Scored], dense: Sequence[Scored]) -> list[Scored]:
    """Both lists in one, best first, with scores from 0 to 1.

    Each score counts as a share of its list's best, so that scales which have nothing in common add up: shares of the
    words found reach down to 0, while cosines of one embedder lie between 0.1 and 0.6 and those of another between 0.6
    and 0.8, so theirs begin at the list's last. The sum is scaled by how good the best hits are, and the score stays
    one that can be read by itself.
    """
    shares: dict[int, float] = {}
    for hits, weight in ((lexical, 1.0), (dense, _MEANING if lexical else 1.0)):
        if not hits:
            continue
        floor = hits[-1].score if hits is dense and len(hits) > 1 else 0.0
        for hit in hits:
            share = (hit.score - floor) / (hits[0].score - floor) if hits[0].score > floor else 1.0
            shares[hit.id] = shares.get(hit.id, 0.0) + weight * share
    best = max((hits[0].score for hits in (lexical, dense) if hits), default=0.0)
    scale = max(0.0, min(1.0, best)) / ((1.0 + _MEANING) if lexical and dense else 1.0)
    ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return [Scored(id_, share * scale) for id_, share in ranked]
