"""The words of a question against the full-text index: what fits best, in a time that does not grow with the library.

Finding which chunks have a word costs next to nothing; scoring a chunk by BM25 does, and it is the words that stand
everywhere, and tell little, that would have to be scored most. So where there is much, only chunks with one of the
question's rarest words are scored, and those that have all of its words.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any

from atlas_tui.retrieval.languages import marks
from atlas_tui.retrieval.lexical import Term, terms, told
from atlas_tui.retrieval.library.schema import WORDS
from atlas_tui.retrieval.values import Scored

_WEIGHTS = "1.0, 0.5, 2.0, 1.0"
"""Of text, parts (which say again what the text says), title and place."""
_MOST_COUNTED = 400
_MOST_SCORED = 32
"""Words of a question that are looked up, and that count: of a pasted page the rarest."""
_ENOUGH = 10_000
"""Chunks that are scored, roughly; with it the best ten are those of a full search in 999 of 1,000."""
_LOOKED_AT = 60_000
"""Chunks that are looked at for more of the question's words, roughly."""
_K1 = 1.2  # FTS5's own

Condition = tuple[str, dict[str, Any]]
"""A statement that gives the numbers of the wanted sources, and its values."""


def search(
    connection: sqlite3.Connection, number: int, question: str, k: int, condition: Condition | None
) -> list[Scored]:
    """The best `k` chunks of collection `number`. The score is the part of the question's weight that is found: 1 would
    be every word of it, in chunks of nothing else."""
    words = f"words_{number}"
    counted = _count(connection, words, _wanted(question, _languages(connection, words)))
    if not counted or k <= 0:
        return []
    scored, where, values = _narrow(connection, number, counted, condition)
    rows = connection.execute(
        f"SELECT rowid, bm25({words}, {_WEIGHTS}) AS score FROM {words} WHERE {words} MATCH :match {where}"
        " ORDER BY score, rowid LIMIT :k",
        {"match": _any(match for _, match in scored), "collection": number, "k": k, **values},
    ).fetchall()
    (size,) = connection.execute(f"SELECT count(*) FROM {words}_docsize").fetchone()
    best = sum(max(1e-6, math.log((size - n + 0.5) / (n + 0.5))) for n, _ in scored) * (_K1 + 1)
    return [Scored(id_, min(1.0, -score / best)) for id_, score in rows]


def matched(connection: sqlite3.Connection, number: int, question: str, ids: Sequence[int]) -> dict[int, list[str]]:
    """Which words of the question each of these chunks of collection `number` has, in the question's order; of a word
    that is not there as a whole, its parts.

    A small index of these chunks alone is asked: in the large one each word would be looked up among all chunks.
    """
    found: dict[int, list[Term]] = {id_: [] for id_ in ids}
    rows = connection.execute(
        "SELECT id, text, parts, title, place FROM chunks WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    )
    with closing(sqlite3.connect(":memory:")) as small:
        small.execute(WORDS.format(collection=0))
        small.executemany("INSERT INTO words_0 (rowid, text, parts, title, place) VALUES (?, ?, ?, ?, ?)", rows)
        for term in _wanted(question, _languages(connection, f"words_{number}")):
            either = _any([term.match, *term.stems])
            for (id_,) in small.execute("SELECT rowid FROM words_0 WHERE words_0 MATCH ?", (either,)):
                found[id_].append(term)
    return {id_: told(those) for id_, those in found.items()}


def _languages(connection: sqlite3.Connection, words: str) -> list[str]:
    """Those of the chunks, besides English."""
    statement = f"SELECT 1 FROM {words} WHERE {words} MATCH ? LIMIT 1"
    return [language for language, mark in marks().items() if connection.execute(statement, (f'"{mark}"',)).fetchone()]


def _wanted(question: str, languages: Sequence[str]) -> list[Term]:
    """The words to look up: of a pasted page those at its beginning and its end, where the question stands."""
    wanted = terms(question, languages)
    return wanted if len(wanted) <= _MOST_COUNTED else wanted[: _MOST_COUNTED // 2] + wanted[-_MOST_COUNTED // 2 :]


def _count(connection: sqlite3.Connection, words: str, wanted: Sequence[Term]) -> list[tuple[int, str]]:
    """In how many chunks each word stands, the rarest first; those that stand nowhere are left out.

    A stem counts where it is more frequent than the word: else the word is one of another language, which is rare in
    the few chunks of this one, and they would come first for it.
    """

    def count(match: str) -> int:
        (n,) = connection.execute(f"SELECT count(*) FROM {words} WHERE {words} MATCH ?", (match,)).fetchone()
        return int(n)

    counted: list[tuple[int, str]] = []
    for term in wanted:
        n, match = count(term.match), term.match
        if stems := [stem for stem in term.stems if count(stem) > n]:
            match = f"({_any([match, *stems])})"
            n = count(match)
        if n:
            counted.append((n, match))
    return sorted(counted)[:_MOST_SCORED]


def _rarest(counted: Sequence[tuple[int, str]], most: int) -> list[tuple[int, str]]:
    """The rarest words, as long as they stand in no more chunks than `most`, added up; one at least."""
    total = 0
    for position, (n, _) in enumerate(counted):
        total += n
        if position and total > most:
            return list(counted[:position])
    return list(counted)


def _any(matches: Iterable[str]) -> str:
    return " OR ".join(matches)


def _narrow(
    connection: sqlite3.Connection, number: int, counted: Sequence[tuple[int, str]], condition: Condition | None
) -> tuple[Sequence[tuple[int, str]], str, dict[str, Any]]:
    """The words that score, and what else a chunk has to be, with its values. (A `+` keeps SQLite from asking the index
    for every single chunk.)"""
    words, where, values = f"words_{number}", "", dict[str, Any]()
    if condition is not None:
        inside = f"SELECT id FROM chunks WHERE source IN ({condition[0]})"
        values |= {"collection": number, **condition[1]}
        where = f"AND +rowid IN ({inside})"
        (allowed,) = connection.execute(f"SELECT count(*) FROM ({inside})", values).fetchone()
        if allowed <= _ENOUGH:
            return counted, where, values
    if sum(n for n, _ in counted) > _ENOUGH:
        where += (
            f" AND +rowid IN (SELECT * FROM (SELECT rowid FROM {words} WHERE {words} MATCH :all LIMIT :enough)"
            f" UNION ALL SELECT * FROM (SELECT rowid FROM {words} WHERE {words} MATCH :rare LIMIT 2 * :enough))"
        )
        values |= {
            "all": " AND ".join(match for _, match in counted),
            "rare": _any(match for _, match in _rarest(counted, _ENOUGH)),
            "enough": _ENOUGH,
        }
    return _rarest(counted, _LOOKED_AT), where, values
