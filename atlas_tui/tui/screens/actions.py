"""What each action of the table does on the chat screen. What the first screen does not need is imported in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_tui.text import clean, one_line
from atlas_tui.tui.commands import show_key
from atlas_tui.tui.messages import TargetChosen
from atlas_tui.tui.screens.history import History

if TYPE_CHECKING:
    from atlas_tui.tui.screens.chat import ChatScreen
    from atlas_tui.tui.screens.conversation import Exchange

_TWICE = 2.0
"""Seconds in which a second Ctrl+C quits."""


class Actions:
    """A method for each id of the table; all take the argument of the slash command, most ignore it."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self.history = History(screen)
        self._interrupted_at = -_TWICE

    def run(self, name: str, argument: str = "") -> None:
        """Do it."""
        getattr(self, name)(argument)

    def stop(self, _: str) -> None:
        """Stop the answer; where there is none, go back to the prompt."""
        screen = self._screen
        if screen.conversation.stop() or self.history.stop_editing():
            return
        if screen.sidebar.display and screen.sidebar.has_class("-over"):
            screen.toggle_sidebar(False)
        screen.prompt.editor.focus()

    def interrupt(self, _: str) -> None:
        """Copy, else stop, else clear; twice: quit."""
        screen = self._screen
        if selected := screen.get_selected_text():
            self._copy(selected, "selection")
            screen.clear_selection()
            return
        if screen.conversation.stop():
            return
        now = screen.clock()
        if now - self._interrupted_at < _TWICE:
            screen.app.exit()
            return
        self._interrupted_at = now
        again = f"{show_key(screen.keys['interrupt'][0])} again quits"
        if screen.prompt.text:
            self.history.stop_editing()
            screen.prompt.clear()
            screen.status.say(f"prompt cleared, Up brings it back; {again}")
        else:
            screen.status.say(again)

    def retry(self, _: str) -> None:
        """Ask again."""
        exchange = self._exchange()
        if exchange is None:
            self._screen.status.say("nothing to ask again yet")
            return
        self._screen.conversation.retry(exchange)
        self._screen.answer_started()

    def fall_back(self, _: str) -> None:
        """Ask the next target."""
        exchange = self._exchange()
        if not self._screen.session.fallback:
            self._screen.status.say("no fallback is configured: set `fallback` in config.toml")
        elif exchange is None:
            self._screen.status.say("nothing to ask yet")
        else:
            self._screen.conversation.fall_back(exchange)
            self._screen.answer_started()

    def go_on(self, _: str) -> None:
        """Continue what broke off."""
        exchange = self._exchange()
        if exchange is not None and self._screen.conversation.go_on(exchange):
            self._screen.answer_started()
        else:
            self._screen.status.say("no answer here broke off")

    def editor(self, _: str) -> None:
        """Write in an editor."""
        # After the keys that were typed before this one, which the text field may still have to take in.
        self._screen.prompt.editor.call_later(self._edit)

    def _edit(self) -> None:
        from atlas_tui.tui.screens.editor import EditorError, edit_in_editor

        prompt = self._screen.prompt
        try:
            prompt.text = clean(edit_in_editor(self._screen.app, prompt.text))
        except EditorError as error:
            self._screen.status.say(one_line(str(error)))
        prompt.editor.focus()

    def model(self, argument: str) -> None:
        """Choose who answers."""
        from atlas_tui.tui.screens.picker import ModelPicker

        screen = self._screen
        if argument:
            screen.post_message(TargetChosen(argument))
        else:
            screen.app.push_screen(ModelPicker(screen.catalogue, screen.session.provider.target), screen.choose_target)

    def new(self, _: str) -> None:
        """Begin anew."""
        self._screen.begin_anew()

    def conversations(self, _: str) -> None:
        """List the history."""
        self.history.show()

    def edit(self, _: str) -> None:
        """Another wording, in a branch."""
        if exchange := self._exchange():
            self.history.edit(exchange)
        else:
            self._screen.status.say("nothing to edit yet")

    def branch(self, _: str) -> None:
        """Go on from here in a copy."""
        if exchange := self._exchange():
            self.history.branch(exchange)
        else:
            self._screen.status.say("nothing to branch from yet")

    def copy(self, _: str) -> None:
        """Copy the answer without its marks."""
        from atlas_tui.tui.screens.plain import plain

        if text := self._answer():
            self._copy(plain(text), "answer")

    def copy_markdown(self, _: str) -> None:
        """Copy the answer as the model wrote it."""
        if text := self._answer():
            self._copy(text, "Markdown")

    def code(self, _: str) -> None:
        """Copy one code block after the other."""
        block = self._screen.transcript.next_code_block()
        if block is None:
            self._screen.status.say("there is no code block here")
        else:
            self._copy(block.text, f"{one_line(block.language, 20)} code".strip())

    def reasoning(self, _: str) -> None:
        """Show or hide what the model thought."""
        exchange = self._exchange()
        response = exchange.turn.response if exchange else None
        if exchange and (self._screen.conversation.running or (response and response.reasoning)):
            self._screen.transcript.toggle_reasoning(exchange.answer_key)
        else:
            self._screen.status.say("this answer shows no reasoning")

    def next_message(self, _: str) -> None:
        """Go on."""
        self._screen.transcript.focus_next_message()

    def previous_message(self, _: str) -> None:
        """Go back."""
        self._screen.transcript.focus_previous_message()

    def find(self, argument: str) -> None:
        """Look for a text."""
        self._screen.find_bar.open(argument)

    def previous_sibling(self, _: str) -> None:
        """The answer before this retry."""
        self._walk(-1)

    def next_sibling(self, _: str) -> None:
        """The answer after it."""
        self._walk(1)

    def page_up(self, _: str) -> None:
        """Scroll back."""
        self._screen.transcript.page_up()

    def page_down(self, _: str) -> None:
        """Scroll on."""
        self._screen.transcript.page_down()

    def follow(self, _: str) -> None:
        """Go to the end."""
        self._screen.transcript.scroll_to_end()

    def sidebar(self, _: str) -> None:
        """Show or hide the sidebar."""
        self._screen.toggle_sidebar()

    def context(self, _: str) -> None:
        """Show the passages."""
        self._screen.toggle_sidebar(True)
        self._screen.sidebar.show_context()

    def theme(self, argument: str) -> None:
        """Choose a theme."""
        from atlas_tui.tui.screens.picker import ThemePicker

        app = self._screen.app
        if not argument:
            app.push_screen(ThemePicker())
        elif argument in app.available_themes:
            app.theme = argument
        else:
            self._screen.status.say(f"no theme {one_line(argument, 40)!r}: /theme lists them")

    def palette(self, _: str) -> None:
        """Search everything."""
        self._screen.app.action_command_palette()

    def help(self, _: str) -> None:
        """Show every key."""
        from atlas_tui.tui.screens.help import HelpScreen

        self._screen.app.push_screen(HelpScreen(self._screen.keys))

    def quit(self, _: str) -> None:
        """Leave."""
        self._screen.app.exit()

    def _exchange(self) -> Exchange | None:
        return self._screen.conversation.exchange_at(self._screen.transcript.focused_key)

    def _answer(self) -> str:
        exchange = self._exchange()
        answer = exchange.turn.response if exchange else None
        if answer is None or not answer.content:
            self._screen.status.say("no answer to copy yet")
            return ""
        return answer.content

    def _walk(self, step: int) -> None:
        exchange = self._exchange()
        if exchange is None or not self._screen.conversation.walk(exchange, step):
            self._screen.status.say("no other answer there")

    def _copy(self, text: str, what: str) -> None:
        self._screen.app.copy_to_clipboard(clean(text))
        self._screen.status.say(f"{what} copied")
