"""A screen for the pump: what it is told, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any

from textual.message import Message

from atlas_tui.models.base import CostEstimate, End, Event, ModelResponse, Start, TextDelta, TokenUsage, UsageUpdate
from atlas_tui.tui.messages import Ready
from atlas_tui.tui.streaming import Pump

PATIENCE = 30.0
START = Start("mock", "m")
END = End(ModelResponse())
USAGE = UsageUpdate(TokenUsage(1, 1), CostEstimate())


class Screen:
    """Stands where a screen stands: draws when it is asked to."""

    is_running = True

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.frames: list[list[Event]] = []
        self.draw_seconds = 0.0
        self.done = asyncio.Event()
        self._drew = asyncio.Event()
        self.errors: list[object] = []

    def call_later(self, callback: Callable[..., Any], *args: Any) -> bool:
        self.errors.extend(args)
        return True

    def post_message(self, message: Message) -> bool:
        return True

    def on_ready(self, message: Ready) -> None:
        self.asked.append(perf_counter())
        pump = message.pump
        assert isinstance(pump, Pump)
        with pump.frame() as events:
            self.frames.append(events)
            until = perf_counter() + self.draw_seconds
            while perf_counter() < until:
                pass
        self._drew.set()
        if any(isinstance(event, End) for event in events):
            self.done.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that a frame brings about."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._drew.clear()
                await self._drew.wait()

    @property
    def events(self) -> list[Event]:
        return [event for frame in self.frames for event in frame]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))
