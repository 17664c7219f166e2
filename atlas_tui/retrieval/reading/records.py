"""JSON and JSON Lines: values under their keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from atlas_tui.retrieval.reading import plain
from atlas_tui.retrieval.reading.blocks import Block, LineBlocks, heading
from atlas_tui.text import sound

_WIDE = 400
"""Characters in an average line from which on a file was not written to be read by lines."""
_VALUE_LIMIT = 20_000


def read(text: str) -> list[Block]:
    """A file of readable lines by its outermost keys; one without line breaks as `key.key: value`."""
    lines = text.split("\n")
    if len(text) <= _WIDE * len(lines):
        return _by_indentation(lines)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return plain.paragraphs(lines)
    return [Block(sound(row), (), 1, len(lines), code=True) for row in _flat(value)]


def read_lines(text: str) -> list[Block]:
    """A block a record; a line that is no JSON is text."""
    blocks: list[Block] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = "\n".join(_flat(json.loads(line)))
        except (ValueError, RecursionError):
            row = line
        if row:
            blocks.append(Block(sound(row), (), number, number, code=True))
    return blocks


def _by_indentation(lines: list[str]) -> list[Block]:
    """A block for each member of the outermost object or array, as far as the indentation tells."""
    depths = [len(line) - len(line.lstrip()) for line in lines]
    deeper = [depth for depth, line in zip(depths, lines, strict=True) if depth and line.strip()]
    outer = min(deeper, default=0)
    made = LineBlocks(lines)
    begun = 0
    path: tuple[str, ...] = ()
    for number, line in enumerate(lines):
        bare = line.strip()
        if depths[number] == outer and bare and bare[0] not in "]})":
            if bare[0] not in "{[" or number > begun:
                made.add(begun, number, path, code=True)
                begun = number
            path = _key(bare)
    made.add(begun, len(lines), path, code=True)
    return made.blocks


def _key(line: str) -> tuple[str, ...]:
    name, colon, _ = line.partition('":')
    return (heading(name[1:]),) if colon and line[0] == '"' and len(name) < _WIDE else ()


def _flat(value: Any) -> Iterator[str]:
    """`key.key: value` for every value that says something; no recursion, so no depth is too much."""
    stack = [("", value)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            stack += reversed([(f"{path}.{key}" if path else str(key), each) for key, each in value.items()])
        elif isinstance(value, list):
            stack += reversed([(path, each) for each in value])
        elif value is not None and value != "":
            words = str(value)[:_VALUE_LIMIT] if not isinstance(value, bool) else str(value).lower()
            yield f"{path[-_WIDE:]}: {words}" if path else words
