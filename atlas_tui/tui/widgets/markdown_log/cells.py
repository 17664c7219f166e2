"""How wide text is on a terminal, and where its lines break.

Most text is made of characters one cell wide, and for those a length is a width and a line break is one `rfind`.
Only text with a wide, combining or joined character takes the way over graphemes.
"""

from __future__ import annotations

import re

from rich.cells import cell_len, split_graphemes

# One cell in every terminal; a test holds these ranges against Rich's own table.
SINGLE = (
    ("\t", "\n"), (" ", "~"), ("\u00a0", "\u00ac"), ("\u00ae", "\u02ff"), ("\u0370", "\u0482"), ("\u2010", "\u2027"),
    ("\u2030", "\u205e"), ("\u2070", "\u209c"), ("\u20a0", "\u20bf"), ("\u2190", "\u2319"), ("\u2500", "\u25fc"),
)  # fmt: skip
_odd = re.compile("[^" + "".join(f"{low}-{high}" for low, high in SINGLE) + "]").search


def width(text: str) -> int:
    """The cells that this text takes, tabs and newlines counted as one each."""
    return cell_len(text) if _odd(text) else len(text)


def wrap(text: str, limit: int) -> list[tuple[int, int]]:
    """The lines of `text` in at most `limit` cells, as slices: a newline always breaks, else the last space
    before the edge or a place beside a wide character, else a hyphen or slash near the edge, else the edge. The space
    at a break is left out."""
    lines: list[tuple[int, int]] = []
    limit = max(limit, 2)
    start = 0
    while True:
        end = text.find("\n", start)
        last = end < 0
        if last:
            end = len(text)
        if end - start <= limit // 2 or not _odd(text, start, end):
            _wrap_single(text, start, end, limit, lines)
        else:
            _wrap_graphemes(text, start, end, limit, lines)
        if last:
            return lines
        start = end + 1


def _wrap_single(text: str, start: int, end: int, limit: int, lines: list[tuple[int, int]]) -> None:
    while end - start > limit:
        cut = text.rfind(" ", start, start + limit + 1)
        if cut <= start:
            cut = max(text.rfind("-", start, start + limit), text.rfind("/", start, start + limit)) + 1
            cut = cut if cut - start > limit // 2 else start + limit
            lines.append((start, cut))
            start = cut
        else:
            lines.append((start, cut))
            start = cut + 1
        while start < end and text[start] == " ":
            start += 1
    lines.append((start, end))


def _wrap_graphemes(text: str, start: int, end: int, limit: int, lines: list[tuple[int, int]]) -> None:
    begin = start  # of the line being filled
    used = 0
    stop = resume = -1  # the last place where the line may end, and where the next would begin
    used_there = 0
    for first, after, cells in split_graphemes(text[start:end])[0]:
        here, following = start + first, start + after
        space = text[here:following] == " "
        while used + cells > limit and here > begin:
            if space:
                stop, resume, used_there = here, following, used + cells
            elif resume <= begin:
                stop = resume = here
                used_there = used
            lines.append((begin, stop))
            used = max(0, used - used_there)
            begin, resume = resume, -1
        if begin == following:
            used = 0
            continue
        if space and here == begin and lines and begin > start:
            begin = following
            continue
        used += cells
        if space:
            stop, resume, used_there = here, following, used
        elif cells == 2:
            stop = resume = following
            used_there = used
    lines.append((begin, end))
