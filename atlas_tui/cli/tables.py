"""Rows in columns, and what stands in them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime


def table(rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> str:
    """The rows with their cells below each other, a line each; the columns in `right` end at the same place."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            f"{cell:>{width}}" if number in right else f"{cell:<{width}}"
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def minute(moment: datetime) -> str:
    """A moment in the time of this place, to the minute."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"
