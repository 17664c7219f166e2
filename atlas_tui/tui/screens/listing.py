"""The lines of the list of conversations."""

from __future__ import annotations

from datetime import datetime, timedelta

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from atlas_tui.store import ConversationInfo, Hit
from atlas_tui.text import counted, one_line
from atlas_tui.tui.widgets import figures

_ROOMY, _NARROW = 84, 60
"""Columns from which on there is room for the target, and below which there is none for the cost."""
_TARGET = 28
_KEPT = timedelta(days=30)
"""How long a deleted conversation can be brought back."""


def row(info: ConversationInfo, width: int, now: datetime, *, current: bool = False) -> Content:
    """A conversation in one line."""
    right = f"{counted(info.turns, 'turn'):>11} "
    if width >= _NARROW:
        right += f"{figures.cost(info.cost):>9} "
    if info.deleted is None:
        right += f"{when(info.updated, now):>11}"
    else:
        days = max(0, (info.deleted + _KEPT - now).days)
        right += f"{counted(days, 'day'):>7} left"
    if width >= _ROOMY:
        right = _cut(figures.target(info.target), _TARGET) + right
    title = _cut(one_line(info.title), max(10, width - len(right) - 3))
    mark = Content.styled("◌ ", "$text-warning") if info.interrupted else Content("  ")
    if current:
        mark = Content.styled("› ", "$text-accent")
    return Content.assemble(mark, title, " ", (right, "$foreground-muted"))


def found(hit: Hit, now: datetime) -> Content:
    """A place in a text, in two lines."""
    who = "you" if hit.role == "user" else "answer"
    snippet = Content(hit.snippet)
    for begin, end in hit.marks:
        snippet = snippet.stylize("bold $text-accent", begin, end)
    head = f"  {one_line(hit.title, 60)} · {who} · {when(hit.created, now)}"
    return Content.assemble((head, "$foreground-muted"), "\n    ", snippet)


def when(moment: datetime, now: datetime) -> str:
    """`14:05`, `12 Nov`, `2024-11-12`: as much as is needed, in the time zone of `now`."""
    moment = moment.astimezone(now.tzinfo)
    if moment.date() == now.date():
        return f"{moment:%H:%M}"
    return f"{moment.day} {moment:%b}" if moment.year == now.year else f"{moment:%Y-%m-%d}"


def _cut(text: str, width: int) -> str:
    """A text in so many columns, with a sign where something is left out."""
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"
