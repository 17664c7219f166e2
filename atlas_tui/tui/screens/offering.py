"""The one question whether a model may be downloaded."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from atlas_tui.retrieval.embedders.offer import QUESTION


class OfferScreen(ModalScreen[bool]):
    """Gives the answer. It is asked once: no other key than those for yes begins a download."""

    DEFAULT_CSS = """
    OfferScreen {
        align: center middle;
        background: $background 70%;
        & > Vertical {
            width: 106;
            max-width: 96%;
            height: auto;
            padding: 1 3;
            background: $surface;
            border-left: outer $accent;
        }
        & Static { height: auto; width: 100%; margin-bottom: 1; }
        & Static:last-child { margin-bottom: 0; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "Yes", show=False),
        Binding("n,escape,q", "dismiss(False)", "No", show=False),
    ]

    def compose(self) -> ComposeResult:
        """The question, what holds without it, the keys."""
        hints = (("y", "download it"), ("n", "no, and do not ask again"))
        later = "Without it, words find everything. `atlas-tui index --embedder minilm` asks again."
        yield Vertical(
            Static(Content(QUESTION)),
            Static(Content.styled(later, "$foreground-muted")),
            Static(
                Content("   ").join(Content.assemble((key, "bold $text-primary"), f" {word}") for key, word in hints)
            ),
        )
