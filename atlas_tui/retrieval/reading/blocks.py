"""What a reader gives: blocks of text, each with its place in the document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

_HEADING_LIMIT = 100


class Unreadable(Exception):
    """A file that has no text for us; `str(error)` says why, as a clause."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a function, a table row: what belongs together."""

    text: str
    headings: tuple[str, ...] = ()
    """Those above it, outermost first."""
    first_line: int | None = None
    """Counted from 1."""
    last_line: int | None = None
    page: int | None = None
    """Counted from 1."""
    code: bool = False
    """Its lines mean something: it is cut between them rather than between sentences."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that was read."""

    blocks: Sequence[Block]
    notice: str = ""
    """What is missing and why; usually nothing."""


def heading(text: str) -> str:
    """A heading as it stands in a title: one line, not too long."""
    folded = " ".join(text.split())
    return folded if len(folded) <= _HEADING_LIMIT else folded[: _HEADING_LIMIT - 1] + "…"


@dataclass(slots=True)
class Headings:
    """The headings above the place that a reader has come to."""

    path: tuple[str, ...] = ()
    _levels: list[int] = field(default_factory=list)

    def enter(self, level: int, title: str) -> None:
        """A heading of this level (1 is the highest): it takes the place of those as low and lower."""
        while self._levels and self._levels[-1] >= level:
            self._levels.pop()
        self.path = self.path[: len(self._levels)]
        title = heading(title)
        if title:
            self._levels.append(level)
            self.path = (*self.path, title)


@dataclass(slots=True)
class LineBlocks:
    """Blocks out of a text's lines, in their order."""

    lines: Sequence[str]
    blocks: list[Block] = field(default_factory=list)

    def add(self, first: int, end: int, headings: tuple[str, ...] = (), *, code: bool = False) -> None:
        """The lines from index `first` to before `end`, without the blank ones around them."""
        lines = self.lines
        while first < end and not lines[first].strip():
            first += 1
        while first < end and not lines[end - 1].strip():
            end -= 1
        if first < end:
            text = "\n".join(lines[first:end])
            self.blocks.append(Block(text, headings, first + 1, end, code=code))
