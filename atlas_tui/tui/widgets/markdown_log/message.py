"""A message of the log: title, reasoning, answer, footer, as one list of blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from atlas_tui.citations import Document, Quotation, check
from atlas_tui.text import clean
from atlas_tui.tui.widgets.markdown_log.blocks import Block, Chrome
from atlas_tui.tui.widgets.markdown_log.segments import Code
from atlas_tui.tui.widgets.markdown_log.stream import Stream

_ROLES = ("user", "assistant", "note", "error")
STATES = {"complete": "", "incomplete": "◌ incomplete", "failed": "✗ failed", "stopped": "■ stopped"}
_PREVIEW = 60


class CodeBlock(NamedTuple):
    """A fenced block of code of a message."""

    language: str
    text: str


class Entry(NamedTuple):
    """A message that is complete, to be put in as a whole."""

    key: str
    role: str
    text: str
    title: str = ""
    reasoning: str = ""
    footer: str = ""
    state: str = "complete"
    documents: Sequence[Document] = ()
    """The passages that it was sent with."""


class Message:
    """What one key of the log stands for."""

    def __init__(self, key: str, role: str, title: str) -> None:
        if role not in _ROLES:
            raise ValueError(f"unknown role {role!r}: one of {', '.join(_ROLES)}")
        self.key = key
        self.role = role
        self.title = clean(title)
        self.footer = ""
        self.state = "complete"
        self.folded = False
        self.reasoning_shown: bool | None = None
        """Whether the reasoning is unfolded; None leaves it to the answer, which folds it when it begins."""
        self.answer = Stream({"user": "user", "note": "muted"}.get(role, "text"))
        self.reasoning = Stream("reasoning")
        self._title = Chrome(self.answer)
        self.summary = Chrome(self.reasoning)
        self._between = Chrome(self.reasoning)
        self._footer = Chrome(self.answer)
        self.gap = Chrome(self.answer)
        self._words = 0
        self.documents: Sequence[Document] = ()
        """The passages that were sent with the prompt."""
        self._checked: tuple[int, tuple[Quotation, ...]] = 0, ()

    @classmethod
    def of(cls, entry: Entry) -> Message:
        """The message of an entry."""
        message = cls(entry.key, entry.role, entry.title)
        message.answer.append(entry.text)
        message.reasoning.append(entry.reasoning)
        message.answer.end()
        message.reasoning.end()
        message.footer, message.state = clean(entry.footer), entry.state
        message.documents = entry.documents
        return message

    @property
    def quotations(self) -> tuple[Quotation, ...]:
        """What the answer quotes from the passages, once it has ended."""
        if not self.documents or not self.answer.ended:
            return ()
        source = self.answer.source
        if self._checked[0] != len(source):
            self._checked = len(source), check(source, self.documents).quotations
        return self._checked[1]

    @property
    def reasoning_open(self) -> bool:
        """Whether the reasoning is drawn whole."""
        if self.reasoning_shown is not None:
            return self.reasoning_shown
        return not self.answer.source and not self.answer.ended

    @property
    def blocks(self) -> list[Block]:
        """All that is drawn of the message, from top to bottom; never empty."""
        blocks = self._head()
        if self.folded:
            return [*blocks, self.gap]
        if self.reasoning.source and self.reasoning_open:
            blocks += self.reasoning.blocks
        if self.reasoning.source and self.answer.source:
            blocks.append(self._between)
        blocks += self.answer.blocks
        if self._put_footer():
            blocks.append(self._footer)
        blocks.append(self.gap)
        return blocks

    def height(self, limit: int) -> int:
        """The rows of the message, estimated where they are not laid out; parses nothing."""
        rows = sum([block.height(limit) for block in self._head()]) + 1
        if self.folded:
            return rows
        if self.reasoning.source:
            rows += (self.reasoning.height(limit) if self.reasoning_open else 0) + bool(self.answer.source)
        return rows + self.answer.height(limit) + self._put_footer()

    def codes(self) -> list[tuple[int, CodeBlock]]:
        """The fenced blocks of code of the answer, with where their code begins."""
        found: list[tuple[int, CodeBlock]] = []
        for block in self.answer.blocks:
            if isinstance(block, Code):
                if block.previous is not None and found:
                    start, code = found[-1]
                    found[-1] = start, CodeBlock(code.language, code.text + block.text)
                else:
                    found.append((block.start, CodeBlock(block.fence.language, block.text)))
        return found

    def _head(self) -> list[Block]:
        blocks: list[Block] = []
        name = "title" if self.role == "assistant" else f"title-{self.role}"
        if self.title or self.folded:
            text = [(self.title or self.role, name)]
            if self.folded:
                text = [("▸ ", "muted"), *text, (f"  {self._preview()}", "muted")]
            self._title.put(*text)
            blocks.append(self._title)
        if self.reasoning.source and not self.folded:
            mark = "▾ Reasoning" if self.reasoning_open else f"▸ Reasoning · {self._word_count():,} words"
            self.summary.put((mark, "reasoning"))
            blocks.append(self.summary)
        return blocks

    def _preview(self) -> str:
        text = " ".join(self.answer.source[: 4 * _PREVIEW].split())
        return text if len(text) <= _PREVIEW else text[: _PREVIEW - 1] + "…"

    def _word_count(self) -> int:
        if not self._words or not self.answer.source:
            self._words = len(self.reasoning.source.split())
        return self._words

    def _put_footer(self) -> bool:
        state = STATES[self.state]
        if not state and not self.footer:
            return False
        parts = [(state, "footer-bad")] if state else []
        if self.footer:
            parts.append((f" · {self.footer}" if state else self.footer, "muted"))
        self._footer.put(*parts)
        return True
