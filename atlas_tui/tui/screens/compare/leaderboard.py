"""Who won the votes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from atlas_tui.comparison import Standing, Vote
from atlas_tui.comparison.report import standings_csv
from atlas_tui.text import clean, counted, one_line
from atlas_tui.tui.widgets import figures

Rank = Callable[[Sequence[Vote], str | None], list[Standing]]
_ALL = "all topics"
_BAR, _NAME = 24, 20
"""Cells of a bar, and those that a name has before the counts."""


class LeaderboardScreen(ModalScreen[None]):
    """The targets by strength; Left and Right go through the topics, `y` copies the table as CSV."""

    DEFAULT_CSS = """
    LeaderboardScreen {
        align: center middle;
        background: $background 70%;
        & > VerticalScroll {
            width: 110;
            max-width: 96%;
            height: auto;
            max-height: 94%;
            padding: 1 3;
            background: $surface;
            border-left: outer $primary;
            scrollbar-size-vertical: 1;
        }
        & Static { height: auto; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,L", "dismiss(None)", "Close", show=False),
        Binding("left", "topic(-1)", show=False, priority=True),
        Binding("right", "topic(1)", show=False, priority=True),
        Binding("y", "copy", show=False),
    ]

    def __init__(self, votes: Sequence[Vote], rank: Rank) -> None:
        super().__init__()
        self._votes = votes
        self._rank = rank
        topics = {vote.topic: None for vote in reversed(votes) if vote.topic}
        self._topics: list[str | None] = [None, *topics]
        self._at = 0
        self._text = Static(markup=False)

    def compose(self) -> ComposeResult:
        """One text."""
        with VerticalScroll():
            yield self._text

    def on_mount(self) -> None:
        """Show all."""
        self._draw()

    def on_resize(self) -> None:
        """As wide as there is room."""
        self._draw()

    def action_topic(self, by: int) -> None:
        """Another topic."""
        self._at = (self._at + by) % len(self._topics)
        self._draw()

    def action_copy(self) -> None:
        """Copy the table."""
        self.app.copy_to_clipboard(clean(standings_csv(self._rank(self._votes, self._topics[self._at]))))
        self.notify("leaderboard copied as CSV", markup=False)

    def _draw(self) -> None:
        topic = self._topics[self._at]
        standings = self._rank(self._votes, topic)
        votes = len([vote for vote in self._votes if topic in (None, vote.topic)])
        about = _ALL if topic is None else one_line(topic, 60)
        lines = [
            Content.assemble(("Leaderboard", "bold"), (f"  {about} · {counted(votes, 'vote')}", "$foreground-muted"))
        ]
        lines.append(Content(""))
        lines += _table(standings, self.size.width * 96 // 100 - 8) if standings else [Content("No vote yet.")]
        keys = "Left, Right topics · y copies as CSV · Esc closes"
        lines += [Content(""), Content.styled(keys, "$foreground-muted")]
        self._text.update(Content("\n").join(lines))


def _table(standings: Sequence[Standing], width: int) -> list[Content]:
    least, most = min(each.low for each in standings), max(each.high for each in standings)
    span = max(1.0, most - least)
    longest = max(cell_len(figures.target(each.target)) for each in standings) + 2
    counts = width >= 48 + min(longest, _NAME)  # below that the names need their room
    name = max(10, min(42, longest, width - (48 if counts else 26)))
    bars = width >= name + 50 + _BAR
    heading = f"{'':4}{'target':<{name}}{'rating':>7}  {'95 %':^13}"
    heading += f"{'won':>5}{'lost':>6}{'tied':>6}{'bad':>5}" if counts else ""
    lines = [Content.styled(heading, "$foreground-muted")]
    for each in standings:
        target = figures.target(each.target)
        target = set_cell_size(target, name) if cell_len(target) < name else set_cell_size(target, name - 2) + "… "
        interval = f"{each.low:.0f} to {each.high:.0f}"
        tally = f"{each.wins:>5}{each.losses:>6}{each.ties:>6}{each.both_bad:>5}" if counts else ""
        bar = ""
        if bars:
            low, middle, high = (round((at - least) / span * (_BAR - 1)) for at in (each.low, each.rating, each.high))
            bar = "  " + "".join("●" if n == middle else "─" if low <= n <= high else " " for n in range(_BAR))
        lines.append(
            Content.assemble(
                (f"{each.rank:>2}. ", "bold $text-accent"),
                target,
                (f"{each.rating:>7.0f}", "bold"),
                (f"  {interval:^13}", "$foreground-muted"),
                tally,
                (bar, "$accent"),
            )
        )
    return lines
