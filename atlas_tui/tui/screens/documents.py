"""The knowledge base: its collections and their documents; more are added, and taken out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.suggester import Suggester
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from atlas_tui.citations import shown
from atlas_tui.errors import AtlasError
from atlas_tui.retrieval import KnowledgeBase
from atlas_tui.text import clean, one_line
from atlas_tui.tui import commands
from atlas_tui.tui.commands import KeyTable
from atlas_tui.tui.keys import show_key
from atlas_tui.tui.screens.beside import beside, run_instead
from atlas_tui.tui.screens.indexing import Advanced, Indexing
from atlas_tui.tui.screens.picker import Picker

_ADD, _NAME, _FILTER = "Path of a file or folder to add", "Name of a new collection", "Filter documents"
_BAR = 20
_MOST = 5_000
"""Documents that are listed; a filter finds the others."""


class Documents(Picker):
    """The list over the chat; gives the collection that passages are to come from, or None."""

    DEFAULT_CSS = """
    Documents {
        & > Vertical { width: 108; }
        & Static { height: auto; max-height: 8; color: $foreground-muted; }
        & #progress { margin-top: 1; }
        & #foot { height: 1; margin-top: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "turn_over", show=False, priority=True),
        Binding("ctrl+n", "name", show=False, priority=True),
        Binding("ctrl+c", "cancel", show=False, priority=True),
    ]

    def __init__(self, indexing: Indexing, knowledge: KnowledgeBase, keys: KeyTable) -> None:
        super().__init__()
        self._indexing = indexing
        self._knowledge = knowledge
        self._library = knowledge.library
        self._current = knowledge.collection_name
        self._keys = keys
        self._inside = ""
        """The collection whose documents are listed."""
        self._naming = False
        self._wanted = ""
        """What is to be highlighted when it is listed."""
        self._new: list[str] = []
        """Collections that have a name and nothing else yet."""
        self._asked = ""
        """What will be taken out if the key is pressed once more."""
        self._progress = Static(markup=False, id="progress")
        self._foot = Static(markup=False, id="foot")
        commands.bind(self, "documents", keys)

    def compose(self) -> ComposeResult:
        """Field, list, what is under way, and the keys."""
        with Vertical():
            yield Input(placeholder=_ADD, compact=True, select_on_focus=False, suggester=_Paths())
            yield OptionList(markup=False)
            yield self._progress
            yield self._foot

    def on_mount(self) -> None:
        """Show what is there, and what is under way."""
        self._indexing.listeners.append(self)
        if self._indexing.latest is not None:
            self.on_advanced(self._indexing.latest)

    def on_unmount(self) -> None:
        """It goes on without being looked at."""
        self._indexing.listeners.remove(self)

    def current(self) -> str:
        return self._current

    @property
    def _field(self) -> Input:
        return self.query_one(Input)

    # What is listed

    def refill(self) -> None:
        """Look again, in a thread."""
        self.say("")
        if not self._naming:
            run_instead(self, "look", self._look)

    def on_input_changed(self) -> None:
        """A filter holds at once; a path changes nothing."""
        if self._inside:
            self.refill()
        else:
            self.say("")

    async def _look(self) -> None:
        try:
            options = await beside(self._sources if self._inside else self._collections)
        except AtlasError as error:
            self.say(str(error))
            return
        listed = self.query_one(OptionList)
        before, at = listed.highlighted_option, listed.highlighted
        wanted = self._wanted or (before.id if before is not None else self._current)
        self._wanted = ""
        listed.clear_options()
        listed.add_options(options)
        places = [option.id for option in options]
        if wanted in places:
            listed.highlighted = places.index(wanted)
        elif places and places[0] is not None:
            listed.highlighted = min(at or 0, len(places) - 1)

    def _collections(self) -> Sequence[Option]:
        infos = {info.name: info for info in self._library.collections()}
        names = sorted({*infos, *self._new, self._current})
        width = max(len(one_line(name, 30)) for name in names) + 2
        options = []
        for name in names:
            info = infos.get(name)
            figures = "nothing in it yet: type a path above"
            if info is not None:
                figures = f"{info.sources:>7,} documents {info.chunks:>9,} chunks {info.vectors:>9,} vectors"
                figures += f"  {one_line(info.embedder, 24)}" if info.embedder else "  words alone"
            sign = ("● ", "$text-success") if name == self._current else ("○ ", "$foreground-muted")
            text = Content.assemble(sign, one_line(name, 30).ljust(width), (figures, "$foreground-muted"))
            options.append(Option(text, id=name))
        return options

    def _sources(self) -> Sequence[Option]:
        states = self._library.collection(self._inside).documents()
        words = self._field.value.lower().split()
        options = []
        for state in states:
            name = shown(state.source)
            if all(word in name.lower() for word in words):
                size = (f"{_size(state.size):>9}  ", "$foreground-muted")
                options.append(Option(Content.assemble(size, name), id=state.source))
                if len(options) == _MOST:
                    break
        return options or [Option("Nothing found" if words else "Nothing in it", disabled=True)]

    # What is done

    def take(self) -> None:
        """Enter: add the path, take the name, or the collection."""
        typed = clean(self._field.value).strip()
        if self._naming:
            self._naming = False
            if typed:
                self._new.append(typed)
            self._fill_field("", _ADD)
            self._wanted = typed or self._current
            self.refill()
        elif self._inside:
            self.say("Del takes it out")
        elif typed:
            self._add(os.path.expanduser(self._field.value.strip()))
        elif name := self._highlighted:
            self.dismiss(name)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """What was clicked is highlighted, and no more; the keys say what can be done with it."""
        event.stop()
        event.prevent_default()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Another one: nothing is to be taken out any more. A list that was filled again highlights the same one."""
        if self._asked and event.option_id != self._asked:
            self.say("")

    def action_turn_over(self) -> None:
        """Complete a path; without one, into a collection and out of it."""
        field = self._field
        if field.value and not self._inside and not self._naming:
            field.cursor_position = len(field.value)
            field.action_cursor_right()
        elif self._inside:
            self._leave()
        elif (name := self._highlighted) and not self._naming:
            self._inside = name
            self._fill_field("", _FILTER)
            self.query_one(OptionList).clear_options()
            self.refill()

    def action_name(self) -> None:
        """Begin another collection."""
        if not self._inside:
            self._naming = True
            self._fill_field("", _NAME)
            self.say("")

    def action_cancel(self) -> None:
        """Stop what is under way; what is done stays."""
        if not self._indexing.cancel():
            self.say("nothing is being indexed")

    def action_dismiss(self, result: str | None = None) -> None:  # type: ignore[override]
        """Out of the naming, out of a collection, or out of the list."""
        if self._naming:
            self._naming = False
            self._fill_field("", _ADD)
            self.say("")
        elif self._inside:
            self._leave()
        else:
            self.dismiss(result)

    def action_act(self, name: str) -> None:
        """Take out a document or a collection, the second time it is asked for."""
        field, wanted = self._field, self._highlighted
        if field.value and (self._naming or not self._inside):
            field.action_delete_right()  # the key's other meaning, where a text is being typed
        elif wanted is None:
            return
        elif self._asked != wanted:
            self.say(f"{show_key(self._keys['delete'][0])} again takes out {one_line(shown(wanted), 60)}, for good")
            self._asked = wanted
        elif self._inside:
            self._change(partial(self._library.collection(self._inside).remove, [wanted]))
        else:
            self._new = [name for name in self._new if name != wanted]
            self._change(partial(self._library.delete_collection, wanted))

    def on_advanced(self, message: Advanced) -> None:
        """Show how far it is; list what has come when it has ended."""
        lines = []
        if message.doing:
            bar = ""
            if message.share is not None:
                full = int(_BAR * message.share)
                bar = f"{'━' * full}{'─' * (_BAR - full)} {message.share:4.0%} · "
            lines = [Content.assemble(f"{one_line(message.collection, 30)}: ", (bar, "$text-accent"), message.doing)]
        else:
            lines = [Content.styled(f"{one_line(message.collection, 30)}: {message.done}", "$foreground")]
            lines += [Content(line) for line in message.skipped]
            self.refill()
        self._progress.update(Content("\n").join(lines))
        self.say("")
        if message.offer and self.is_current:
            self._offer(message.collection)

    def _offer(self, collection: str) -> None:
        from atlas_tui.tui.screens.offering import OfferScreen

        def answered(yes: bool | None) -> None:
            self._indexing.answer(collection, yes=bool(yes))

        self.app.push_screen(OfferScreen(), answered)

    def say(self, text: str) -> None:
        """Say something below the list; nothing names the keys."""
        self._asked = ""
        if text:
            self._foot.update(Content.styled(one_line(text), "$text-accent"))
            return
        out = show_key(self._keys["delete"][0])
        keys = [("Enter", "use it"), ("Tab", "its documents"), ("^N", "new"), (out, "take out"), ("Esc", "close")]
        if self._naming:
            keys = [("Enter", "take this name"), ("Esc", "leave it")]
        elif self._inside:
            keys = [(out, "take out"), ("Tab", "back")]
        elif self._field.value:
            keys = [("Enter", "add"), ("Tab", "complete"), ("Esc", "close")]
        if self._indexing.running:
            keys.append(("^C", "stop indexing"))
        hints = (Content.assemble((key, "bold $text-primary"), f" {word}") for key, word in keys)
        self._foot.update(Content("   ").join(hints))

    @property
    def _highlighted(self) -> str | None:
        option = self.query_one(OptionList).highlighted_option
        return option.id if option is not None else None

    def _add(self, path: str) -> None:
        if not os.path.exists(path):
            self.say(f"there is no {path}")
            return
        if self._indexing.start(path, self._highlighted or self._current):
            self._fill_field("", _ADD)
        else:
            self.say("one at a time: wait for its end, or Ctrl+C stops it")

    def _leave(self) -> None:
        inside, self._inside = self._inside, ""
        self._fill_field("", _ADD)
        self.query_one(OptionList).clear_options()
        self._wanted = inside
        self.refill()

    def _fill_field(self, text: str, placeholder: str) -> None:
        self._field.placeholder = placeholder
        self._field.value = text

    def _change(self, change: Callable[[], object]) -> None:
        async def changed() -> None:
            try:
                await beside(change)
            except AtlasError as error:
                self.say(str(error))
                return
            self.refill()

        self.run_worker(changed(), group="change")


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


def _size(size: int) -> str:
    return f"{size / 1000:,.0f} kB" if size >= 1000 else f"{size} B"
