"""Small programs that are measured beside Atlas: `python -m benchmarks.apps NAME ...`.

columns PORT MODEL   four logs side by side, each with its own stream
transcript COUNT     a log with so many messages open
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from atlas_tui.models.base import End, TextDelta
from atlas_tui.models.factory import create_provider
from atlas_tui.session import Session
from atlas_tui.tui.messages import Ready
from atlas_tui.tui.streaming import Pump
from atlas_tui.tui.widgets.markdown_log import MarkdownLog


class Column(MarkdownLog):
    """One log with a stream of its own."""

    def ask(self, url: str, model: str) -> None:
        """Begin the stream."""
        session = Session(create_provider("openai", model, base_url=url, api="chat"))
        self.add("answer", "assistant", title=model)
        self._pump = Pump(self)
        self._worker = session.start(session.add_turn("go"), self._pump)

    def on_ready(self, message: Ready) -> None:
        """Draw what has come."""
        with self._pump.frame() as events:
            for event in events:
                if isinstance(event, TextDelta):
                    self.append("answer", event.text)
                elif isinstance(event, End):
                    self.finish("answer")


class Columns(App[None]):
    """Four streams of one model at once."""

    CSS = "Column { width: 1fr; } Horizontal { height: 1fr; }"

    def __init__(self, port: str, model: str) -> None:
        super().__init__()
        self._url = f"http://127.0.0.1:{port}/v1"
        self._model = model

    def compose(self) -> ComposeResult:
        """Four logs and an input."""
        with Horizontal():
            for _ in range(4):
                yield Column()
        yield Input(placeholder="Ask anything")

    def on_mount(self) -> None:
        """Take keys."""
        self.query_one(Input).focus()

    def on_input_submitted(self) -> None:
        """Ask in all columns."""
        self.query_one(Input).clear()
        for column in self.query(Column):
            column.ask(self._url, self._model)


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
    programs: dict[str, Callable[..., App[None]]] = {"columns": Columns, "transcript": Transcript}
    programs[sys.argv[1]](*sys.argv[2:]).run()
