"""Encodings from before UTF-8, known by the script that they give.

Read in a wrong encoding, a text of another script than Latin becomes rare characters, or letters that change their case
within words. So the encoding is right in which nearly all of it is what such texts mostly consist of. Western text is
known by what it has not: its letters above ASCII stand alone between others.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

_SAMPLE = 20_000
"""Bytes that are looked at."""
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_EXPECTED = 0.85
"""What of the characters above ASCII has to be expected ones, at least."""
_TOGETHER = 0.7
"""How many of them have to stand side by side."""
_FEWEST = 8
"""Characters of a text in UTF-16 without its mark: less may be anything."""
_KANA = re.compile("[\u3041-\u30ff]")
_NEUTRAL = re.compile("[\u3000-\u303f\uff01-\uff5e“”‘’…—·№«»–]+")
"""Punctuation that several scripts share."""
_WIDE = re.compile(
    "[\t\n\r -~\u00a0-\u00ff\u0370-\u052f\u0590-\u06ff\u0e00-\u0e7f\u1e00-\u1eff\u2010-\u2026\u20ac\u3000-\u30ff"
    "\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff9f]"
)
"""What texts in UTF-16 consist of. (Numbers of 16 bits may be extended Latin letters: those say nothing.)"""


def legacy(data: bytes) -> str | None:
    """The encoding of a text that is no UTF-8: that of a script other than Latin, or None where there is none."""
    sample = data[:_SAMPLE]
    best, name = _EXPECTED, None
    for encoding, expected in _ENCODINGS:
        text = sample.decode(encoding, "replace")
        runs = _FOREIGN.findall(text[:-1])  # the last may have been cut
        total = sum(map(len, runs))
        if total and sum(len(run) for run in runs if len(run) > 1) >= _TOGETHER * total:
            share = expected("".join(runs))
            if share > best:
                best, name = share, encoding
    return name


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


def _japanese(text: str) -> float:
    """Kana and Chinese characters: no Japanese text is without the first."""
    kana, rest = len(_KANA.findall(text)), _NEUTRAL.sub("", text)
    if kana < 0.15 * len(text):
        return 0.0
    return (kana + sum("\u4e00" <= each <= "\u9fff" for each in rest)) / max(kana, len(rest))


def _korean(text: str) -> float:
    text = _NEUTRAL.sub("", text)
    return sum("\uac00" <= each <= "\ud7a3" for each in text) / len(text) if text else 0.0


def _chinese(text: str, encoding: str, first: int, last: int) -> float:
    """The frequent characters are those whose first byte lies in this range."""
    text = _NEUTRAL.sub("", text)
    frequent = sum(
        first <= each.encode(encoding, "replace")[0] <= last for each in text if "\u4e00" <= each <= "\u9fff"
    )
    return frequent / len(text) if text else 0.0


def _small(text: str, letters: re.Pattern[str]) -> float:
    """Small letters, and capitals by half: in a wrong encoding there are too many of these."""
    text = _NEUTRAL.sub("", text)
    found = letters.findall(text)
    return sum(1.0 if each.islower() else 0.5 for each in found) / len(text) if text else 0.0


_CYRILLIC = partial(_small, letters=re.compile("[\u0401-\u045f\u0490\u0491]"))
_GREEK = partial(_small, letters=re.compile("[\u0386-\u038f\u0391-\u03af\u03b1-\u03ce]"))
_ENCODINGS: list[tuple[str, Callable[[str], float]]] = [
    ("cp932", _japanese),
    ("euc_jp", _japanese),
    ("cp949", _korean),
    ("gb18030", partial(_chinese, encoding="gb2312", first=0xB0, last=0xD7)),
    ("big5", partial(_chinese, encoding="big5", first=0xA4, last=0xC6)),
    ("cp1251", _CYRILLIC),
    ("koi8_u", _CYRILLIC),
    ("cp1253", _GREEK),
]
