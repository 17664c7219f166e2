"""Every message of the terminal program: past tense for what happened, imperative for a request.

They are never compared or printed, and a start does without the methods for that: each takes as long to make as three
classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from textual.widget import Widget

    from atlas_tui.models.base import End, ModelInfo
    from atlas_tui.models.factory import ProviderStatus


@dataclass(eq=False, repr=False)
class Ready(Message):
    """Events of a worker wait in the pump, which hands this to `on_ready` itself; answer with `Pump.frame`."""

    bubble = False
    pump: object
    """The pump that has them: a screen that has gone on to another stream knows its own."""


@dataclass(eq=False, repr=False)
class Finished(Message):
    """An answer has ended, well or not, and the screen shows how."""

    end: End


@dataclass(eq=False, repr=False)
class PromptSent(Message):
    """The user sent this text."""

    text: str


@dataclass(eq=False, repr=False)
class CommandEntered(Message):
    """The user entered a slash command."""

    name: str
    """With its slash."""
    argument: str


@dataclass(eq=False, repr=False)
class ExampleChosen(Message):
    """The user took one of the example prompts of an empty chat."""

    text: str


@dataclass(eq=False, repr=False)
class TargetChosen(Message):
    """The user chose who answers from now on."""

    target: str


@dataclass(eq=False, repr=False)
class ProvidersChecked(Message):
    """It is known which providers can be used, and why the others cannot."""

    statuses: Sequence[ProviderStatus]


@dataclass(eq=False, repr=False)
class ModelsListed(Message):
    """A provider gave its models, or said why it does not."""

    provider: str
    models: Sequence[ModelInfo]
    problem: str = ""


@dataclass(eq=False, repr=False)
class WindowKnown(Message):
    """The context window of a target, in tokens, or None where it is not known."""

    target: str
    tokens: int | None


AboutTargets = TargetChosen | ProvidersChecked | ModelsListed | WindowKnown
"""What is heard about those who can be asked."""


@dataclass(eq=False, repr=False)
class Noticed(Message):
    """Something that the user should know once: that the history cannot be written, say."""

    text: str


@dataclass(eq=False, repr=False)
class ColumnTaken(Message):
    """The user took a column of a comparison with the mouse."""

    place: int
    """Where it stands, from 1."""


@dataclass(eq=False, repr=False)
class RaceSorted(Message):
    """The user wants the race table sorted by this figure."""

    name: str


@dataclass(eq=False, repr=False)
class Scrolled(Message):
    """The reader moved a transcript."""

    log: Widget
    rows: int
    """So many rows down, or up if negative."""


@dataclass(eq=False, repr=False)
class FindClosed(Message):
    """The user has found enough."""
