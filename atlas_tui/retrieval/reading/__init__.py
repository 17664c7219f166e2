"""A file's bytes to blocks of text with their places: one module a format, imported when its first file comes."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING

from atlas_tui.retrieval.reading import code, plain
from atlas_tui.retrieval.reading.blocks import Block, Reading, Unreadable
from atlas_tui.retrieval.reading.decoding import decode

if TYPE_CHECKING:
    from atlas_tui.retrieval.reading.pdf import PdfReader

__all__ = ["Block", "Reader", "Reading", "Unreadable", "is_text"]
_LARGE = 500_000
"""Bytes from which on a file takes long enough to be given up in the middle."""
_TICK = 0.05
"""Seconds between two looks whether it is cancelled."""


class Reader:
    """Reads files of any format. `close` ends the process that it may have started for PDFs.

    Args:
        page_seconds: how long one page of a PDF may take.
    """

    def __init__(self, page_seconds: float = 20.0) -> None:
        self._page_seconds = page_seconds
        self._pdf: PdfReader | None = None

    def read(self, name: str, data: bytes, cancelled: Callable[[], bool] = lambda: False) -> Reading:
        """The text of a file.

        Args:
            name: its name, by whose ending the format is known.
            cancelled: asked while a file takes long; when it turns true, the file is given up.

        Raises:
            Unreadable: it has no text, or none that can be read.
        """
        suffix = _suffix(name)
        if suffix == "pdf" or data.startswith(b"%PDF-"):
            return self._read_pdf(data, cancelled)
        if len(data) < _LARGE:
            return _read_here(suffix, data)
        return _unless_cancelled(partial(_read_here, suffix, data), cancelled)

    def close(self) -> None:
        """End what is running."""
        if self._pdf is not None:
            self._pdf.close()

    def _read_pdf(self, data: bytes, cancelled: Callable[[], bool]) -> Reading:
        if self._pdf is None:
            from atlas_tui.retrieval.reading.pdf import PdfReader

            self._pdf = PdfReader(self._page_seconds)
        return self._pdf.read(data, cancelled)


_HTML = ("html", "htm", "xhtml")
_MARKDOWN = ("md", "markdown", "mdown", "mkd", "mdx", "qmd", "rmd")


def _unless_cancelled(read: Callable[[], Reading], cancelled: Callable[[], bool]) -> Reading:
    """What `read` gives. When it is cancelled nobody waits for the rest, which comes to its end in a second or two.

    Raises:
        Unreadable: it cannot be read, or was cancelled.
    """
    reading: Future[Reading] = Future()

    def work() -> None:
        try:
            reading.set_result(read())
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            reading.set_exception(error)

    Thread(target=work, name="atlas-reading", daemon=True).start()
    while not wait([reading], _TICK).done:
        if cancelled():
            raise Unreadable("interrupted")
    return reading.result()


_ARCHIVES = {
    "docx": "word", "docm": "word", "pptx": "slides", "pptm": "slides", "ppsx": "slides", "xlsx": "sheets",
    "xlsm": "sheets", "odt": "opendocument", "ods": "opendocument", "odp": "opendocument", "epub": "book",
}  # fmt: skip
"""Formats that are archives, and the module that reads each."""


def is_text(name: str) -> bool:
    """Whether a document of this name can be read in an editor."""
    suffix = _suffix(name)
    return suffix != "pdf" and suffix not in _ARCHIVES


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower().lstrip(".")


def _read_here(suffix: str, data: bytes) -> Reading:
    if module := _ARCHIVES.get(suffix):
        return Reading(import_module(f"atlas_tui.retrieval.reading.{module}").read(data))
    return Reading(_read_text(suffix, decode(data, declaring=suffix in _HTML)))


def _read_text(suffix: str, text: str) -> list[Block]:
    if suffix in _MARKDOWN:
        from atlas_tui.retrieval.reading import markdown

        return markdown.read(text)
    if suffix in ("rst", "rest"):
        from atlas_tui.retrieval.reading import restructured

        return restructured.read(text)
    if suffix in _HTML:
        from atlas_tui.retrieval.reading import hypertext

        return hypertext.read(text)
    if suffix in ("csv", "tsv", "psv"):
        from atlas_tui.retrieval.reading import tables

        return tables.read(text)
    if suffix in ("json", "jsonl", "ndjson"):
        from atlas_tui.retrieval.reading import records

        return records.read(text) if suffix == "json" else records.read_lines(text)
    if suffix == "ipynb":
        from atlas_tui.retrieval.reading import notebook

        return notebook.read(text)
    return code.read(text, suffix) if suffix in code.SUFFIXES else plain.read(text)
