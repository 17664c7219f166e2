"""The widgets of the chat, and which of them is seen at which size."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.widget import Widget

from atlas_tui.tui import commands
from atlas_tui.tui.commands import KeyTable
from atlas_tui.tui.keys import show_key
from atlas_tui.tui.widgets.key_hints import KeyHints
from atlas_tui.tui.widgets.meters import Status
from atlas_tui.tui.widgets.prompt import PromptArea
from atlas_tui.tui.widgets.sidebar import Sidebar
from atlas_tui.tui.widgets.too_small import TooSmall
from atlas_tui.tui.widgets.welcome import Welcome

if TYPE_CHECKING:
    from atlas_tui.tui.widgets.context import Context
    from atlas_tui.tui.widgets.find_bar import FindBar
    from atlas_tui.tui.widgets.markdown_log import MarkdownLog

_WIDE = 100
"""Columns from which on the sidebar stands beside the transcript, by itself."""
_ROOMY = 118
"""Columns from which on passages have room beside the transcript."""
_HIGH = 24
"""Rows from which on there is room for air."""


class Panes:
    """What stands where."""

    find_bar: FindBar

    CSS = """
    ChatScreen {
        layers: base above;
        & #body, & #main { height: 1fr; }
        & #main { width: 1fr; align-horizontal: center; }
        & #main > * { max-width: 132; }
        & PromptArea { padding: 1; background: $surface; border-left: outer $primary; }
        & Sidebar.-over { dock: right; layer: above; }
        & Sidebar.-reading { width: 48; }
        & PromptArea.-low { padding: 0 1; }
    }
    """

    def __init__(self, keys: KeyTable, size: Callable[[], Size], on_fit: Callable[[], None]) -> None:
        self._keys = keys
        self._size = size
        self._on_fit = on_fit
        words = {"send": "send", "newline": "new line", "model": "model", "help": "all keys"}
        self.welcome = Welcome([(show_key(keys[name][0]), word) for name, word in words.items()])
        self.prompt = PromptArea(
            [(action.slash, action.argument, action.text) for action in commands.offered("chat")],
            send_keys=keys["send"],
            newline_keys=keys["newline"],
        )
        self.sidebar = Sidebar()
        self.status = Status()
        self.hints = KeyHints()
        self._transcript: MarkdownLog | None = None
        self._main = Vertical(id="main")
        self._body = Horizontal(id="body")
        self._too_small = TooSmall(self._body, lambda: self.prompt.editor)
        self._sidebar_wanted: bool | None = None
        self._reading = False

    def compose(self) -> ComposeResult:
        """Welcome and prompt, with room for the sidebar beside them, the keys below: the first paint, and no more."""
        with self._body:
            with self._main:
                yield self.welcome
                yield self.prompt
                yield self.status
                yield self.hints
            yield self.sidebar

    def complete(self, find_bar: FindBar, context: Context) -> None:
        """Put in what the first paint did without."""
        self.find_bar = find_bar
        commands.bind(context, "passages", self._keys)
        self._body.screen.mount(self._too_small)
        self._main.mount(find_bar, before=self.prompt)
        self.prompt.fill()
        self.sidebar.fill(context)

    @property
    def transcript(self) -> MarkdownLog:
        """The log, which comes after the first paint: it brings a Markdown parser and a highlighter with it."""
        if self._transcript is None:
            from atlas_tui.tui.widgets.markdown_log import MarkdownLog

            self._transcript = MarkdownLog(id="transcript")
            self._transcript.display = False
            self._main.mount(self._transcript, before=self.find_bar)
        return self._transcript

    @property
    def in_sight(self) -> Widget:
        """What fills the screen: the transcript, or else the welcome."""
        return self.welcome if self._transcript is None or self.welcome.display else self._transcript

    @property
    def in_transcript(self) -> bool:
        """Whether the keys are the transcript's."""
        return self._transcript is not None and self._transcript.has_focus

    def show_transcript(self, shown: bool) -> None:
        """The transcript, or else the welcome."""
        self.transcript.display, self.welcome.display = shown, not shown

    def show_context(self, shown: bool) -> None:
        """Where there is room beside the transcript, let the passages be seen while a prompt is typed."""
        if shown and self._size().width >= _WIDE:
            self.toggle_sidebar(True)
            self.sidebar.show_context()

    def widen(self, wide: bool) -> None:
        """Give the passages room, where there is some."""
        self._reading = wide
        self.fit()

    @property
    def context(self) -> Context:
        """The passages."""
        return self.sidebar.context

    @property
    def in_context(self) -> bool:
        """Whether the keys are those of the passages."""
        return self.context.list.has_focus

    def reveal(self) -> None:
        """Let the passages be seen, whatever the room."""
        self.toggle_sidebar(True)
        self.sidebar.show_context()

    def toggle_sidebar(self, shown: bool | None = None) -> None:
        """Show or hide the sidebar; None turns it over."""
        self._sidebar_wanted = not self.sidebar.display if shown is None else shown
        self.fit()

    def put_away(self) -> None:
        """Take away what lies over the transcript."""
        if self.sidebar.display and self.sidebar.has_class("-over"):
            self.toggle_sidebar(False)

    def fit(self) -> None:
        """Lay out for the size of now."""
        # Each widget is told by itself: a class on the screen would style all of them anew.
        width, height = self._size()
        self._too_small.fit(width, height)
        self.prompt.set_class(height < _HIGH, "-low")
        self.welcome.fit(height < _HIGH)
        beside = width >= _WIDE
        self.sidebar.set_class(self._reading and (width >= _ROOMY or not beside), "-reading")
        self.sidebar.set_class(not beside, "-over")
        self.sidebar.styles.max_height = None if beside else max(height - 1, 1)  # the keys stay in sight
        self.sidebar.display = beside if self._sidebar_wanted is None else self._sidebar_wanted
        self.status.full = not self.sidebar.display
        self._on_fit()
