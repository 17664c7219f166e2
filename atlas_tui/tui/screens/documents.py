"""The collections of the knowledge base; documents are added to them, and one is chosen."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Static
from textual.widgets.option_list import Option

from atlas_tui.retrieval import KnowledgeBase
from atlas_tui.retrieval.library import CollectionInfo
from atlas_tui.text import clean, counted, one_line
from atlas_tui.tui.commands import KeyTable
from atlas_tui.tui.screens.beside import beside
from atlas_tui.tui.screens.holdings import Holdings
from atlas_tui.tui.screens.indexing import Advanced, Indexing
from atlas_tui.tui.screens.sources import Sources

_ADD, _NAME = "Path of a file or folder to add", "Name of a new collection"
_BAR = 20
_EVERY = 0.1
"""Seconds between two looks at how far an indexing is."""


class Documents(Holdings):
    """The list over the chat; gives the collection that passages are to come from, or None."""

    DEFAULT_CSS = """
    Documents #progress { margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n", "name", show=False, priority=True),
        Binding("ctrl+r,f5", "renew", show=False, priority=True),
        Binding("ctrl+c", "cancel", show=False, priority=True),
    ]
    placeholder = _ADD

    def __init__(self, indexing: Indexing, knowledge: KnowledgeBase, keys: KeyTable) -> None:
        super().__init__(keys, knowledge.collection_name)
        self._indexing = indexing
        self._library = knowledge.library
        self._current = knowledge.collection_name
        self._naming = False
        self._new: list[str] = []
        """Collections that have a name and nothing else yet."""
        self._progress = Static(markup=False, id="progress")
        self._shown: Advanced | None = None
        self.suggester = _Paths()

    def below(self) -> Sequence[Widget]:
        return (self._progress,)

    def on_mount(self) -> None:
        """Show what is under way."""
        self._indexing.listeners.append(self)
        self._timer = self.set_interval(_EVERY, self._follow, pause=True)
        if self._indexing.latest is not None:
            self.on_advanced(self._indexing.latest)

    def on_unmount(self) -> None:
        """It goes on without being looked at."""
        self._indexing.listeners.remove(self)

    # What is listed

    def options(self) -> Sequence[Option]:
        infos = {info.name: info for info in self._library.collections()}
        names = sorted({*infos, *self._new, self._current})
        width = max(len(one_line(name, 30)) for name in names) + 2
        options = []
        for name in names:
            info = infos.get(name)
            figures = _figures(info) if info is not None else "nothing in it yet: type a path above"
            sign = ("● ", "$text-success") if name == self._current else ("○ ", "$foreground-muted")
            text = Content.assemble(sign, one_line(name, 30).ljust(width), (figures, "$foreground-muted"))
            options.append(Option(text, id=name))
        return options

    def hints(self) -> list[tuple[str, str]]:
        if self._naming:
            return [("Enter", "take this name"), ("Esc", "leave it")]
        if self.field.value:
            keys = [("Enter", "add"), ("Tab", "complete"), ("Esc", "close")]
        else:
            keys = [("Enter", "use it"), ("Tab", "its documents"), ("^N", "new")]
            keys += [("^R", "renew"), (self.delete_key(), "take out"), ("Esc", "close")]
        return [("^C", "stop"), *keys] if self._indexing.running else keys

    def taking_out(self, wanted: str) -> Callable[[], object]:
        self._new = [name for name in self._new if name != wanted]
        return partial(self._library.delete_collection, wanted)

    @property
    def typing(self) -> bool:
        return bool(self.field.value)

    def on_input_changed(self, event: Input.Changed) -> None:  # type: ignore[override]
        """A path changes nothing in the list."""
        event.prevent_default()
        self.say("")

    # What is done

    def take(self) -> None:
        """Enter: add the path, take the name, or the collection."""
        typed = clean(self.field.value).strip()
        if self._naming:
            if typed:
                self._new.append(typed)
            self._let_name(False)
            self.want(typed or self._current)
        elif typed:
            self._add(os.path.expanduser(self.field.value.strip()))
        elif name := self.highlighted:
            self.dismiss(name)

    def action_turn_over(self) -> None:
        """Complete a path; without one, to the documents of a collection."""
        field = self.field
        if field.value and not self._naming:
            field.cursor_position = len(field.value)
            field.action_cursor_right()
        elif (name := self.highlighted) and not self._naming:
            self.app.push_screen(Sources(self._library.collection(name), self._keys), lambda _: self.want(name))

    def action_name(self) -> None:
        """Begin another collection."""
        self._let_name(True)

    def action_renew(self) -> None:
        """Look at the files and folders of a collection again: what is new, what has changed, and what is gone."""
        if (name := self.highlighted) is not None:
            self._begun(self._indexing.renew(name))

    def action_cancel(self) -> None:
        """Stop what is under way; what is done stays."""
        if not self._indexing.cancel():
            self.say("nothing is being indexed")

    def action_dismiss(self, result: str | None = None) -> None:  # type: ignore[override]
        """Out of the naming, or out of the list."""
        if self._naming:
            self._let_name(False)
        else:
            self.dismiss(result)

    def _let_name(self, naming: bool) -> None:
        self._naming = naming
        self._fill(_NAME if naming else _ADD)

    def _add(self, path: str) -> None:
        if not os.path.exists(path):
            self.say(f"there is no {path}")
        elif self._begun(self._indexing.start(path, self.highlighted or self._current)):
            self._fill(_ADD)

    def _begun(self, begun: bool) -> bool:
        if not begun:
            self.say("one at a time: wait for its end, or Ctrl+C stops it")
        return begun

    def _fill(self, placeholder: str) -> None:
        self.field.placeholder = placeholder
        self.field.value = ""
        self.say("")

    # What is under way

    def on_advanced(self, message: Advanced) -> None:
        """It has begun, something of it can be used now, or it has ended."""
        self._show(message)
        if message.doing:
            self._timer.resume()
        else:
            self._timer.pause()
        if message.done:
            self.refill()
        self.say("")
        if message.offer and self.is_current:
            self._offer(message.collection)

    def _follow(self) -> None:
        latest = self._indexing.latest
        if latest is not None and latest is not self._shown:
            self._show(latest)

    def _show(self, message: Advanced) -> None:
        self._shown = message
        name, lines = one_line(message.collection, 30), []
        if message.doing:
            bar = ""
            if message.share is not None:
                full = int(_BAR * message.share)
                bar = f"{'━' * full}{'─' * (_BAR - full)} {message.share:4.0%} · "
            lines.append(Content.assemble(f"{name}: ", (bar, "$text-accent"), message.doing))
        if message.done:
            lines.append(Content.styled(f"{name}: {message.done}", "$foreground"))
        self._progress.update(Content("\n").join([*lines, *map(Content, message.skipped)]))

    def _offer(self, collection: str) -> None:
        from atlas_tui.tui.screens.offering import OfferScreen

        def answered(yes: bool | None) -> None:
            self._indexing.answer(collection, yes=bool(yes))

        self.app.push_screen(OfferScreen(), answered)


def _figures(info: CollectionInfo) -> str:
    """How much is in a collection, and how it is found."""
    how = "words alone"
    if info.embedder:
        how = f"words + {one_line(info.embedder.rpartition(':')[0], 24)}"
        how += f" {100 * info.vectors // info.chunks}%" if info.vectors < info.chunks else ""
    return f"{counted(info.sources, 'document'):>15}   {how:<19}   {counted(info.chunks, 'chunk')}"


class _Paths(Suggester):
    """Completes the name of a file or folder."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The value with the first name that begins so."""
        return await beside(partial(_completed, value)) if value else None


def _completed(value: str) -> str | None:
    folder, name = os.path.split(value)
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as entries:
            found = sorted(
                entry.name + (os.sep if entry.is_dir() else "")
                for entry in entries
                if entry.name.startswith(name) and (name or not entry.name.startswith("."))
            )
    except OSError:
        return None
    known = [entry for entry in found if clean(entry) == entry]
    return os.path.join(folder, known[0]) if known else None
