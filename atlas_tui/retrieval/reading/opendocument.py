"""OpenDocument texts, sheets and slides (ODT, ODS, ODP)."""

from __future__ import annotations

from atlas_tui.retrieval.reading import tables
from atlas_tui.retrieval.reading.archive import Elements, opened
from atlas_tui.retrieval.reading.blocks import Block, Headings, heading

_SPACES = ("urn:oasis:names:tc:opendocument:xmlns:",)
_HIDDEN = ("tracked-changes", "annotation", "forms", "ruby-text", "frame-template")
"""What was deleted, remarks, and what is shown elsewhere."""
_CHARACTERS = {"tab": "\t", "line-break": "\n"}
_MOST_SPACES = 100


def read(data: bytes) -> list[Block]:
    """A block a paragraph and a table row; the page is a slide's number, the line that of a sheet's row.

    Raises:
        Unreadable: it is no OpenDocument, is damaged, or unpacks to too much.
    """
    with opened(data, "OpenDocument") as archive:
        sheets = "mimetype" in archive.names and b"spreadsheet" in archive.read("mimetype")
        body = _Sheets() if sheets else _Body()
        archive.parse("content.xml", body, _SPACES)
    return body.blocks


class _Body(Elements):
    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._headings = Headings()
        self._texts: list[list[str]] = []
        """Of the paragraphs that are open: a note stands within another."""
        self._level = 1
        self._hidden = 0
        self._rows: list[list[str]] = []
        """The cells of the row that is open in each table around."""
        self._page: int | None = None

    def begin(self, tag: str, values: dict[str, str]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag in ("p", "h"):
            self._texts.append([])
            level = values.get("outline-level", "1")
            self._level = int(level) if level.isdigit() else 1
        elif tag == "s":
            count = values.get("c", "1")
            self.text(" " * min(int(count) if count.isdigit() else 1, _MOST_SPACES))
        elif tag in _CHARACTERS:
            self.text(_CHARACTERS[tag])
        elif tag == "table":
            self._rows.append([])
        elif tag == "page":
            self._page = (self._page or 0) + 1
            self._headings = Headings()

    def end(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden -= 1
        elif tag in ("p", "h") and self._texts:
            text = "".join(self._texts.pop()).strip()
            if self._rows:
                self._rows[-1] += filter(None, [" ".join(text.split())])
            elif text:
                if tag == "h":
                    self._headings.enter(self._level, text)
                self._add(text)
        elif tag == "table-row" and self._rows:
            row = " | ".join(self._rows[-1])
            self._rows[-1].clear()
            if len(self._rows) > 1:  # a table in a cell
                self._rows[-2] += filter(None, [row])
            else:
                self._add(row)
        elif tag == "table" and self._rows:
            self._rows.pop()

    def text(self, text: str) -> None:
        if self._texts and not self._hidden:
            self._texts[-1].append(text)

    def _add(self, text: str) -> None:
        if text:
            self.blocks.append(Block(text, self._headings.path, page=self._page))


class _Sheets(Elements):
    """A spreadsheet's rows, each value under its column's name."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._title = ""
        self._rows: list[tables.Row] = []
        self._row: dict[int, str] = {}
        self._number = self._next_row = self._cell = self._next_cell = 0
        self._parts: list[str] = []
        self._in_text = self._hidden = 0

    def begin(self, tag: str, values: dict[str, str]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "table":
            self._title, self._rows, self._next_row = heading(values.get("name", "")), [], 1
        elif tag == "table-row":
            self._number, self._row, self._next_cell = self._next_row, {}, 0
            self._next_row += _count(values, "number-rows-repeated")
        elif tag in ("table-cell", "covered-table-cell"):
            self._cell = self._next_cell
            self._next_cell += _count(values, "number-columns-repeated")
            self._parts = []
        elif tag == "p":
            self._in_text += 1

    def end(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden -= 1
        elif tag == "p":
            self._in_text -= 1
            self._parts.append(" ")
        elif tag in ("table-cell", "covered-table-cell"):
            if text := " ".join("".join(self._parts).split()):
                self._row[self._cell] = text
        elif tag == "table-row" and self._row:
            self._rows.append((self._row, self._number, self._number))
        elif tag == "table":
            self.blocks += tables.blocks(self._rows, (self._title,) if self._title else ())

    def text(self, text: str) -> None:
        if self._in_text and not self._hidden:
            self._parts.append(text)


def _count(values: dict[str, str], name: str) -> int:
    value = values.get(name, "1")
    return int(value) if value.isdigit() else 1
