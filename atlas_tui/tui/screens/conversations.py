"""The conversations of the history: listed, searched, renamed, deleted and brought back, opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from atlas_tui.errors import AtlasError
from atlas_tui.store import LAST, ConversationInfo, Store
from atlas_tui.text import one_line
from atlas_tui.tui import commands
from atlas_tui.tui.commands import KeyTable
from atlas_tui.tui.keys import show_key
from atlas_tui.tui.screens.beside import beside, run_instead
from atlas_tui.tui.screens.listing import found, row
from atlas_tui.tui.screens.picker import Picker

T = TypeVar("T")

_WIDTH = 116
_FRAME = 7
"""Columns of the border, the padding and the scrollbar."""
_PAGE = 200
"""Conversations that are read at a time."""


class Conversations(Picker):
    """The list over the chat; gives a place: `CONVERSATION`, or `CONVERSATION/TURN` where a search found it."""

    DEFAULT_CSS = f"""
    Conversations {{
        & > Vertical {{ width: {_WIDTH}; }}
        & Static {{ height: 1; margin-top: 1; color: $foreground-muted; }}
    }}
    """
    placeholder = "Search titles, prompts and answers"
    _among_deleted = "Deleted: search titles"

    def __init__(self, store: Store, keys: KeyTable, current: str, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._store = store
        self._keys = keys
        self._current = current
        self._now = now
        self._limit = _PAGE
        self._infos: Sequence[ConversationInfo] = ()
        self._renaming: tuple[str, str] | None = None
        """What gets another title, and the search that is gone back to."""
        self.gone: set[str] = set()
        """The conversations that were deleted here and not brought back."""
        self._deleted_shown = False
        self._looking = False
        """True while what is listed is not yet what the field asks for."""
        self._hurried = False
        """True when Enter came meanwhile: it is about what will be found."""
        self._changes = 0
        """Those that the history is at."""
        self._left = False
        """True when the user wanted to go meanwhile: whoever opened the list asks what is gone by then."""
        self._foot = Static(markup=False)
        commands.bind(self, "conversations", keys)
        for key in keys["conversations"]:
            self._bindings.key_to_bindings[key] = [Binding(key, "dismiss(None)", show=False, priority=True)]

    def compose(self) -> ComposeResult:
        """Field, list and keys."""
        with Vertical():
            yield Input(placeholder=self.placeholder, compact=True, select_on_focus=False)
            yield OptionList(markup=False)
            yield self._foot

    def current(self) -> str:
        return self._current

    def refill(self) -> None:
        """Look again, in a thread, for what the field says."""
        self.say("")
        self._hurried = False
        if self._renaming is None:
            self._looking = True
            run_instead(self, "look", partial(self._look, self._field.value.strip()))

    @property
    def filled(self) -> bool:
        """True when something is listed."""
        return self.query_one(OptionList).option_count > 0

    def say(self, text: str) -> None:
        """Say something below the list; nothing names the keys."""
        if text:
            self._foot.update(Content.styled(one_line(text), "$text-accent"))
            return
        words = {"rename": "rename", "delete": "delete", "undelete": "undo", "deleted": "deleted"}
        first, last = "open", "close"
        if self._deleted_shown:
            words, first = {"deleted": "back to the others"}, "bring back"
        if self._renaming is not None:
            words, first, last = {}, "take this title", "leave it"
        keys = [(show_key(self._keys[name][0], short=True), word) for name, word in words.items()]
        keys = [("Enter", first), *keys, ("Esc", last)]
        hints = (Content.assemble((key, "bold $text-primary"), f" {word}") for key, word in keys)
        self._foot.update(Content("   ").join(hints))

    def action_act(self, name: str) -> None:
        """Rename, delete or bring back; show what is deleted."""
        {
            "rename": self._rename,
            "delete": self._delete,
            "undelete": self._undelete,
            "deleted": self._turn_over,
        }[name]()

    def action_dismiss(self, result: str | None = None) -> None:  # type: ignore[override]
        """Out of the renaming, or out of the list."""
        if self._renaming is not None:
            self._end_renaming()
        elif self._changes:
            self._left = True
        else:
            self.dismiss(result)

    def take(self) -> None:
        """Open what is highlighted, or bring it back; while a title is typed, take that."""
        if self._renaming is None:
            if self._looking or self._changes:
                self._hurried = True
            elif self._deleted_shown:
                self._undelete()
            else:
                super().take()
            return
        number, title = self._renaming[0], self._field.value
        self._end_renaming()
        self._change(lambda: self._store.rename(number, title), lambda _: "")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """What was clicked is taken at once, whatever is being looked for."""
        self._looking = False

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Near the end of what was read: read on."""
        if event.option_index == len(self._infos) - 1 and len(self._infos) == self._limit:
            self._limit += _PAGE
            self.refill()

    def on_resize(self) -> None:
        """The columns are cut for the width."""
        self.refill()

    @property
    def _field(self) -> Input:
        return self.query_one(Input)

    async def _look(self, query: str) -> None:
        try:
            deleted = self._deleted_shown
            self._infos = await beside(lambda: self._store.conversations(self._limit, deleted=deleted, words=query))
            hits = await beside(lambda: self._store.search(query)) if query and not deleted else []
        except AtlasError as error:
            self._looking = False
            self.say(str(error))
            return
        now = self._now()
        width = min(_WIDTH, int(self.app.size.width * 0.96)) - _FRAME
        options = [Option(row(info, width, now, current=info.id == self._current), id=info.id) for info in self._infos]
        if options and hits:
            options.append(Option(Content.styled("\n  In prompts and answers", "bold"), disabled=True))
        # A turn is found once, also where its prompt and its answer both hold the words.
        places = {f"{hit.conversation}/{hit.turn}": hit for hit in reversed(hits)}
        options += [Option(found(hit, now), id=place) for place, hit in reversed(places.items())]
        if not options:
            nothing = "Nothing is deleted" if deleted else "No conversations yet"
            options = [Option("Nothing found" if query else nothing, disabled=True)]
        self._show(options)
        self._looking = False
        if self._hurried:
            self._hurried = False
            self.take()

    def _show(self, options: Sequence[Option]) -> None:
        shown = self.query_one(OptionList)
        at, before = shown.highlighted, shown.highlighted_option
        wanted = before.id if before is not None else self._current
        shown.clear_options()
        shown.add_options(options)
        places = [option.id for option in options]
        if wanted in places:
            shown.highlighted = places.index(wanted)
        elif places[0] is not None:
            shown.highlighted = min(at or 0, len(places) - 1)

    def _highlighted(self) -> str | None:
        option = self.query_one(OptionList).highlighted_option
        return option.id.partition("/")[0] if option is not None and option.id else None

    def _rename(self) -> None:
        number = self._highlighted() if not self._deleted_shown else None
        info = next((info for info in self._infos if info.id == number), None)
        if self._renaming is None and info is not None:
            self._renaming = (info.id, self._field.value)
            self._fill_field(one_line(info.title))
            self.say("")

    def _end_renaming(self) -> None:
        assert self._renaming is not None
        query = self._renaming[1]
        self._renaming = None
        self._fill_field(query)
        self.refill()

    def _fill_field(self, text: str) -> None:
        self._field.value = text
        self._field.cursor_position = len(text)

    def _delete(self) -> None:
        field = self._field
        if self._renaming is not None or field.cursor_position < len(field.value):
            field.action_delete_right()  # the key's other meaning, where a text is being typed
        elif self._deleted_shown:
            self.say("gone for good 30 days after it was deleted, or with `atlas-tui history purge`")
        elif number := self._highlighted():
            self._change(lambda: self._store.delete(number), self._deleted)

    def _undelete(self) -> None:
        number = (self._highlighted() or "") if self._deleted_shown else LAST
        if self._renaming is None and number:
            self._change(lambda: self._store.undelete(number), self._brought_back)

    def _turn_over(self) -> None:
        """From the conversations to the deleted ones, and back."""
        if self._renaming is None:
            self._deleted_shown = not self._deleted_shown
            self._field.placeholder = self._among_deleted if self._deleted_shown else self.placeholder
            self._infos, self._limit = (), _PAGE
            if not self._field.value:
                self.refill()
            self._fill_field("")

    def _deleted(self, info: ConversationInfo) -> str:
        self.gone.add(info.id)
        return f"deleted: {one_line(info.title, 60)} · {show_key(self._keys['undelete'][0])} brings it back"

    def _brought_back(self, info: ConversationInfo) -> str:
        self.gone.discard(info.id)
        return f"back again: {one_line(info.title, 60)}"

    def _change(self, change: Callable[[], T], words: Callable[[T], str]) -> None:
        async def changed() -> None:
            try:
                said = words(await beside(change))
            except AtlasError as error:
                said, self._left = str(error), False
            self._changes -= 1
            if self._left and not self._changes:
                self.dismiss(None)
                return
            hurried = self._hurried
            self.refill()
            self._hurried = hurried
            if said:
                self.say(said)

        self._changes += 1
        self.run_worker(changed(), group="change")
