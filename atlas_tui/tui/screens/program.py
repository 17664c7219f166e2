"""What can be done on every screen: the prompt in an editor, theme, palette, help, the end."""

from __future__ import annotations

from atlas_tui.text import clean, one_line
from atlas_tui.tui.screens.acting import ActingScreen


class Program:
    """A method for each id of the table; all take the argument of the slash command, most ignore it."""

    def __init__(self, screen: ActingScreen) -> None:
        self._screen = screen

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

    def theme(self, argument: str) -> None:
        """Choose a theme."""
        from atlas_tui.tui.screens.picker import ThemePicker

        app = self._screen.app
        if not argument:
            app.push_screen(ThemePicker(), self._chosen)
        elif argument in app.available_themes:
            app.theme = argument
            self._chosen(argument)
        else:
            self._screen.status.say(f"no theme {one_line(argument, 40)!r}: /theme lists them")

    def _chosen(self, theme: str | None) -> None:
        if theme:  # it is for now: nothing is written into a file that the user writes
            self._screen.status.say(f'theme = "{one_line(theme, 30)}" in config.toml keeps it')

    def palette(self, _: str) -> None:
        """Search everything."""
        self._screen.app.action_command_palette()

    def help(self, _: str) -> None:
        """Show every key."""
        from atlas_tui.tui.screens.help import HelpScreen

        self._screen.app.push_screen(HelpScreen(self._screen.keys, self._screen.scope))

    def quit(self, _: str) -> None:
        """Leave."""
        self._screen.app.exit()
