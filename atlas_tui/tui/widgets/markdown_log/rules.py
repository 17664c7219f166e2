"""The rules of one state of a Pygments lexer, sorted by the characters that their matches can begin with.

Pygments tries one rule after the other until one matches, some thirty for a plain name. What an expression can begin
with is read from its parsed form: of all rules two or three are left for a place, in their order, so that the first
which matches is the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib import import_module
from typing import Any, cast

Rule = tuple[Callable[[str, int], re.Match[str] | None], Any, Any]
"""What matches, the kind of token or a callback, and where to go from there: as Pygments has it."""
Firsts = frozenset[str]

_RENT = 500  # places at which all rules are tried, before the time is taken to read them
_LONG = 2_000  # characters of an expression, a list of words or of letters, that takes too long to read
_PLAIN = frozenset(map(chr, range(0x20, 0x7F))) | {"\n", "\t"}
"""The characters that rules are sorted by; at any other place all rules are tried."""
_CATEGORIES = {
    "CATEGORY_DIGIT": frozenset(filter(str.isdigit, _PLAIN)),
    "CATEGORY_SPACE": frozenset(filter(str.isspace, _PLAIN)),
    "CATEGORY_WORD": frozenset(filter(str.isalnum, _PLAIN)) | {"_"},
}
_CATEGORIES |= {name.replace("_", "_NOT_"): _PLAIN - firsts for name, firsts in _CATEGORIES.items()}


class Rules(dict[str, list[Rule]]):
    """For each character, "" for the end of the text, the rules that can match there."""

    def __init__(self, rules: list[Rule]) -> None:
        super().__init__()
        self._all = rules
        self._firsts: list[tuple[Firsts, bool]] = []
        self._looked = 0

    def __missing__(self, character: str) -> list[Rule]:
        self._looked += 1
        if self._looked <= _RENT or (character and character not in _PLAIN):
            return self._all
        if not self._firsts:
            self._firsts = [_read(cast(Any, rule[0]).__self__) for rule in self._all]
        both = zip(self._all, self._firsts, strict=True)
        found = self[character] = [rule for rule, (firsts, empty) in both if empty or character in firsts]
        return found


@lru_cache(maxsize=1_024)
def _read(pattern: re.Pattern[str]) -> tuple[Firsts, bool]:
    """What a match can begin with, and whether it can be empty: rather too much than too little."""
    if len(pattern.pattern) > _LONG:
        return _PLAIN, True
    # Python's own reader of expressions: the only one there is, though not published.
    parsed = import_module("re._parser").parse(pattern.pattern, pattern.flags & re.VERBOSE)
    return _sequence(parsed, bool(pattern.flags & re.IGNORECASE))


def _sequence(items: Iterable[tuple[object, Any]], any_case: bool) -> tuple[Firsts, bool]:
    found: Firsts = frozenset()
    for kind, value in items:
        firsts, empty = _item(str(kind), value, any_case)
        found |= firsts
        if not empty:
            return found, False
    return found, True


def _item(kind: str, value: Any, any_case: bool) -> tuple[Firsts, bool]:
    if kind == "LITERAL":
        return _members([(kind, value)], any_case), False
    if kind == "IN":
        return _members(value, any_case), False
    if kind in ("ANY", "NOT_LITERAL"):
        return _PLAIN, False
    if kind == "SUBPATTERN":
        return _sequence(value[3], any_case or bool(value[1] & re.IGNORECASE))
    if kind == "BRANCH":
        ways = [_sequence(way, any_case) for way in value[1]]
        return frozenset().union(*[firsts for firsts, _ in ways]), any(empty for _, empty in ways)
    if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        firsts, empty = _sequence(value[2], any_case)
        return firsts, empty or value[0] == 0
    if kind in ("AT", "ASSERT", "ASSERT_NOT"):
        return frozenset(), True  # they take nothing, and only forbid
    if kind == "ATOMIC_GROUP":
        return _sequence(value, any_case)
    return _PLAIN, True  # references to groups, and what Python may learn


def _members(items: list[tuple[object, Any]], any_case: bool) -> Firsts:
    """The characters of a set."""
    found: set[str] = set()
    negated = False
    for kind, value in items:
        name = str(kind)
        if name == "NEGATE":
            negated = True
        elif name == "CATEGORY":
            found |= _CATEGORIES[str(value)]
        else:
            low, high = value if name == "RANGE" else (value, value)
            if any_case and high > 0x7F:
                return _PLAIN  # the long s, the sign for Kelvin and others are letters of the alphabet in another case
            found.update(map(chr, range(low, min(high, 0x7F) + 1)))
    if any_case:
        found |= {character.swapcase() for character in found}
    return _PLAIN - found if negated else frozenset(found)
