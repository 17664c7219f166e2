"""CSV and its relatives: a block a row, each value under its column's name."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

from atlas_tui.retrieval.reading import plain
from atlas_tui.retrieval.reading.blocks import Block

Row = tuple[dict[int, str], int, int]
"""What a table's row holds, by column (counted from 0) and without white space around, and its first and last line."""
_DELIMITERS = ",;\t|"
_NAME = 60
"""Characters of a column's name: it stands in every row."""


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
    return blocks(rows) or plain.paragraphs(lines)  # commas alone


def blocks(rows: Sequence[Row], headings: tuple[str, ...] = ()) -> list[Block]:
    """A block for each row of a table; the first may hold the names of the columns."""
    names = _names(rows[0][0]) if len(rows) > 1 else {}
    return [
        Block(_text(names, row), headings, first, last, code=True) for row, first, last in (rows[1:] if names else rows)
    ]


def _rows(lines: list[str], delimiter: str) -> Iterator[Row]:
    """The rows that hold something."""
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter)
    before = 0
    for row in reader:
        held = {column: value.strip() for column, value in enumerate(row) if value.strip()}
        if held:
            yield held, before + 1, reader.line_num
        before = reader.line_num


def _names(row: dict[int, str]) -> dict[int, str]:
    """The names of the columns, if that is what a table's first row holds."""
    if list(row) != list(range(len(row))) or any(_is_number(name) for name in row.values()):
        return {}
    return {column: name[:_NAME] for column, name in row.items()}


def _text(names: dict[int, str], row: dict[int, str]) -> str:
    if not names:
        return " | ".join(row.values())
    return "; ".join(f"{names[column]}: {value}" if column in names else value for column, value in row.items())


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace(",", "").lstrip("+-").isdigit()
