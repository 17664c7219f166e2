"""Choosing who is compared: from what is available, or a line-up that was kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.widgets import Input

from atlas_tui.store.judgements import LineUp
from atlas_tui.text import one_line
from atlas_tui.tui.screens.catalogue import Catalogue
from atlas_tui.tui.screens.picker import Entry, Picker
from atlas_tui.tui.screens.target_pickers import FallbackPicker


class LineUpPicker(FallbackPicker):
    """Enter takes a target in and out; each change holds at once."""

    placeholder = "Who is compared?"

    def __init__(
        self,
        catalogue: Catalogue,
        line_up: Sequence[str],
        on_change: Callable[[Sequence[str]], list[str] | None],
    ) -> None:
        super().__init__(catalogue, "", line_up, on_change)


class KeptPicker(Picker):
    """The line-ups that are kept, and the one of now under the name that is typed."""

    placeholder = "A name keeps the line-up of now; Enter takes one that is kept"

    def __init__(self, kept: Sequence[LineUp], targets: Sequence[str]) -> None:
        super().__init__()
        self._kept = kept
        self._targets = targets

    def entries(self) -> Sequence[Entry]:
        """Each with its targets."""
        found = [
            Entry(each.name, Content.assemble((one_line(each.name, 40), "bold"), "  ", _words(each.targets)))
            for each in self._kept
        ]
        return found or [Entry(None, Content("none is kept yet"))]

    def found(self) -> Sequence[Entry]:
        """The entries, and the line-up of now under a new name."""
        name = one_line(self.query_one(Input).value.strip(), 60)
        if not name or name in [each.name for each in self._kept]:
            return self.entries()
        keep = Content.assemble("keep as ", (name, "bold"), "  ", _words(self._targets))
        return [*self.entries(), Entry(name, keep)]


def _words(targets: Sequence[str]) -> Content:
    return Content.styled(" · ".join(one_line(target, 40) for target in targets), "$foreground-muted")
