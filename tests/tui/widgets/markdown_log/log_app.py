"""An app with nothing but a log in it."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from atlas_tui.tui.widgets.markdown_log import MarkdownLog

LONG = "".join(f"Paragraph {number} has **some** words and `code` in it.\n\n" for number in range(80))
CODE = "Text\n\n```python\nx = 1\n\ty = 2\n```\n\n~~~\nplain\n~~~\n"


class LogApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Message] = []

    def compose(self) -> ComposeResult:
        yield MarkdownLog()

    @property
    def log_(self) -> MarkdownLog:
        return self.query_one(MarkdownLog)

    def on_markdown_log_link_clicked(self, message: MarkdownLog.LinkClicked) -> None:
        self.heard.append(message)

    def on_markdown_log_message_focused(self, message: MarkdownLog.MessageFocused) -> None:
        self.heard.append(message)

    def on_markdown_log_follow_changed(self, message: MarkdownLog.FollowChanged) -> None:
        self.heard.append(message)


def screen(app: App[None]) -> list[str]:
    """What the terminal shows, without the column of the scrollbar."""
    width = app.size.width - 1
    return [strip.crop(0, width).text.rstrip() for strip in app.screen._compositor.render_strips()]


async def settle(pilot: Pilot[None]) -> None:
    await pilot.pause()
    await pilot.pause()
