"""A streaming Markdown log for Textual, drawn by line.

The way of a text: `stream` cuts it into blocks as it grows (`grammar` reads Markdown), `blocks` lay themselves out
(`layout`, `inline`, `table`, `code`, `latex`) into rows of runs, `view` picks the rows on the screen, `paint` makes
strips of them, and `log`, the widget, hands out those that changed.
"""

from __future__ import annotations

from atlas_tui.tui.widgets.markdown_log.log import MarkdownLog
from atlas_tui.tui.widgets.markdown_log.message import CodeBlock

__all__ = ["CodeBlock", "MarkdownLog"]
