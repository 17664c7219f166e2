"""The documents of a collection: filtered, opened, taken out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from textual.content import Content
from textual.widgets.option_list import Option

from atlas_tui.citations import shown
from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.tree import size_words
from atlas_tui.text import one_line
from atlas_tui.tui.commands import KeyTable
from atlas_tui.tui.screens.holdings import Holdings

_MOST = 5_000
"""Documents that are listed; a filter finds the others."""


class Sources(Holdings):
    """The list over that of the collections."""

    def __init__(self, collection: Collection, keys: KeyTable) -> None:
        super().__init__(keys)
        self._collection = collection

    def on_mount(self) -> None:
        """Say whose documents these are."""
        self.field.placeholder = f"Filter the documents of {one_line(self._collection.name, 40)}"

    def options(self) -> Sequence[Option]:
        words = self.field.value.lower().split()
        options: list[Option] = []
        for state in self._collection.documents():
            name = shown(state.source)
            if all(word in name.lower() for word in words):
                size = (f"{size_words(state.size):>9}  ", "$foreground-muted")
                options.append(Option(Content.assemble(size, name), id=state.source))
                if len(options) == _MOST:
                    break
        return options or [Option("Nothing found" if words else "Nothing in it", disabled=True)]

    def hints(self) -> list[tuple[str, str]]:
        return [("Enter", "$EDITOR"), (self.delete_key(), "take out"), ("Tab", "back"), ("Esc", "back")]

    def taking_out(self, wanted: str) -> Callable[[], object]:
        from atlas_tui.retrieval.places import take_out

        return partial(take_out, [wanted], self._collection)

    def take(self) -> None:
        """Enter: open it."""
        from atlas_tui.tui.screens.editor import EditorError, open_in_editor

        if (source := self.highlighted) is not None:
            try:
                open_in_editor(self.app, source, 1)
            except EditorError as error:
                self.say(str(error))

    def action_turn_over(self) -> None:
        """Back to the collections."""
        self.dismiss(None)
