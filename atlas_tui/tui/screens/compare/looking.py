"""What is seen: which column, how wide, the race, moving through the transcripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_tui.comparison import race
from atlas_tui.text import one_line
from atlas_tui.tui.messages import Scrolled
from atlas_tui.tui.widgets.race_table import FIGURES, Race

if TYPE_CHECKING:
    from atlas_tui.tui.screens.compare.screen import CompareScreen


class Looking:
    """A method for each id of the table; all take the argument of the slash command, most ignore it."""

    def __init__(self, screen: CompareScreen) -> None:
        self._screen = screen
        self._together = False

    @property
    def words(self) -> list[str]:
        """What holds, for the status line."""
        return ["scrolling together"] if self._together else []

    def column_1(self, _: str) -> None:
        """Go there."""
        self._screen.columns.focus(1)

    def column_2(self, _: str) -> None:
        """Go there."""
        self._screen.columns.focus(2)

    def column_3(self, _: str) -> None:
        """Go there."""
        self._screen.columns.focus(3)

    def column_4(self, _: str) -> None:
        """Go there."""
        self._screen.columns.focus(4)

    def next_column(self, _: str) -> None:
        """Go on."""
        self._screen.columns.step(1)

    def previous_column(self, _: str) -> None:
        """Go back."""
        self._screen.columns.step(-1)

    def expand(self, _: str) -> None:
        """This column alone, and back."""
        layout = self._screen.layout_of
        layout.expanded = not layout.expanded
        self._screen.columns.arrange()

    def pin(self, _: str) -> None:
        """Keep this column in sight, and back."""
        view = self._screen.current
        view.pinned = not view.pinned
        self._screen.status.say("this column stays in sight" if view.pinned else "this column is not pinned any more")
        self._screen.columns.arrange()

    def find(self, argument: str) -> None:
        """Look for a text in this column."""
        self._screen.current.transcript.reach()
        self._screen.layout_of.find_bar.open(argument)

    def together(self, _: str) -> None:
        """All transcripts move, or one."""
        self._together = not self._together
        self._screen.status.say(f"columns scroll {'together' if self._together else 'apart'}")
        self._screen.columns.read()

    def scrolled(self, message: Scrolled) -> None:
        """One transcript was moved."""
        if self._together:
            for view in self._screen.columns.seen:
                if view.pane.log_view is not message.log:
                    view.pane.log_view.follow_rows(message.rows)

    # The race

    def race(self, argument: str) -> None:
        """Show or hide it; with the name of a figure, sort by that."""
        table = self._screen.layout_of.race
        name = argument.strip().casefold()
        if name and name not in FIGURES:
            self._screen.status.say(f"no figure {one_line(argument, 30)!r}: {', '.join(FIGURES)}")
            return
        if name:
            table.sort_by(name)
        table.display = bool(name) or not table.display
        self.show_race()

    def sort(self, _: str) -> None:
        """By the next figure."""
        table = self._screen.layout_of.race
        names = list(FIGURES)
        self.race(names[(names.index(table.sorted_by) + 1) % len(names)] if table.display else table.sorted_by)

    def show_race(self) -> None:
        """The figures of now."""
        screen, table = self._screen, self._screen.layout_of.race
        turn = screen.columns.turn
        if not table.display:
            return
        places = {view.column.number: place for place, view in enumerate(screen.columns.views, 1)}
        rows = race(turn, [view.column for view in screen.columns.compared]) if turn is not None else []
        masks = {view.column.number: screen.judging.mask(view) for view in screen.columns.compared}
        if any(masks.values()):  # the order of finish would tell who is who
            rows.sort(key=lambda row: places[row.column])
        table.show(Race(tuple(rows), places, masks if any(masks.values()) else {}, screen.judging.agreement()))
