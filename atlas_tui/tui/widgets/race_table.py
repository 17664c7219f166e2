"""The race of a turn as a table: who was first, fastest and cheapest. A row moves only when an answer ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.geometry import Size

from atlas_tui.comparison import RaceRow
from atlas_tui.text import one_line
from atlas_tui.tui.messages import RaceSorted
from atlas_tui.tui.widgets import figures
from atlas_tui.tui.widgets.direct import Ends, Painted, Piece

_MUTED = "$foreground-muted"
_SIGNS = {"done": "✓", "failed": "✗", "stopped": "■", "idle": "○"}
_BEST = {"TTFT": "ttft", "total": "total", "tok/s": "rate", "cost": "cost"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A column of the table."""

    width: int
    text: Callable[[RaceRow], str]
    order: Callable[[RaceRow], float | None]
    """Smaller is better; None comes last."""
    least: int = 0
    """Cells from which on the terminal has room for it."""


FIGURES: dict[str, Figure] = {
    "finish": Figure(0, lambda row: "", lambda row: row.place),
    "ttft": Figure(8, lambda row: _seconds(row.ttft), lambda row: row.ttft),
    "total": Figure(8, lambda row: _seconds(row.total), lambda row: row.total),
    "tok/s": Figure(10, lambda row: "–" if row.rate is None else f"{row.rate:,.1f}", lambda row: _minus(row.rate)),
    "tokens": Figure(8, lambda row: _tokens(row), lambda row: _minus(row.tokens), 76),
    "words": Figure(7, lambda row: f"{row.words:,}", lambda row: -row.words, 84),
    "cost": Figure(10, lambda row: figures.cost(row.cost) if row.cost.known else "–", lambda row: row.cost.total),
    "attempts": Figure(9, lambda row: f"{row.attempts}", lambda row: row.attempts, 96),
}
"""By the names that a user writes."""


@dataclass(frozen=True)
class Race:
    """What the table shows."""

    rows: tuple[RaceRow, ...] = ()
    places: Mapping[int, int] = field(default_factory=dict)
    """Where each column stands on the screen, by its number."""
    masks: Mapping[int, str] = field(default_factory=dict)
    """What stands in place of a name, where names and figures are hidden."""
    agreement: float | None = None
    """Of all answers, from 0 to 1, once all have ended."""


class RaceTable(Painted):
    """Sorted by the figure of one's choice."""

    DEFAULT_CSS = """
    RaceTable { height: auto; max-height: 40%; padding: 0 1; background: $panel; color: $text; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.sorted_by = "finish"
        self._race = Race()
        self._heads: list[tuple[int, str]] = []

    def show(self, race: Race) -> None:
        """New figures."""
        before, self._race = self._race, race
        if len(before.rows) != len(race.rows):
            self.refresh(layout=True)
        self.repaint()

    def sort_by(self, name: str) -> None:
        """Another figure decides. What runs has no figures yet that hold: it stands below what has ended."""
        self.sorted_by = name
        self.repaint()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A line for each column, and two around them."""
        return len(self._race.rows) + 1

    def lines(self, width: int) -> list[Ends]:
        """Heading and rows."""
        shown = [(name, figure) for name, figure in FIGURES.items() if figure.width and width + 2 >= figure.least]
        taken = sum([figure.width for _, figure in shown])
        room = max(8, width - taken - 5)
        heading: list[Piece] = [(_fit(self._title(), room + 5), "bold" if self.sorted_by == "finish" else _MUTED)]
        self._heads = [(room + 5, "finish")]
        at = room + 5
        for name, figure in shown:
            label = f"{name.upper() if name == 'ttft' else name}{'▾' if name == self.sorted_by else ''}"
            heading.append((f"{label:>{figure.width}}", "bold" if name == self.sorted_by else _MUTED))
            at += figure.width
            self._heads.append((at, name))
        return [Ends(tuple(heading)), *(self._line(row, shown, room) for row in self._sorted())]

    def _title(self) -> str:
        agreement = self._race.agreement
        return "race" if agreement is None else f"race · agreement {agreement:.0%}"

    def _line(self, row: RaceRow, shown: list[tuple[str, Figure]], room: int) -> Ends:
        mask = self._race.masks.get(row.column, "")
        sign = f"{row.place}." if row.place and not mask else _SIGNS.get(row.state, "●")
        style = {"failed": "$text-error", "stopped": "$text-warning", "done": ""}.get(row.state, "$text-success")
        place = self._race.places.get(row.column, row.column)
        if mask:
            return Ends(((f"{sign:<3}", style), (f"{mask} · hidden until you vote", _MUTED)))
        name = f"{place} {figures.target(row.target)}" + (
            f" · {one_line(row.reason, 80)}" if row.state in ("failed", "stopped") else ""
        )
        pieces: list[Piece] = [(f"{sign:<3}", style), (_fit(name, room + 2), style)]
        for label, figure in shown:
            best = _BEST.get("TTFT" if label == "ttft" else label, "") in row.best
            text = f"{'★' if best else ''}{figure.text(row)}"
            pieces.append((f"{text:>{figure.width}}", "bold $text-success" if best else ""))
        return Ends(tuple(pieces))

    def _sorted(self) -> list[RaceRow]:
        rows = list(self._race.rows)
        if self.sorted_by == "finish":
            return rows
        order = FIGURES[self.sorted_by].order
        ended = [row for row in rows if row.state in ("done", "failed", "stopped")]
        values = [(order(row), row) for row in ended]
        known = sorted(((value, n) for n, (value, _) in enumerate(values) if value is not None))
        firsts = [values[n][1] for _, n in known]
        return [*firsts, *(row for row in ended if row not in firsts), *(row for row in rows if row not in ended)]

    def on_click(self, event: events.Click) -> None:
        """A click on a heading sorts by it."""
        event.stop()
        if event.y == 0:
            name = next((name for end, name in self._heads if event.x - 1 < end), None)
            if name is not None:
                self.post_message(RaceSorted(name))


def _seconds(value: float | None) -> str:
    return "–" if value is None else figures.seconds(value)


def _minus(value: float | None) -> float | None:
    return None if value is None else -value


def _tokens(row: RaceRow) -> str:
    if row.tokens is None:
        return "–"
    return f"{'~' if row.tokens_estimated and row.tokens else ''}{figures.count(row.tokens)}"


def _fit(text: str, room: int) -> str:
    return set_cell_size(text, room) if cell_len(text) <= room else set_cell_size(text, room - 1) + "…"
