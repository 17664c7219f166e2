"""Slides (PPTX): their paragraphs and tables under the slide's title, and what the speaker notes."""

from __future__ import annotations

from atlas_tui.retrieval.reading.archive import Archive, Elements, opened
from atlas_tui.retrieval.reading.blocks import Block, heading
from atlas_tui.retrieval.reading.relations import related, relations

_ROOT = "ppt/presentation.xml"
_TITLES = ("title", "ctrTitle")
_FURNITURE = ("sldNum", "dt", "ftr", "hdr", "sldImg")
"""Number, date, footer: on every slide the same."""


def read(data: bytes) -> list[Block]:
    """A block a paragraph and a table row; the page is the slide's number.

    Raises:
        Unreadable: it has no slides, is damaged, or unpacks to too much.
    """
    blocks: list[Block] = []
    with opened(data, "presentation") as archive:
        order = _Order()
        archive.parse(_ROOT, order)
        for number, part in enumerate(related(archive, _ROOT, order.ids), 1):
            blocks += _slide(archive, part, number)
    return blocks


def _slide(archive: Archive, part: str, number: int) -> list[Block]:
    slide = _Shapes()
    archive.parse(part, slide)
    notes = _Shapes()
    for kind, name in relations(archive, part).values():
        if kind == "notesSlide" and name in archive.names:
            archive.parse(name, notes)
    title = heading(" ".join(slide.titles))
    texts = [*slide.titles, *slide.texts, *notes.titles, *notes.texts]
    return [Block(text, (title,) if title else (), page=number) for text in texts]


class _Order(Elements):
    """The slides as they are shown; their names tell in which order they were made."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def begin(self, tag: str, values: dict[str, str]) -> None:
        if tag == "sldId" and "id" in values:
            self.ids.append(values["id"])


class _Shapes(Elements):
    def __init__(self) -> None:
        self.titles: list[str] = []
        self.texts: list[str] = []
        self._kind = ""
        self._parts: list[str] = []
        self._cells: list[str] = []
        self._in_text = self._in_row = False

    def begin(self, tag: str, values: dict[str, str]) -> None:
        if tag == "sp":
            self._kind = ""
        elif tag == "ph":
            self._kind = values.get("type", "body")
        elif tag == "tr":
            self._in_row = True
        elif tag == "t":
            self._in_text = True
        elif tag == "br":
            self._parts.append("\n")
        elif tag == "tab":
            self._parts.append("\t")

    def end(self, tag: str) -> None:
        if tag == "t":
            self._in_text = False
        elif tag == "p":
            text = "".join(self._parts).strip()
            self._parts.clear()
            if text and self._kind not in _FURNITURE:
                into = self._cells if self._in_row else self.titles if self._kind in _TITLES else self.texts
                into.append(text)
        elif tag == "tr":
            self.texts += filter(None, [" | ".join(self._cells)])
            self._cells.clear()
            self._in_row = False
        elif tag in ("sp", "graphicFrame"):
            self._kind = ""

    def text(self, text: str) -> None:
        if self._in_text:
            self._parts.append(text)
