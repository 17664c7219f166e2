"""A streaming Markdown log for Textual, drawn by line.

The way of a text: `stream` cuts it into blocks as it grows (`grammar` parses Markdown, `reading` finds the leaves in
the `containers` around them, `seams` knows where a cut changes nothing); `blocks` and `segments` lay themselves out on
demand (`layout`, `inline`, `table`, `code`, `latex`) into rows of runs, each of which knows its place in the source.
`message` puts a message together, `view` picks the rows on the screen, `paint` makes strips of them, `canvas` refreshes
the lines that changed (`direct` writes them). `scrolling`, `selection`, `pointing`, `citing`, `reader` and `find` are
what one does with it; `log` is the widget.
"""

from __future__ import annotations

from atlas_tui.tui.widgets.markdown_log.log import MarkdownLog
from atlas_tui.tui.widgets.markdown_log.message import CodeBlock, Entry

__all__ = ["CodeBlock", "Entry", "MarkdownLog"]
