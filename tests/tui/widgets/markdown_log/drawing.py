"""Texts drawn without an app: lines as strings, or with their styles."""

from __future__ import annotations

from typing import cast

from rich.style import Style

from atlas_tui.tui.widgets.markdown_log.looks import Look
from atlas_tui.tui.widgets.markdown_log.runs import Line
from atlas_tui.tui.widgets.markdown_log.stream import Stream


class NamedStyles:
    """A look whose styles say which they are, in a meta entry."""

    def __init__(self) -> None:
        self._made: dict[object, Style] = {}

    def __getitem__(self, name: str) -> Style:
        return self._style(name)

    def marked(self, base: str, marks: int) -> Style:
        return self._style((base, marks))

    def syntax(self, token: object) -> Style:
        return self._style(str(token))

    def _style(self, name: object) -> Style:
        if name not in self._made:
            self._made[name] = Style.from_meta({"name": str(name)})
        return self._made[name]


LOOK = cast(Look, NamedStyles())


def lines(stream: Stream, limit: int = 60) -> list[str]:
    """What is drawn, as text."""
    return ["".join(run[0] for run in line) for line in runs(stream, limit)]


def runs(stream: Stream, limit: int = 60) -> list[Line]:
    """What is drawn, with styles and offsets; runs of one style are joined."""
    return [joined(row.runs) for block in stream.blocks for row in block.rows(LOOK, limit)]


def joined(line: Line) -> Line:
    out: Line = []
    for text, style, offset in line:
        if out and out[-1][1] is style and (offset < 0 or out[-1][2] + len(out[-1][0]) == offset):
            out[-1] = (out[-1][0] + text, style, out[-1][2])
        else:
            out.append((text, style, offset))
    return out


def drawn(text: str, limit: int = 60, *, ended: bool = False) -> list[str]:
    """A whole text as drawn lines, without the blanks at their ends."""
    stream = Stream()
    stream.append(text)
    if ended:
        stream.end()
    return [line.rstrip() for line in lines(stream, limit)]
