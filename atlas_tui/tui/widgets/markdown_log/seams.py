"""Where a text may be cut so that each piece, read by itself, is what it was in the whole."""

from __future__ import annotations

import re
from itertools import islice

from atlas_tui.tui.widgets.markdown_log.containers import Chain, inside
from atlas_tui.tui.widgets.markdown_log.grammar import BLOCK_MATH, FORMULA_LINES, LINES, LONG, TopBlock

_LONG_LINED = ("paragraph_open", "blockquote_open", "bullet_list_open", "ordered_list_open")
_seam = re.compile(r"\s(?=[^\W\d_])")
_break = re.compile("\n")
_letter = re.compile(r"[^\W\d_]")


def seam(source: str, start: int, end: int, chain: Chain) -> int:
    """Where a paragraph of twice `LINES` lines or `LONG` letters is cut, in one of its lines or at the beginning of
    what one holds within its containers; half as much is enough there, where reading takes longer. 0: it is not so
    long.

    That depends on nothing but the text up to where the paragraph became too long.
    """
    lines, letters = (LINES // 2, LONG // 2) if chain else (LINES, LONG)
    limit = min(start + 2 * letters, end)
    if source.count("\n", start, limit) >= 2 * lines:
        breaks = [match.start() for match in islice(_break.finditer(source, start, limit), lines)]
        for newline in reversed(breaks[lines // 2 :]):
            place = _content(source, newline + 1, chain)
            if _letter.match(source, place):
                return place
    if end - start < 2 * letters:
        return 0
    places = _seam.finditer(source, start + letters // 2, start + letters)
    _, best = max([(match[0] == "\n", match.end()) for match in places], default=(False, 0))
    if not best and (letter := _letter.search(source, start + letters, start + 3 * letters // 2)):
        best = letter.start()
    far = start + letters
    return best or max(far, _content(source, source.rfind("\n", 0, far + 1) + 1, chain))


def word_at(source: str, place: int) -> bool:
    """Whether a word begins here, so that what follows is a paragraph also when it is read by itself."""
    return _letter.match(source, place) is not None


def _content(source: str, place: int, chain: Chain) -> int:
    """Where what the line that begins here holds within its containers begins, behind its blanks."""
    after = source.find("\n", place)
    line = source[place : after if after >= 0 else len(source)]
    held = inside(line, chain)
    return place + len(line) - len((line if held is None else held).lstrip())


def may_be_claimed(found: list[TopBlock], number: int, lines: list[str]) -> bool:
    """Whether a block above, with no blank line between, could still take this one in: a link definition whose
    title comes on the next line, or a formula that is not closed yet."""
    line = found[number].first
    for block in reversed(found[:number]):
        if len(lines) - block.first > FORMULA_LINES + 1 or not all(map(str.strip, lines[block.first : line])):
            return False
        line = block.first
        if not block.tokens or lines[line].lstrip()[:2] in BLOCK_MATH:
            return True
    return False


def settled(found: list[TopBlock], lines: list[str]) -> int:
    """The number of the last block that begins for certain where it begins now; -1 if none does."""
    partial = len(lines) - 1
    last = len(found) - 1
    while last >= 0:
        block = found[last]
        depth = 1 if block.tokens and block.tokens[0].type == "table_open" else 0
        # A line of many kilobytes is what it is, whatever its end may be.
        long = len(lines[-1]) >= 2 * LONG and bool(block.tokens) and block.tokens[0].type in _LONG_LINED
        if block.first + depth < partial + long and not may_be_claimed(found, last, lines):
            return last
        last -= 1
    return -1
