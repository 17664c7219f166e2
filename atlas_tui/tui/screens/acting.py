"""What every screen with a prompt has: the actions of the table, run by key, by palette and by slash command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.screen import Screen

from atlas_tui.text import one_line
from atlas_tui.tui import actions, commands
from atlas_tui.tui.actions import Scope
from atlas_tui.tui.commands import KeyTable
from atlas_tui.tui.keys import show_key
from atlas_tui.tui.messages import CommandEntered
from atlas_tui.tui.widgets.meters import Status
from atlas_tui.tui.widgets.prompt import PromptArea

if TYPE_CHECKING:
    from atlas_tui.tui.widgets.markdown_log import MarkdownLog


class ActingScreen(Screen[None]):
    """A screen on which actions are run; what they do is in its rooms, which have a method for each id."""

    scope: ClassVar[Scope]
    """Which actions of the table it has."""
    status: Status
    prompt: PromptArea

    def __init__(self, keys: KeyTable) -> None:
        super().__init__()
        self.keys = keys
        commands.bind(self, self.scope, keys)

    def act(self, name: str, argument: str = "") -> None:
        """Run an action, as soon as that is possible."""
        raise NotImplementedError

    def note(self, text: str, *, title: str) -> None:
        """Put a remark of the program where it stays."""
        raise NotImplementedError

    def action_act(self, name: str) -> None:
        """A key of the table."""
        self.act(name)

    def on_command_entered(self, message: CommandEntered) -> None:
        """Run a slash command."""
        action = actions.BY_SLASH.get(message.name)
        if action is None or action not in commands.offered(self.scope):
            self.status.say(f"no command {one_line(message.name, 30)} here: {self.key('help')} lists them")
            self.prompt.text = f"{message.name} {message.argument}".strip()
        else:
            self.act(action.id, message.argument)

    def on_markdown_log_link_clicked(self, message: MarkdownLog.LinkClicked) -> None:
        """A model wrote the link: show where it goes before anything is opened."""
        from atlas_tui.tui.screens.link import LinkScreen

        self.app.push_screen(LinkScreen(message.href))

    def key(self, name: str) -> str:
        """The first key of an action, as a person writes it."""
        return show_key(self.keys[name][0])


def targets_in(argument: str) -> list[str]:
    """The targets that a slash command takes, between spaces or commas."""
    return argument.replace(",", " ").split()


def method_for(name: str, rooms: Sequence[object]) -> Callable[[str], None]:
    """The method of the one room that has this action; it takes the argument of the slash command."""
    found: Callable[[str], None] = next(getattr(room, name) for room in rooms if hasattr(type(room), name))
    return found
