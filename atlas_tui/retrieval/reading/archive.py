"""Documents that are ZIP archives of XML: Word, OpenDocument, slides, sheets, electronic books.

Both can be made to fill a memory: an archive that unpacks to too much is refused before it is unpacked, and so is XML
that defines entities, which no such document does.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from xml.parsers import expat

from atlas_tui.retrieval.reading.blocks import Unreadable

_LIMIT = 100_000_000
"""Bytes of unpacked parts, taken together."""
_SMALL = 10_000_000
_MOST_PACKED = 200
"""How many times its packed size a larger part may have: text written by people does not come near it."""
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, LookupError, expat.ExpatError,
    NotImplementedError,  # a compression that is not known here
    RuntimeError,  # a password is needed
)  # fmt: skip
"""What a damaged archive is known to raise."""
OFFICE = ("http://schemas.openxmlformats.org/", "http://purl.oclc.org/ooxml/")
"""How the names begin that Microsoft's formats use, in the transitional and in the strict form."""
_FALLBACK = "http://schemas.openxmlformats.org/markup-compatibility/2006 Fallback"
"""Holds once more, for old programs, what stands before it."""


class Elements:
    """Takes the elements of a part as they come; names are without their namespaces. Nothing counts by itself."""

    def begin(self, tag: str, values: dict[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """It ends."""

    def text(self, text: str) -> None:
        """Characters between."""


class Archive:
    """The parts of a document. What is read from it counts together, and is refused where it is too much."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self._left = _LIMIT
        self.names = frozenset(file.namelist())

    def read(self, name: str) -> bytes:
        """The bytes of a part; KeyError if there is none.

        Raises:
            Unreadable: it would unpack to too much.
        """
        part = self._file.getinfo(name)
        size = part.file_size  # no more is ever unpacked than is declared here
        self._left -= size
        if self._left < 0 or size > max(_SMALL, _MOST_PACKED * part.compress_size):
            raise Unreadable(f"would unpack to {(_LIMIT - self._left) / 1e6:,.0f} MB: a ZIP bomb")
        return self._file.read(name)

    def parse(self, name: str, into: Elements, spaces: tuple[str, ...] = OFFICE) -> None:
        """Give the elements of a part whose namespaces begin so.

        Raises:
            Unreadable: it would unpack to too much, or defines entities.
        """
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        hidden = 0

        def begin(name: str, values: dict[str, str]) -> None:
            nonlocal hidden
            hidden += name == _FALLBACK
            if not hidden and name.startswith(spaces):
                into.begin(_local(name), _local_values(values))

        def end(name: str) -> None:
            nonlocal hidden
            hidden -= name == _FALLBACK
            if not hidden and name.startswith(spaces):
                into.end(_local(name))

        def text(text: str) -> None:
            if not hidden:
                into.text(text)

        def refuse(*_: object) -> None:
            raise Unreadable("a document that defines entities: no program writes such")

        parser.StartElementHandler = begin
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = refuse
        parser.Parse(self.read(name), True)


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _local_values(values: dict[str, str]) -> dict[str, str]:
    """Attributes by their names alone; of two of the same name that of a namespace: `r:id` rather than `id`."""
    found: dict[str, str] = {}
    for key, value in values.items():
        if " " in key:
            found[_local(key)] = value
        else:
            found.setdefault(key, value)
    return found


@contextmanager
def opened(data: bytes, kind: str) -> Iterator[Archive]:
    """A document's archive.

    Args:
        kind: what it should be, for a person: `Word document`.

    Raises:
        Unreadable: it is none, or damaged, also where that shows only within the block.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as file:
            yield Archive(file)
    except _DAMAGE as error:
        raise Unreadable(f"no {kind}, or a damaged one") from error
