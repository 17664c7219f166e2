"""reStructuredText: paragraphs under their headings, which are lines with punctuation below them."""

from __future__ import annotations

import re

from atlas_tui.retrieval.reading.blocks import Block, Headings, LineBlocks

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}\s*$")
_MARKS = re.compile(r"``?|\*\*?|:[\w:+.-]+:(?=`)|<[^<>]*>`_+")


def read(text: str) -> list[Block]:
    """Blocks under their headings; a heading stands with the paragraph that follows it."""
    lines = text.split("\n")
    made, headings = LineBlocks(lines), Headings()
    styles: list[tuple[str, bool]] = []
    begun, waiting, number = 0, False, 0
    while number < len(lines):
        found = _heading(lines, number)
        if found:
            made.add(begun, number, headings.path)
            title, style, end = found
            if style not in styles:
                styles.append(style)
            headings.enter(styles.index(style) + 1, _MARKS.sub("", title[:500]))
            begun, number, waiting = number, end, True
            continue
        if lines[number].strip():
            waiting = False
        elif not waiting:
            made.add(begun, number, headings.path)
            begun = number
        number += 1
    made.add(begun, len(lines), headings.path)
    return made.blocks


def _heading(lines: list[str], number: int) -> tuple[str, tuple[str, bool], int] | None:
    """Title, style and the line after it, if a heading begins here; its level is told by when its style came first."""
    line = lines[number]
    below = lines[number + 1] if number + 1 < len(lines) else ""
    over = _ADORNMENT.match(line)
    if over and below.strip() and number + 2 < len(lines):
        under = _ADORNMENT.match(lines[number + 2])
        if under and under[1] == over[1] and len(line.rstrip()) >= len(below.rstrip()):
            return below, (over[1], True), number + 3
    if over or not line.strip() or line[0].isspace() or (number and lines[number - 1].strip()):
        return None
    under = _ADORNMENT.match(below)
    # A title may be wider than it has characters; many are a little longer than their line.
    if under and len(below.rstrip()) >= len(line.rstrip()) - 2:
        return line, (under[1], False), number + 2
    return None
