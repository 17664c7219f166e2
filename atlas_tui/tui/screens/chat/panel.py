"""What the panel shows: what goes along with the prompt that is being written, or what went with a turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from atlas_tui.models.base import Retrieved
from atlas_tui.text import counted, one_line
from atlas_tui.tui import commands
from atlas_tui.tui.screens.chat.choice import Along
from atlas_tui.tui.widgets.context import Context
from atlas_tui.tui.widgets.passage import Passage

if TYPE_CHECKING:
    from atlas_tui.tui.screens.chat.exchange import Exchange
    from atlas_tui.tui.screens.chat.screen import ChatScreen
    from atlas_tui.tui.screens.compare import CompareScreen
    from atlas_tui.turns import Turn


class Shelf(Protocol):
    """Where a screen shows passages."""

    @property
    def context(self) -> Context:
        """What shows them."""

    @property
    def in_transcript(self) -> bool:
        """Whether the keys are those of an answer."""

    @property
    def in_context(self) -> bool:
        """Whether the keys are those of the passages."""

    def widen(self, wide: bool) -> None:
        """Give passages room, where there is some."""

    def show_context(self, shown: bool) -> None:
        """They go along from now on, or no longer: let them be seen, where there is room for it."""

    def reveal(self) -> None:
        """Bring them into view, whatever the room."""

    def put_away(self) -> None:
        """They have been looked at: take away what lies over the rest."""


class Panel:
    """Shows passages, and knows whose they are.

    Args:
        along: tells which ones are pinned.
        ahead: gives the sentence and the passages for the prompt that is being written.
    """

    def __init__(
        self,
        screen: ChatScreen | CompareScreen,
        shelf: Shelf,
        along: Along,
        ahead: Callable[[], tuple[str, Sequence[Passage]]],
    ) -> None:
        self._screen = screen
        self._shelf = shelf
        self._along = along
        self._ahead = ahead
        self._at: Turn | None = None
        """The turn whose passages are shown; None for the prompt that is being written."""
        self._said: dict[int, str] = {}
        """What is to be said of the passages of a turn, by its id."""

    @property
    def sent(self) -> bool:
        """Whether what is shown was sent with a turn."""
        return self._at is not None

    @property
    def hints(self) -> list[tuple[str, str, str]]:
        """What can be done with the passages that are shown."""
        without = frozenset({"exclude", "search_again"}) if self.sent else frozenset()
        hints = commands.hints("passages", self._screen.keys, scope="passages", without=without)
        return [*hints, (self._screen.key("passages"), "back", "passages")]

    def show(self) -> None:
        """Bring it up to date."""
        if self._at is None:
            self._shelf.context.show(*self._ahead())
            return
        documents, pinned = self._at.documents, self._along.choice.pinned
        count = counted(len(documents), "passage") if documents else "No passage"
        lines = [f"{count} went along with this prompt", self._said.get(self._at.id, "")]
        passages = [Passage(each, number, each in pinned) for number, each in enumerate(documents, 1)]
        self._shelf.context.show("\n".join(filter(None, lines)), passages)

    def look_at(self, exchange: Exchange | None) -> None:
        """Show what was sent with a turn, or with None what goes along with the next prompt."""
        turn = exchange.turn if exchange is not None else None
        if self._at is not turn:
            self._at = turn
            self.show()

    def go_to(self, exchange: Exchange, number: int) -> None:
        """Show the passage that is cited by this number."""
        documents = exchange.turn.documents
        if not 1 <= number <= len(documents):
            self._screen.status.say(f"there is no passage [{number}]: {len(documents)} were sent")
            return
        self.look_at(exchange)
        self._shelf.show_context(True)
        self._shelf.context.go_to(number - 1)
        self._screen.act("preview")

    def settled(self, exchange: Exchange, event: Retrieved) -> None:
        """The passages of a turn are what they will be."""
        said = [one_line(notice) for notice in event.notices]
        if event.dropped:
            said.insert(0, f"{counted(event.dropped, 'passage')} left out: the context window has no room")
            self._screen.status.say(said[0])
        self._said[exchange.turn.id] = "\n".join(said)
        if self._at is exchange.turn:
            self.show()
