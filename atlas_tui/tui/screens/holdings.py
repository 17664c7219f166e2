"""What the knowledge base holds, in a list: looked up beside the screen, and taken out by a key pressed twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from atlas_tui.citations import shown
from atlas_tui.errors import AtlasError
from atlas_tui.text import one_line
from atlas_tui.tui import commands
from atlas_tui.tui.commands import KeyTable
from atlas_tui.tui.keys import show_key
from atlas_tui.tui.screens.beside import beside, run_instead
from atlas_tui.tui.screens.picker import Picker


class Holdings(Picker):
    """A field over a list; below it what can be done.

    Args:
        wanted: what is highlighted at first.
    """

    DEFAULT_CSS = """
    Holdings {
        & > Vertical { width: 108; }
        & Static { height: auto; max-height: 8; color: $foreground-muted; }
        & #foot { height: 1; margin-top: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "turn_over", show=False, priority=True)]
    suggester: Suggester | None = None

    def __init__(self, keys: KeyTable, wanted: str = "") -> None:
        super().__init__()
        self._keys = keys
        self._wanted = wanted
        """What is to be highlighted when it is listed."""
        self._asked = ""
        """What will be taken out if the key is pressed once more."""
        self._foot = Static(markup=False, id="foot")
        commands.bind(self, "documents", keys)

    # What a list knows

    def options(self) -> Sequence[Option]:
        """All that is to be listed; called in a thread. Raises AtlasError."""
        raise NotImplementedError

    def hints(self) -> list[tuple[str, str]]:
        """Keys and what they do now."""
        raise NotImplementedError

    def taking_out(self, wanted: str) -> Callable[[], object]:
        """What takes this out; it is called in a thread."""
        raise NotImplementedError

    @property
    def typing(self) -> bool:
        """Whether the field holds a text of its own, in which the key for taking out deletes a character."""
        return False

    def below(self) -> Sequence[Widget]:
        """What stands between the list and the keys."""
        return ()

    # What all do

    def compose(self) -> ComposeResult:
        """The field, the list, what is below it."""
        with Vertical():
            yield Input(placeholder=self.placeholder, compact=True, select_on_focus=False, suggester=self.suggester)
            yield OptionList(markup=False)
            yield from self.below()
            yield self._foot

    @property
    def field(self) -> Input:
        """What is typed in."""
        return self.query_one(Input)

    @property
    def highlighted(self) -> str | None:
        """What the keys are about."""
        option = self.query_one(OptionList).highlighted_option
        return option.id if option is not None else None

    def delete_key(self) -> str:
        """The key that takes something out."""
        return show_key(self._keys["delete"][0])

    def refill(self) -> None:
        """Look again."""
        self.say("")
        run_instead(self, "look", self._look)

    def want(self, wanted: str) -> None:
        """Look again, and highlight this."""
        self._wanted = wanted
        self.refill()

    async def _look(self) -> None:
        try:
            options = await beside(self.options)
        except AtlasError as error:
            self.say(str(error))
            return
        listed = self.query_one(OptionList)
        at = listed.highlighted
        wanted, self._wanted = self._wanted or self.highlighted, ""
        listed.clear_options()
        listed.add_options(options)
        places = [option.id for option in options]
        if wanted in places:
            listed.highlighted = places.index(wanted)
        elif places and places[0] is not None:
            listed.highlighted = min(at or 0, len(places) - 1)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """What was clicked is highlighted, and no more; the keys say what can be done with it."""
        event.stop()
        event.prevent_default()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Another one: nothing is to be taken out any more. A list that was filled again highlights the same one."""
        if self._asked and event.option_id != self._asked:
            self.say("")

    def action_act(self, name: str) -> None:
        """Take out what is highlighted, the second time it is asked for."""
        wanted = self.highlighted
        if self.typing:
            self.field.action_delete_right()  # the key's other meaning, where a text is being typed
        elif wanted is None:
            return
        elif self._asked != wanted:
            self.say(f"{self.delete_key()} again takes out {one_line(shown(wanted), 60)}, for good")
            self._asked = wanted
        else:
            self.run_worker(self._take_out(self.taking_out(wanted)), group="change")

    async def _take_out(self, take_out: Callable[[], object]) -> None:
        try:
            await beside(take_out)
        except AtlasError as error:
            self.say(str(error))
            return
        self.refill()

    def say(self, text: str) -> None:
        """Say something below the list; nothing names the keys."""
        self._asked = ""
        if text:
            self._foot.update(Content.styled(one_line(text), "$text-accent"))
            return
        hints = [Content.assemble((key, "bold $text-primary"), f" {word}") for key, word in self.hints()]
        while len(hints) > 1 and sum(hint.cell_length + 3 for hint in hints) - 3 > (self._foot.size.width or 999):
            hints.pop()  # the last is the one that everybody knows
        self._foot.update(Content("   ").join(hints))

    def on_resize(self) -> None:
        """As many keys as there is room for."""
        self.call_after_refresh(self.say, "")
