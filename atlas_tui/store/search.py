"""Search over all conversations, by the two full-text indexes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from atlas_tui.store.values import Hit, at
from atlas_tui.text import clean

if TYPE_CHECKING:
    import sqlite3

_WORDS = re.compile(r'"([^"]+)"|(\S+)')
_CANDIDATES = 1000
"""How many of the newest matches of each index are ranked: a word that stands in every answer costs no more."""
_WORDS_AROUND = 16
_BEGIN, _END = "\x02", "\x03"
# Conversations that are deleted are passed over before the candidates are counted.
_FIND = """
    SELECT '{role}', m.id, bm25({index}) AS rank FROM {index}
    JOIN {table} m ON m.id = {index}.rowid {joined}
    JOIN conversations c ON c.id = t.conversation
    WHERE {index} MATCH ? AND c.deleted IS NULL ORDER BY {index}.rowid DESC LIMIT ?
"""
_SHOW = """
    SELECT c.id, c.title, t.id, snippet({index}, 0, ?, ?, '…', ?), m.created FROM {index}
    JOIN {table} m ON m.id = {index}.rowid {joined}
    JOIN conversations c ON c.id = t.conversation
    WHERE {index} MATCH ? AND {index}.rowid = ?
"""
_SOURCES = {
    "user": {"index": "prompt_index", "table": "turns", "joined": "JOIN turns t ON t.id = m.id"},
    "assistant": {"index": "answer_index", "table": "responses", "joined": "JOIN turns t ON t.id = m.turn"},
}


def find(connection: sqlite3.Connection, query: str, limit: int) -> list[Hit]:
    """The best of the newest matches."""
    match = expression(query)
    if not match:
        return []
    found: list[tuple[Any, ...]] = []
    for role, source in _SOURCES.items():
        found += connection.execute(_FIND.format(role=role, **source), (match, _CANDIDATES)).fetchall()
    found.sort(key=lambda row: (row[2], -row[1]))
    hits = []
    for role, number, _ in found[:limit]:
        show = _SHOW.format(**_SOURCES[role])
        row = connection.execute(show, (_BEGIN, _END, _WORDS_AROUND, match, number)).fetchone()
        conversation, title, turn, marked, created = row
        snippet, marks = _unmark(marked)
        hits.append(Hit(conversation, clean(title), turn, role, snippet, marks, at(created)))
    return hits


def expression(query: str) -> str:
    """A query as FTS5 takes it: every word is quoted, so nothing in it is an operator."""
    phrases = [(quoted or word, bool(quoted)) for quoted, word in _WORDS.findall(query.replace("\0", " "))]
    phrases = [(text, quoted) for text, quoted in phrases if any(map(str.isalnum, text))]
    parts = ['"' + text.replace('"', '""') + '"' for text, _ in phrases]
    if parts and not phrases[-1][1] and not query[-1:].isspace():
        parts[-1] += "*"  # the word may not be typed to its end
    return " ".join(parts)


def _unmark(marked: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The snippet in one line, and where the marked words stand in it."""
    text, marks, begin = "", [], None
    for part in re.split(f"([{_BEGIN}{_END}])", " ".join(marked.split())):
        if part == _BEGIN:
            begin = len(text)
        elif part == _END:
            if begin is not None:
                marks.append((begin, len(text)))
            begin = None
        else:
            text += clean(part)
    return text, tuple(marks)
