"""The pump: pace, order, bounds."""

from __future__ import annotations

import asyncio
import random
import threading
from time import perf_counter

import pytest
from textual.message import Message

from atlas_tui.models.base import (
    CostEstimate,
    End,
    Event,
    ModelResponse,
    ReasoningDelta,
    Start,
    TextDelta,
    TokenUsage,
    UsageUpdate,
)
from atlas_tui.tui.messages import Ready
from atlas_tui.tui.streaming import FRAME, Pump

START = Start("mock", "m")
END = End(ModelResponse())
USAGE = UsageUpdate(TokenUsage(1, 1), CostEstimate())


class Screen:
    """Stands where a screen stands: takes messages, and draws when it is asked to."""

    def __init__(self) -> None:
        self.posted: list[float] = []
        self.frames: list[list[Event]] = []
        self.draw_seconds = 0.0
        self.done = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def post_message(self, message: Message) -> bool:
        assert isinstance(message, Ready)
        self.posted.append(perf_counter())
        self._loop.call_soon_threadsafe(self._draw, message.pump)
        return True

    def _draw(self, pump: object) -> None:
        assert isinstance(pump, Pump)
        with pump.frame() as events:
            self.frames.append(events)
            until = perf_counter() + self.draw_seconds
            while perf_counter() < until:
                pass
        if any(isinstance(event, End) for event in events):
            self.done.set()

    @property
    def events(self) -> list[Event]:
        return [event for frame in self.frames for event in frame]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def pump_on(screen: Screen) -> Pump:
    return Pump(screen)  # type: ignore[arg-type]


async def test_the_first_delta_is_announced_at_once_and_the_rest_once_a_frame() -> None:
    screen = Screen()
    pump = pump_on(screen)

    def work() -> None:
        for _ in range(400):
            pump.put(TextDelta("x"))
            threading.Event().wait(0.0005)
        pump.put(END)

    begun = perf_counter()
    threading.Thread(target=work).start()
    await asyncio.wait_for(screen.done.wait(), 10)
    took = perf_counter() - begun
    assert screen.posted[0] - begun < FRAME
    assert len(screen.frames) <= took / FRAME + 3
    assert text_of(screen.events) == "x" * 400


async def test_deltas_between_two_frames_are_one() -> None:
    screen = Screen()
    pump = pump_on(screen)
    for event in (START, TextDelta("a"), TextDelta("b"), ReasoningDelta("c"), ReasoningDelta("d"), TextDelta("e")):
        pump.put(event)
    pump.put(USAGE)
    pump.put(END)
    await asyncio.wait_for(screen.done.wait(), 10)
    assert screen.frames == [[START, TextDelta("ab"), ReasoningDelta("cd"), TextDelta("e"), USAGE, END]]
    assert len(screen.posted) == 1


@pytest.mark.parametrize("seed", range(5))
async def test_nothing_is_lost_doubled_or_reordered(seed: int) -> None:
    chance = random.Random(seed)
    screen = Screen()
    pump = pump_on(screen)
    sent: list[Event] = []
    for number in range(3000):
        choice: tuple[Event, ...] = (TextDelta(str(number)), ReasoningDelta(str(number)), USAGE, START)
        sent.append(chance.choice(choice))

    def work() -> None:
        for event in [*sent, END]:
            pump.put(event)
            if chance.random() < 0.01:
                threading.Event().wait(0.002)

    threading.Thread(target=work).start()
    await asyncio.wait_for(screen.done.wait(), 20)
    assert _unjoined(screen.events) == _unjoined([*sent, END])


def _unjoined(events: list[Event]) -> list[tuple[type, str]]:
    """Text by the character, so that it does not matter where it was joined or cut."""
    flat: list[tuple[type, str]] = []
    for event in events:
        if isinstance(event, TextDelta | ReasoningDelta):
            flat += [(type(event), character) for character in event.text]
        else:
            flat.append((type(event), ""))
    return flat


async def test_a_flood_is_held_back_and_memory_stays_bounded() -> None:
    screen = Screen()
    screen.draw_seconds = 0.002
    pump = pump_on(screen)
    most_waiting = 0
    size, deltas = 5, 200_000

    def work() -> None:
        nonlocal most_waiting
        for number in range(deltas):
            pump.put(TextDelta("word "))
            if number % 500 == 0:
                most_waiting = max(most_waiting, pump.waiting)
            while pump.full():
                threading.Event().wait(0.001)
        pump.put(END)

    threading.Thread(target=work).start()
    await asyncio.wait_for(screen.done.wait(), 30)
    assert len(text_of(screen.events)) == size * deltas
    assert most_waiting < 70_000
    assert max(len(text_of(frame)) for frame in screen.frames) <= 32_000


async def test_slow_drawing_makes_frames_fewer_and_smaller() -> None:
    screen = Screen()
    screen.draw_seconds = 0.06
    pump = pump_on(screen)

    def work() -> None:
        for _ in range(60_000):
            pump.put(TextDelta("word "))
            while pump.full():
                threading.Event().wait(0.001)
            if len(screen.frames) >= 12:
                break
        pump.hurry()
        pump.put(END)

    threading.Thread(target=work).start()
    await asyncio.wait_for(screen.done.wait(), 30)
    pauses = [later - sooner for sooner, later in zip(screen.posted, screen.posted[1:], strict=False)]
    assert sorted(pauses[:10])[5] > 2 * FRAME
    assert len(text_of(screen.frames[8])) <= 4_000


async def test_after_a_stop_all_that_waits_comes_with_the_ending() -> None:
    screen = Screen()
    pump = pump_on(screen)
    pump.put(TextDelta("x" * 60_000))
    pump.put(TextDelta("y" * 60_000))
    assert pump.full()
    pump.hurry()
    assert not pump.full()
    pump.put(END)
    await asyncio.wait_for(screen.done.wait(), 5)
    assert len(text_of(screen.events)) == 120_000


async def test_a_closed_pump_lets_the_worker_run_out() -> None:
    screen = Screen()
    pump = pump_on(screen)
    pump.close()
    pump.put(TextDelta("x" * 100_000))
    assert not pump.full()
    assert not screen.posted


async def test_a_closed_loop_is_no_error() -> None:
    class Gone:
        def post_message(self, message: Message) -> bool:
            raise RuntimeError("Event loop is closed")

    pump = Pump(Gone())  # type: ignore[arg-type]
    pump.put(TextDelta("x"))
    assert not pump.full()


async def test_keys_are_answered_during_a_flood() -> None:
    """A worker that sends as fast as it can leaves the loop free."""
    screen = Screen()
    screen.draw_seconds = 0.01
    pump = pump_on(screen)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            pump.put(TextDelta("word " * 100))
            while pump.full() and not stop.is_set():
                stop.wait(0.002)

    thread = threading.Thread(target=work)
    thread.start()
    lags = []
    for _ in range(50):
        begun = perf_counter()
        await asyncio.sleep(0.005)
        lags.append(perf_counter() - begun - 0.005)
    stop.set()
    thread.join()
    assert sorted(lags)[40] < 0.05
