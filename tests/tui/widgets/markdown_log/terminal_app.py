"""A log in a real terminal: streams, is covered by a notification, streams on, and tells what it should look like.

Run as a program with the path of a file, to which it writes the lines of the screen as it means them to be.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static
from textual.widgets._toast import Toast

from atlas_tui.tui.widgets.markdown_log import MarkdownLog

WORDS = "some **bold** words and `code`, 日本語 and emoji 🙂 that stream in\n\n- item one\n- item two\n\n"


class TerminalApp(App[None]):
    CSS = "Static { width: 20; height: 1fr; background: $panel; }"

    def __init__(self, report: Path) -> None:
        super().__init__()
        self.report = report

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("the sidebar")
            yield MarkdownLog()

    def on_mount(self) -> None:
        self.run_worker(self.stream())

    async def stream(self) -> None:
        log = self.query_one(MarkdownLog)
        log.add("a", "assistant", title="model")
        free = []
        for turn in range(3):
            for start in range(0, len(WORDS), 9):
                log.append("a", WORDS[start : start + 9])
                await self.painted()
            free.append(log._direct._free_region() is not None)
            if turn == 0:
                self.notify("A notification\nover the log", timeout=60)
                await self.toasts(1)
            if turn == 1:
                self.clear_notifications()
                await self.toasts(0)
        await self.painted()
        strips = self.screen._compositor.render_strips()
        self.report.write_text(json.dumps({"free": free, "lines": [strip.text for strip in strips]}))

    async def painted(self) -> None:
        """Wait until what was changed is on the screen."""
        painted = asyncio.Event()
        self.call_after_refresh(painted.set)
        await painted.wait()

    async def toasts(self, count: int) -> None:
        """Wait until so many notifications are seen."""
        async with asyncio.timeout(10):
            while sum(toast.size.height > 0 for toast in self.screen.query(Toast)) != count:
                await self.painted()
        await self.painted()


if __name__ == "__main__":
    TerminalApp(Path(sys.argv[1])).run()
