"""Search over all conversations, by the two full-text indexes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from atlas_tui.store.ids import at
from atlas_tui.store.values import Hit
from atlas_tui.text import clean

if TYPE_CHECKING:
    import sqlite3

_WORDS = re.compile(r'"([^"]+)"|(\S+)')
_WORDS_AROUND = 16
_BEGIN, _END = "\x02", "\x03"
_MARKS = re.compile(f"([{_BEGIN}{_END}])")
# The newest first, which is the order of the ids and of the index: the read ends with the last hit that is wanted,
# so a word that stands in every answer costs no more than a rare one. (Ranking by bm25 would read them all.)
_FIND = """
    SELECT m.id, '{role}', c.id, c.title, t.id, snippet({index}, 0, ?, ?, '…', ?), m.created FROM {index}
    CROSS JOIN {table} m ON m.id = {index}.rowid {joined}
    CROSS JOIN conversations c ON c.id = t.conversation
    WHERE {index} MATCH ? AND c.deleted IS NULL ORDER BY {index}.rowid DESC LIMIT ?
"""
_SOURCES = {
    "user": {"index": "prompt_index", "table": "turns", "joined": "CROSS JOIN turns t ON t.id = m.id"},
    "assistant": {"index": "answer_index", "table": "responses", "joined": "CROSS JOIN turns t ON t.id = m.turn"},
}


def find(connection: sqlite3.Connection, query: str, limit: int) -> list[Hit]:
    """The newest matches."""
    match = expression(query)
    if not match:
        return []
    found: list[tuple[Any, ...]] = []
    for role, source in _SOURCES.items():
        statement = _FIND.format(role=role, **source)
        found += connection.execute(statement, (_BEGIN, _END, _WORDS_AROUND, match, limit)).fetchall()
    found.sort(reverse=True)
    return [_hit(*row[1:]) for row in found[:limit]]


def _hit(
    role: Literal["user", "assistant"], conversation: str, title: str, turn: int, marked: str, created: float
) -> Hit:
    snippet, marks = _unmark(marked)
    return Hit(conversation, clean(title), turn, role, snippet, marks, at(created))


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
    pieces = (piece if piece in (_BEGIN, _END) else clean(piece) for piece in _MARKS.split(marked))
    text, marks, begin = "", [], None
    for part in _MARKS.split(" ".join("".join(pieces).split())):
        if part == _BEGIN:
            begin = len(text)
        elif part == _END:
            if begin is not None:
                marks.append((begin, len(text)))
            begin = None
        else:
            text += part
    return text, tuple(marks)
