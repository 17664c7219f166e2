"""Small programs that are measured beside Atlas: `python -m benchmarks.apps NAME ...`.

transcript COUNT     a log with so many messages open
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from textual.app import App, ComposeResult
from textual.widgets import Input

from atlas_tui.tui.widgets.markdown_log import MarkdownLog


class Transcript(App[None]):
    """A long conversation, open."""

    def __init__(self, count: str) -> None:
        super().__init__()
        self._count = int(count)

    def compose(self) -> ComposeResult:
        """The log and an input."""
        yield MarkdownLog()
        yield Input(placeholder="Ask anything")

    def on_mount(self) -> None:
        """Open the conversation."""
        log = self.query_one(MarkdownLog)
        for number in range(self._count):
            text = f"Message **{number}** with a list:\n\n- one\n- two `code`\n\nand a paragraph of some more words."
            log.add(str(number), "assistant" if number % 2 else "user", text)


if __name__ == "__main__":
    programs: dict[str, Callable[..., App[None]]] = {"transcript": Transcript}
    programs[sys.argv[1]](*sys.argv[2:]).run()
