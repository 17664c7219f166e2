"""Plain text: paragraphs."""

from __future__ import annotations

from collections.abc import Sequence

from atlas_tui.retrieval.reading.blocks import Block, LineBlocks


def read(text: str) -> list[Block]:
    """A block a paragraph."""
    return paragraphs(text.split("\n"))


def paragraphs(lines: Sequence[str]) -> list[Block]:
    """What stands between blank lines."""
    made = LineBlocks(lines)
    begun = 0
    for number, line in enumerate(lines):
        if not line or line.isspace():
            if begun < number:
                made.add(begun, number)
            begun = number + 1
    made.add(begun, len(lines))
    return made.blocks
