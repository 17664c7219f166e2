"""The application: themes, signals, and the way in and out."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial

from textual.app import App, SystemCommand
from textual.binding import BindingsMap
from textual.driver import Driver
from textual.screen import Screen
from textual.worker import WorkerFailed

from atlas_tui.config import Config, config_path
from atlas_tui.text import one_line
from atlas_tui.tui import actions, commands, themes
from atlas_tui.tui.keys import show_key
from atlas_tui.tui.messages import Noticed
from atlas_tui.tui.opening import Compared, Opening
from atlas_tui.tui.screens.acting import ActingScreen
from atlas_tui.tui.screens.chat import ChatScreen
from atlas_tui.tui.terminal import enduring_terminal

_PATIENCE = 0.6
"""Seconds that leaving waits for the answer under way to be kept."""


class AtlasApp(App[int]):
    """The terminal program. What it does is in its screens."""

    TITLE = "Atlas"
    CSS = """
    * { scrollbar-size-vertical: 1; }
    OptionList, OptionList:focus {
        border: none;
        padding: 0;
        background: transparent;
        background-tint: transparent;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    OptionList:focus:ansi > .option-list--option-highlighted {
        background: ansi_default;  /* on no other colour of the terminal are all the others seen */
        color: ansi_default;
        text-style: bold underline;
    }
    """

    def __init__(
        self, opening: Opening, *, clock: Callable[[], float] = time.monotonic, compared: Compared | None = None
    ) -> None:
        super().__init__()
        config = opening.config
        self.chat = ChatScreen(opening, commands.resolve_keys(config.keys), clock=clock)
        self._bindings = BindingsMap(commands.bindings("app", self.chat.keys))
        self._compared = compared
        self._refused_themes: list[str] = []
        self._load_themes(config.theme)

    def _load_themes(self, wanted: str | None) -> None:
        found, self._refused_themes = themes.load_themes(themes.shipped_folder(), config_path().parent / "themes")
        for theme in found:
            self.register_theme(theme)
        if wanted and wanted not in self.available_themes:
            self._refused_themes.append(f"there is no theme {wanted!r}: {actions.BY_ID['theme'].slash} lists them")
        fitting = themes.default_theme(self.console.color_system)
        self._begin_with(wanted if wanted and wanted in self.available_themes else fitting)

    def _begin_with(self, name: str) -> None:
        theme = self.available_themes[name]
        if theme.dark and not theme.ansi:
            # It differs from the one that Textual begins with by its variables alone, and nothing is styled yet.
            self.set_reactive(App.theme, name)
            self.stylesheet.set_variables(self.get_css_variables())
        else:
            self.theme = name

    def get_css_variables(self) -> dict[str, str]:
        """The colours of the theme, as the terminal can show them."""
        variables = super().get_css_variables()
        if self.console.color_system == "256":
            variables.update(themes.in_256_colours(variables))  # Textual has kept this very table
        return variables

    def get_driver_class(self) -> type[Driver]:
        """Our own reading of the terminal, where Textual would take its own for it."""
        chosen = super().get_driver_class()
        if (chosen.__module__, chosen.__name__) != ("textual.drivers.linux_driver", "LinuxDriver"):
            return chosen  # Windows, a browser, or what the environment says
        from atlas_tui.tui.driver import TerminalDriver

        return TerminalDriver

    def get_default_screen(self) -> Screen[None]:
        """The chat."""
        return self.chat

    def on_mount(self) -> None:
        """The terminal is ours: give it back on a signal too."""
        self._handle_signals()
        self.app_resume_signal.subscribe(self, lambda _: self._resume())
        for problem in self._refused_themes:
            self.notify(problem, severity="warning", markup=False)
        self.call_after_refresh(_settle_memory)
        if self._compared is not None:
            self.chat.compare(self._compared)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every action of the screen that a slash command has too."""
        acting = self.acting
        for action in commands.offered(acting.scope):
            keys = "  ".join(show_key(key) for key in acting.keys[action.id])
            yield SystemCommand(action.text, f"{keys}  {action.slash}", partial(acting.act, action.id))

    def copy_to_clipboard(self, text: str) -> None:
        """Copy a text: by the terminal, and where that may not know how, by a program of the machine."""
        super().copy_to_clipboard(text)
        if not self.is_headless:
            from atlas_tui.tui.clipboard import copy_beside

            copy_beside(text)

    def _fatal_error(self) -> None:
        # Textual would print the traceback with every local variable in it, and so also a key.
        self._close_messages_no_wait()

    @property
    def defect(self) -> BaseException | None:
        """The exception that ended the program, if one did."""
        error = self._exception
        return error.error if isinstance(error, WorkerFailed) else error

    @property
    def acting(self) -> ActingScreen:
        """The screen whose actions are run, whatever lies over it."""
        return next(screen for screen in reversed(self.screen_stack) if isinstance(screen, ActingScreen))

    def on_noticed(self, message: Noticed) -> None:
        """The chat has put it down; whoever looks at a comparison reads it there too."""
        if self.acting is not self.chat:
            self.acting.note(one_line(message.text), title="Note")

    def action_act(self, name: str) -> None:
        """Run an action of the table."""
        self.acting.act(name)

    async def on_unmount(self) -> None:
        """Keep the answer under way; its thread ends with it."""
        self.chat.close(_PATIENCE)

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
            try:
                loop.add_signal_handler(number, partial(self.exit, return_code=128 + number))
            except (NotImplementedError, RuntimeError, ValueError):  # no signals here: Windows, or not the main thread
                return
        self._handle_sizes()

    def _handle_sizes(self) -> None:
        # One signal that interrupts the handler of another would have the older size told last, and so kept: the loop
        # calls what Textual's driver has put there, one call after the other.
        number = getattr(signal, "SIGWINCH", None)
        told = signal.getsignal(number) if number is not None else None
        if number is not None and callable(told):
            asyncio.get_running_loop().add_signal_handler(number, told, number, None)

    def _resume(self) -> None:
        """A shell has brought the program back (`fg`): Textual paints nothing then, and its driver has begun anew."""
        self._handle_sizes()
        self.refresh(layout=True)


def run(
    config: Config,
    *,
    target: str | None = None,
    model: str | None = None,
    mock: bool = False,
    compared: Compared | None = None,
) -> int:
    """Run the terminal program, in the chat or with a comparison, and give its exit status.

    Raises:
        ConfigError: a name, an option, a key binding is wrong; nothing was drawn.
    """
    unsaid: list[str] = []

    def notice(text: str) -> None:
        # Called in the store's thread, and at the very end when there is no screen any more.
        try:
            if app.is_running and app.chat.post_message(Noticed(text)):
                return
        except RuntimeError:
            pass  # the loop has closed: it is said below, once the terminal is given back
        unsaid.append(text)

    opening = Opening(config, target=target, model=model, mock=mock, on_notice=notice)
    if opening.may_be_refused():
        opening.open()
    app = AtlasApp(opening, compared=compared)
    try:
        with enduring_terminal():
            app.run()
    finally:
        opening.close()
    for text in unsaid:
        print(f"atlas-tui: {text}", file=sys.stderr)
    if app.defect is not None:
        raise app.defect
    return app.return_code or 0


def _settle_memory() -> None:
    """What the start made stays: keep the collector, which is on from here, from going over it again and again while
    text streams. No collection first: it would keep the first key waiting, and what it would find is little."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()
