"""Taking the comparison out of the program."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from atlas_tui.errors import AtlasError
from atlas_tui.text import one_line
from atlas_tui.tui.screens.beside import beside

if TYPE_CHECKING:
    from atlas_tui.comparison.results import Results
    from atlas_tui.tui.screens.compare.screen import CompareScreen


class Exporting:
    """A method for the id of the table."""

    def __init__(self, screen: CompareScreen) -> None:
        self._screen = screen

    def export(self, argument: str) -> None:
        """Write races and answers into a file."""
        from atlas_tui.comparison.export import results_of

        screen, columns = self._screen, self._screen.columns
        if screen.judging.hidden:
            screen.status.say(f"names are hidden: {screen.key('vote')} votes and shows them")
            return
        results = results_of(columns.comparison.turns, [view.column for view in columns.compared])
        if not results.answers:
            screen.status.say("nothing to export yet")
            return
        screen.run_worker(self._export(results, argument.strip()), group="export")

    async def _export(self, results: Results, place: str) -> None:
        from atlas_tui.comparison.export import write

        try:
            path, here = await beside(partial(write, results, place, Path.cwd())), Path.cwd()
        except AtlasError as error:
            self._screen.status.say(one_line(str(error)))
            return
        coming = "; what is coming is not in it" if self._screen.columns.running else ""
        shown = path.relative_to(here) if path.is_relative_to(here) else path
        self._screen.status.say(f"exported to {one_line(str(shown), 160)}{coming}")
