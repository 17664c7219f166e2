"""The way from the chat to the comparison of its conversation, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from atlas_tui.tui.screens.acting import targets_in

if TYPE_CHECKING:
    from atlas_tui.models.base import ModelResponse, Provider
    from atlas_tui.models.recording import Recorder
    from atlas_tui.tui.screens.chat.screen import ChatScreen
    from atlas_tui.tui.screens.compare import CompareScreen


class Comparing:
    """A method for each id of the table; the comparison stays as it is while the chat is seen."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._compared: CompareScreen | None = None
        self._known: list[tuple[ModelResponse | None, int]] = []

    # Actions of the table

    def compare(self, argument: str) -> None:
        """Compare, with the targets of the line-up or with these."""
        self.open(targets_in(argument))

    def others(self, _: str) -> None:
        """Have the others answer the last prompt too."""
        if not self._screen.session.turns:
            self._screen.status.say("nothing has been asked yet")
        else:
            self.open((), others=True)

    # What they and others need

    def open(
        self,
        targets: Sequence[str | Provider],
        prompts: Sequence[str] = (),
        *,
        others: bool = False,
        recorder: Recorder | None = None,
    ) -> None:
        """Show the comparison; an answer that is coming here goes on, and is shown there too.

        Args:
            targets: the line-up; none for that of before.
            prompts: the first is sent at once.
            others: have those who have not answered the last prompt answer it.
            recorder: records the comparison, if it begins now.
        """
        screen = self._screen
        if screen.elsewhere.refuses():
            return
        if self._compared is None:
            from atlas_tui.tui.screens.compare import CompareScreen

            self._compared = CompareScreen(
                screen.session,
                screen.catalogue,
                screen.keys,
                clock=screen.clock,
                on_change=self._changed,
                on_new=screen.history.begin,
                along=screen.grounding.along,
                coming=lambda: screen.conversation.coming,
                recorder=recorder,
            )
            screen.app.install_screen(self._compared, "compare")
        self._known = self._answers()
        draft = screen.prompt.text
        if draft:
            screen.prompt.text = ""
        self._compared.visits.enter(targets, draft=draft, prompts=prompts, others=others)
        screen.app.push_screen(self._compared)

    def halt(self) -> None:
        """The conversation is left: what runs in the comparison is stopped."""
        if self._compared is not None:
            self._compared.visits.halt()

    def close(self, patience: float) -> None:
        """The program ends: keep what comes, if it ends within so many seconds."""
        if self._compared is not None:
            self._compared.visits.close(patience)

    def _changed(self, draft: str = "") -> None:
        """The user is back, or an answer has ended in a column meanwhile: show what the conversation is now."""
        screen = self._screen
        if draft and not screen.prompt.text:
            screen.prompt.text = draft
        screen.grounding.arrive()
        answers = self._answers()
        if answers != self._known and not screen.conversation.running:
            self._known = answers
            screen.conversation.show(screen.session.turns, again=True)
            screen.panes.show_transcript(bool(answers))
            screen.targets.show()

    def _answers(self) -> list[tuple[ModelResponse | None, int]]:
        return [(turn.response, len(turn.responses)) for turn in self._screen.session.turns]
