"""The least of a chat that Textual's own widgets make: Markdown above an input. What such a program costs to start."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Footer, Markdown, TextArea


class Bare(App[None]):
    """A transcript, a prompt and a footer, none of which does anything."""

    CSS = "VerticalScroll { height: 1fr; } TextArea { height: 4; }"

    def compose(self) -> ComposeResult:
        """The three widgets."""
        with VerticalScroll():
            yield Markdown("# Bare")
        yield TextArea(placeholder="Ask anything")
        yield Footer()

    def on_mount(self) -> None:
        """Take keys."""
        self.query_one(TextArea).focus()


if __name__ == "__main__":
    Bare().run()
