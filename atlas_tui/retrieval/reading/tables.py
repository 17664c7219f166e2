"""CSV and its relatives: a block a row, each value under its column's name."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from atlas_tui.retrieval.reading import plain
from atlas_tui.retrieval.reading.blocks import Block

_DELIMITERS = ",;\t|"


def read(text: str) -> list[Block]:
    """`name: Ada; born: 1815` for each row; a table without column names gives its values alone."""
    lines = text.split("\n")
    head = next((line for line in lines if line.strip()), "")
    delimiter = max(_DELIMITERS, key=head.count)
    if delimiter not in head:
        return plain.paragraphs(lines)
    try:
        rows = list(_rows(lines, delimiter))
    except csv.Error:  # a field longer than the module takes, say
        return plain.paragraphs(lines)
    if not rows:  # commas alone
        return plain.paragraphs(lines)
    names = [name.strip() for name in rows[0][0]]
    if not all(names) or any(_is_number(name) for name in names):
        return [Block(" | ".join(filter(None, row)), (), first, last, code=True) for row, first, last in rows]
    return [
        Block(_row(names, row), (), first, last, code=True) for row, first, last in (rows[1:] if rows[1:] else rows)
    ]


def _rows(lines: list[str], delimiter: str) -> Iterator[tuple[list[str], int, int]]:
    """The rows that hold something, with their first and last lines."""
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter)
    before = 0
    for row in reader:
        if any(value.strip() for value in row):
            yield [value.strip() for value in row], before + 1, reader.line_num
        before = reader.line_num


def _row(names: list[str], row: list[str]) -> str:
    named = [f"{name}: {value}" for name, value in zip(names, row, strict=False) if value]
    return "; ".join(named + [value for value in row[len(names) :] if value])


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace(",", "").lstrip("+-").isdigit()
