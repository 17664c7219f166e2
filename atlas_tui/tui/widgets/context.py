"""The passages that were sent along with a prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.content import Content
from textual.widgets import Static

from atlas_tui.text import one_line

_NOTHING = "No passages yet. Indexing your own documents is not part of this version; prompts are sent as they are."
_EXCERPT = 160


class Context(Static):
    """A numbered list of passages, best first."""

    DEFAULT_CSS = """
    Context { height: auto; color: $text-muted; }
    """

    def __init__(self) -> None:
        super().__init__(Content(_NOTHING))

    def show(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Show these passages instead of what stood here."""
        if not documents:
            self.update(Content("No passage fits this prompt; it was sent as it is."))
            return
        self.update(Content("\n\n").join(_passage(number, item) for number, item in enumerate(documents, 1)))

    def empty(self) -> None:
        """Forget the passages."""
        self.update(Content(_NOTHING))


def _passage(number: int, document: Mapping[str, Any]) -> Content:
    source = one_line(str(document.get("metadata", {}).get("source", "unknown")), 60)
    score = document.get("relevance_score")
    return Content.assemble(
        (f"[{number}] ", "$text-accent"),
        (source, "$foreground"),
        f"  {score:.2f}" if isinstance(score, int | float) else "",
        "\n",
        one_line(str(document.get("content", "")), _EXCERPT),
    )
