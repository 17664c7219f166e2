"""What is done about asking: stop, again, another target, on from where it broke off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_tui.tui.messages import TargetChosen
from atlas_tui.tui.screens.acting import targets_in

if TYPE_CHECKING:
    from atlas_tui.tui.screens.chat.screen import ChatScreen


class Asking:
    """Sends prompts, and has a method for each id of the table; all take the argument of the slash command."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen

    def ask(self, prompt: str) -> None:
        """Ask, if there is somebody to ask and no answer is under way."""
        screen = self._screen
        if screen.conversation.running:
            screen.status.say(f"an answer is coming: {screen.key('stop')} stops it")
            return
        if screen.elsewhere.refuses():
            return
        screen.panes.show_transcript(True)
        if screen.targets.problem:
            screen.note(screen.targets.problem, role="error", title="Nobody to ask")
            return
        if screen.history.resend(prompt):
            return
        screen.conversation.ask(screen.session.add_turn(prompt, screen.grounding.chosen(prompt)))
        screen.grounding.asked(screen.conversation.exchanges[-1])
        if screen.prompt.text.startswith(prompt):  # what was typed after it is the next one
            screen.prompt.text = screen.prompt.text.removeprefix(prompt)
        self._started()

    def _started(self) -> None:
        """An answer is awaited: the meters run."""
        self._screen.status.say("")
        self._screen.metering.run()

    # Actions of the table

    def stop(self, _: str) -> None:
        """Stop the answer; where there is none, go back to the prompt."""
        screen = self._screen
        if screen.conversation.stop() or screen.history.stop_editing():
            return
        screen.panes.put_away()
        screen.prompt.editor.focus()

    def retry(self, _: str) -> None:
        """Ask again."""
        exchange = self._screen.focused_exchange
        if exchange is None:
            self._screen.status.say("nothing to ask again yet")
            return
        if self._screen.elsewhere.refuses():
            return
        self._screen.conversation.retry(exchange)
        self._started()

    def fall_back(self, _: str) -> None:
        """Ask the next target."""
        exchange = self._screen.focused_exchange
        if not self._screen.session.fallback:
            self._screen.status.say(f"there is no target to fall back to: {self._screen.key('fallback')} chooses some")
        elif exchange is None:
            self._screen.status.say("nothing to ask yet")
        elif not self._screen.elsewhere.refuses():
            self._screen.conversation.fall_back(exchange)
            self._started()

    def go_on(self, _: str) -> None:
        """Continue what broke off."""
        exchange = self._screen.focused_exchange
        if self._screen.elsewhere.refuses():
            return
        if exchange is not None and self._screen.conversation.go_on(exchange):
            self._started()
        else:
            self._screen.status.say("no answer here broke off")

    def model(self, argument: str) -> None:
        """Choose who answers."""
        from atlas_tui.tui.screens.target_pickers import ModelPicker

        screen = self._screen
        if argument:
            screen.post_message(TargetChosen(argument))
        else:
            picker = ModelPicker(screen.catalogue, screen.session.provider.target)
            screen.app.push_screen(picker, screen.targets.choose)

    def fallback(self, argument: str) -> None:
        """Choose whom to fall back to."""
        from atlas_tui.tui.screens.target_pickers import FallbackPicker

        screen = self._screen
        if argument:
            screen.targets.fall_back_to([] if argument == "none" else targets_in(argument))
        else:
            chain = [provider.target for provider in screen.session.fallback]
            picker = FallbackPicker(
                screen.catalogue, screen.session.provider.target, chain, screen.targets.fall_back_to
            )
            screen.app.push_screen(picker)
