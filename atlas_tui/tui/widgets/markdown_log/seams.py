"""Where a text may be cut so that each piece, read by itself, is what it was in the whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from markdown_it.token import Token

from atlas_tui.tui.widgets.markdown_log.blocks import ItemHead
from atlas_tui.tui.widgets.markdown_log.grammar import BLOCK_MATH, TopBlock
from atlas_tui.tui.widgets.markdown_log.layout import siblings

LONG = 4_000  # characters; a paragraph of twice this length is drawn in pieces of at most this length
LINES = 64  # the same for its lines
_marker = re.compile(r"( {0,3}(?:[-+*]|\d{1,9}[.)]))([ \t]*)").match
_quoted = re.compile(r" {0,3}>").match  # a quote goes on, but never begins, behind more spaces
_seam = re.compile(r"\s(?=[^\W\d_])")
_break = re.compile("\n")
_word_at = re.compile(r" {0,3}[^\W\d_]").match
_letter = re.compile(r"[^\W\d_]").search


def seam(source: str, start: int, end: int) -> int:
    """Where a very long paragraph is cut: before a word, so that its rest is a paragraph too. 0: it is not so long.

    That depends on nothing but the text up to where the paragraph became too long, by its lines or by its letters.
    """
    limit = min(start + 2 * LONG, end)
    if source.count("\n", start, limit) >= 2 * LINES:
        breaks = [match.start() for match in islice(_break.finditer(source, start, limit), LINES)]
        for place in reversed(breaks[LINES // 2 :]):
            if _word_at(source, place + 1):
                return place + 1
    if end - start < 2 * LONG:
        return 0
    found = [(match[0] == "\n", match.end()) for match in _seam.finditer(source, start + LONG // 2, start + LONG)]
    _, best = max(found, default=(False, 0))
    if not best and (letter := _letter(source, start + LONG, start + 2 * LONG)):
        best = letter.start()
    return best or start + LONG


def may_be_claimed(found: list[TopBlock], number: int, lines: list[str]) -> bool:
    """Whether a block above, with no blank line between, could still take this one in: a link definition whose
    title comes on the next line, or a formula that is not closed yet."""
    line = found[number].first
    for block in reversed(found[:number]):
        if not all(map(str.strip, lines[block.first : line])):
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
        if block.first + depth < partial and not may_be_claimed(found, last, lines):
            return last
        # A line of many kilobytes is a paragraph, whatever its end may be.
        if (
            block.first == partial
            and len(lines[-1]) >= 2 * LONG
            and block.tokens[0:1]
            and (block.tokens[0].type == "paragraph_open")
        ):
            return last
        last -= 1
    return -1


def apart(part: list[Token], lines: list[str]) -> bool:
    """Whether a block of an item is drawn by itself: a list, or what comes after a blank line."""
    line = (part[0].map or [0])[0]
    return part[0].type in ("bullet_list_open", "ordered_list_open") or not lines[line - 1].strip()


def quote_parts(inside: list[Token], block: TopBlock, lines: list[str]) -> Iterator[tuple[int, int, list[list[Token]]]]:
    """The blocks of a quote, those together that have no blank line between: first line, end, and tokens."""
    start = block.first
    groups: list[list[Token]] = []
    for group in siblings(inside):
        line = (group[0].map or [0])[0]
        if groups and _quoted(lines[line]) and not lines[line - 1].strip(" \t>"):
            yield start, line, groups
            start, groups = line, []
        groups.append(group)
    yield start, block.end, groups


def formula_above(lines: list[str], line: int) -> bool:
    """Whether a formula may be open in the lines above, up to a blank one."""
    while line > 0 and lines[line - 1].strip():
        line -= 1
        if any(opening in lines[line] for opening in BLOCK_MATH):
            return True
    return False


def item_head(line: str, number: int, token: Token) -> ItemHead | None:
    """What the later parts of an item need of its first line; None where tabs make it hard to say."""
    match = _marker(line)
    if match is None or "\t" in match.group():
        return None
    marker, spaces = match.groups()
    stub = marker + (spaces if 0 < len(spaces) < 5 and match.end() < len(line) else " ")
    checked = token.meta.get("checked") if token.meta else None
    mark = 2 if checked is not None or token.markup in "-+*" else len(f"{number}{token.markup} ")
    return ItemHead(number, f"{stub}x\n\n", mark)
