"""The figures of the chat: read a few times a second while an answer comes, and not at all at rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_tui.tui.widgets.gauge import Gauge

if TYPE_CHECKING:
    from atlas_tui.tui.screens.chat.screen import ChatScreen

_EVERY = 0.25
"""Seconds between two readings of the meters while an answer comes; none between answers."""


class Metering:
    """Takes the figures from the gauge to where they are shown."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self.gauge = Gauge(screen.clock)
        self._timer = screen.set_interval(_EVERY, self.read, pause=True)

    def run(self) -> None:
        """An answer is awaited."""
        self._timer.resume()
        self.read()

    def rest(self) -> None:
        """None is awaited any more."""
        self._timer.pause()

    def read(self) -> None:
        """Show the figures of now."""
        screen = self._screen
        reading = self.gauge.read()
        screen.status.reading = reading
        if screen.sidebar.display:
            screen.sidebar.show_reading(reading)
        screen.show_hints()
