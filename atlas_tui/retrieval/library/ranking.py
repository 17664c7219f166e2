"""The words of a question against the full-text index: what matches best."""

from __future__ import annotations

import sqlite3
from typing import Any

from atlas_tui.retrieval.lexical import terms
from atlas_tui.retrieval.values import Scored

_WEIGHTS = "1.0, 1.0, 1.0, 1.0"
"""Of text, parts, title and place."""


def search(
    connection: sqlite3.Connection, number: int, question: str, k: int, condition: tuple[str, dict[str, Any]] | None
) -> list[tuple[Scored, list[str]]]:
    """The best `k` chunks, each with the words of the question that it has."""
    wanted = terms(question)
    if not wanted:
        return []
    words = f"words_{number}"
    match = " OR ".join(term.match for term in wanted)
    values: dict[str, Any] = {"match": match, "collection": number, "k": k}
    where = ""
    if condition is not None:
        where = f"AND (SELECT source FROM chunks WHERE id = {words}.rowid) IN ({condition[0]})"
        values |= condition[1]
    rows = connection.execute(
        f"SELECT rowid, bm25({words}, {_WEIGHTS}) AS score FROM {words} WHERE {words} MATCH :match {where}"
        " ORDER BY score LIMIT :k",
        values,
    ).fetchall()
    found: dict[int, list[str]] = {row[0]: [] for row in rows}
    for term in wanted:
        for id_ in found:
            hit = connection.execute(
                f"SELECT 1 FROM {words} WHERE {words} MATCH ? AND rowid = ?", (term.match, id_)
            ).fetchone()
            if hit and term.shown not in found[id_]:
                found[id_].append(term.shown)
    return [(Scored(id_, -score), found[id_]) for id_, score in rows]
