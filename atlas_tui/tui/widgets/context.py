"""The passages that go along with a prompt, or went."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from atlas_tui.citations import found_words, place_of
from atlas_tui.text import clean, one_line

_EXCERPT = 2
"""Lines of a passage."""
_BEFORE = 16
"""Characters of it that stand before the first word that was looked for."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A line of the panel."""

    document: Mapping[str, Any]
    number: int | None = None
    """By which the answer cites it; None for one that does not go along."""
    pinned: bool = False


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
        self._width = 0

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

    def on_resize(self) -> None:
        """The lines are cut for the width."""
        if self.size.width != self._width:
            self._width = self.size.width
            self._fill()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter, or a click."""
        event.stop()
        self.post_message(PassageChosen(event.option_index))

    def _fill(self) -> None:
        shown, at = self.list, self.list.highlighted
        width = max(self.size.width - 1, 20)
        # Those that are left out stand close together.
        pairs = enumerate(zip(self._passages, self._passages[1:], strict=False))
        roomy = {number for number, pair in pairs if any(passage.number is not None for passage in pair)}
        shown.clear_options()
        shown.add_options(
            Option(Content.assemble(_lines(passage, width), "\n" if number in roomy else ""))
            for number, passage in enumerate(self._passages)
        )
        shown.display = bool(self._passages)
        if self._passages:
            shown.highlighted = min(at or 0, len(self._passages) - 1)


def reasons(document: Mapping[str, Any]) -> str:
    """How well a passage fits and why, in a few words."""
    score = document.get("relevance_score")
    parts = [f"{score:.2f}"] if isinstance(score, int | float) else []
    why = [one_line(str(word), 30) for word in document.get("why") or ()]
    words = " ".join(word for word in why if word != "meaning")
    return " · ".join([*parts, *([words] if words else []), *(["meaning"] if "meaning" in why else [])])


def marked(text: str, words: re.Pattern[str] | None, style: str = "bold") -> Content:
    """A text with the words that were looked for."""
    content = Content(text)
    for match in words.finditer(text) if words else ():
        content = content.stylize(style, *match.span())
    return content


def _lines(passage: Passage, width: int) -> Content:
    document, taken = passage.document, passage.number is not None
    sign = f"[{passage.number}] " if taken else "[–] "
    pin = " ⚑" if passage.pinned else ""
    place = _tail(place_of(document, short=True), width - len(sign) - cell_len(pin))
    head = Content.assemble(
        (sign, "bold $text-accent" if taken else "$foreground-muted"),
        (place, "bold $text-primary" if taken else "$foreground-muted"),
        (pin, "$text-warning"),
    )
    why = Content.styled(reasons(document), "$foreground-muted").truncate(width, ellipsis=True)
    if not taken:
        return Content("\n").join((head, why))
    words = found_words(document)
    text = _excerpt(str(document.get("content", "")), words, _EXCERPT * width - 8)
    lines = wrap(text, width, max_lines=_EXCERPT, placeholder="…")
    return Content("\n").join((head, why, *(marked(line, words) for line in lines)))


def _excerpt(content: str, words: re.Pattern[str] | None, room: int) -> str:
    """The part of a passage that begins shortly before the first of the words."""
    flat = " ".join(clean(content[:4000]).split())
    first = words.search(flat) if words else None
    begin = max(0, (first.start() if first else 0) - _BEFORE)
    begin = flat.rfind(" ", 0, begin) + 1 if begin else 0
    if len(flat) - begin < room:
        begin = max(0, min(begin, len(flat) - room))
    text = ("…" if begin else "") + flat[begin:]
    return one_line(text, max(room, 1))


def _tail(text: str, width: int) -> str:
    """A place in so many columns: its end says more than its beginning."""
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) >= width:
        text = text[1:]
    return f"…{text}"
