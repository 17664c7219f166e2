"""The passages that go along with a prompt, or went."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from atlas_tui.tui.widgets.passage import Fitted, Passage, drawn


class PassageChosen(Message):
    """The user wants to see a passage in full."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at


class Context(Vertical):
    """A sentence, and below it the passages, best first. It shows what it is told to."""

    DEFAULT_CSS = """
    Context {
        height: auto;
        & > Static { height: auto; color: $text-muted; }
        & > OptionList {
            height: auto;
            scrollbar-size-vertical: 0;
            & > .option-list--option { padding: 0; }
            & > .option-list--option-highlighted { background: transparent; text-style: none; }
            & > .option-list--option-hover { background: $boost; }
            &:focus > .option-list--option-highlighted { background: $primary-muted; color: $foreground; }
        }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._note = Static(markup=False)
        self.list = OptionList(markup=False)
        self.list.display = False
        self._passages: tuple[Passage, ...] = ()

    def compose(self) -> ComposeResult:
        yield self._note
        yield self.list

    @property
    def passages(self) -> Sequence[Passage]:
        """What is listed."""
        return self._passages

    @property
    def highlighted(self) -> int | None:
        """Which of them the keys are about."""
        return self.list.highlighted if self._passages else None

    def show(self, note: str, passages: Sequence[Passage] = ()) -> None:
        """Show this sentence and these passages instead of what stood here."""
        self._note.update(Content(note))
        if tuple(passages) != self._passages:
            at = self.highlighted
            before = self._passages[at].document if at is not None else None
            self._passages = tuple(passages)
            self._fill()
            places = [number for number, passage in enumerate(passages) if passage.document == before]
            if places:
                self.go_to(places[0])

    def go_to(self, at: int) -> None:
        """Highlight one of them, and bring it into sight."""
        if 0 <= at < len(self._passages):
            self.list.highlighted = at
            self.list.scroll_to_highlight()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter, or a click."""
        event.stop()
        self.post_message(PassageChosen(event.option_index))

    def _fill(self) -> None:
        shown, at = self.list, self.list.highlighted
        # Those that are left out stand close together.
        pairs = enumerate(zip(self._passages, self._passages[1:], strict=False))
        roomy = {number for number, pair in pairs if any(passage.number is not None for passage in pair)}
        below = partial(shown.get_visual_style, "option-list--option")
        shown.clear_options()
        shown.add_options(
            Option(Fitted(partial(drawn, passage), below if number in roomy else None))
            for number, passage in enumerate(self._passages)
        )
        shown.display = bool(self._passages)
        if self._passages:
            shown.highlighted = min(at or 0, len(self._passages) - 1)
