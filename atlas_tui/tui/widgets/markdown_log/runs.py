"""Runs, the atoms of a drawn line, and what can be done to them without knowing Markdown."""

from __future__ import annotations

from rich.style import Style

from atlas_tui.tui.widgets.markdown_log import cells
from atlas_tui.tui.widgets.markdown_log.code import Parts
from atlas_tui.tui.widgets.markdown_log.looks import Look

Run = tuple[str, Style, int]
"""Text, its style, and the offset of its first character in the source (-1 for what is only decoration)."""
Line = list[Run]

TAB = " " * 4


def flow(runs: Line, limit: int) -> list[Line]:
    """Runs broken into lines of at most `limit` cells; a newline in a run breaks too."""
    flat = runs[0][0] if len(runs) == 1 else "".join([run[0] for run in runs])
    if len(flat) <= limit and "\n" not in flat and (len(flat) * 2 <= limit or cells.width(flat) == len(flat)):
        return [runs]
    lines: list[Line] = []
    index = at = 0
    for start, end in cells.wrap(flat, limit):
        line: Line = []
        while index < len(runs):
            text, style, offset = runs[index]
            after = at + len(text)
            if after > start:
                first, last = max(start - at, 0), min(end, after) - at
                if first < last:
                    line.append((text[first:last], style, offset + first if offset >= 0 else -1))
                if after > end:
                    break
            index += 1
            at = after
        lines.append(line)
    return lines


def expand_tabs(text: str, style: Style, offset: int) -> Line:
    """A piece of code as runs, each tab a run of its own, so that offsets stay true."""
    if "\t" not in text:
        return [(text, style, offset)]
    runs: Line = []
    for number, piece in enumerate(text.split("\t")):
        if number:
            runs.append((TAB, style, offset - 1))
        if piece:
            runs.append((piece, style, offset))
        offset += len(piece) + 1
    return runs


def pad(line: Line, style: Style, limit: int) -> Line:
    """The line filled up to `limit` cells."""
    missing = limit - sum([cells.width(run[0]) for run in line])
    if missing > 0:
        line.append((" " * missing, style, -1))
    return line


def code_runs(parts: Parts, offset: int, look: Look) -> Line:
    """The parts of a line of code as runs, those that look alike joined."""
    runs: Line = []
    last: Style | None = None
    for kind, text in parts:
        style = look.syntax(kind)
        if "\t" in text:
            runs.extend(expand_tabs(text, style, offset))
            last = None
        elif style is last:
            before = runs[-1]
            runs[-1] = (before[0] + text, style, before[2])
        else:
            runs.append((text, style, offset))
            last = style
        offset += len(text)
    return runs


def code_line(runs: Line, look: Look, limit: int) -> list[Line]:
    """One line of code on its panel; where it is too long it goes on below, behind a small arrow."""
    panel = look["code"]
    inner = max(limit - 2, 2)
    lines: list[Line] = []
    for line in flow(runs, inner) if runs else [[]]:
        lead = (" ", panel, -1) if not lines else ("↪", look["code-label"], -1)
        lines.append(pad([lead, *line], panel, limit))
    return lines
