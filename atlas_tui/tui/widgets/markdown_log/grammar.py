"""Markdown as markdown-it reads it, one top-level block at a time, with formulas beside CommonMark and GFM."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, reference, table
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

LONG = 4_000  # characters; a paragraph of twice this length is drawn in pieces of at most this length
LINES = 64  # the same for its lines
# What may still change the lines above it is bounded, so that it never reaches into a piece that is finished.
FORMULA_LINES = LINES
_LONGEST = LONG // 2  # characters of a formula, a definition or the header of a table
_INLINE_MATH = (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("$", "$"))
BLOCK_MATH = {"$$": "$$", "\\[": "\\]"}
# `\[like this\]` is CommonMark for brackets; only what has a sign of mathematics in it is taken for a formula.
_plain = re.compile(r"((?:[^\W\d_][^\n]*(?:\n|\Z))+)(?:[ \t]*\n|\Z)+").match
_formula = re.compile(r"[\\^_=+<>{}|/*0-9-]|^\s*[A-Za-z]\s*$").search

_money = re.compile(r"\d[\d.,]*[,;:]? +(?:a )?[A-Za-z]{2,}[^\\]*\Z").match  # 10 a month, US


class TopBlock(NamedTuple):
    """A top-level block: its tokens, and its lines in the text that was parsed. Definitions have no token."""

    first: int
    end: int
    tokens: list[Token]


PLAIN = [Token("paragraph_open", "p", 1)]


@cache
def parser() -> MarkdownIt:
    """The one parser: CommonMark, tables, strikethrough, task lists, formulas."""
    md = MarkdownIt("commonmark", {"tasklists": True}).enable(["table", "strikethrough"])
    md.inline.ruler.before("escape", "math", _math_inline)
    # No `alt`: a formula never ends a paragraph, so a block above it is finished though the formula is not.
    md.block.ruler.before("fence", "math", _math_block)
    md.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    md.block.ruler.at("reference", _reference)
    return md


def top_blocks(source: str) -> list[TopBlock]:
    """The top-level blocks of a text. Inline content is left unparsed, and plain paragraphs have no more than the
    first of their tokens: in a flood most of them are never drawn."""
    blocks, line, at = _plain_paragraphs(source)
    if at < len(source):
        blocks += _blocks(source[at:] if at else source, line)
    return blocks


def _plain_paragraphs(source: str) -> tuple[list[TopBlock], int, int]:
    """The paragraphs that a text begins with whose lines all begin with a letter, and the line and the place after
    them: nothing else begins so, and the parser need not look at each character."""
    blocks: list[TopBlock] = []
    line = at = 0
    while (match := _plain(source, at)) is not None:
        content = match[1].rstrip("\n")
        first, end = line, line + content.count("\n") + 1
        blocks.append(TopBlock(first, end, PLAIN))
        line += match[0].count("\n")
        at = match.end()
    return blocks, line, at


def tokens(source: str) -> list[Token]:
    """The tokens of a text, those of plain paragraphs too."""
    found: list[Token] = []
    for first, end, inside in top_blocks(source):
        if inside is PLAIN:
            lines = source.split("\n")[first:end]
            found += _paragraph("\n".join(lines).strip(), first, end)
        else:
            found += inside
    return found


def _paragraph(content: str, first: int, end: int) -> list[Token]:
    opening, closing = Token("paragraph_open", "p", 1), Token("paragraph_close", "p", -1)
    inside = Token("inline", "", 0, map=[first, end], level=1, children=[], content=content, block=True)
    opening.map, opening.block, closing.block = [first, end], True, True
    return [opening, inside, closing]


def _blocks(source: str, above: int) -> list[TopBlock]:
    """The same by the parser; so many lines stand above."""
    md = parser()
    tokens: list[Token] = []
    state = StateBlock(_closed(source), md, {}, tokens)
    rules = md.block.ruler.getRules("")
    blocks = []
    line, last = 0, state.lineMax
    while line < last:
        line = state.skipEmptyLines(line)
        if line >= last:
            break
        state.line = line
        count = len(tokens)
        for rule in rules:
            if rule(state, line, last, False):
                break
        blocks.append(TopBlock(above + line, above + state.line, tokens[count:]))
        line = state.line
    if above:
        for token in tokens:
            if token.map is not None:
                token.map = [above + number for number in token.map]
    return blocks


def _closed(source: str) -> str:
    """The text with a newline at its end: the parser reads beyond that of a last line that is all indentation."""
    return source + "\n" if source[source.rfind("\n") + 1 :].strip(" \t") else source


def inline(content: str, references: dict[str, object]) -> list[Token]:
    """The tokens of inline content."""
    children: list[Token] = []
    md = parser()
    md.inline.parse(content, md, {"references": references}, children)
    return children


def definitions(source: str) -> dict[str, object]:
    """All link reference definitions of a text."""
    env: dict[str, dict[str, object]] = {}
    if "]:" in source:
        md = parser()
        md.block.parse(_closed(source), md, env, [])
    return env.get("references", {})


def _math_inline(state: StateInline, silent: bool) -> bool:
    source, start = state.src, state.pos
    if source[start] not in "$\\":
        return False
    for opening, closing in _INLINE_MATH:
        if not source.startswith(opening, start):
            continue
        first = start + len(opening)
        end = _math_end(source, first, closing)
        if end < 0:
            return False
        if not silent:
            token = state.push("math_inline", "math", 0)
            token.content = source[first:end]
            token.markup = opening
            token.meta = {"start": start, "end": end + len(closing)}
        state.pos = end + len(closing)
        return True
    return False


def _math_end(source: str, first: int, closing: str) -> int:
    end = source.find(closing, first)
    while closing == "$" and end > 0 and source[end - 1] == "\\":
        end = source.find(closing, end + 1)
    if end <= first or not source[first:end].strip():
        return -1
    if closing == "$":
        if not _between_dollars(source, first, end):
            return -1
    elif closing != "$$" and not (_formula(source[first:end]) and any(map(str.isalnum, source[first:end]))):
        return -1
    return end


def _between_dollars(source: str, first: int, end: int) -> bool:
    """Whether what stands between two dollar signs is a formula: amounts of money, as in "$5 and $10" or "US$5 (US$)",
    and shell variables, as in $HOME/bin:$PATH, are none."""
    content, before, follows = source[first:end], source[max(first - 2, 0) : first - 1], source[end + 1 : end + 2]
    if content[0].isspace() or content[-1].isspace() or "\n" in content or follows.isdigit() or follows.isupper():
        return False
    return content[0] == "\\" or not (before.isalnum() or _money(content))


def _math_block(state: StateBlock, start: int, last: int, silent: bool) -> bool:
    begin = state.bMarks[start] + state.tShift[start]
    opening = state.src[begin : begin + 2]
    closing = BLOCK_MATH.get(opening)
    if closing is None or state.is_code_block(start):
        return False
    line = start
    begin += 2
    while True:
        end = state.eMarks[line]
        found = state.src.find(closing, begin, end)
        if found >= 0:
            if state.src[found + 2 : end].strip():
                return False
            break
        line += 1
        # A formula has no blank line, and one that is not closed yet is a paragraph.
        if line >= min(last, start + FORMULA_LINES) or state.isEmpty(line) or state.sCount[line] < state.blkIndent:
            return False
        begin = state.bMarks[line] + state.tShift[line]
    if end - state.bMarks[start] > _LONGEST:
        return False
    if silent:
        return True
    state.line = line + 1
    token = state.push("math_block", "math", 0)
    content = state.getLines(start, line + 1, state.sCount[start], False).strip()
    token.content = content[2:-2].strip()
    token.markup = opening
    token.map = [start, line + 1]
    return True


def _table(state: StateBlock, start: int, last: int, silent: bool) -> bool:
    return state.eMarks[start] - state.bMarks[start] <= _LONGEST and table(state, start, last, silent)


def _reference(state: StateBlock, start: int, last: int, silent: bool) -> bool:
    if not reference(state, start, last, silent):
        return False
    if state.line - start > LINES or state.eMarks[state.line - 1] - state.bMarks[start] > _LONGEST:
        state.line = start
        return False
    return True
