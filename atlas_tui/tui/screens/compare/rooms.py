"""All rooms of a comparison, which are furnished once the screen is painted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from atlas_tui.comparison import Judgements
from atlas_tui.errors import AtlasError
from atlas_tui.session import Session
from atlas_tui.tui.screens.chat.answers import Answers
from atlas_tui.tui.screens.chat.grounding import Grounding
from atlas_tui.tui.screens.chat.passages import Passages
from atlas_tui.tui.screens.chat.view import Paging
from atlas_tui.tui.screens.compare.asking import Asking
from atlas_tui.tui.screens.compare.columns import Columns
from atlas_tui.tui.screens.compare.estimating import CompareEstimating
from atlas_tui.tui.screens.compare.exporting import Exporting
from atlas_tui.tui.screens.compare.judging import Judging
from atlas_tui.tui.screens.compare.line_up import LineUpRoom
from atlas_tui.tui.screens.compare.looking import Looking
from atlas_tui.tui.screens.compare.shelf import PassageShelf
from atlas_tui.tui.screens.interrupting import Interrupting
from atlas_tui.tui.screens.program import Program
from atlas_tui.tui.widgets.find_bar import FindBar

if TYPE_CHECKING:
    from atlas_tui.tui.screens.compare.screen import CompareScreen

ACTIONS = (Asking, Interrupting, Answers, Paging, Looking, LineUpRoom, Judging, Exporting, Grounding, Passages, Program)
"""Those that have a method for each action of the table."""


def kept_line_up(session: Session) -> Sequence[str]:
    """The targets that were compared last; asks the file, so not for a screen's thread."""
    if session.journal is None or not session.journal.store.path.exists():
        return ()
    try:
        return Judgements(session.journal.store).line_up().targets
    except AtlasError:  # none is kept, or the file cannot be read, which is said elsewhere
        return ()


def furnish(screen: CompareScreen, kept: Sequence[str]) -> tuple[object, ...]:
    """Give the screen its rooms; those that have its actions."""
    shelf = PassageShelf(screen.keys, lambda: screen.columns.arrange(), lambda: screen.transcript.has_focus)
    screen.layout_of.complete(FindBar(lambda: screen.transcript), shelf)
    screen.looking = Looking(screen)
    screen.judging = Judging(screen)
    screen.line_up = LineUpRoom(screen)
    screen.grounding = Grounding(screen, shelf, screen.along)
    screen.columns = Columns(screen, screen.line_up.begin(kept))
    screen.asking = Asking(screen)
    screen.answers = Answers(screen)
    screen.estimating = CompareEstimating(screen)
    screen.columns.arrange()
    return (
        screen.asking,
        Interrupting(screen, screen.asking.stop_all, screen.prompt.clear),
        screen.answers,
        Paging(screen),
        screen.looking,
        screen.line_up,
        screen.judging,
        Exporting(screen),
        screen.grounding,
        Passages(screen, shelf),
        Program(screen),
    )
