"""The pump: pace, order, bounds."""

from __future__ import annotations

import asyncio
import os
import random
import threading
from contextlib import suppress
from pathlib import Path
from time import perf_counter

import pytest

from atlas_tui.models.base import Event, ReasoningDelta, TextDelta
from atlas_tui.tui.messages import Ready
from atlas_tui.tui.streaming import FRAME, Pump, give_back_memory
from tests.tui.pumping import END, START, USAGE, Screen, text_of


async def test_the_first_delta_is_announced_at_once_and_the_rest_once_a_frame() -> None:
    screen = Screen()
    pump = Pump(screen)

    def work() -> None:
        for _ in range(400):
            pump.put(TextDelta("x"))
            threading.Event().wait(0.0005)
        pump.put(END)

    pump.put(TextDelta("x"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(screen.frames) == 1
    begun = perf_counter()
    threading.Thread(target=work).start()
    await asyncio.wait_for(screen.done.wait(), 30)
    took = perf_counter() - begun
    assert len(screen.frames) <= took / FRAME + 3
    assert text_of(screen.events) == "x" * 401


async def test_deltas_between_two_frames_are_one() -> None:
    screen = Screen()
    pump = Pump(screen)
    for event in (START, TextDelta("a"), TextDelta("b"), ReasoningDelta("c"), ReasoningDelta("d"), TextDelta("e")):
        pump.put(event)
    pump.put(USAGE)
    pump.put(END)
    await asyncio.wait_for(screen.done.wait(), 30)
    assert screen.frames == [[START, TextDelta("ab"), ReasoningDelta("cd"), TextDelta("e"), USAGE, END]]
    assert len(screen.asked) == 1


@pytest.mark.parametrize("seed", range(5))
async def test_nothing_is_lost_doubled_or_reordered(seed: int) -> None:
    chance = random.Random(seed)
    screen = Screen()
    pump = Pump(screen)
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
    await asyncio.wait_for(screen.done.wait(), 30)
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
    pump = Pump(screen)
    most_waiting = 0
    size, deltas = 5, 60_000

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
    assert most_waiting < 35_000
    assert max(len(text_of(frame)) for frame in screen.frames) <= 16_000


async def test_slow_drawing_makes_frames_fewer_and_smaller() -> None:
    screen = Screen()
    screen.draw_seconds = 0.06
    pump = Pump(screen)

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
    pauses = [later - sooner for sooner, later in zip(screen.asked, screen.asked[1:], strict=False)]
    assert sorted(pauses[:10])[5] > 2 * FRAME
    assert len(text_of(screen.frames[8])) <= 4_000


async def test_no_more_waits_than_a_slow_screen_shows_in_two_frames() -> None:
    """A stop draws what waits before it shows: that must be little where drawing is dear."""
    screen = Screen()
    screen.draw_seconds = 0.03
    pump = Pump(screen)

    def work() -> None:
        while len(screen.frames) < 4:
            pump.put(TextDelta("word "))
            while pump.full() and len(screen.frames) < 4:
                threading.Event().wait(0.001)
        waited.append(pump.waiting)
        pump.put(END)

    waited: list[int] = []
    threading.Thread(target=work).start()
    await asyncio.wait_for(screen.done.wait(), 30)
    assert waited[0] <= 2 * 2_000 + len("word ")
    assert len(text_of(screen.frames[3])) <= 2_000


async def test_after_a_stop_all_that_waits_comes_with_the_ending() -> None:
    screen = Screen()
    pump = Pump(screen)
    pump.put(TextDelta("x" * 60_000))
    pump.put(TextDelta("y" * 60_000))
    assert pump.full()
    pump.hurry()
    assert not pump.full()
    pump.put(END)
    await asyncio.wait_for(screen.done.wait(), 30)
    assert len(text_of(screen.events)) == 120_000


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the memory where Linux has it")
def test_memory_that_nobody_holds_is_given_back() -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    held = [bytes(4000) for _ in range(8000)]
    keeps_the_heap_from_shrinking = held[-1]
    del held
    before = resident()
    give_back_memory()
    assert before - resident() > 10_000_000
    assert keeps_the_heap_from_shrinking


async def test_a_closed_pump_lets_the_worker_run_out() -> None:
    screen = Screen()
    pump = Pump(screen)
    pump.close()
    pump.put(TextDelta("x" * 100_000))
    assert not pump.full()
    assert not screen.asked


def test_a_closed_loop_is_no_error() -> None:
    async def make() -> Pump:
        return Pump(Screen())

    pump = asyncio.run(make())
    pump.put(TextDelta("x" * 100_000))
    assert not pump.full()


async def test_a_screen_that_has_closed_is_asked_no_more() -> None:
    screen = Screen()
    pump = Pump(screen)
    screen.is_running = False
    pump.put(TextDelta("x" * 100_000))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not screen.asked
    assert not pump.full()


async def test_an_error_in_drawing_reaches_the_program() -> None:
    class Broken(Screen):
        def on_ready(self, message: Ready) -> None:
            raise ArithmeticError("cannot draw")

    screen = Broken()
    Pump(screen).put(TextDelta("x"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [str(error) for error in screen.errors] == ["cannot draw"]


async def test_a_worker_that_rests_is_awake_once_a_frame() -> None:
    """And what it reads when the frame is due is drawn whole, at once."""
    screen = Screen()
    pump = Pump(screen)
    rests = 0
    sent: list[float] = []

    def work() -> None:
        nonlocal rests
        begun = perf_counter()
        while len(sent) < 300:
            while (seconds := pump.rest()) > 0:
                rests += 1
                threading.Event().wait(seconds)
            while begun + len(sent) / 1000 > perf_counter():
                threading.Event().wait(0.0005)
            while len(sent) < 300 and begun + len(sent) / 1000 <= perf_counter():
                pump.put(TextDelta("x"))
                sent.append(perf_counter())
        pump.rest()
        pump.put(END)

    begun = perf_counter()
    threading.Thread(target=work).start()
    await asyncio.wait_for(screen.done.wait(), 30)
    took = perf_counter() - begun
    assert text_of(screen.events) == "x" * 300
    assert 2 <= rests <= 2 * len(screen.frames) + 2
    assert len(screen.frames) <= took / FRAME + 5


async def test_what_comes_while_nobody_rests_any_more_is_drawn_with_the_ending() -> None:
    screen = Screen()
    pump = Pump(screen)
    assert pump.rest() == 0
    pump.put(TextDelta("a"))
    pump.put(USAGE)
    for _ in range(3):  # what is announced is drawn in the loop's next turn
        await asyncio.sleep(0)
    assert not screen.asked
    assert pump.rest() > 0
    pump.put(TextDelta("b"))
    pump.put(END)
    await asyncio.wait_for(screen.done.wait(), 30)
    assert text_of(screen.events) == "ab"


async def test_keys_are_answered_during_a_flood() -> None:
    """A worker that sends as fast as it can leaves the loop free."""
    screen = Screen()
    screen.draw_seconds = 0.01
    pump = Pump(screen)
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
        await asyncio.sleep(0.005)  # how late it ends is what is measured
        lags.append(perf_counter() - begun - 0.005)
    stop.set()
    thread.join()
    assert sorted(lags)[25] < 0.1


@pytest.mark.parametrize("seed", range(6))
async def test_a_worker_that_rests_loses_nothing_and_is_late_with_nothing(seed: int) -> None:
    """Bursts and silences at random: each text is drawn within a frame or two, though nothing follows it."""
    chance = random.Random(seed)
    screen = Screen()
    screen.draw_seconds = chance.choice((0.0, 0.001, 0.012))
    pump = Pump(screen)
    late: list[str] = []
    sent = ""

    async def drawn() -> None:
        with suppress(TimeoutError):
            await screen.until(lambda: len(text_of(screen.events)) >= len(sent))
        if text_of(screen.events) != sent:
            late.append(sent)

    def burst() -> str:
        text = ""
        pump.rest()
        for _ in range(chance.choice((1, 1, 5, 300, 3000))):
            piece = chance.choice(("word ", "\n\n", "x"))
            pump.put(TextDelta(piece))
            text += piece
            if chance.random() < 0.01:
                pump.put(USAGE)
            while pump.full():
                threading.Event().wait(0.001)
        pump.rest()  # once: where the wait seems too short it waits for bytes, and asks no more
        return text

    for _ in range(12):
        if chance.random() < 0.3:
            pump.put(START)
        sent += await asyncio.to_thread(burst)
        await asyncio.sleep(chance.choice((0.0, 0.0, 0.003, FRAME, 3 * FRAME)))
        if chance.random() < 0.5:
            await drawn()
    await drawn()
    pump.put(END)
    await asyncio.wait_for(screen.done.wait(), 30)
    assert text_of(screen.events) == sent
    assert not late


async def test_several_pumps_share_the_time() -> None:
    """Four slow columns leave the loop free as long as one does."""
    stop = threading.Event()
    screens = [Screen() for _ in range(4)]

    def work(pump: Pump) -> None:
        while not stop.is_set():
            pump.put(TextDelta("word "))
            stop.wait(0.001)

    threads = []
    for screen in screens:
        screen.draw_seconds = 0.02
        threads.append(threading.Thread(target=work, args=(Pump(screen),)))
    begun = perf_counter()
    for thread in threads:
        thread.start()
    for screen in screens:
        await screen.until(lambda screen=screen: len(screen.frames) >= 8)  # type: ignore[misc]
    took = perf_counter() - begun
    stop.set()
    for thread in threads:
        thread.join()
    drawing = sum(len(screen.frames) for screen in screens) * 0.02
    assert drawing < 0.66 * took, drawing / took
