"""A healthy column alone, and beside one that stalls, one that is refused and one that is reset in mid-answer: how
long its answer takes, from the key that sends to its last word on the screen.

Both ways are run in turn, ABBA, in a program that has answered before, so that imports and connections are no part of
it. A share of the time is told by the pairs: whatever else the machine does befalls both halves of a pair.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import replace

from benchmarks.measure import Program, Server, atlas
from benchmarks.server import END_MARK
from benchmarks.terminal import Terminal

TROUBLED = ("stall-40-0", "refuse-0-0", "reset-40-0")
_STOP, _NEW = "\x03", "\x0e"


def compared(server: Server, *models: str) -> Program:
    """Atlas with a column for each of these models."""
    program = atlas(server, models[0])
    at = program.command.index("-p")
    targets = [word for model in models for word in ("-p", f"bench:{model}")]
    ready = "1 column" if len(models) == 1 else f"{len(models)} columns"
    return replace(program, command=[*program.command[:at], "compare", *targets], ready=ready)


def healthy_seconds(server: Server, model: str, *, beside: bool, size: tuple[int, int]) -> float:
    """Seconds of the healthy column's second answer."""
    program = compared(server, model, *(TROUBLED if beside else ()))
    with Terminal(program.command, size, program.environment) as terminal:
        terminal.wait_for(program.ready)
        terminal.settle(1.0)
        terminal.press(program.ask)
        terminal.wait_for(END_MARK)
        if beside:
            terminal.press(_STOP)  # the one that stalls
        terminal.settle()
        terminal.press(_NEW)
        terminal.settle()
        begun = len(terminal.output)
        terminal.press(program.ask)
        shown = terminal.wait_for(END_MARK)
        first = next(at for at, data in terminal.output[begun:] if b"go" in data)
        return shown - first


def pairs(server: Server, model: str, rounds: int, size: tuple[int, int]) -> Iterator[tuple[float, float]]:
    """Seconds alone and beside the troubled ones, so many times."""
    for number in range(rounds):
        order = (False, True) if number % 2 == 0 else (True, False)
        taken = {beside: healthy_seconds(server, model, beside=beside, size=size) for beside in order}
        yield taken[False], taken[True]


def rows(server: Server, quick: bool) -> Iterator[tuple[str, str, str, str]]:
    """For the table: paced with all four columns in sight, and a flood with the healthy one in sight."""
    rounds = 3 if quick else 9
    scenarios = (
        ("4,000 tokens at 1,000/s", "prose-4000-1000", (200, 50)),
        ("100,000 as fast as they are taken", "prose-100000-0", (80, 24)),
    )
    for what, model, size in scenarios:
        found = list(pairs(server, model, rounds, size))
        alone, beside = (statistics.median(pair[at] for pair in found) for at in (0, 1))
        ratio = statistics.median(pair[1] / pair[0] for pair in found)
        name = f"a healthy column beside three in trouble, {what}, over itself alone"
        yield name, f"{beside:.3f} s", f"{alone:.3f} s", f"{ratio:.3f}"
