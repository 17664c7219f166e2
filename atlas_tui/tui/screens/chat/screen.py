"""The screen of the chat: takes keys and messages, and hands them to the room that knows what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import DescendantFocus, Resize
from textual.widget import Widget

from atlas_tui.text import one_line
from atlas_tui.tui import commands, messages
from atlas_tui.tui.actions import Scope, State
from atlas_tui.tui.commands import KeyTable
from atlas_tui.tui.opening import Compared, Early, Opened, Opening
from atlas_tui.tui.screens.acting import ActingScreen, method_for
from atlas_tui.tui.screens.chat.panes import Panes
from atlas_tui.tui.widgets.reading import Reading

if TYPE_CHECKING:
    from atlas_tui.session import Session
    from atlas_tui.tui.screens.catalogue import Catalogue
    from atlas_tui.tui.screens.chat.answers import Answers
    from atlas_tui.tui.screens.chat.asking import Asking
    from atlas_tui.tui.screens.chat.comparing import Comparing
    from atlas_tui.tui.screens.chat.conversation import Conversation
    from atlas_tui.tui.screens.chat.drafts import Drafts
    from atlas_tui.tui.screens.chat.elsewhere import Elsewhere
    from atlas_tui.tui.screens.chat.exchange import Exchange
    from atlas_tui.tui.screens.chat.grounding import Grounding
    from atlas_tui.tui.screens.chat.history import History
    from atlas_tui.tui.screens.chat.metering import Metering
    from atlas_tui.tui.screens.chat.spending import Spending
    from atlas_tui.tui.screens.chat.targets import Targets
    from atlas_tui.tui.screens.estimating import Estimating
    from atlas_tui.tui.screens.indexing import Advanced, Indexing
    from atlas_tui.tui.streaming import Pump
    from atlas_tui.tui.widgets.context import PassageChosen
    from atlas_tui.tui.widgets.gauge import Gauge
    from atlas_tui.tui.widgets.markdown_log import MarkdownLog


_BREATH = 0.02
"""Seconds between the first paint and the loading of what it did without. Textual's writer waits for the interpreter
like any other thread, five milliseconds if one computes: the terminal gets the screen, and the first key its echo.
"""


class ChatScreen(ActingScreen):
    """A conversation with one model after the other."""

    DEFAULT_CSS = Panes.CSS
    scope: ClassVar[Scope] = "chat"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(str(number), f"cite({number})", show=False) for number in range(1, 10)
    ]

    # What answers, and the rooms that need it, are there from `_complete` on.
    session: Session
    catalogue: Catalogue
    conversation: Conversation
    metering: Metering
    gauge: Gauge
    """The figures of the answer under way, or of the last one."""
    spending: Spending
    targets: Targets
    drafts: Drafts
    elsewhere: Elsewhere
    estimating: Estimating
    grounding: Grounding
    indexing: Indexing
    asking: Asking
    answers: Answers
    history: History
    """What is done with earlier conversations."""
    comparing: Comparing
    _rooms: tuple[object, ...]

    def __init__(self, opening: Opening, keys: KeyTable, *, clock: Callable[[], float]) -> None:
        super().__init__(keys)
        self._opening = opening
        self._early = Early()
        self.clock = clock
        self.panes = Panes(keys, lambda: self.size, self._fitted)
        self.prompt, self.status, self.sidebar = self.panes.prompt, self.panes.status, self.panes.sidebar

    def compose(self) -> ComposeResult:
        """What the panes are at first."""
        yield from self.panes.compose()

    def on_mount(self) -> None:
        """Show what is known now; load what answers after the first paint."""
        self.prompt.editor.focus()
        target, mock = self._opening.target, self._opening.is_mock
        self.panes.welcome.show_target(target, mock=mock)
        self.status.reading = Reading(target=one_line(target, 80), mock=mock)
        self.show_hints()
        self.call_after_refresh(lambda: self.run_worker(self._complete()))

    async def _complete(self) -> None:
        """The first screen is painted: load in a thread what it did not need, so that keys are taken meanwhile."""

        def load() -> Opened:
            import_module("atlas_tui.tui.screens.chat.rooms")
            return self._opening.open()

        await asyncio.sleep(_BREATH)
        opened = await asyncio.to_thread(load)
        # From here on prompts and commands are taken, first those that came early.
        from atlas_tui.tui.screens.chat.rooms import furnish

        self._rooms = furnish(self, opened)
        self.catalogue.listeners.append(self)
        self.targets.show()
        for note in self._opening.notes:
            self.status.say(one_line(note))
        self.grounding.begin()
        self._early.catch_up()
        self.drafts.arrive()
        self.catalogue.warm_up(self.session.provider, lambda: import_module("atlas_tui.tui.widgets.markdown_log"))

    @property
    def opened(self) -> bool:
        """True from the moment on when there is a session."""
        return self._early.over

    def close(self, patience: float) -> None:
        """Keep the draft, and the answer under way if it ends within so many seconds."""
        if self.opened:
            self.drafts.keep()
            self.conversation.close(patience)
            self.comparing.close(patience)
            self.grounding.close()

    def on_unmount(self) -> None:
        """Nobody listens any more."""
        if self.opened:
            self.catalogue.listeners.remove(self)

    @property
    def transcript(self) -> MarkdownLog:
        """The log."""
        return self.panes.transcript

    @property
    def focus_chain(self) -> list[Widget]:
        """Where Tab leads: from the prompt to the transcript first, then to what stands beside."""
        chain = super().focus_chain
        first = [widget for widget in (self.prompt.editor, self.panes.in_sight) if widget in chain]
        return [*first, *(widget for widget in chain if widget not in first)]

    @property
    def focused_exchange(self) -> Exchange | None:
        """What an action is about: the turn of the message in focus, else the last one."""
        return self.conversation.transcript.exchange_at(self.transcript.focused_key)

    def act(self, name: str, argument: str = "") -> None:
        """Run an action of the table."""
        self._early.do(lambda: method_for(name, self._rooms)(argument))

    def compare(self, compared: Compared) -> None:
        """Begin with a comparison, as soon as there is a session."""

        def begin() -> None:
            self.session.temperature = compared.temperature
            self.comparing.open(compared.targets, compared.prompts, recorder=compared.recorder)

        self._early.do(begin)

    # Prompts and answers

    def on_prompt_sent(self, message: messages.PromptSent) -> None:
        """Ask."""
        self._early.do(lambda: self.asking.ask(message.text))

    def on_text_area_changed(self) -> None:
        """Something was typed, or sent."""
        if self.opened:
            self.drafts.changed()
            self.estimating.changed()
            self.grounding.changed()

    def on_ready(self, message: messages.Ready) -> None:
        """Events wait: draw a frame of them."""
        if self.conversation.receive(cast("Pump", message.pump)):
            self.metering.rest()
            self.targets.show()

    def on_example_chosen(self, message: messages.ExampleChosen) -> None:
        """Put an example into the prompt, to be sent or changed."""
        self.prompt.text = message.text
        self.prompt.editor.focus()

    def on_noticed(self, message: messages.Noticed) -> None:
        """Say it where it stays."""
        self._early.do(lambda: self.note(one_line(message.text), title="Note"))

    def note(self, text: str, *, title: str, role: str = "note") -> None:
        """Put a remark into the transcript."""
        from atlas_tui.tui.screens.chat.exchange import literal

        self.panes.show_transcript(True)
        self.conversation.transcript.note(literal(text), role=role, title=title)

    def on_markdown_log_message_focused(self, message: MarkdownLog.MessageFocused) -> None:
        """Its passages are of interest now."""
        if message.key is not None:
            self.grounding.panel.look_at(self.focused_exchange)

    def on_markdown_log_citation_clicked(self, message: MarkdownLog.CitationClicked) -> None:
        """A number was taken in an answer: show the passage."""
        exchange = self.conversation.transcript.exchange_at(message.key)
        if exchange is not None:
            self.grounding.panel.go_to(exchange, message.number)

    def action_cite(self, number: int) -> None:
        """A digit on an answer or among the passages: the passage that it cites by this number."""
        if self.opened and (exchange := self.focused_exchange) is not None:
            self.grounding.panel.go_to(exchange, number)

    def on_passage_chosen(self, message: PassageChosen) -> None:
        """Show it in full."""
        self.act("preview")

    def on_advanced(self, message: Advanced) -> None:
        """Documents have been taken in."""
        self.grounding.advanced(message)

    def on_find_closed(self, message: messages.FindClosed) -> None:
        """Back to the prompt."""
        self.prompt.editor.focus()

    @on(messages.TargetChosen)
    @on(messages.ProvidersChecked)
    @on(messages.ModelsListed)
    @on(messages.WindowKnown)
    def _about_targets(self, message: messages.AboutTargets) -> None:
        """Somebody was chosen, or something was found out about who can be asked."""
        self._early.do(lambda: self.targets.take(message))
        self._early.do(lambda: self.estimating.changed())

    # What is shown where

    def on_resize(self, event: Resize) -> None:
        """Lay out for the new size."""
        self.panes.fit()

    def _fitted(self) -> None:
        """Show the figures where they now belong."""
        if self.opened:
            self.call_after_refresh(self.metering.read)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The keys that matter depend on where one is."""
        if self.opened and self.prompt.editor.has_focus:
            self.grounding.look_ahead()
        self.show_hints()

    def show_hints(self) -> None:
        """Show the keys that matter now."""
        if self.opened and self.panes.in_context:
            self.panes.hints.hints = self.grounding.panel.hints
            return
        state = self._state()
        last = self.conversation.exchanges[-1:] if self.opened else []
        possible = {
            "fall_back": self.opened and bool(self.session.fallback),
            "go_on": any(self.conversation.broke_off(exchange) for exchange in last),
            "compare": state in ("empty", "running"),  # elsewhere the line is needed for what is nearer
        }
        without = frozenset(name for name, can_be_done in possible.items() if not can_be_done)
        self.panes.hints.hints = commands.hints(state, self.keys, without=without)

    def _state(self) -> State:
        if not self.opened:
            return "empty"
        if self.conversation.running:
            return "retrying" if self.status.reading.phase == "retrying" else "running"
        if self.panes.in_transcript:
            return "transcript"
        if self.conversation.failed:
            return "failed"
        return "idle" if self.conversation.exchanges else "empty"
