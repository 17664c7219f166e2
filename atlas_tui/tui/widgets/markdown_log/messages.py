"""What the log tells the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from atlas_tui.tui.widgets.markdown_log.log import MarkdownLog


class LogMessage(Message):
    """A message of the log."""

    def __init__(self, log: MarkdownLog) -> None:
        super().__init__()
        self.log = log
        """The log that sends it."""

    @property
    def control(self) -> MarkdownLog:
        """The log that sends it."""
        return self.log


class LinkClicked(LogMessage):
    """A link was clicked. The log opens nothing itself: the target comes from a model."""

    def __init__(self, log: MarkdownLog, href: str) -> None:
        super().__init__(log)
        self.href = href
        """Where the link really goes."""


class MessageFocused(LogMessage):
    """The focus moved to a message, or to none."""

    def __init__(self, log: MarkdownLog, key: str | None) -> None:
        super().__init__(log)
        self.key = key
        """The key of the message."""


class FollowChanged(LogMessage):
    """The log began or ceased to keep its end in sight."""

    def __init__(self, log: MarkdownLog, following: bool) -> None:
        super().__init__(log)
        self.following = following
        """Whether it follows now."""
