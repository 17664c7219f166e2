"""Word documents (DOCX): paragraphs and tables under their headings.

The file is a ZIP archive of XML. Both can be made to fill a memory: an archive that unpacks to too much is refused
before it is unpacked, and so is XML that defines entities, which no Word document does.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from io import BytesIO
from xml.parsers import expat

from atlas_tui.retrieval.reading.blocks import Block, Headings, Unreadable

_LIMIT = 100_000_000
"""Bytes of unpacked XML."""
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main "
_STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main "
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, KeyError, expat.ExpatError,
    NotImplementedError,  # a compression that is not known here
    RuntimeError,  # a password is needed
)  # fmt: skip
"""What a damaged archive is known to raise."""
_HEADING = re.compile(r"heading (\d)$", re.IGNORECASE)


def read(data: bytes) -> list[Block]:
    """A block a paragraph and a table row; pages as Word counted them when it saved, if it did.

    Raises:
        Unreadable: it is no Word document, is damaged, or unpacks to too much.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            styles = _Styles()
            if "word/styles.xml" in archive.namelist():
                _parse(_unpacked(archive, "word/styles.xml"), styles)
            body = _Body(styles.levels)
            _parse(_unpacked(archive, "word/document.xml"), body)
    except _DAMAGE as error:
        raise Unreadable("no Word document, or a damaged one") from error
    return body.blocks


def _unpacked(archive: zipfile.ZipFile, name: str) -> bytes:
    size = archive.getinfo(name).file_size  # no more is ever unpacked than is declared here
    if size > _LIMIT:
        raise Unreadable(f"would unpack to {size / 1e6:,.0f} MB: a ZIP bomb")
    return archive.read(name)


class _Styles:
    """The outline level of each paragraph style, by its id; the names of ids differ by language."""

    def __init__(self) -> None:
        self.levels: dict[str, int] = {}
        self._style = ""

    def begin(self, tag: str, values: dict[str, str]) -> None:
        if tag == "style":
            self._style = values.get("styleId", "")
        elif tag == "name" and self._style:
            named = _HEADING.match(values.get("val", ""))
            if named or values.get("val") == "Title":
                self.levels[self._style] = int(named[1]) if named else 1
        elif tag == "outlineLvl" and self._style and values.get("val", "").isdigit():
            self.levels.setdefault(self._style, int(values["val"]) + 1)

    def end(self, tag: str) -> None:
        if tag == "style":
            self._style = ""

    def text(self, text: str) -> None:
        """Styles have none."""


class _Body:
    def __init__(self, levels: dict[str, int]) -> None:
        self.blocks: list[Block] = []
        self._levels = levels
        self._headings = Headings()
        self._parts: list[str] = []
        self._cells: list[str] = []
        self._level: int | None = None
        self._in_text = False
        self._tables = 0
        self._page: int | None = None

    def begin(self, tag: str, values: dict[str, str]) -> None:
        if tag == "t":
            self._in_text = True
        elif tag in ("tab", "br", "cr"):
            self._parts.append("\t" if tag == "tab" else "\n")
        elif tag == "pStyle":
            self._level = self._levels.get(values.get("val", ""))
        elif tag == "outlineLvl" and values.get("val", "") in "012345678":
            self._level = int(values.get("val") or 0) + 1
        elif tag == "lastRenderedPageBreak":
            self._page = (self._page or 1) + 1
        elif tag == "tbl":
            self._tables += 1

    def end(self, tag: str) -> None:
        if tag == "t":
            self._in_text = False
        elif tag == "p":
            text = "".join(self._parts).strip()
            self._parts.clear()
            level, self._level = self._level, None
            if self._tables:
                self._cells.append(" ".join(text.split()))
            elif text:
                if level:
                    self._headings.enter(level, text)
                self._add(text)
        elif tag == "tr":
            self._add(" | ".join(filter(None, self._cells)))
            self._cells.clear()
        elif tag == "tbl":
            self._tables -= 1

    def text(self, text: str) -> None:
        if self._in_text:
            self._parts.append(text)

    def _add(self, text: str) -> None:
        if text:
            self.blocks.append(Block(text, self._headings.path, page=self._page))


def _parse(data: bytes, into: _Styles | _Body) -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def begin(name: str, values: dict[str, str]) -> None:
        if name.startswith((_W, _STRICT)):
            into.begin(name.rpartition(" ")[2], {key.rpartition(" ")[2]: value for key, value in values.items()})

    def end(name: str) -> None:
        if name.startswith((_W, _STRICT)):
            into.end(name.rpartition(" ")[2])

    def refuse(*_: object) -> None:
        raise Unreadable("a Word document that defines entities: no program writes such")

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = into.text
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(data, True)
