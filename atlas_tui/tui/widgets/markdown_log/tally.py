"""The rows of many blocks, counted once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atlas_tui.tui.widgets.markdown_log.blocks import Block


class Tally:
    """The sum of the heights of a text's first blocks, which tell it when they turn out higher or lower."""

    def __init__(self) -> None:
        self._limit = -1
        self._count = self._rows = 0

    def height(self, blocks: list[Block], settled: int, limit: int) -> int:
        """The rows of all these blocks at this width; so many of them will not be replaced."""
        if limit != self._limit:
            for block in blocks[: self._count]:
                block.tallied = False
            self._count, self._rows, self._limit = 0, 0, limit
        for block in blocks[self._count : settled]:
            self._rows += block.height(limit)
            block.tallied = True
            self._count += 1
        return self._rows + sum([block.height(limit) for block in blocks[self._count :]])

    def recount(self, rows: int, limit: int) -> None:
        """A block of the sum has so many rows more than was reckoned; at another width all are counted anew."""
        if limit == self._limit:
            self._rows += rows
        else:
            self._limit = -1
