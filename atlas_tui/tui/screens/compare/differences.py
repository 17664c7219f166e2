"""Where two answers differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from atlas_tui.comparison import Differences, agreement, differences
from atlas_tui.tui.screens.beside import beside, run_instead
from atlas_tui.tui.widgets.difference_view import DifferenceView, Titles


@dataclass(frozen=True, slots=True)
class Said:
    """An answer that can be compared."""

    place: int
    """Where its column stands, from 1."""
    name: str
    text: str


class DifferencesScreen(ModalScreen[None]):
    """Two answers at a time; Left and Right go to other two."""

    DEFAULT_CSS = """
    DifferencesScreen {
        background: $background;
        & > Static { height: 1; padding: 0 1; background: $panel; color: $text-muted; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,d", "dismiss(None)", "Close", show=False),
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("home,g", "move(-1000000)", show=False),
        Binding("end,G", "move(1000000)", show=False),
        Binding("n", "go('any', 1)", show=False),
        Binding("p,N", "go('any', -1)", show=False),
        Binding("c", "go('code', 1)", show=False),
        Binding("number_sign,f", "go('numbers', 1)", show=False),
        Binding("right,tab", "pair(1)", show=False),
        Binding("left,shift+tab", "pair(-1)", show=False),
    ]

    def __init__(self, said: Sequence[Said], at: int) -> None:
        super().__init__()
        self._said = said
        pairs = list(combinations(range(len(said)), 2))
        # The answer that one stands on comes first, with the one beside it.
        pair = (at, at + 1) if at + 1 < len(said) else (at - 1, at)
        self._pairs = pairs
        self._at = pairs.index(pair)
        self._view = DifferenceView()
        self._found: dict[int, Differences] = {}
        self._overall: float | None = None

    def compose(self) -> ComposeResult:
        """The view, and its keys."""
        keys = [("n", "next"), ("p", "before"), ("c", "code"), ("f", "figures")]
        if len(self._pairs) > 1:
            keys.append(("Left Right", "other answers"))
        words = (Content.assemble((key, "bold $text-primary"), f" {word}") for key, word in [*keys, ("Esc", "close")])
        yield self._view
        yield Static(Content("   ").join(words))

    def on_mount(self) -> None:
        """Show the first two."""
        self._view.focus()
        self._look()

    def action_move(self, rows: int) -> None:
        """By rows."""
        self._view.move(rows)

    def action_page(self, pages: int) -> None:
        """By pages."""
        self._view.page(pages)

    def action_pair(self, by: int) -> None:
        """Other two answers."""
        self._at = (self._at + by) % len(self._pairs)
        self._look()

    def action_go(self, what: str, step: int) -> None:
        """To another place that differs."""
        wanted = {
            "any": lambda pair: not pair.same,
            "code": lambda pair: pair.code,
            "numbers": lambda pair: pair.numbers is not None,
        }[what]
        if not self._view.go_to(wanted, step):
            none = {"any": "difference", "code": "code that disagrees", "numbers": "number that disagrees"}[what]
            self.notify(f"no other {none} {'below' if step > 0 else 'above'}", markup=False, timeout=2)

    def _look(self) -> None:
        at = self._at
        left, right = (self._said[number] for number in self._pairs[at])

        async def look() -> None:
            # Long answers take a moment: keys are answered meanwhile.
            if self._overall is None and len(self._said) > 2:
                self._overall = await beside(partial(agreement, [said.text for said in self._said]))
            if at not in self._found:
                self._found[at] = await beside(partial(differences, left.text, right.text))
            titles = Titles(f"{left.place} {left.name}", f"{right.place} {right.name}", self._overall)
            self._view.show(self._found[at], titles)

        run_instead(self, "differences", look)
