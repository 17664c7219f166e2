"""Word documents (DOCX): paragraphs and tables under their headings."""

from __future__ import annotations

import re

from atlas_tui.retrieval.reading.archive import Elements, opened
from atlas_tui.retrieval.reading.blocks import Block, Headings

_SPACES = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main ",
    "http://purl.oclc.org/ooxml/wordprocessingml/main ",
)
_NOTES = ("word/footnotes.xml", "word/endnotes.xml")
_CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_TITLE = 0
"""The level of a document's title: above all headings."""
_DEPTH = 20
"""Styles that are made from each other."""
_HEADING = re.compile(r"heading (\d)$", re.IGNORECASE)


def read(data: bytes) -> list[Block]:
    """A block a paragraph and a table row; pages as Word counted them when it saved, if it did. Notes come last.

    Raises:
        Unreadable: it is no Word document, is damaged, or unpacks to too much.
    """
    with opened(data, "Word document") as archive:
        styles = _Styles()
        if "word/styles.xml" in archive.names:
            archive.parse("word/styles.xml", styles, _SPACES)
        body = _Body(styles)
        archive.parse("word/document.xml", body, _SPACES)
        body.begin_notes()
        for notes in _NOTES:
            if notes in archive.names:
                archive.parse(notes, body, _SPACES)
    return body.blocks


class _Styles(Elements):
    """The outline level of each paragraph style, by its id; the names of ids differ by language."""

    def __init__(self) -> None:
        self._levels: dict[str, int] = {}
        self._bases: dict[str, str] = {}
        self._style = ""

    def level(self, style: str) -> int | None:
        """Of a style, or of the one that it is made from."""
        for _ in range(_DEPTH):
            if style in self._levels:
                return self._levels[style]
            style = self._bases.get(style, "")
        return None

    def begin(self, tag: str, values: dict[str, str]) -> None:
        value = values.get("val", "")
        if tag == "style":
            self._style = values.get("styleId", "")
        elif tag == "name" and self._style:
            named = _HEADING.match(value)
            if named or value == "Title":
                self._levels[self._style] = int(named[1]) if named else _TITLE
        elif tag == "basedOn" and self._style:
            self._bases[self._style] = value
        elif tag == "outlineLvl" and self._style and value.isdigit():
            self._levels.setdefault(self._style, int(value) + 1)

    def end(self, tag: str) -> None:
        if tag == "style":
            self._style = ""


class _Body(Elements):
    def __init__(self, styles: _Styles) -> None:
        self.blocks: list[Block] = []
        self._styles = styles
        self._headings = Headings()
        self._texts: list[list[str]] = [[]]
        """Of the paragraphs that are open: one may stand in a text box in another."""
        self._rows: list[list[str]] = []
        """The cells of the row that is open in each table around."""
        self._level: int | None = None
        self._in_text = False
        self._page: int | None = None

    def begin_notes(self) -> None:
        """They stand on pages that nobody knows, under no heading."""
        self._headings, self._page = Headings(), None

    def begin(self, tag: str, values: dict[str, str]) -> None:
        if tag == "t":
            self._in_text = True
        elif tag == "p":
            self._texts.append([])
        elif tag in _CHARACTERS:
            self._texts[-1].append(_CHARACTERS[tag])
        elif tag == "pStyle":
            self._level = self._styles.level(values.get("val", ""))
        elif tag == "outlineLvl" and values.get("val", "") in "012345678":
            self._level = int(values.get("val") or 0) + 1
        elif tag == "lastRenderedPageBreak":
            self._page = (self._page or 1) + 1
        elif tag == "tbl":
            self._rows.append([])

    def end(self, tag: str) -> None:
        if tag == "t":
            self._in_text = False
        elif tag == "p":
            text = "".join(self._texts.pop()).strip()
            level, self._level = self._level, None
            if self._rows:
                self._rows[-1].append(" ".join(text.split()))
            elif text:
                if level is not None:
                    self._headings.enter(level, text)
                self._add(text)
        elif tag == "tr" and self._rows:
            row = " | ".join(filter(None, self._rows[-1]))
            self._rows[-1].clear()
            if len(self._rows) > 1:  # a table in a cell
                self._rows[-2].append(row)
            else:
                self._add(row)
        elif tag == "tbl" and self._rows:
            self._rows.pop()

    def text(self, text: str) -> None:
        if self._in_text:
            self._texts[-1].append(text)

    def _add(self, text: str) -> None:
        if text:
            self.blocks.append(Block(text, self._headings.path, page=self._page))
