"""Textual with one input and nothing else: what any Textual program costs to start."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Input


class Bare(App[None]):
    """The least that takes keys."""

    def compose(self) -> ComposeResult:
        """One input."""
        yield Input(placeholder="Ask anything")


if __name__ == "__main__":
    Bare().run()
