"""Encodings from before UTF-8, and UTF-16 that does not say that it is: known by what they give."""

from __future__ import annotations

import re
from io import BytesIO

_SAMPLE = 20_000
"""Bytes that are looked at."""
_BEFORE = 100
"""Bytes before the first foreign one of a line."""
_EXPECTED = 0.85
"""What of the characters of UTF-16 has to be expected ones, at least."""
_FEWEST = 8
"""Characters of a text in UTF-16 without its mark: less may be anything."""
_FOREIGN = re.compile(rb"[\x80-\xff]")
_FEW = 4
"""Foreign bytes that say nothing: quotation marks, a sign of degrees, a name."""
_SURE = 0.1
"""How sure one has to be. Texts of some length give 0.3 to 1; signs between English words, up to 0.07."""
_NAMES = """
    cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp874 koi8-r koi8-u
    cp932 euc_jis_2004 cp949 euc_kr gb18030 big5hkscs iso8859-2 iso8859-5 iso8859-6 iso8859-7 iso8859-8
    cp437 cp850 cp852 cp866 mac-roman
"""
_ENCODINGS = _NAMES.split()
"""What people have used. Among more, a few signs are too easily taken for something rare."""
_WIDE = re.compile(
    "[\t\n\r -~\u00a0-\u00ff\u0370-\u052f\u0590-\u06ff\u0e00-\u0e7f\u1e00-\u1eff\u2010-\u2026\u20ac\u3000-\u30ff"
    "\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff9f]"
)
"""What texts in UTF-16 consist of. (Numbers of 16 bits may be extended Latin letters: those say nothing.)"""


def legacy(data: bytes) -> str | None:
    """The encoding of a text that is no UTF-8, or None where it does not say enough to tell."""
    sample = _foreign(data)
    if len(_FOREIGN.findall(sample)) < _FEW:
        return None
    import chardet

    found = chardet.detect(sample, include_encodings=_ENCODINGS, compat_names=False)
    return found["encoding"] if found["confidence"] >= _SURE else None


def _foreign(data: bytes) -> bytes:
    """The lines that are not ASCII."""
    sample = b""
    for line in BytesIO(data):
        if found := _FOREIGN.search(line):
            sample += line[max(0, found.start() - _BEFORE) :][:_SAMPLE]
            if len(sample) >= _SAMPLE:
                break
    return sample


def escaped(data: bytes) -> bool:
    """Whether it is Japanese in seven bits (ISO-2022-JP), as in mails."""
    if b"\x1b$" not in data[:_SAMPLE]:
        return False
    try:
        data.decode("iso2022_jp")
    except UnicodeDecodeError:
        return False
    return True


def wide(data: bytes) -> str | None:
    """The kind of UTF-16 that it is without its mark, or None."""
    best, name = _EXPECTED, None
    for encoding in ("utf-16-le", "utf-16-be"):
        text = data[: len(data) // 2 * 2].decode(encoding, "replace")
        share = len(_WIDE.findall(text)) / max(_FEWEST, len(text))
        if share > best:
            best, name = share, encoding
    return name
