"""The citations in answers to which passages were sent: drawn as links where they are seen, and taken by a click.

Nothing is parsed for them, and a log without such answers does not look for any.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from atlas_tui.citations import Citation, cited
from atlas_tui.tui.widgets.markdown_log import messages
from atlas_tui.tui.widgets.markdown_log.blocks import Block, Chrome
from atlas_tui.tui.widgets.markdown_log.message import Message
from atlas_tui.tui.widgets.markdown_log.paint import Mark
from atlas_tui.tui.widgets.markdown_log.pointing import Pointing
from atlas_tui.tui.widgets.markdown_log.segments import Code
from atlas_tui.tui.widgets.markdown_log.view import Seen


class Citing(Pointing):
    """The log knows what its answers cite."""

    CitationClicked: TypeAlias = messages.CitationClicked

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._grounded = False
        """Whether passages were sent to any answer."""
        self._read: tuple[Block | None, str, tuple[Citation, ...]] = None, "", ()

    @property
    def _marking(self) -> bool:
        return self._grounded or super()._marking

    def _marks(self, line: Seen) -> tuple[Mark, ...]:
        marks = super()._marks(line)
        message, block = line.message, line.block
        if message is None or block is None or not _cites(message, block):
            return marks
        runs = [run for run in line.row.runs if run[2] >= 0]
        if not runs:
            return marks
        first, last = runs[0][2], runs[-1][2] + len(runs[-1][0])
        found = [(each.start, each.end, "quotation-missing") for each in message.quotations if not each.verified]
        found += [
            (each.start, each.end, "citation" if each.known else "citation-missing")
            for each in self._citations(message, block)
        ]
        return (*(mark for mark in found if mark[0] < last and first < mark[1]), *marks)

    def _citations(self, message: Message, block: Block) -> tuple[Citation, ...]:
        """Those in a block, by their places in the whole text."""
        known, source, found = self._read
        if known is not block or source != block.source:
            source, at = block.source, block.start
            found = tuple(
                Citation(each.number, at + each.start, at + each.end, each.known)
                for each in cited(source, len(message.documents))
            )
            self._read = block, source, found
        return found

    def _clicked(self, line: Seen, at: int) -> None:
        message, block = line.message, line.block
        if message is not None and block is not None and _cites(message, block):
            for each in self._citations(message, block):
                if each.start <= at < each.end:
                    number = _number_at(message.answer.source, each, at)
                    self.post_message(self.CitationClicked(self, message.key, number))
                    return
        super()._clicked(line, at)


def _cites(message: Message, block: Block) -> bool:
    return bool(message.documents) and block.stream is message.answer and not isinstance(block, (Chrome, Code))


def _number_at(source: str, citation: Citation, at: int) -> int:
    """Which one is meant where a bracket has several numbers."""
    for digits in re.finditer(r"\d+", source[citation.start : citation.end]):
        if at <= citation.start + digits.end():
            return int(digits[0])
    return citation.number
