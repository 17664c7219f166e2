"""Where a link really goes, before it is opened."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import SplitResult, urlsplit

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from atlas_tui.text import clean

_SCHEMES = {"http", "https", "mailto"}


class LinkScreen(ModalScreen[None]):
    """Shows a link in full; Enter opens it, y copies it."""

    DEFAULT_CSS = """
    LinkScreen {
        align: center middle;
        background: $background 70%;
        & > Vertical {
            width: 76;
            max-width: 96%;
            height: auto;
            padding: 1 3;
            background: $surface;
            border-left: outer $warning;
        }
        & Static { height: auto; width: 100%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Close", show=False),
        Binding("enter", "open", "Open", show=False),
        Binding("y", "copy", "Copy", show=False),
    ]

    def __init__(self, href: str) -> None:
        super().__init__()
        self._href = clean(href)
        try:
            parts = urlsplit(self._href)
        except ValueError:  # a link that no browser would understand either
            parts = SplitResult("", "", "", "", "")
        self._host = parts.netloc
        self._opens = parts.scheme in _SCHEMES

    def compose(self) -> ComposeResult:
        """The link and the keys."""
        keys = [("Enter", "open in the browser")] if self._opens else []
        keys += [("y", "copy"), ("Esc", "close")]
        words = [Content.assemble((key, "bold $text-primary"), f" {word}") for key, word in keys]
        with Vertical():
            yield Static(Content.assemble("The model's link goes to ", (self._host or "no host", "bold $text-warning")))
            yield Static(Content(f"\n{self._href}\n"))
            yield Static(Content("   ").join(words))

    def action_open(self) -> None:
        """Hand it to the browser."""
        if self._opens:
            self.app.open_url(self._href)
        self.dismiss(None)

    def action_copy(self) -> None:
        """Copy it."""
        self.app.copy_to_clipboard(self._href)
        self.dismiss(None)
