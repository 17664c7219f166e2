"""Bytes to text, whatever wrote them."""

from __future__ import annotations

import codecs
import re

from atlas_tui.retrieval.reading import scripts
from atlas_tui.retrieval.reading.blocks import Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEAD = 8192
_CONTROLS = bytes(set(range(32)) - {8, 9, 10, 12, 13, 27})
_DECLARED = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)


def decode(data: bytes, *, declaring: bool = False) -> str:
    """The text, its lines ended by newlines alone. A byte that no encoding explains becomes U+FFFD.

    Args:
        declaring: the format can name its encoding in its first kilobytes, as HTML does.

    Raises:
        Unreadable: it is no text.
    """
    text = _decode(data, declaring)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _decode(data: bytes, declaring: bool) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    head = data[:_HEAD]
    if b"\0" in head:
        unmarked = scripts.wide(head)
        if unmarked is None:
            raise Unreadable("binary")
        return data.decode(unmarked, "replace")
    if len(head.translate(None, _CONTROLS)) < 0.95 * len(head):
        raise Unreadable("binary")
    if scripts.escaped(data):
        return data.decode("iso2022_jp")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _old_or_damaged(data, _DECLARED.search(head) if declaring else None)


def _old_or_damaged(data: bytes, declared: re.Match[bytes] | None) -> str:
    """What is no UTF-8: in the encoding that it names, or UTF-8 with a few bad bytes, or in one that its text tells, or
    Western European."""
    if declared:
        try:
            return data.decode(declared[1].decode("ascii"), "replace")
        except (LookupError, ValueError):
            pass  # a name that nobody knows says nothing
    mended = data.decode("utf-8", "replace")
    bad = mended.count("\ufffd")
    # A damaged UTF-8 text still has whole characters of several bytes; one in another encoding has next to none.
    if 2 * bad <= sum(1 for character in mended if character > "\x7f"):
        return mended
    if encoding := scripts.legacy(data):
        return data.decode(encoding, "replace")
    return data.decode("cp1252", "replace") if bad < 0.3 * len(mended) else mended
