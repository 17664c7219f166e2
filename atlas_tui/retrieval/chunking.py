"""Blocks to chunks of about 800 characters, along the document's own structure.

Small neighbours are joined, long blocks are cut: between paragraphs, else between lines of code or sentences of
prose, else between words. A word is never cut, unless it is longer than several chunks.

A chunk's text is what stands in the file, so a passage that is quoted from it can be found there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise, takewhile

from atlas_tui.retrieval.reading.blocks import Block
from atlas_tui.retrieval.values import Chunk

SIZE = 800
"""Characters that a chunk is meant to have."""
_MOST = 1000
"""Characters that it may have, where less would leave a crumb."""
_LEAST = 300
"""Characters below which it looks for company across headings."""
_SENTENCE = re.compile(r"[.!?…][\"')\]»”]*\s+|[。！？]|\n(?=\s*(?:[-*+•|]|\d+[.)])\s)")
_JOINERS = "\u200d\ufe0f"  # zero width joiner, emoji style
_WORD = re.compile(r"\s+(?=\S)")


def chunk(blocks: Iterable[Block]) -> list[Chunk]:
    """The chunks of a document."""
    made: list[Chunk] = []
    held: list[Block] = []
    size = 0
    for block in blocks:
        for piece in _pieces(block):
            if held and not _belongs(held, size, piece):
                made.append(_join(held))
                held, size = [], 0
            held.append(piece)
            size += len(piece.text) + 2
    if held:
        made.append(_join(held))
    return made


def _belongs(held: list[Block], size: int, piece: Block) -> bool:
    """Whether a piece still goes into the chunk: it fits, and is of the same section or either is small."""
    last, length = held[-1], len(piece.text)
    if last.page != piece.page or size + length > _MOST:
        return False
    if last.headings == piece.headings:
        return size + length <= SIZE or min(size, length) < _LEAST // 3
    if size < _LEAST // 3:  # hardly more than a heading: it goes with what follows
        return True
    deeper = piece.headings[: len(held[0].headings)] == held[0].headings
    return size + length <= SIZE and (size < _LEAST or (deeper and length < _LEAST))


def _join(held: list[Block]) -> Chunk:
    first, last = held[0], held[-1]
    text = first.text + "".join(_gap(before, after) + after.text for before, after in pairwise(held))
    shared = takewhile(lambda names: len(set(names)) == 1, zip(*(block.headings for block in held), strict=False))
    title = " > ".join([names[0] for names in shared] or first.headings)
    return Chunk(text, title, first.first_line, last.last_line, first.page)


def _gap(before: Block, after: Block) -> str:
    """What stands between two blocks: the line breaks of the file, within reason."""
    if before.last_line is None or after.first_line is None:
        return "\n\n"
    return "\n" * max(1, min(after.first_line - before.last_line, 3 if after.code else 2))


def _pieces(block: Block) -> Iterator[Block]:
    """A block in pieces that are small enough; each knows its lines."""
    text = block.text
    if len(text) <= _MOST:
        yield block
        return
    # HTML has lines that its text has not: there a piece has the lines of its block.
    counted = block.first_line is not None and block.last_line == block.first_line + text.count("\n")
    line = block.first_line or 0
    at = 0
    while at < len(text):
        end = _cut(text, at, code=block.code)
        part = text[at:end]
        kept = part.rstrip()
        skipped = len(kept) - len(kept.lstrip("\n"))
        first = line + kept.count("\n", 0, skipped)
        if kept.strip():
            lines = (first, line + kept.count("\n")) if counted else (block.first_line, block.last_line)
            yield replace(block, text=kept[skipped:], first_line=lines[0], last_line=lines[1])
        line += part.count("\n")
        at = end


def _cut(text: str, at: int, *, code: bool) -> int:
    """Where the piece that begins at `at` ends: at the best place in the second half of its size."""
    rest = len(text) - at
    if rest <= _MOST:
        return len(text)
    low, high = at + SIZE // 2, at + min(SIZE, rest - SIZE // 4)
    paragraph = text.rfind("\n\n", low, high)
    if paragraph >= 0:
        return paragraph + 2
    if code:
        line = _best_line(text, low, high)
        if line:
            return line
    for boundary in (_SENTENCE, _WORD):
        ends = [match.end() for match in boundary.finditer(text, low, high)]
        if ends:
            return ends[-1]
    space = _WORD.search(text, high, at + 4 * SIZE)
    if space:
        return space.end()
    return _between_characters(text, at, high)


def _best_line(text: str, low: int, high: int) -> int | None:
    """The beginning of the line that is indented least; of several such the last."""
    best, least = None, 10_000
    for match in re.finditer(r"\n([ \t]*)(?=[^\s)\]}])", text[low:high]):
        indent = len(match[1])
        if indent <= least:
            best, least = low + match.start() + 1, indent
    return best


def _between_characters(text: str, at: int, high: int) -> int:
    """A cut in a word that never ends, or in a script without spaces: not before a mark that joins what is before."""
    import unicodedata

    end = high
    while end > at + 1 and (unicodedata.combining(text[end]) or text[end] in _JOINERS or text[end - 1] == _JOINERS[0]):
        end -= 1
    return end
