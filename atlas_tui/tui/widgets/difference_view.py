"""Two answers beside each other: what differs is marked, by a sign between them and by colour."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.content import Content

from atlas_tui.comparison import Differences, Pair, Passage, Span
from atlas_tui.text import clean, one_line
from atlas_tui.tui.widgets.direct import Ends, Painted, Piece

_MUTED = "$foreground-muted"
_LOOKS = {
    "word": "$text-primary on $primary-muted",
    "number": "bold $text-warning on $warning-muted",
    "code": "$text-secondary on $secondary-muted",
}
_ANSI_LOOKS = {"word": "reverse", "number": "bold reverse $text-warning", "code": "reverse $text-secondary"}
"""With the terminal's own colours, of which a text and its ground would be the same."""
_ALONE = "$text-accent"
_LEADS = {"heading": "# ", "item": "• ", "quote": "│ "}
_HEAD = 3
_WHEEL = 3


@dataclass(frozen=True, slots=True)
class Titles:
    """Whose answers they are."""

    left: str
    right: str
    overall: float | None
    """The agreement of all answers, where there are more than these two."""


class DifferenceView(Painted, can_focus=True):
    """Moves by lines, pages and differences."""

    DEFAULT_CSS = """
    DifferenceView { height: 1fr; padding: 0 1; background: $background; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._differences: Differences | None = None
        self._titles = Titles("", "", None)
        self._top = 0
        self._laid_out = 0, False
        """For which width, and whether with the terminal's own colours."""
        self._rows: list[tuple[Piece, ...]] = []
        self._starts: list[int] = []
        """The row in which each pair begins."""

    def show(self, differences: Differences, titles: Titles) -> None:
        """Show these."""
        self._differences, self._titles = differences, titles
        self._top, self._laid_out = 0, (0, False)
        self.repaint()

    # Moving

    def move(self, rows: int) -> None:
        """Down by some rows, up by a negative number."""
        self._top = max(0, min(self._top + rows, len(self._rows) - self._page))
        self.repaint()

    def page(self, pages: int) -> None:
        """By a page."""
        self.move(pages * max(1, self._page - 1))

    def go_to(self, wanted: Callable[[Pair], bool], step: int) -> bool:
        """To the next such pair, or the one before; False if there is none."""
        pairs = self._differences.pairs if self._differences else ()
        found = [start for pair, start in zip(pairs, self._starts, strict=False) if wanted(pair)]
        ahead = [start for start in found if start > self._top] if step > 0 else []
        behind = [start for start in reversed(found) if start < self._top] if step < 0 else []
        for start in [*ahead, *behind]:
            before = self._top
            self.move(start - self._top)
            if self._top != before:
                return True
        return False

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel."""
        event.stop()
        self.move(_WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel."""
        event.stop()
        self.move(-_WHEEL)

    # Drawing

    @property
    def _page(self) -> int:
        return max(1, self.size.height - _HEAD)

    def lines(self, width: int) -> list[Ends]:
        """Titles, figures, and the rows in sight."""
        if self._differences is None:
            return [Ends((("comparing …", _MUTED),))]
        if (now := (width, self.app.current_theme.ansi)) != self._laid_out:
            self._lay_out(self._differences, *now)
        side = (width - 3) // 2
        titles = self._titles
        head = ((_fit(titles.left, side), "bold"), (" ↔ ", _MUTED), (_fit(titles.right, side), "bold"))
        seen = self._rows[self._top : self._top + self._page]
        share = "" if len(self._rows) <= self._page else f"{(self._top + len(seen)) / len(self._rows):.0%}"
        return [
            Ends(head),
            Ends(((one_line(self._summary(), width - 5), "$text-accent"),), ((share, _MUTED),)),
            Ends((("─" * width, _MUTED),)),
            *(Ends(row) for row in seen),
        ]

    def _summary(self) -> str:
        found = self._differences
        assert found is not None
        parts = [f"agreement {found.agreement:.0%}"]
        if self._titles.overall is not None:
            parts.append(f"of all {self._titles.overall:.0%}")
        if found.numbers:
            parts.append(_count(len(found.numbers), "number disagrees", "numbers disagree"))
        if found.code:
            parts.append(_count(len(found.code), "code block disagrees", "code blocks disagree"))
        differ = len([pair for pair in found.pairs if not pair.same])
        parts.append(_count(differ, "passage differs", "passages differ") if differ else "no word differs")
        return " · ".join(parts)

    def _lay_out(self, found: Differences, width: int, ansi: bool) -> None:
        self._laid_out = width, ansi
        self._rows, self._starts = [], []
        wrapped = partial(_wrapped, width=(width - 3) // 2, looks=_ANSI_LOOKS if ansi else _LOOKS)
        side = (width - 3) // 2
        block = (-1, -1)
        for pair in found.pairs:
            now = (pair.left.block if pair.left else block[0], pair.right.block if pair.right else block[1])
            if self._rows and now != block:
                self._rows.append(())
            block = now
            self._starts.append(len(self._rows))
            if called := _called_out(pair):
                self._rows.append(((_fit(called, width), "bold $text-warning"),))
            left = wrapped(pair.left, pair.left_spans, same=pair.same, alone=pair.right is None)
            right = wrapped(pair.right, pair.right_spans, same=pair.same, alone=pair.left is None)
            sign = _sign(pair)
            for number in range(max(len(left), len(right))):
                row = left[number] if number < len(left) else ()
                gap = " " * (side - sum([cell_len(text) for text, _ in row]))
                middle: Piece = (f" {sign} " if number == 0 else " │ ", _MUTED if pair.same else "bold $text-accent")
                rest = right[number] if number < len(right) else ()
                self._rows.append((*row, (gap, ""), middle, *rest))
        self._top = max(0, min(self._top, len(self._rows) - self._page))


def _sign(pair: Pair) -> str:
    if pair.left is None:
        return "▸"
    if pair.right is None:
        return "◂"
    return "│" if pair.same else "≠"


def _called_out(pair: Pair) -> str:
    if pair.code:
        return "code disagrees:"
    if pair.numbers:
        left, right = (", ".join(one_line(number, 30) for number in side) or "none" for side in pair.numbers)
        return f"numbers disagree: {left} ↔ {right}"
    return ""


def _wrapped(
    passage: Passage | None, spans: Sequence[Span], *, width: int, looks: Mapping[str, str], same: bool, alone: bool
) -> list[tuple[Piece, ...]]:
    """The lines of a passage, made safe piece by piece so that the marks stay where they belong."""
    if passage is None:
        return []
    usual = _ALONE if alone else _MUTED if same else ""
    pieces: list[Piece] = [(_LEADS.get(passage.kind, ""), usual)]
    at = 0
    for span in spans:
        pieces += [(passage.text[at : span.start], usual), (passage.text[span.start : span.end], looks[span.kind])]
        at = span.end
    pieces.append((passage.text[at:], usual))
    lines: list[tuple[Piece, ...]] = []
    for line in _split([(clean(text).expandtabs(4), style) for text, style in pieces]):
        content = Content.assemble(*[piece for piece in line if piece[0]])
        lines += [_pieces(row) for row in content.wrap(width)] if content.plain else [()]
    return lines


def _split(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The pieces of each line."""
    lines: list[list[Piece]] = [[]]
    for text, style in pieces:
        first, *others = text.split("\n")
        lines[-1].append((first, style))
        lines += [[(other, style)] for other in others]
    return lines


def _pieces(content: Content) -> tuple[Piece, ...]:
    """A line of Textual's as ours; its spans lie side by side, as they were assembled."""
    pieces: list[Piece] = []
    at = 0
    for span in sorted(content.spans, key=lambda each: each.start):
        pieces += [(content.plain[at : span.start], ""), (content.plain[span.start : span.end], str(span.style))]
        at = span.end
    pieces.append((content.plain[at:], ""))
    return tuple(piece for piece in pieces if piece[0])


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _fit(text: str, room: int) -> str:
    text = one_line(text, 200)
    return set_cell_size(text, room) if cell_len(text) <= room else set_cell_size(text, max(0, room - 1)) + "…"
