"""The chat: transcript, prompt and sidebar, and how they are kept in step with the conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import DescendantFocus, Resize
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from atlas_tui.errors import AtlasError
from atlas_tui.text import one_line
from atlas_tui.tui import commands, messages
from atlas_tui.tui.commands import KeyTable, State, show_key
from atlas_tui.tui.opening import Opened, Opening
from atlas_tui.tui.widgets.context import Context
from atlas_tui.tui.widgets.find_bar import FindBar
from atlas_tui.tui.widgets.key_hints import KeyHints
from atlas_tui.tui.widgets.meters import Status
from atlas_tui.tui.widgets.prompt import PromptArea
from atlas_tui.tui.widgets.reading import Reading
from atlas_tui.tui.widgets.sidebar import Sidebar
from atlas_tui.tui.widgets.welcome import Welcome

if TYPE_CHECKING:
    from atlas_tui.session import Session
    from atlas_tui.store import Conversation as StoredConversation
    from atlas_tui.tui.screens.actions import Actions
    from atlas_tui.tui.screens.catalogue import Catalogue
    from atlas_tui.tui.screens.conversation import Conversation
    from atlas_tui.tui.screens.history import History
    from atlas_tui.tui.streaming import Pump
    from atlas_tui.tui.widgets.gauge import Gauge
    from atlas_tui.tui.widgets.markdown_log import MarkdownLog

SMALLEST = (60, 16)
"""Columns and rows below which there is only one sentence."""
_TOO_SMALL = f"Atlas needs a terminal of at least {SMALLEST[0]}x{SMALLEST[1]}."
_WIDE = 100
"""Columns from which on the sidebar stands beside the transcript, by itself."""
_HIGH = 24
"""Rows from which on there is room for air."""
_METERS_EVERY = 0.25
"""Seconds between two readings of the meters while an answer comes; none between answers."""


class ChatScreen(Screen[None]):
    """A conversation with one model after the other."""

    DEFAULT_CSS = """
    ChatScreen {
        layers: base above;
        & #body, & #main { height: 1fr; }
        & #main { width: 1fr; align-horizontal: center; }
        & #main > * { max-width: 132; }
        & PromptArea { padding: 1; background: $surface; border-left: outer $primary; }
        & #too-small { width: 100%; height: 1fr; content-align: center middle; padding: 0 1; }
        & Sidebar.-over { dock: right; layer: above; }
        & PromptArea.-low { padding: 0 1; }
    }
    """

    # What answers is there from `_begin` on; what is asked for before waits in `_early`.
    session: Session
    catalogue: Catalogue
    conversation: Conversation
    gauge: Gauge
    _actions: Actions
    _problem: AtlasError | None

    def __init__(self, opening: Opening, keys: KeyTable, *, clock: Callable[[], float]) -> None:
        super().__init__()
        self._opening = opening
        self._early: list[Callable[[], None]] | None = []
        self.keys = keys
        self.clock = clock
        words = {"send": "send", "newline": "new line", "model": "model", "help": "all keys"}
        self.welcome = Welcome([(show_key(keys[name][0]), word) for name, word in words.items()])
        self._transcript: MarkdownLog | None = None
        self.prompt = PromptArea(
            [(action.slash, action.argument, action.text) for action in commands.ACTIONS if action.slash],
            send_keys=keys["send"],
            newline_keys=keys["newline"],
        )
        self.find_bar = FindBar(lambda: self.transcript)
        self.sidebar = Sidebar(Context())
        self.status = Status()
        self.hints = KeyHints()
        self._main = Vertical(id="main")
        self._body = Horizontal(id="body")
        self._too_small = Static(_TOO_SMALL, id="too-small", markup=False)
        self._too_small.display = False
        self._sidebar_wanted: bool | None = None
        self._meter_timer: Timer | None = None
        for binding in commands.bindings("chat", keys):
            self._bindings.key_to_bindings[binding.key] = [binding]

    def compose(self) -> ComposeResult:
        """Welcome and prompt, with room for the sidebar beside them, the keys below: the first paint, and no more."""
        with self._body:
            with self._main:
                yield self.welcome
                yield self.prompt
                yield self.status
                yield self.hints
            yield self.sidebar

    def on_mount(self) -> None:
        """Show what is known now; load what answers after the first paint."""
        self._meter_timer = self.set_interval(_METERS_EVERY, self.read_meters, pause=True)
        self.prompt.editor.focus()
        target, mock = self._opening.target, self._opening.is_mock
        self.welcome.show_target(target, mock=mock)
        self.status.reading = Reading(target=one_line(target, 80), mock=mock)
        self._show_hints()
        self.call_after_refresh(lambda: self.run_worker(self._complete()))

    async def _complete(self) -> None:
        """The first screen is painted: load in a thread what it did not need, so that keys are taken meanwhile."""
        self._begin(await asyncio.to_thread(self._load))

    def _load(self) -> Opened:
        for name in ("actions", "conversation"):
            import_module(f"atlas_tui.tui.screens.{name}")
        return self._opening.open()

    def _begin(self, opened: Opened) -> None:
        """Take prompts and commands from here on, first those that came early."""
        from atlas_tui.tui.screens.actions import Actions
        from atlas_tui.tui.screens.conversation import Conversation
        from atlas_tui.tui.widgets.gauge import Gauge

        self.session, self.catalogue, self._problem = opened
        self.gauge = Gauge(self.clock)
        self.conversation = Conversation(
            self.session,
            lambda: self.transcript,
            self.gauge,
            self,
            self.keys,
            on_documents=self.sidebar.context.show,
        )
        self._actions = Actions(self)
        self.catalogue.listeners.append(self)
        self.mount(self._too_small)
        self._main.mount(self.find_bar, before=self.prompt)
        self.prompt.fill()
        self.sidebar.fill()
        early, self._early = self._early or [], None
        self.show_target()
        for act in early:
            act()
        self.catalogue.warm_up(self.session.provider, lambda: import_module("atlas_tui.tui.widgets.markdown_log"))

    @property
    def opened(self) -> bool:
        """True from the moment on when there is a session."""
        return self._early is None

    def _once_opened(self, act: Callable[[], None]) -> None:
        """Do it, as soon as there is a session."""
        if self._early is None:
            act()
        else:
            self._early.append(act)

    def close(self, patience: float) -> None:
        """Keep the answer under way, if it ends within so many seconds."""
        if self.opened:
            self.conversation.close(patience)

    @property
    def transcript(self) -> MarkdownLog:
        """The log, which comes after the first paint: it brings a Markdown parser and a highlighter with it."""
        if self._transcript is None:
            from atlas_tui.tui.widgets.markdown_log import MarkdownLog

            self._transcript = MarkdownLog(id="transcript")
            self._transcript.display = False
            self._main.mount(self._transcript, before=self.find_bar)
        return self._transcript

    def on_unmount(self) -> None:
        """Nobody listens any more."""
        if self.opened:
            self.catalogue.listeners.remove(self)

    def action_act(self, name: str) -> None:
        """Run an action of the table."""
        self._once_opened(lambda: self._actions.run(name))

    # Prompts and answers

    def on_prompt_sent(self, message: messages.PromptSent) -> None:
        """Ask."""
        self._once_opened(lambda: self._ask(message.text))

    def _ask(self, prompt: str) -> None:
        """Ask, if there is somebody to ask and no answer is under way."""
        if self.conversation.running:
            self.status.say(f"an answer is coming: {show_key(self.keys['stop'][0])} stops it")
            return
        self._show_transcript(True)
        if self._problem is not None:
            self._note(self._nobody(self._problem), role="error", title="Nobody to ask")
            return
        if self.history.resend(prompt):
            return
        self.prompt.text = ""
        self.conversation.ask(prompt)
        self.answer_started()

    def on_command_entered(self, message: messages.CommandEntered) -> None:
        """Run a slash command."""
        action = commands.BY_SLASH.get(message.name)
        if action is None:
            self.status.say(f"no command {one_line(message.name, 30)}: {show_key(self.keys['help'][0])} lists them")
            self.prompt.text = f"{message.name} {message.argument}".strip()
        else:
            self._once_opened(lambda: self._actions.run(action.id, message.argument))

    def on_example_chosen(self, message: messages.ExampleChosen) -> None:
        """Put an example into the prompt, to be sent or changed."""
        self.prompt.text = message.text
        self.prompt.editor.focus()

    def on_ready(self, message: messages.Ready) -> None:
        """Events wait: draw a frame of them."""
        if self.conversation.receive(cast("Pump", message.pump)):
            assert self._meter_timer is not None
            self._meter_timer.pause()
            self.show_target()

    def answer_started(self) -> None:
        """An answer is awaited: the meters run."""
        self.status.say("")
        assert self._meter_timer is not None
        self._meter_timer.resume()
        self.read_meters()

    def begin_anew(self) -> None:
        """Forget the conversation."""
        self.conversation.clear()
        self.sidebar.context.empty()
        self._changed_over(False)
        self.prompt.editor.focus()

    @property
    def history(self) -> History:
        """What is done with earlier conversations."""
        return self._actions.history

    def reopen(self, stored: StoredConversation) -> None:
        """Go on with a conversation of the history."""
        self.sidebar.context.empty()
        self.conversation.open(stored)
        self._changed_over(True)

    def _changed_over(self, filled: bool) -> None:
        self._show_transcript(filled)
        assert self._meter_timer is not None
        self._meter_timer.pause()
        self.show_target()

    def on_noticed(self, message: messages.Noticed) -> None:
        """Say it where it stays."""
        self._once_opened(lambda: self._note(one_line(message.text), title="Note"))

    def _note(self, text: str, *, role: str = "note", title: str) -> None:
        from atlas_tui.tui.screens.conversation import literal

        self._show_transcript(True)
        self.conversation.note(literal(text), role=role, title=title)

    def on_markdown_log_link_clicked(self, message: MarkdownLog.LinkClicked) -> None:
        """A model wrote the link: show where it goes before anything is opened."""
        from atlas_tui.tui.screens.link import LinkScreen

        self.app.push_screen(LinkScreen(message.href))

    def on_find_closed(self, message: messages.FindClosed) -> None:
        """Back to the prompt."""
        self.prompt.editor.focus()

    # Who answers

    def choose_target(self, target: str | None) -> None:
        """Another provider or model, from the next prompt on; the conversation stays."""
        if target is None:
            return
        try:
            provider = self.catalogue.provider(target)
        except AtlasError as error:
            self.status.say(one_line(str(error)))
            return
        self.session.provider = provider
        self._problem = None
        self.catalogue.list_models(provider.name)
        self.catalogue.find_window(provider)
        self.show_target()
        self.status.say(f"{one_line(provider.target, 60)} answers from now on")
        self.prompt.editor.focus()

    def on_target_chosen(self, message: messages.TargetChosen) -> None:
        """A target was chosen in the sidebar or by a command."""
        self.choose_target(message.target)

    def on_providers_checked(self, message: messages.ProvidersChecked) -> None:
        """It is known who can be used."""
        self.sidebar.show_providers(message.statuses)

    def on_models_listed(self, message: messages.ModelsListed) -> None:
        """A provider gave its models; where its server decides which one answers, that is known now."""
        if message.provider == self.session.provider.name:
            self.show_target()

    def on_window_known(self, message: messages.WindowKnown) -> None:
        """How much of the context window is used can be shown."""
        if message.target == self.session.provider.target:
            self.gauge.know_window(message.tokens)
            self.read_meters()

    def show_target(self) -> None:
        """Bring everything that names the target up to date."""
        provider, catalogue = self.session.provider, self.catalogue
        self.gauge.about(target=provider.target, mock=provider.is_mock, session_cost=self.session.cost)
        self.sidebar.show_target(provider.name, provider.model_name)
        self.sidebar.show_models(catalogue.models.get(provider.name, ()), catalogue.problems.get(provider.name, ""))
        problem = self._nobody(self._problem) if self._problem else ""
        self.welcome.show_target(provider.target, mock=provider.is_mock, problem=problem)
        self.read_meters()

    def _nobody(self, problem: AtlasError) -> str:
        return f"{one_line(str(problem))}; {show_key(self.keys['model'][0])} chooses another provider"

    # What is shown where

    def read_meters(self) -> None:
        """Show the figures of now."""
        if not self.opened:
            return
        reading = self.gauge.read()
        self.status.reading = reading
        if self.sidebar.display:
            self.sidebar.show_reading(reading)
        self._show_hints()

    def toggle_sidebar(self, shown: bool | None = None) -> None:
        """Show or hide the sidebar; None turns it over."""
        self._sidebar_wanted = not self.sidebar.display if shown is None else shown
        self._fit()

    def on_resize(self, event: Resize) -> None:
        """Lay out for the new size."""
        self._fit()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The keys that matter depend on where one is."""
        self._show_hints()

    def _fit(self) -> None:
        # Each widget is told by itself: a class on the screen would style all of them anew.
        width, height = self.size
        fits = width >= SMALLEST[0] and height >= SMALLEST[1]
        self._body.display, self._too_small.display = fits, not fits
        self.prompt.set_class(height < _HIGH, "-low")
        self.welcome.fit(height < _HIGH)
        beside = width >= _WIDE
        self.sidebar.set_class(not beside, "-over")
        self.sidebar.display = beside if self._sidebar_wanted is None else self._sidebar_wanted
        self.status.full = not self.sidebar.display
        self.call_after_refresh(self.read_meters)

    def _show_hints(self) -> None:
        without = frozenset() if self.opened and self.session.fallback else frozenset({"fall_back"})
        self.hints.hints = commands.hints(self._state(), self.keys, without=without)

    def _state(self) -> State:
        if not self.opened:
            return "empty"
        if self.conversation.running:
            return "running"
        if self._transcript is not None and self._transcript.has_focus:
            return "transcript"
        if self.conversation.failed:
            return "failed"
        return "idle" if self.conversation.exchanges else "empty"

    def _show_transcript(self, shown: bool) -> None:
        self.transcript.display, self.welcome.display = shown, not shown
