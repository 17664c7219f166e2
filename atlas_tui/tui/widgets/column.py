"""A column of a comparison: who answers and how it goes, above what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import reactive

from atlas_tui.tui.messages import ColumnTaken, Ready, Scrolled
from atlas_tui.tui.widgets import figures
from atlas_tui.tui.widgets.direct import Ends, Painted, Piece
from atlas_tui.tui.widgets.markdown_log import MarkdownLog
from atlas_tui.tui.widgets.meters import sparkline, state
from atlas_tui.tui.widgets.reading import Reading

_MUTED = "$foreground-muted"
_BARS = 24


@dataclass(frozen=True, slots=True)
class HeadLine:
    """What the head of a column shows."""

    place: int
    """Where it stands, from 1: the key that leads there."""
    reading: Reading = field(default_factory=Reading)
    pinned: bool = False
    adopted: bool = False
    """Its last answer is the common history."""
    finish: str = ""
    """Why the answer ended."""
    mask: str = ""
    """What stands in place of the name, while names and figures are hidden."""
    merged: bool = False
    """Its answer is made of all others'."""
    by: str = ""
    """Who has answered, where it is not who was asked."""


class ColumnHead(Painted):
    """Three lines: name, pace, sum."""

    DEFAULT_CSS = """
    ColumnHead { height: 3; padding: 0 1; background: $surface; color: $text-muted; }
    ColumnHead.-current { background: $primary-muted; color: $text; }
    ColumnHead.-current:ansi { background: ansi_default; text-style: bold underline; }
    """

    shown: reactive[HeadLine] = reactive(HeadLine(0), repaint=False)

    def watch_shown(self) -> None:
        """New figures."""
        self.repaint()

    def on_click(self, event: events.Click) -> None:
        """A click takes the column."""
        event.stop()
        self.post_message(ColumnTaken(self.shown.place))

    def lines(self, width: int) -> list[Ends]:
        """Name and state, pace, sum."""
        shown, reading = self.shown, self.shown.reading
        marks = ("⊤" if shown.pinned else "") + ("★" if shown.adopted else "")
        marks = f"merged {marks}".rstrip() if shown.merged else marks
        number: Piece = (f"{shown.place} ", "bold $text-accent")
        if shown.mask:
            hidden = ("hidden until you vote" if reading.phase == "done" else "", _MUTED)
            word = (state(Reading(reading.phase, elapsed=reading.elapsed)),)
            return [Ends((number, (shown.mask, "bold")), ((marks, "$text-accent"),)), Ends(word), Ends((hidden,))]
        mock = ((" mock", "$text-warning"),) if reading.mock and not reading.target.startswith("mock:") else ()
        room = width - 2 - sum([cell_len(text) for text, _ in mock]) - (len(marks) + 1 if marks else 0)
        name = (_cut(f"{reading.target} → {shown.by}" if shown.by else reading.target, room), "bold $foreground")
        ttft = "" if reading.ttft is None else f"TTFT {figures.seconds(reading.ttft)}"
        return [
            Ends((number, name, *mock), ((marks, "$text-accent"),) if marks else ()),
            Ends((state(reading),), ((ttft, ""),)),
            self._sums(width),
        ]

    def _sums(self, width: int) -> Ends:
        """Tokens and cost, and at the right the pace; what there is no room for is left out, the cost first."""
        reading, finish = self.shown.reading, self.shown.finish
        if reading.phase == "ready":
            return Ends(())
        tokens = f"{figures.tokens(reading.usage.output_tokens, reading.usage)} tok"
        cost = figures.cost(reading.cost) if reading.cost.known or not reading.running else ""
        sums = " · ".join(filter(None, (tokens, "cost unknown" if cost == "unknown" else cost)))
        pace = "" if reading.rate is None else figures.rate(reading.rate)
        said = figures.elapsed(reading.elapsed)
        if len(sums) + len(pace or said) >= width:
            sums = tokens
        room = width - len(sums) - 1
        if reading.running and pace:
            bars = sparkline(reading.rates, max(0, min(_BARS, room - len(pace) - 1)))
            return Ends(((sums, ""),), ((f"{bars} " if bars else "", "$accent"), (pace, "bold")))
        parts = [pace, finish if not reading.running else "", said]
        for wanted in (parts, [pace, said], [finish, said], [pace], [said]):
            right = " · ".join(filter(None, wanted))
            if right and len(right) <= room:
                return Ends(((sums, ""),), ((right, ""),))
        return Ends(((sums, ""),))


class ColumnLog(MarkdownLog):
    """A transcript that tells how far the reader moves it, so that others may follow."""

    def scroll_rows(self, rows: int) -> None:
        """Move, and tell."""
        super().scroll_rows(rows)
        self.post_message(Scrolled(self, rows))

    def follow_rows(self, rows: int) -> None:
        """Move because another one did."""
        super().scroll_rows(rows)


class ColumnPane(Vertical):
    """Head and transcript; also whom the pump of its answers tells."""

    DEFAULT_CSS = """
    ColumnPane { width: 1fr; min-width: 20; height: 1fr; }
    ColumnPane > ColumnLog { height: 1fr; }
    ColumnPane.-divided { border-left: vkey $surface; }
    """

    def __init__(self, on_frame: Callable[[object], None]) -> None:
        super().__init__()
        self.head = ColumnHead()
        self.log_view = ColumnLog()
        self._on_frame = on_frame

    def compose(self) -> ComposeResult:
        """The head above the transcript."""
        yield self.head
        yield self.log_view

    def on_ready(self, message: Ready) -> None:
        """Events wait: draw a frame of them."""
        self._on_frame(message.pump)


class ColumnTabs(Painted):
    """All columns in a line, where not all can be seen at once."""

    DEFAULT_CSS = """
    ColumnTabs { height: 1; padding: 0 1; background: $panel; color: $text-muted; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: Sequence[tuple[HeadLine, bool, bool]] = ()
        self._ends: list[int] = []

    def show(self, columns: Sequence[tuple[HeadLine, bool, bool]]) -> None:
        """Each with whether it is in sight, and whether it is the current one."""
        if columns != self._shown:
            self._shown = columns
            self.repaint()

    def lines(self, width: int) -> list[Ends]:
        """One line; names are cut as far as needed."""
        each = max(6, width // max(1, len(self._shown)) - 1)
        pieces: list[Piece] = []
        self._ends.clear()
        at = 0
        for head, seen, current in self._shown:
            sign = state(Reading(head.reading.phase, elapsed=head.reading.elapsed))
            name = head.mask or head.reading.target.partition(":")[2] or head.reading.target
            text = _cut(f" {head.place} {name}", each - 3)
            style = "bold reverse" if current else "bold $foreground" if seen else ""
            mark = sign[0].partition(" ")[0]
            pieces += [(text, style), (f" {mark} ", "reverse" if current else sign[1]), (" ", "")]
            at += cell_len(text) + 4
            self._ends.append(at)
        return [Ends(tuple(pieces))]

    def on_click(self, event: events.Click) -> None:
        """A click takes the column."""
        event.stop()
        place = next((n for n, end in enumerate(self._ends, 1) if event.x - 1 < end), 0)
        if place:
            self.post_message(ColumnTaken(place))


def _cut(text: str, room: int) -> str:
    return text if cell_len(text) <= room else set_cell_size(text, max(0, room - 1)) + "…"
