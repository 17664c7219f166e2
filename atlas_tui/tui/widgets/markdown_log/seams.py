"""Where a text may be cut so that each piece, read by itself, is what it was in the whole."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice, pairwise

from markdown_it.token import Token

from atlas_tui.tui.widgets.markdown_log.blocks import ItemHead, Prose
from atlas_tui.tui.widgets.markdown_log.grammar import BLOCK_MATH, TopBlock
from atlas_tui.tui.widgets.markdown_log.layout import SourceLines, siblings

LONG = 4_000  # characters; a paragraph of twice this length is drawn in pieces of at most this length,
# and a quote or an item, whose pieces are a little longer, once it goes on for half as much again
LINES = 64  # the same for its lines
_LONG_LINED = ("paragraph_open", "blockquote_open", "bullet_list_open", "ordered_list_open")
_marker = re.compile(r"( {0,3}(?:[-+*]|\d{1,9}[.)]))([ \t]*)").match
_quoted = re.compile(r" {0,3}>").match  # a quote goes on, but never begins, behind more spaces
_seam = re.compile(r"\s(?=[^\W\d_])")
_break = re.compile("\n")
_word_at = re.compile(r" {0,3}[^\W\d_]").match
_letter = re.compile(r"[^\W\d_]").search
_quote_mark = re.compile(r" {0,3}> ?").match
_goes_on = re.compile(r"(?: {0,3}>)* {0,3}[^\W\d_]").match
_begins = re.compile(r"(?: {0,3}(?:>|(?:[-+*]|\d{1,9}[.)])(?= )))* {0,3}[^\W\d_]").match


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


def inner_seam(part: Prose, prefix: str) -> int:
    """Where a very long part of a quote or item is cut: within a paragraph, or before an item of an inner list. 0: it
    is not so long. What is left begins behind the mark or indentation of its quote or item, for which `prefix` stands.

    That is the first good place after so many lines or letters, as soon as half as much again stands below it; after
    four times as many, any place in a paragraph, though what is left may then lose the inner lists or quotes it is in.
    """
    source, start = part.stream.source, part.start
    if part.end - start < 3 * LONG // 2 and source.count("\n", start, part.end) < LINES:
        return 0
    tokens, text = part.peek()
    end = start + len(source[start : part.end].rstrip(" \t>\n"))
    if source.find("\n", end) < 0 and len(text.lines[-1]) < LONG:
        end = source.rfind("\n", 0, end)  # what is still being written may become anything
    top = bisect_right(text.starts, start) - 1
    for number, first, inner in _paragraph_lines(tokens, top):
        if place := _place(part, prefix, text, top, number, first, inner):
            return place if end - place >= LONG // 2 or source.count("\n", place, end) >= LINES // 2 else 0
    return 0


def _paragraph_lines(tokens: list[Token], top: int) -> Iterator[tuple[int, bool, bool]]:
    """The lines of paragraphs from this line on, whether each is the first of its own, and within a list."""
    depth = 0
    for before, token in pairwise(tokens):
        depth += before.nesting * before.type.startswith("list_item")
        # What is a heading by the line below it was a paragraph before.
        if token.type == "inline" and token.map and (before.type == "paragraph_open" or before.markup in ("=", "-")):
            for number in range(max(token.map[0], top), token.map[1]):
                yield number, number == token.map[0], depth > 0


def _place(part: Prose, prefix: str, text: SourceLines, top: int, number: int, first: bool, inner: bool) -> int:
    """Where in this line of a paragraph the part can be cut, if it is far enough from where the part starts."""
    lines, starts = text
    line, at = lines[number], starts[number]
    if number - top >= LINES or at - part.start >= LONG:
        far = number - top >= 4 * LINES or at - part.start >= 4 * LONG
        column = _column(line, prefix)
        words = (_begins if first else _goes_on)(line, column) and not formula_above(lines, number, top)
        if words and (not first or far or (inner and line[column] != " ")):
            return at + column
        if far:
            return at + len(line) - len(line[column:].lstrip())
    middle = max(at, part.start + LONG)
    if at + len(line) - middle < LONG // 2:
        return 0
    match = _seam.search(part.stream.source, middle, middle + LONG // 2)
    return match.end() if match else middle


def _column(line: str, prefix: str) -> int:
    """Where a line begins within the quote or item."""
    if prefix.strip():
        mark = _quote_mark(line)
        return mark.end() if mark else len(line) - len(line.lstrip())
    return min(len(prefix), len(line) - len(line.lstrip(" ")))


def blank_above(source: str, place: int) -> bool:
    """Whether a line that begins here, behind the mark or indentation of its quote or item, is below a blank one."""
    begin = source.rfind("\n", 0, place) + 1
    return begin > 0 and not source[source.rfind("\n", 0, begin - 1) + 1 : place].strip(" \t>\n")


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
        # A line of many kilobytes is what it is, whatever its end may be.
        long = len(lines[-1]) >= 2 * LONG and bool(block.tokens) and block.tokens[0].type in _LONG_LINED
        if block.first + depth < partial + long and not may_be_claimed(found, last, lines):
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


def formula_above(lines: list[str], line: int, top: int) -> bool:
    """Whether a formula may be open in the lines above, up to a blank one or the first of their block."""
    while line > top and lines[line - 1].strip():
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
