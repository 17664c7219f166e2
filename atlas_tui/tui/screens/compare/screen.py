"""The screen of a comparison: takes keys and messages, and hands them to the room that knows what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.events import DescendantFocus, Event, Key, Paste, Resize
from textual.widget import Widget

from atlas_tui.tui import messages
from atlas_tui.tui.actions import Scope
from atlas_tui.tui.commands import KeyTable
from atlas_tui.tui.opening import Early
from atlas_tui.tui.screens.acting import ActingScreen, method_for
from atlas_tui.tui.screens.chat.exchange import literal
from atlas_tui.tui.screens.compare.footer import Footer
from atlas_tui.tui.screens.compare.layout import Layout
from atlas_tui.tui.screens.compare.visits import Visits
from atlas_tui.tui.widgets.context import PassageChosen

if TYPE_CHECKING:
    from atlas_tui.models.recording import Recorder
    from atlas_tui.session import Session
    from atlas_tui.tui.screens.catalogue import Catalogue
    from atlas_tui.tui.screens.chat.answers import Answers
    from atlas_tui.tui.screens.chat.choice import Along
    from atlas_tui.tui.screens.chat.conversation import Coming, Conversation
    from atlas_tui.tui.screens.chat.exchange import Exchange
    from atlas_tui.tui.screens.chat.grounding import Grounding
    from atlas_tui.tui.screens.compare.asking import Asking
    from atlas_tui.tui.screens.compare.column_view import ColumnView
    from atlas_tui.tui.screens.compare.columns import Columns
    from atlas_tui.tui.screens.compare.judging import Judging
    from atlas_tui.tui.screens.compare.line_up import LineUpRoom
    from atlas_tui.tui.screens.compare.looking import Looking
    from atlas_tui.tui.screens.estimating import Estimating
    from atlas_tui.tui.widgets.markdown_log import MarkdownLog


class CompareScreen(ActingScreen):
    """One prompt to several targets. It goes on while the chat is seen."""

    DEFAULT_CSS = Layout.CSS
    scope: ClassVar[Scope] = "compare"

    # The rooms are there from `_complete` on.
    columns: Columns
    asking: Asking
    answers: Answers
    looking: Looking
    line_up: LineUpRoom
    judging: Judging
    estimating: Estimating
    grounding: Grounding
    _rooms: tuple[object, ...]

    def __init__(
        self,
        session: Session,
        catalogue: Catalogue,
        keys: KeyTable,
        *,
        clock: Callable[[], float],
        on_change: Callable[[str], None],
        on_new: Callable[[], None],
        coming: Callable[[], Coming | None],
        along: Along,
        recorder: Recorder | None = None,
    ) -> None:
        super().__init__(keys)
        self.session = session
        self.catalogue = catalogue
        self.clock = clock
        self.on_change = on_change
        self.on_new = on_new
        self.coming = coming
        """The answer under way in the chat."""
        self.along = along
        self.recorder = recorder
        """Where the answers are recorded, if they are."""
        self._early = Early()
        self._early_keys = Early()
        self.visits = Visits(self, self._early)
        self.layout_of = Layout(keys, lambda: self.size)
        self.footer = Footer(self)
        self.prompt, self.status = self.layout_of.prompt, self.layout_of.status

    def compose(self) -> ComposeResult:
        """What is there before anything is known."""
        yield from self.layout_of.compose()

    def on_mount(self) -> None:
        """Paint first, then load what answers. What was typed before there was a prompt is meant for it."""
        self.visits.offer()
        self._early_keys.catch_up()
        self.call_after_refresh(lambda: self.run_worker(self._complete()))

    def _forward_event(self, event: Event) -> None:
        if self._early_keys.over or not isinstance(event, Key | Paste):
            super()._forward_event(event)
        else:
            self._early_keys.do(lambda: self.prompt.editor._forward_event(event))

    async def _complete(self) -> None:
        def load() -> Sequence[str]:
            rooms = import_module("atlas_tui.tui.screens.compare.rooms")
            kept: Sequence[str] = rooms.kept_line_up(self.session)
            return kept

        kept = await asyncio.to_thread(load)
        from atlas_tui.tui.screens.compare.rooms import furnish

        self._rooms = furnish(self, kept)
        self._early.catch_up()

    @property
    def focus_chain(self) -> list[Widget]:
        """Where Tab leads: from the prompt to the current column, and back."""
        chain = super().focus_chain
        if not self.furnished or self.prompt.editor not in chain:
            return chain
        logs = [view.pane.log_view for view in self.columns.views if view is not self.current]
        return [self.prompt.editor, *(each for each in chain if each not in (*logs, self.prompt.editor))]

    # What actions are about

    @property
    def furnished(self) -> bool:
        """True from the moment on when there are columns."""
        return self._early.over

    @property
    def current(self) -> ColumnView:
        """The column in focus, or the one that was."""
        return self.columns.current

    @property
    def conversation(self) -> Conversation:
        """The current column's."""
        return self.current.conversation

    @property
    def transcript(self) -> MarkdownLog:
        """The current column's."""
        return self.current.pane.log_view

    @property
    def focused_exchange(self) -> Exchange | None:
        """The turn of the message in focus in the current column, else the last one."""
        return self.current.exchange

    def act(self, name: str, argument: str = "") -> None:
        """Run an action of the table."""
        self._early.do(lambda: method_for(name, self._rooms)(argument))

    def note(self, text: str, *, title: str) -> None:
        """Put a remark into the current column."""

        def say() -> None:
            self.current.transcript.note(literal(text), title=title)
            self.status.say(text)

        self._early.do(say)

    # Messages

    def on_text_area_changed(self) -> None:
        """Something was typed, or sent."""
        self._early.do(lambda: self.estimating.changed())
        self._early.do(lambda: self.grounding.changed())

    def on_prompt_sent(self, message: messages.PromptSent) -> None:
        """Ask all."""
        self._early.do(lambda: self.asking.ask(message.text))

    def on_column_taken(self, message: messages.ColumnTaken) -> None:
        """A click on a head or a tab."""
        self.columns.focus(message.place)

    def on_scrolled(self, message: messages.Scrolled) -> None:
        """The reader moved one transcript."""
        self.looking.scrolled(message)

    def on_race_sorted(self, message: messages.RaceSorted) -> None:
        """A click on the race table."""
        self.looking.race(message.name)

    def on_find_closed(self, message: messages.FindClosed) -> None:
        """Back to the column."""
        self.transcript.focus()

    def on_markdown_log_citation_clicked(self, message: MarkdownLog.CitationClicked) -> None:
        """A number was taken in an answer: show the passage."""
        exchange = self.current.transcript.exchange_at(message.key)
        if exchange is not None:
            self.grounding.panel.go_to(exchange, message.number)

    def on_markdown_log_message_focused(self, message: MarkdownLog.MessageFocused) -> None:
        """Its passages are of interest now."""
        if message.key is not None:
            self.grounding.panel.look_at(self.focused_exchange)

    def on_passage_chosen(self, message: PassageChosen) -> None:
        """Show it in full."""
        self.act("preview")

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """A column took the focus, or the prompt did."""
        if self.furnished:
            self.columns.focused(event.widget)
            if self.prompt.editor.has_focus:
                self.grounding.look_ahead()
        self.footer.show()

    def on_resize(self, event: Resize) -> None:
        """Lay out for the new size."""
        self.layout_of.fit()
        if self.furnished:
            self.columns.arrange()
