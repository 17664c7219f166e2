"""`python -m benchmarks.stop`: how soon a stop takes effect, in every state in which a prompt can be kept waiting.

    python -m benchmarks.stop                     the library and the screen, all states (about four minutes)
    python -m benchmarks.stop --runs 400 library  only the library, more often

In the library the time runs from `close()` to the ending of the stream; on the screen from the key Esc to the word
`stopped`, painted, in a program that is driven inside this process; for `quit` from the key Ctrl+Q in a terminal of
its own to the end of the process. Prints p50, p99 and the longest in milliseconds. Let nothing else run meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from textual import events

from atlas_tui.models.base import End
from tests.command import Terminal, settings
from tests.faults.providers import WIRES
from tests.faults.test_quit import CTRL_Q, WAITING
from tests.faults.waiting import STATES, Waiting
from tests.servers.scripted import ScriptedServer, silent_url
from tests.tui.driving import Driver, driving

LIMIT = 0.1
"""Seconds that a stop may take at p99."""
QUIT_LIMIT = 1.0
"""Seconds that quitting may take."""


def in_library(waiting: Waiting) -> float:
    """Seconds from the stop of one prompt to its ending."""
    with waiting.session.stream("Why?") as stream:
        waiting.reached()
        begun = time.perf_counter()
        stream.close()
        *_, end = stream
        spent = time.perf_counter() - begun
    assert isinstance(end, End)
    assert end.error is not None
    assert end.error.kind == "cancelled", end.error
    waiting.let_go()
    waiting.session.turns.clear()
    return spent


def library(state: str, runs: int) -> list[float]:
    """So many stops in one state, spread over the wire formats."""
    times: list[float] = []
    for wire in WIRES:
        with ScriptedServer() as server, STATES[state](server, wire) as waiting:
            in_library(waiting)  # imports the SDK
            times += [in_library(waiting) for _ in range(runs // len(WIRES))]
    return times


async def on_screen(user: Driver, waiting: Waiting) -> float:
    """Seconds from the key to the word on the screen."""
    before = len(user.finished)
    await user.ask(f"Why {before}?")  # passages that were looked up for the same prompt are not looked up again
    await asyncio.to_thread(waiting.reached)
    begun = time.perf_counter()
    user.app.post_message(events.Key("escape", None))
    await user.until(lambda: len(user.finished) > before and "■ stopped" in user.screen)
    spent = time.perf_counter() - begun
    waiting.let_go()
    await user.pilot.pause()
    return spent


async def screen(state: str, runs: int) -> list[float]:
    """So many stops in one state; the conversation is begun anew now and then."""
    times: list[float] = []
    with ScriptedServer() as server, STATES[state](server, "chat") as waiting:
        async with driving(session=waiting.session) as user:
            for run in range(runs + 1):
                times.append(await on_screen(user, waiting))
                if run % 10 == 0:
                    await user.press("ctrl+n")
    return times[1:]


def quitting(state: str, runs: int) -> list[float]:
    """So many programs in terminals of their own, each quit in one state."""
    answer, shown = WAITING[state]
    times = []
    for _ in range(runs):
        with ScriptedServer() as server, ExitStack() as opened:
            server.always(answer)
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
            url = opened.enter_context(silent_url()) if state == "connecting" else server.url
            text = f'history = false\n[providers.lab]\nkind = "openai"\nbase_url = "{url}/v1"\nmodel = "test-model"\n'
            here = Terminal("--config", settings(folder, text), "-p", "lab")
            opened.callback(here.close)
            here.shows("Ask anything", "lab:test-model")
            here.process.send("hi\r")
            here.shows(shown)
            begun = time.perf_counter()
            here.process.send(CTRL_Q)
            assert here.end() == 0
            times.append(time.perf_counter() - begun)
    return times


def report(what: str, state: str, times: list[float], limit: float) -> bool:
    """Print a line; whether the limit is kept."""
    ordered = sorted(times)
    p99 = ordered[min(len(ordered) - 1, round(0.99 * len(ordered)))]
    print(
        f"{what:8} {state:15} {len(times):4} runs   p50 {statistics.median(times) * 1e3:7.1f}"
        f"   p99 {p99 * 1e3:7.1f}   longest {ordered[-1] * 1e3:7.1f} ms{'' if p99 < limit else '   TOO LONG'}",
        flush=True,
    )
    return p99 < limit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 1 if a limit was not kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stop", description=__doc__.split("\n")[0])
    parser.add_argument("groups", nargs="*", help="library, screen, quit; all without any")
    parser.add_argument(
        "--runs", type=int, default=200, help="stops in each state; half on the screen, 5 when quitting"
    )
    options = parser.parse_args(arguments)
    groups = options.groups or ["library", "screen", "quit"]
    os.environ.setdefault("TERM", "xterm-256color")
    measured: dict[str, tuple[Sequence[str], Callable[[str], list[float]], float]] = {
        "library": (list(STATES), lambda state: library(state, options.runs), LIMIT),
        "screen": (list(STATES), lambda state: asyncio.run(screen(state, options.runs // 2)), LIMIT),
        "quit": (list(WAITING), lambda state: quitting(state, max(1, options.runs // 40)), QUIT_LIMIT),
    }
    kept = []
    for group in groups:
        states, measure, limit = measured[group]
        kept += [report(group, state, measure(state), limit) for state in states]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    raise SystemExit(main())
