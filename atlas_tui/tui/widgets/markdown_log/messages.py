"""What the log tells the screen."""

from __future__ import annotations

from textual.message import Message
from textual.widget import Widget


class LogMessage(Message):
    """A message of the log."""

    def __init__(self, log: Widget) -> None:
        super().__init__()
        self.log = log
        """The log that sends it."""

    @property
    def control(self) -> Widget:
        """The log that sends it."""
        return self.log


class LinkClicked(LogMessage, namespace="markdown_log"):
    """A link was clicked. The log opens nothing itself: the target comes from a model."""

    def __init__(self, log: Widget, href: str) -> None:
        super().__init__(log)
        self.href = href
        """Where the link really goes."""


class CitationClicked(LogMessage, namespace="markdown_log"):
    """A citation was clicked: `[n]` in an answer to which passages were sent."""

    def __init__(self, log: Widget, key: str, number: int) -> None:
        super().__init__(log)
        self.key = key
        """The key of the message that cites."""
        self.number = number
        """Which passage it cites, from 1; there may be none of this number."""


class MessageFocused(LogMessage, namespace="markdown_log"):
    """The focus moved to a message, or to none."""

    def __init__(self, log: Widget, key: str | None) -> None:
        super().__init__(log)
        self.key = key
        """The key of the message."""


class FollowChanged(LogMessage, namespace="markdown_log"):
    """The log began or ceased to keep its end in sight."""

    def __init__(self, log: Widget, following: bool) -> None:
        super().__init__(log)
        self.following = following
        """Whether it follows now."""
