"""The window on the messages: which rows are seen, and how it moves.

A place is a message, a block in it and a row of that block, never a number of rows from the top: what lies above may
be only estimated, and is measured when the window moves over it without anything on the screen jumping.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from atlas_tui.tui.widgets.markdown_log.blocks import BLANK, Block, Chrome, Row
from atlas_tui.tui.widgets.markdown_log.looks import Look
from atlas_tui.tui.widgets.markdown_log.message import Message
from atlas_tui.tui.widgets.markdown_log.stream import Stream

KEPT_ROWS = 600
"""How many rows are kept laid out, seen ones not counted."""


class Place(NamedTuple):
    """A row: number of the message, number of the block in it, row in the block."""

    message: int
    block: int
    row: int


class Seen(NamedTuple):
    """A row on the screen, and whose it is."""

    row: Row
    block: Block | None
    message: Message | None


NOTHING = Seen(BLANK, None, None)


class View:
    """A window of some rows on a list of messages."""

    def __init__(self, messages: list[Message]) -> None:
        self.messages = messages
        self.limit = 0
        self.height = 0
        self.look: Look | None = None
        self.top = Place(0, 0, 0)
        self.following = True
        self._heights: list[int] = []
        self._kept: deque[tuple[Block, int]] = deque()
        self._kept_rows = 0

    def resize(self, limit: int, height: int) -> None:
        """Another size of the window. The row at its top stays where the reader left it."""
        if limit != self.limit:
            old, self.limit = self.limit, limit
            block = self.block(self.top)
            if block is not None and self.look is not None and old and not self.following:
                before = max(block.height(old), 1)
                after = len(self.laid(block))
                self.top = self.top._replace(row=min(self.top.row * after // before, max(after - 1, 0)))
            self._heights.clear()
        self.height = height

    def touch(self, number: int) -> None:
        """The message of this number changed."""
        if number < len(self._heights):
            self._heights[number] = -1

    def renumber(self) -> None:
        """Messages were put in, or taken out."""
        self._heights.clear()

    def prepended(self, count: int) -> None:
        """So many messages were put above all others."""
        self._heights[:0] = [-1] * count
        self.top = self.top._replace(message=self.top.message + count)

    def rows(self) -> list[Seen]:
        """The rows in the window, which is filled up with blank ones."""
        self.top = self._end() if self.following else self._valid(self.top)
        found = self._from(self.top)
        if not self.following and len(found) < self.height:
            self.following = True
            self.top = self._end()
            found = self._from(self.top)
        found.extend([NOTHING] * (self.height - len(found)))
        self._forget({id(seen.block) for seen in found})
        return found

    def move(self, rows: int) -> None:
        """Move the window down by some rows, or up by a negative number of them."""
        if rows < 0:
            self.following = False
            self.top = self.up(self.top, -rows)
        elif not self.following:
            self.top = self.down(self.top, rows)
            end = self._end()
            if self.top >= end:
                self.top, self.following = end, True

    def go(self, place: Place, above: int = 0) -> None:
        """Move the window so that a place is at its top, or has some rows above it."""
        self.following = False
        self.top = self.up(place, above)
        end = self._end()
        if self.top >= end:
            self.top, self.following = end, True

    def sees(self, place: Place) -> bool:
        """Whether a place is inside the window."""
        return self.top <= place <= self.down(self.top, self.height - 1)

    @property
    def overflows(self) -> bool:
        """Whether there is more than fits into the window."""
        return self._end() > (0, 0, 0)

    def total(self) -> int:
        """How many rows there are; an estimate where nobody has looked yet."""
        heights = self._heights
        messages = self.messages
        limit = self.limit
        for number in range(len(heights), len(messages)):
            heights.append(messages[number].height(limit))
        for number, height in enumerate(heights) if -1 in heights else ():
            if height < 0:
                heights[number] = messages[number].height(limit)
        return sum(heights)

    def above(self) -> int:
        """How many rows there are above the window."""
        total, top = self.total(), self.top
        if not total:
            return 0
        blocks = self.messages[top.message].blocks[: top.block]
        return sum(self._heights[: top.message]) + top.row + sum([block.height(self.limit) for block in blocks])

    def at(self, above: int) -> Place:
        """The place that has about so many rows above it."""
        self.total()
        for number, height in enumerate(self._heights):
            if above < height:
                for index, block in enumerate(self.messages[number].blocks):
                    rows = block.height(self.limit)
                    if above < rows:
                        return Place(number, index, above)
                    above -= rows
                return Place(number, index, 0)
            above -= height
        return self._end()

    def block(self, place: Place) -> Block | None:
        """The block at a place."""
        if place.message >= len(self.messages):
            return None
        blocks = self.messages[place.message].blocks
        return blocks[place.block] if place.block < len(blocks) else None

    def laid(self, block: Block) -> list[Row]:
        """The rows of a block, laid out if they are not."""
        assert self.look is not None
        rows = block.rows(self.look, self.limit)
        if not block.counted:
            block.counted = True
            weight = max(len(rows), block.weight)
            self._kept.append((block, weight))
            self._kept_rows += weight
        return rows

    def _valid(self, place: Place) -> Place:
        """The place, or the nearest there is: the last blocks of a growing text may become fewer."""
        number = min(place.message, max(len(self.messages) - 1, 0))
        if not self.messages:
            return Place(0, 0, 0)
        index = min(place.block, len(self.messages[number].blocks) - 1)
        rows = len(self.laid(self.messages[number].blocks[index]))
        return Place(number, index, min(place.row, max(rows - 1, 0)))

    def _forget(self, seen: set[int]) -> None:
        """Give back the rows of the blocks that were laid out longest ago."""
        for _ in range(len(self._kept)):
            if self._kept_rows <= KEPT_ROWS:
                break
            block, weight = self._kept.popleft()
            if id(block) in seen:
                self._kept.append((block, weight))
                continue
            self._kept_rows -= weight
            block.forget()

    def _from(self, place: Place) -> list[Seen]:
        found: list[Seen] = []
        number, index, skip = place
        messages = self.messages
        while number < len(messages) and len(found) < self.height:
            message = messages[number]
            blocks = message.blocks
            while index < len(blocks) and len(found) < self.height:
                block = blocks[index]
                height = block.height(self.limit)
                rows = self.laid(block)
                if len(rows) != height:
                    self.touch(number)
                found += [Seen(row, block, message) for row in (rows[skip:] if skip else rows)]
                index, skip = index + 1, 0
            number, index = number + 1, 0
        del found[self.height :]
        return found

    def _end(self) -> Place:
        """The place at the top when the last row is at the bottom."""
        need = self.height
        for number in range(len(self.messages) - 1, -1, -1):
            blocks = self.messages[number].blocks
            for index in range(len(blocks) - 1, -1, -1):
                need -= len(self.laid(blocks[index]))
                if need <= 0:
                    return Place(number, index, -need)
        return Place(0, 0, 0)

    def up(self, place: Place, rows: int) -> Place:
        """The place some rows above another, at most the first."""
        number, index, row = place
        while rows > row:
            rows -= row
            if index == 0:
                if number == 0:
                    return Place(0, 0, 0)
                number -= 1
                index = len(self.messages[number].blocks)
            index -= 1
            row = len(self.laid(self.messages[number].blocks[index]))
        return Place(number, index, row - rows)

    def down(self, place: Place, rows: int) -> Place:
        """The place some rows below another, at most the last."""
        number, index, row = place
        row += rows
        while number < len(self.messages):
            blocks = self.messages[number].blocks
            while index < len(blocks):
                height = len(self.laid(blocks[index]))
                if row < height:
                    return Place(number, index, row)
                row -= height
                index += 1
            number, index = number + 1, 0
        if not self.messages:
            return Place(0, 0, 0)
        return Place(len(self.messages) - 1, len(self.messages[-1].blocks) - 1, 0)

    def locate(self, number: int, stream: Stream, offset: int) -> Place:
        """The row that shows this place in the source of a message's text."""
        blocks = self.messages[number].blocks
        found = 0
        for index, block in enumerate(blocks):
            if block.stream is stream and not isinstance(block, Chrome) and (block.start <= offset or not found):
                found = index
        row = 0
        for place, line in enumerate(self.laid(blocks[found])):
            if any(0 <= run[2] <= offset for run in line.runs):
                row = place
        return Place(number, found, row)
