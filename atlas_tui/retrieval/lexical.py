"""From a question to the words that the full-text index is asked for; from a text to the words hidden in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from atlas_tui.retrieval.languages import asked, stems

_WORD = re.compile(r"\w+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Begun at words only: from each letter of a long word on, its time would grow with the square of the word.
_HUMPED = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]*(?:[a-z0-9][A-Z]|[A-Z][A-Z][a-z])[A-Za-z0-9]*")
# Scripts without spaces: the index would take a whole sentence for one word, so it is given every pair of characters;
# those of Korean too, where what a word is to the sentence is written on to it.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff]+"
)
_COMMON = """
    a about above after again all also am an and any anybody anyone anything are as at be because been before being
    below between both but by can cannot could did do does doing done during each either else ever every few for
    from further get gets give gives had has have having he help her here hers herself him himself his how i if in
    into is it its itself just let like me might mine more most must my myself need needs no nor not of off on once
    one only onto or other our ours ourselves out over own per please same shall she should show since so some such
    tell than that the their theirs them themselves then there these they this those through thus to too under until
    up upon us use used uses using very via want was we were what whatever when where whether which while who whom
    whose why will with within without would you your yours yourself yourselves
"""
_CODE = re.compile(r"`([^`]+)`")
_STOP_WORDS = frozenset(_COMMON.split())


@dataclass(frozen=True, slots=True)
class Term:
    """One word or phrase to look for."""

    shown: str
    """As the question has it."""
    match: str
    """As FTS5 takes it."""
    stems: tuple[str, ...] = ()
    """Its stems in other languages than English, likewise."""
    whole: str = ""
    """The word that it is only a part of."""


def split(text: str) -> str:
    """The words that are hidden in a text: those in camelCase identifiers, and pairs of characters of scripts that
    put no spaces between words; and the stems of other languages than English."""
    parts = [_HUMP.sub(" ", word) for word in _HUMPED.findall(text)]
    if not text.isascii():
        parts += _pairs(text)
    return " ".join(parts + stems(text))


def terms(question: str, languages: Sequence[str] = ()) -> list[Term]:
    """The words to look for, each once. Stop words are left out, unless they stand as `code` or in capitals (`IN`) or
    there is nothing else.

    Args:
        languages: those of the texts besides English: a word is also found by its stem in them.
    """
    question = question.replace("\0", " ")
    meant = {word for span in _CODE.findall(question) for word in _WORD.findall(span)}
    if not question.isupper():
        meant |= {word for word in _WORD.findall(question) if len(word) > 1 and word.isupper()}
    found: dict[str, Term] = {}
    spare: dict[str, Term] = {}
    for word in _WORD.findall(question):
        for part in (word, *_hidden(word)):
            key = part.lower()
            kept = found if key not in _STOP_WORDS or part in meant else spare
            stems_of = tuple(map(_quoted, asked(part, languages)))
            kept.setdefault(key, Term(part, _quoted(part), stems_of, word if part is not word else ""))
    return list((found or spare).values())


def told(found: Sequence[Term]) -> list[str]:
    """The words that were found, for a person: of a word that is there as a whole no parts, and characters that were
    found in pairs as the text that they are."""
    whole = {term.shown for term in found if not term.whole}
    words: list[str] = []
    before: Term | None = None
    for term in found:
        if term.whole in whole:
            continue
        joins = before is not None and before.whole == term.whole and before.shown[-1] == term.shown[0]
        if words and joins and _UNSPACED.fullmatch(term.shown) and words[-1] + term.shown[1:] in term.whole:
            words[-1] += term.shown[1:]
        elif term.shown not in words:
            words.append(term.shown)
        before = term
    return words


def _quoted(word: str) -> str:
    return f'"{word}"'


def _hidden(word: str) -> list[str]:
    pieces = [piece for piece in word.split("_") if piece]
    humps = [hump for piece in pieces for hump in _HUMP.split(piece)]
    return [*(pieces if len(pieces) > 1 else []), *(humps if len(humps) > len(pieces) else []), *_pairs(word)]


def _pairs(text: str) -> list[str]:
    return [run[at : at + 2] for run in _UNSPACED.findall(text) for at in range(max(1, len(run) - 1))]
