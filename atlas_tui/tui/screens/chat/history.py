"""What is done with conversations: begin one, open an earlier one, branch from a turn, edit a prompt in a branch."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from atlas_tui.errors import AtlasError
from atlas_tui.text import clean, one_line
from atlas_tui.tui.messages import PromptSent
from atlas_tui.tui.screens.beside import beside

if TYPE_CHECKING:
    from atlas_tui.store import Conversation, Journal, Store
    from atlas_tui.tui.screens.chat.screen import ChatScreen
    from atlas_tui.turns import Turn

_OFF = "the history is off: `history = true` in config.toml keeps conversations"


class History:
    """Everything here that asks the file does so in a thread; one thing after the other."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._editing: Turn | None = None
        self._busy = False
        self.now: Callable[[], datetime] = lambda: datetime.now().astimezone()

    @property
    def _journal(self) -> Journal | None:
        return self._screen.session.journal

    # Actions of the table

    def new(self, _: str) -> None:
        """Begin anew."""
        self.begin()

    def conversations(self, _: str) -> None:
        """List the history."""
        from atlas_tui.tui.screens.conversations import Conversations

        screen, journal = self._screen, self._journal
        if journal is None:
            screen.status.say(_OFF)
            return
        conversations = Conversations(journal.store, screen.keys, journal.conversation, self.now)

        def closed(place: str | None) -> None:
            if journal.conversation in conversations.gone:
                self.begin()
            if place is not None:
                self._go(journal, *place.split("/"))

        screen.app.push_screen(conversations, closed)

    def edit(self, _: str) -> None:
        """Put a prompt into the field: sent, it begins a branch in its place."""
        screen, exchange = self._screen, self._screen.focused_exchange
        if exchange is None:
            screen.status.say("nothing to edit yet")
            return
        if self._occupied() or screen.elsewhere.refuses():
            return
        screen.prompt.clear()
        screen.prompt.text = clean(exchange.turn.prompt)
        screen.prompt.editor.focus()
        if self._journal is None:
            screen.status.say("this prompt again: the history is off, so it will be sent as a new one")
            return
        self._editing = exchange.turn
        stop = screen.key("stop")
        screen.status.say(f"sent, this begins a branch from here; {stop}: no branch, a new prompt")

    def branch(self, _: str) -> None:
        """Go on in a copy of the conversation up to and with this turn."""
        journal, exchange = self._journal, self._screen.focused_exchange
        if exchange is None:
            self._screen.status.say("nothing to branch from yet")
        elif journal is None:
            self._screen.status.say(_OFF)
        elif not self._occupied():
            self._do(self._branch(journal, exchange.turn.id))

    def export(self, argument: str) -> None:
        """Write the conversation into a file, also one that the history could not keep."""
        screen = self._screen
        if not screen.session.turns:
            screen.status.say("nothing to export yet")
        elif not self._busy:
            running = bool(screen.conversation.running)
            self._do(self._export(screen.session.conversation(), argument.strip(), running))

    # What they and others need

    def begin(self) -> None:
        """Forget the conversation on the screen."""
        self._screen.drafts.keep()
        self._leave()
        self._screen.session.clear()
        self._screen.conversation.show(())
        self._screen.elsewhere.follow(None)
        self._screen.targets.reopened(())
        self._changed_over(False)
        self._screen.prompt.editor.focus()

    def open(self, stored: Conversation) -> None:
        """Go on with a conversation of the history."""
        screen = self._screen
        screen.drafts.keep()
        self._leave()
        screen.session.load(stored)
        screen.conversation.show(screen.session.turns)
        self._screen.elsewhere.follow(stored)
        self._screen.targets.reopened(stored.fallback)
        self._changed_over(True)

    def _leave(self) -> None:
        """What is under way belongs to the conversation that is left."""
        self._screen.conversation.close(0.0)
        self._screen.comparing.halt()

    def _changed_over(self, filled: bool) -> None:
        self._screen.panes.show_transcript(filled)
        self._screen.metering.rest()
        self._screen.targets.show()
        self._screen.grounding.panel.look_at(self._screen.focused_exchange)
        self._screen.drafts.arrive()

    def clear(self) -> None:
        """Empty the field; what is typed next is a new prompt."""
        self._editing = None
        self._screen.prompt.clear()

    def stop_editing(self) -> bool:
        """What stands in the field is a new prompt after all; False if it is so anyway."""
        editing, self._editing = self._editing, None
        if editing is not None:
            self._screen.status.say("no branch: this will be sent as a new prompt")
        return editing is not None

    def resend(self, prompt: str) -> bool:
        """Send an edited prompt in a branch; False if none is being edited."""
        if self._busy:
            return self._occupied()
        turn, self._editing = self._editing, None
        turns = self._screen.session.turns
        at = next((number for number, earlier in enumerate(turns) if earlier is turn), None)
        journal = self._journal
        if at is None or journal is None or not prompt.strip():
            return False
        self._screen.prompt.text = ""

        async def work() -> None:
            try:
                if at == 0:
                    self.begin()
                else:
                    self.open(await beside(partial(_branched, journal, turns[at - 1].id)))
            except AtlasError:
                self._editing, self._screen.prompt.text = turn, prompt
                raise
            self._screen.post_message(PromptSent(prompt))

        self._do(work())
        return True

    async def _branch(self, journal: Journal, turn: int) -> None:
        screen = self._screen
        self.open(await beside(partial(_branched, journal, turn)))
        back = screen.key("conversations")
        text = f"From here on this is a conversation of its own. The one it comes from is unchanged: {back} lists both."
        screen.note(text, title="Branch")
        screen.prompt.editor.focus()

    async def _export(self, conversation: Conversation, place: str, running: bool) -> None:
        path = await beside(partial(_exported, self._journal, conversation, place))
        left_out = "; the answer that is coming is not in it" if running else ""
        self._screen.status.say(f"exported to {one_line(_short(path), 160)}{left_out}")

    def _go(self, journal: Journal, number: str, turn: str = "") -> None:
        if number == journal.conversation and self._screen.session.turns:
            self._go_to(turn)
        elif not self._busy:
            self._do(self._read(journal.store, number, turn))

    async def _read(self, store: Store, number: str, turn: str) -> None:
        screen = self._screen
        stopped = screen.conversation.stop()
        stored = await beside(partial(store.conversation, number))
        self.open(stored)
        screen.prompt.editor.focus()
        self._go_to(turn)
        if stopped:
            screen.status.say("the answer that was coming was stopped; what had come is kept")

    def _go_to(self, turn: str) -> None:
        for exchange in self._screen.conversation.exchanges:
            if str(exchange.turn.id) == turn:
                self._screen.conversation.transcript.reach(exchange.number)
                log = self._screen.transcript
                log.focus()
                log.call_after_refresh(log.focus_message, exchange.prompt_key)

    def _occupied(self) -> bool:
        """Say what is under way, if anything is."""
        if self._screen.conversation.running:
            self._screen.status.say(f"an answer is coming: {self._screen.key('stop')} stops it")
        elif self._busy:
            self._screen.status.say("one moment: the history is being read")
        return self._busy or self._screen.conversation.running

    def _do(self, work: Coroutine[object, object, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except AtlasError as error:
                self._screen.status.say(one_line(str(error)))
            finally:
                self._busy = False

        self._busy = True
        self._screen.run_worker(guarded(), group="history")


def _exported(journal: Journal | None, conversation: Conversation, place: str) -> Path:
    from atlas_tui.store.export import free_name, write

    if journal is not None:
        with suppress(AtlasError):  # not in the history: its title is its first prompt
            info = replace(conversation.info, title=journal.store.info(conversation.info.id).title)
            conversation = replace(conversation, info=info)
    path = Path(os.path.expanduser(place)) if place else free_name(conversation.info.title, Path.cwd())
    write(conversation, path)
    return path


def _short(path: Path) -> str:
    """The path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _branched(journal: Journal, turn: int) -> Conversation:
    store = journal.store
    return store.conversation(store.branch(journal.conversation, turn).id)
