"""Where a vote is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from atlas_tui.text import one_line


@dataclass(frozen=True, slots=True)
class Ballot:
    """What was voted."""

    choice: int | str
    """The best of the answers, from 0; `tie`, or `both bad`."""
    topic: str


class VoteScreen(ModalScreen[Ballot | None]):
    """A key for each answer, one for a tie, one for none of them."""

    DEFAULT_CSS = """
    VoteScreen {
        align: center middle;
        background: $background 70%;
        & > Vertical {
            width: 70;
            max-width: 96%;
            height: auto;
            max-height: 90%;
            padding: 1 2;
            background: $surface;
            border-left: outer $primary;
        }
        & Static { height: 1; margin-bottom: 1; }
        & OptionList {
            height: auto;
            &:focus > .option-list--option-highlighted { background: $primary-muted; color: $text-primary; }
        }
        & Input { border: none; height: 1; padding: 0; margin-top: 1; background: transparent; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", show=False),
        *(Binding(f"{place}", f"vote({place})", show=False) for place in range(1, 10)),
        *(Binding(letter, f"letter('{letter}')", show=False) for letter in "abcdefgh"),
        Binding("t,equals_sign", "say('tie')", show=False),
        Binding("n,x", "say('both bad')", show=False),
    ]

    def __init__(self, names: Sequence[tuple[int, str]], topic: str) -> None:
        super().__init__()
        self._names = names
        self._field = Input(topic, placeholder="topic, if you like: Tab, then type", compact=True)

    def compose(self) -> ComposeResult:
        """Question, answers, topic."""
        pair = len(self._names) == 2
        rows = [
            Option(_row(f"{chr(ord('A') + n)} {place}" if n < 8 else f"{place}", name), id=str(n))
            for n, (place, name) in enumerate(self._names)
        ]
        rows.append(Option(_row("t  ", "as good as each other"), id="tie"))
        rows.append(Option(_row("n  ", "both bad" if pair else "all bad"), id="both bad"))
        with Vertical():
            yield Static(Content.styled("Which answer is better?" if pair else "Which answer is best?", "bold"))
            yield OptionList(*rows, markup=False)
            yield self._field

    def on_mount(self) -> None:
        """The keys are the answers'."""
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter, or a click."""
        choice = event.option_id or "tie"
        self._give(int(choice) if choice.isdigit() else choice)

    def on_input_submitted(self) -> None:
        """The topic is there: back to the answers."""
        self.query_one(OptionList).focus()

    def action_vote(self, place: int) -> None:
        """The number of a column."""
        at = next((n for n, (number, _) in enumerate(self._names) if number == place), None)
        if at is not None:
            self._give(at)

    def action_letter(self, letter: str) -> None:
        """The letter of an answer."""
        at = ord(letter) - ord("a")
        if at < len(self._names):
            self._give(at)

    def action_say(self, choice: str) -> None:
        """None is better."""
        self._give(choice)

    def _give(self, choice: int | str) -> None:
        self.dismiss(Ballot(choice, one_line(self._field.value.strip(), 60)))


def _row(key: str, words: str) -> Content:
    return Content.assemble((f"{key:<5}", "bold $text-accent"), one_line(words, 80))
