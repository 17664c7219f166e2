"""Coming from the chat, and going back to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from atlas_tui.tui.opening import Early
from atlas_tui.tui.widgets.welcome import EXAMPLES

if TYPE_CHECKING:
    from atlas_tui.models.base import Provider
    from atlas_tui.tui.screens.compare.screen import CompareScreen


class Visits:
    """There before the rooms are: what is asked for early waits for them."""

    def __init__(self, screen: CompareScreen, early: Early) -> None:
        self._screen = screen
        self._early = early
        self._draft, self._quiet = "", False
        self._following: list[str] = []

    def enter(self, targets: Sequence[str | Provider], *, draft: str, prompts: Sequence[str], others: bool) -> None:
        """The user comes from the chat.

        Args:
            targets: the line-up; none for that of before.
            draft: what stood in the chat's prompt.
            prompts: the first is sent at once; the next stands ready when one was sent.
            others: have those answer who have not answered the last prompt.
        """
        screen = self._screen

        def work() -> None:
            screen.line_up.enter(targets)
            screen.grounding.arrive()
            if prompts:
                screen.asking.ask(prompts[0])
            elif others:
                screen.asking.others("")
            screen.columns.read()

        self._following += prompts[1:]
        self._draft, self._quiet = draft, bool(prompts or others)
        self._early.do(work)
        if screen.is_mounted:
            self.offer()

    def offer(self) -> None:
        """What stands in the prompt on coming: the draft, or an example that typing replaces. On the first visit it
        has to be there before any key is taken: an Enter that was typed with the key that leads here sends it."""
        prompt = self._screen.prompt
        if self._draft and not prompt.text:
            prompt.text = self._draft
        elif not (self._quiet or self._screen.session.turns or prompt.text):
            prompt.text = EXAMPLES[0]
            prompt.editor.select_all()
        prompt.editor.focus()

    def asked(self) -> None:
        """A prompt was sent: the next one, of a recording that is played, takes its place."""
        if self._following and not self._screen.prompt.text:
            self._screen.prompt.text = self._following.pop(0)

    def leave(self) -> None:
        """Back to the chat; what runs goes on."""
        screen = self._screen
        draft = screen.prompt.text
        screen.prompt.text = ""
        screen.app.pop_screen()
        screen.on_change(draft if draft != EXAMPLES[0] else "")

    def halt(self) -> None:
        """Another conversation comes: stop what runs."""
        self._early.do(lambda: self._screen.columns.close(0.0))

    def close(self, patience: float) -> None:
        """The program ends."""
        if self._early.over:
            self._screen.columns.close(patience)
