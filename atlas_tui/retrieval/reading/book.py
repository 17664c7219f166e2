"""Electronic books (EPUB): the pages of the book in their order, each read as HTML is."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from time import monotonic
from urllib.parse import unquote

from atlas_tui.retrieval.reading import hypertext
from atlas_tui.retrieval.reading.archive import Elements, opened
from atlas_tui.retrieval.reading.blocks import Block, Unreadable
from atlas_tui.retrieval.reading.decoding import decode

_PATIENCE = 60.0
"""Seconds after which a book is given up."""
_CONTAINER = "META-INF/container.xml"
_SPACES = ("urn:oasis:names:tc:opendocument:xmlns:container ", "http://www.idpf.org/2007/opf ")


def read(data: bytes) -> list[Block]:
    """The blocks of all pages, under the headings of their own page. Lines within an archive lead nowhere: none.

    Raises:
        Unreadable: it is no book, is damaged, is locked, or unpacks to too much.
    """
    blocks: list[Block] = []
    begun = monotonic()
    with opened(data, "EPUB book") as archive:
        package = _Package()
        archive.parse(_CONTAINER, package, _SPACES)
        archive.parse(package.root, package, _SPACES)
        for page in package.pages:
            if monotonic() - begun > _PATIENCE:
                raise Unreadable(f"given up after {_PATIENCE:.0f} s: its pages never end")
            if page in archive.names:
                for block in hypertext.read(decode(archive.read(page), declaring=True)):
                    blocks.append(replace(block, first_line=None, last_line=None))
    return blocks


class _Package(Elements):
    """Where the list of the book's parts is, and which of them are read one after the other."""

    def __init__(self) -> None:
        self.root = ""
        self._parts: dict[str, str] = {}
        self._order: list[str] = []

    @property
    def pages(self) -> list[str]:
        """Their names in the archive."""
        folder = posixpath.dirname(self.root)
        found = (self._parts[id_] for id_ in dict.fromkeys(self._order) if id_ in self._parts)
        return [posixpath.normpath(posixpath.join(folder, unquote(name))) for name in found]

    def begin(self, tag: str, values: dict[str, str]) -> None:
        if tag == "rootfile":
            self.root = self.root or values.get("full-path", "")
        elif tag == "item" and "html" in values.get("media-type", ""):
            self._parts[values.get("id", "")] = values.get("href", "")
        elif tag == "itemref":
            self._order.append(values.get("idref", ""))
