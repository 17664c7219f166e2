"""Spreadsheets (XLSX): a block a row, each value under its column's name, below the name of its sheet."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from atlas_tui.retrieval.reading import tables
from atlas_tui.retrieval.reading.archive import Elements, opened
from atlas_tui.retrieval.reading.blocks import Block, heading
from atlas_tui.retrieval.reading.relations import relations

_ROOT, _STRINGS, _STYLES = "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml"
_COLUMN = re.compile(r"[A-Z]{1,3}")
_LITERAL = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
"""Numbers of the formats for dates and times that every program knows (ECMA-376, part 1, 18.8.30)."""
_EPOCHS = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}


def read(data: bytes) -> list[Block]:
    """The rows of all sheets; the line is the row's number.

    Raises:
        Unreadable: it is no spreadsheet, is damaged, or unpacks to too much.
    """
    blocks: list[Block] = []
    with opened(data, "spreadsheet") as archive:
        book = _Book()
        archive.parse(_ROOT, book)
        parts = relations(archive, _ROOT)
        strings, styles = _Strings(), _Styles()
        for name, into in ((_STRINGS, strings), (_STYLES, styles)):
            if name in archive.names:
                archive.parse(name, into)
        for title, id_ in book.sheets:
            kind, part = parts.get(id_, ("", ""))
            if kind == "worksheet" and part in archive.names:
                sheet = _Sheet(strings.found, styles.dates, book.epoch)
                archive.parse(part, sheet)
                blocks += tables.blocks(sheet.rows, tuple(filter(None, [heading(title)])))
    return blocks


class _Book(Elements):
    def __init__(self) -> None:
        self.sheets: list[tuple[str, str]] = []
        """Name and id of each, in order."""
        self.epoch = _EPOCHS[False]

    def begin(self, tag: str, values: dict[str, str]) -> None:
        if tag == "sheet":
            self.sheets.append((values.get("name", ""), values.get("id", "")))
        elif tag == "workbookPr":
            self.epoch = _EPOCHS[values.get("date1904") in ("1", "true")]


class _Strings(Elements):
    """The texts of all cells, each once."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._parts: list[str] = []
        self._in_text = False
        self._sounds = 0

    def begin(self, tag: str, values: dict[str, str]) -> None:
        self._in_text = tag == "t"
        self._sounds += tag == "rPh"  # how it is read aloud

    def end(self, tag: str) -> None:
        self._in_text = False
        self._sounds -= tag == "rPh"
        if tag == "si":
            self.found.append("".join(self._parts))
            self._parts.clear()

    def text(self, text: str) -> None:
        if self._in_text and not self._sounds:
            self._parts.append(text)


class _Styles(Elements):
    """Which styles of cells show a number as a date."""

    def __init__(self) -> None:
        self.dates: set[int] = set()
        self._formats = set(_DATES)
        self._count = -1

    def begin(self, tag: str, values: dict[str, str]) -> None:
        number = values.get("numFmtId", "")
        if tag == "numFmt" and number.isdigit():
            shown = _LITERAL.sub("", values.get("formatCode", "")).lower()
            if shown != "general" and re.search("[ymdhs]", shown):
                self._formats.add(int(number))
        elif tag == "cellXfs":
            self._count = 0
        elif tag == "xf" and self._count >= 0:
            if number.isdigit() and int(number) in self._formats:
                self.dates.add(self._count)
            self._count += 1

    def end(self, tag: str) -> None:
        if tag == "cellXfs":
            self._count = -1


class _Sheet(Elements):
    def __init__(self, strings: list[str], dates: set[int], epoch: datetime) -> None:
        self.rows: list[tables.Row] = []
        """Those that hold something."""
        self._strings = strings
        self._dates = dates
        self._epoch = epoch
        self._number = 0
        self._row: dict[int, str] = {}
        self._column = 0
        self._kind = ""
        self._style = 0
        self._parts: list[str] = []
        self._in_value = False

    def begin(self, tag: str, values: dict[str, str]) -> None:
        if tag == "row":
            number = values.get("r", "")
            self._number = int(number) if number.isdigit() else self._number + 1
            self._row, self._column = {}, 0
        elif tag == "c":
            self._column = _column(values.get("r", "")) or self._column + 1
            self._kind, style = values.get("t", "n"), values.get("s", "")
            self._style = int(style) if style.isdigit() else 0
            self._parts.clear()
        elif tag in ("v", "t"):
            self._in_value = True

    def end(self, tag: str) -> None:
        if tag in ("v", "t"):
            self._in_value = False
        elif tag == "c" and self._parts:
            value = self._value("".join(self._parts)).strip()
            self._parts.clear()
            if value:
                self._row[self._column - 1] = value
        elif tag == "row" and self._row:
            self.rows.append((self._row, self._number, self._number))

    def text(self, text: str) -> None:
        if self._in_value:
            self._parts.append(text)

    def _value(self, written: str) -> str:
        if self._kind == "s":
            return self._strings[int(written)]
        if self._kind == "b":
            return "TRUE" if written == "1" else "FALSE"
        if self._kind != "n" or self._style not in self._dates:
            return written
        try:
            moment = self._epoch + timedelta(days=round(float(written) * 86400) / 86400)
        except (ValueError, OverflowError):
            return written
        if moment < self._epoch + timedelta(days=1):
            return moment.strftime("%H:%M")
        return moment.strftime("%Y-%m-%d" if moment.time() == datetime.min.time() else "%Y-%m-%d %H:%M")


def _column(cell: str) -> int:
    """The number of a cell's column, counted from 1; 0 where it has no name."""
    found = _COLUMN.match(cell)
    number = 0
    for letter in found[0] if found else "":
        number = number * 26 + ord(letter) - 64
    return number
