"""Foreign text made safe: the one border between what others wrote and every way out.

Whatever a model, a server, a document or a file name contains, three things never leave Atlas: a control
character that a terminal would obey, an invisible character that changes how the rest is read, and a key.
"""

from __future__ import annotations

import re

# Per character and without state, so that a sequence split over two deltas is cleaned like a whole one.
_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_DROPPED = [
    0x0D,  # carriage return: CRLF becomes LF
    *range(0x80, 0xA0),  # C1 controls; 0x9B alone starts an escape sequence on 8-bit terminals
    0x00AD,
    0x061C,
    0x115F,
    0x1160,
    0x180E,
    *range(0x200B, 0x200C),  # zero width space; ZWNJ and ZWJ stay, scripts and emoji need them
    *range(0x200E, 0x2010),  # direction marks
    *range(0x202A, 0x202F),  # bidirectional embeddings and overrides
    *range(0x2060, 0x2070),  # word joiner, invisible operators, isolates
    0x3164,
    0xFEFF,
    0xFFA0,
    *range(0xFFF9, 0xFFFC),
    *range(0xE0000, 0xE0080),  # tag characters: text that no reader sees
]
_TABLE: dict[int, int | None] = {
    **_PICTURES,
    **dict.fromkeys(_DROPPED),
    0x85: 0x0A,
    0x2028: 0x0A,
    0x2029: 0x0A,
    **dict.fromkeys(range(0xD800, 0xE000), 0xFFFD),
}
del _TABLE[0x09], _TABLE[0x0A]


def _character_class(codes: list[int]) -> str:
    ranges: list[list[int]] = []
    for code in sorted(codes):
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)


_unsafe = re.compile(f"[{_character_class(list(_TABLE))}]").search
_KEY_SHAPES = re.compile(
    # With a digit or a capital somewhere, or a name like `sk-learn-style-estimators` would be taken for a key.
    r"\b(?:sk|pk|rk|gsk|xai)-(?=[a-z_\-]*[0-9A-Z])[A-Za-z0-9_\-]{16,}|\bAIza[A-Za-z0-9_\-]{20,}|(?i:\bbearer\s+)[A-Za-z0-9._\-]{12,}"
)
_LOGINS = re.compile(r"(?<=://)[^\s/?#]*:[^\s/?#]*@")
REDACTED = "[key]"
_MIN_SECRET = 8
_secrets: set[str] = set()


def clean(text: str) -> str:
    """Text that is safe to show: newline and tab stay, other controls become visible pictures (ESC is `␛`),
    bidirectional and other invisible controls are dropped, surrogates become U+FFFD."""
    return text.translate(_TABLE) if _unsafe(text) else text


def sound(text: str) -> str:
    """The text without lone surrogates, which JSON can carry but no file, terminal or database takes."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def one_line(text: str, limit: int = 300) -> str:
    """Foreign text as a piece of a sentence: cleaned, keys removed, white space folded, cut at `limit`."""
    # Only the head can be shown, so a body of megabytes is not searched to its end.
    head = _without_logins(redact(text[: 20 * limit]))
    if len(text) > 20 * limit:
        head = _without_half_a_key(head)
    folded = " ".join(clean(head).split())
    return folded if len(folded) <= limit else folded[: limit - 1].rstrip() + "…"


def several_lines(text: str) -> str:
    """Foreign text of any length, a traceback say, with its lines as they are: cleaned, keys removed."""
    return _without_logins(redact(clean(text)))


def counted(count: int, what: str) -> str:
    """So many of something, in words: `1 file`, `2,000 files`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def remember_secret(secret: str | None) -> None:
    """Have `redact` remove this key from now on. Values under 8 characters (`none`, `ollama`) are no keys."""
    if secret and len(secret) >= _MIN_SECRET:
        _secrets.add(secret)


def redact(text: str) -> str:
    """The text without any known key, and without anything that has the shape of one."""
    for secret in _secrets:
        if secret in text:
            text = text.replace(secret, REDACTED)
    return _KEY_SHAPES.sub(REDACTED, text)


def _without_logins(text: str) -> str:
    """The text without user name and password in any URL: those that are too short to be known for keys as well."""
    return _LOGINS.sub(f"{REDACTED}@", text) if "://" in text else text


def _without_half_a_key(text: str) -> str:
    """The text without the beginning of a known key at its end, where a cut went through the key."""
    for secret in _secrets:
        for size in range(len(secret) - 1, 3, -1):
            if text.endswith(secret[:size]):
                return text[:-size]
    return text


class StreamRedactor:
    """Removes known keys from text that comes in pieces, also a key split over two of them.

    At most the first three characters of a key get out; text is held back only while it looks like a key.
    """

    _SEEN = 4

    def __init__(self) -> None:
        self._secrets = tuple(_secrets)
        self._beginnings = tuple({secret[: self._SEEN] for secret in self._secrets})
        self._held = ""
        self._context = ""

    def feed(self, text: str) -> str:
        """The part of the text so far that may be shown now."""
        if not self._secrets:
            return text
        shown = len(self._context)
        joined = self._context + self._held + text
        if not any(beginning in joined for beginning in self._beginnings):
            # Nothing is held, then: what is held contains a beginning.
            self._context = joined[1 - self._SEEN :]
            return text
        text, self._held = joined, ""
        for secret in self._secrets:
            while (at := text.find(secret)) >= 0:
                # What was shown before this piece stays; the rest of the key is replaced.
                keep = max(at, shown)
                text = text[:keep] + REDACTED + text[at + len(secret) :]
            at = text.rfind(secret[: self._SEEN], max(0, len(text) - len(secret) + 1))
            if at >= 0 and secret.startswith(text[at:]):
                cut = max(at, shown)
                text, self._held = text[:cut], text[cut:] + self._held
        result = text[shown:]
        self._context = text[-(self._SEEN - 1) :]
        return result

    def flush(self) -> str:
        """What was held back, now that the text has ended."""
        held, self._held = self._held, ""
        return held
