"""Jupyter notebooks: the cells; of their output, what is text."""

from __future__ import annotations

import json
from typing import Any

from atlas_tui.retrieval.reading import markdown
from atlas_tui.retrieval.reading.blocks import Block, Headings, Unreadable
from atlas_tui.text import sound

_OUTPUT_LIMIT = 2000
"""Characters of one cell's output: a table of numbers has no end and no words."""


def read(text: str) -> list[Block]:
    """The cells under the headings of the Markdown between them, each named by its number.

    Raises:
        Unreadable: it is no notebook.
    """
    try:
        cells = json.loads(text)["cells"]
    except (ValueError, RecursionError, KeyError, TypeError):
        raise Unreadable("no notebook: not the JSON of one") from None
    if not isinstance(cells, list):
        raise Unreadable("no notebook: it has no cells")
    blocks: list[Block] = []
    headings = Headings()
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict):
            continue
        source = _text(cell.get("source"))
        place = f"cell {number}"
        if cell.get("cell_type") == "markdown":
            found = markdown.read(source, headings)
            blocks += [Block(block.text, (*block.headings, place), code=block.code) for block in found]
        else:
            parts = (source, *_outputs(cell.get("outputs")))
            blocks += [Block(part, (*headings.path, place), code=True) for part in parts if part.strip()]
    return blocks


def _text(value: Any) -> str:
    lines = value if isinstance(value, list) else [value]
    return sound("".join(line for line in lines if isinstance(line, str))).replace("\0", "\ufffd")


def _outputs(outputs: Any) -> list[str]:
    texts: list[str] = []
    room = _OUTPUT_LIMIT
    for output in outputs if isinstance(outputs, list) else ():
        if not isinstance(output, dict):
            continue
        data = output.get("data")
        plain = data.get("text/plain") if isinstance(data, dict) else output.get("text")
        texts.append(_text(plain)[:room])
        room -= len(texts[-1])
        if room <= 0:
            break
    return texts
