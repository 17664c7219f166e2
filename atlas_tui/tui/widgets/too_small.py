"""What stands in place of a screen where the terminal is too small for it."""

from __future__ import annotations

from collections.abc import Callable

from textual.widget import Widget
from textual.widgets import Static

SMALLEST = (60, 16)
"""Columns and rows below which there is only one sentence."""


class TooSmall(Static):
    """One sentence.

    Args:
        body: what it stands in place of.
        first: where the focus goes when the body is there again and nothing in it had it before.
    """

    DEFAULT_CSS = """
    TooSmall { width: 100%; height: 1fr; content-align: center middle; padding: 0 1; }
    """

    def __init__(self, body: Widget, first: Callable[[], Widget]) -> None:
        super().__init__(f"Atlas needs a terminal of at least {SMALLEST[0]}x{SMALLEST[1]}.", markup=False)
        self.display = False
        self._body = body
        self._first = first
        self._left: Widget | None = None
        """What had the focus when the terminal became too small."""

    def fit(self, width: int, height: int) -> None:
        """Show the body or, where there are too few columns or rows, the sentence."""
        fits = width >= SMALLEST[0] and height >= SMALLEST[1]
        screen = self._body.screen
        if self._body.display and not fits:
            self._left = screen.focused  # what is hidden loses the focus
        elif fits and not self._body.display:
            screen.call_after_refresh((self._left or self._first()).focus)
        self._body.display, self.display = fits, not fits
