"""Markdown: paragraphs and fenced code under their headings."""

from __future__ import annotations

import re

from atlas_tui.retrieval.reading.blocks import Block, Headings, LineBlocks

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_NO_TITLE = re.compile(r"\s*(?:[>|]|(?:[-*+]|\d+[.)])(?:\s|$))")
_LINK = re.compile(r"!?\[([^\]\[]*)\](?:\([^()]*\)|\[(?:\w[^\]\[]*)?\])")  # f([a][, b]) has none
_MARKS = re.compile(r"[`*]|</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|<!--.*?-->|\{#[^{}]*\}")


def read(text: str, headings: Headings | None = None) -> list[Block]:
    """Blocks under their headings; a heading stands with the paragraph that follows it.

    Args:
        headings: those above the text, which its own change: a notebook's cells go on from each other.
    """
    return _Reader(text.split("\n"), headings or Headings()).read()


class _Reader:
    def __init__(self, lines: list[str], headings: Headings) -> None:
        self._lines = lines
        self._made = LineBlocks(lines)
        self._headings = headings
        self._begun = 0
        self._waiting = False
        """A heading has come, and nothing below it."""

    def read(self) -> list[Block]:
        number = self._front_matter()
        lines = self._lines
        while number < len(lines):
            line = lines[number]
            lead = line.lstrip()[:1]
            if not lead:
                if not self._waiting:
                    self._end(number)
            elif lead in "`~" and (fence := _FENCE.match(line)):
                number = self._fenced(number, fence[1])
                continue
            elif lead == "#" and (atx := _ATX.match(line)):
                self._end(number)
                self._enter(len(atx[1]), (atx[2] or "").rstrip(" \t#"))
            elif lead in "=-" and _SETEXT.match(line) and self._titled(number):
                self._end(number - 1)
                self._enter(1 if lead == "=" else 2, lines[number - 1])
            else:
                self._waiting = False
            number += 1
        self._end(len(lines))
        return self._made.blocks

    def _end(self, number: int) -> None:
        self._made.add(self._begun, number, self._headings.path)
        self._begun, self._waiting = number, False

    def _enter(self, level: int, title: str) -> None:
        for _ in range(2):  # a link may be around a picture
            title = _LINK.sub(r"\1", title[:500])
        self._headings.enter(level, _MARKS.sub("", title))
        self._waiting = True

    def _titled(self, number: int) -> bool:
        """Whether the line above an underline is a title: a paragraph of its own, of one line."""
        if number == 0 or self._waiting or not self._lines[number - 1].strip():
            return False
        alone = number == 1 or not self._lines[number - 2].strip() or self._begun >= number - 1
        return alone and not _NO_TITLE.match(self._lines[number - 1])

    def _fenced(self, number: int, mark: str) -> int:
        """The block from a fence to its end, which is also that of an open one; the line after it."""
        if not self._waiting:
            self._end(number)
        end = number + 1
        while end < len(self._lines):
            closing = _FENCE.match(self._lines[end])
            end += 1
            if closing and closing[1].startswith(mark) and not self._lines[end - 1].strip(" \t`~"):
                break
        self._made.add(self._begun, end, self._headings.path, code=not self._waiting)
        self._begun, self._waiting = end, False
        return end

    def _front_matter(self) -> int:
        """The line after the settings that some programs keep at the top."""
        lines = self._lines
        if lines[0].rstrip() in ("---", "+++"):
            for number in range(1, min(len(lines), 200)):
                if lines[number].rstrip() in (lines[0].rstrip(), "..."):
                    self._made.add(0, number + 1, code=True)
                    self._begun = number + 1
                    return number + 1
        return 0
