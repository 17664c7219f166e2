"""`python -m benchmarks`: every figure of Atlas beside its measure in the same run, in one table.

    python -m benchmarks                everything (about twenty minutes)
    python -m benchmarks start echo     only these groups
    python -m benchmarks --quick        shorter streams

Groups: start, stream, shapes, echo, columns, neighbours, transcript. Read the ratios: seconds belong to the machine.
Let nothing else run meanwhile.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator

from benchmarks import neighbours
from benchmarks.measure import Program, Server, StreamFigures, atlas, baseline, comparison, stream
from benchmarks.terminal import Terminal, cpu_seconds

Row = tuple[str, str, str, str]
"""What, Atlas, its measure, the ratio or the figure to hold."""


def _ratio(value: float, measure: float) -> str:
    return f"{value / measure:.2f}"


def _stream_rows(server: Server, quick: bool) -> Iterator[Row]:
    """CPU a token and lag, at several rates and lengths, over the SDK with print."""
    scenarios = [(2_000, 100), (10_000, 1000), (50_000, 1000), (20_000, 5000), (100_000, 0)]
    if quick:
        scenarios = [(1_000, 100), (5_000, 1000)]
    for tokens, rate in scenarios:
        model = f"prose-{tokens}-{rate}"
        ours = stream(atlas(server, model), server, tokens)
        plain = stream(baseline(server, model), server, tokens)
        pace = f"{tokens:,} tokens at {rate:,}/s" if rate else f"{tokens:,} tokens, as fast as taken"
        yield (
            f"CPU a token, {pace}",
            f"{ours.cpu_per_token:.0f} µs",
            f"{plain.cpu_per_token:.0f} µs",
            _ratio(ours.cpu_per_token, plain.cpu_per_token),
        )
        if rate:
            yield _lag_row(pace, ours, plain)
        yield f"output, {pace}", f"{ours.kilobytes:.0f} B/token", f"{plain.kilobytes:.0f} B/token", ""
        yield f"memory after {pace}", f"{ours.memory:.0f} MB", f"{plain.memory:.0f} MB", ""


def _lag_row(pace: str, ours: StreamFigures, plain: StreamFigures) -> Row:
    return (
        f"lag p50/p95, {pace}",
        f"{ours.lag_p50:.0f}/{ours.lag_p95:.0f} ms",
        f"{plain.lag_p50:.1f}/{plain.lag_p95:.1f} ms",
        f"{ours.shown_rate:,.0f}/s shown",
    )


def _shape_rows(server: Server, quick: bool) -> Iterator[Row]:
    """One long list, table or fence, or a fence in a list, over prose of the same length: by turns, and of each the
    cheapest run."""
    tokens = 3_000 if quick else 10_000
    names = {"list": "list", "table": "table", "fence": "fence", "itemfence": "fence in an item"}
    costs: dict[str, list[float]] = {"prose": [], **{kind: [] for kind in names}}
    for _ in range(1 if quick else 2):
        for kind, measured in costs.items():
            measured.append(stream(atlas(server, f"{kind}-{tokens}-1000"), server, tokens).cpu_per_token)
    prose = min(costs.pop("prose"))
    for kind, measured in costs.items():
        ours = min(measured)
        yield (
            f"CPU a token, one {names[kind]} of {tokens:,} tokens over prose",
            f"{ours:.0f} µs",
            f"{prose:.0f} µs",
            _ratio(ours, prose),
        )


def _echo_rows(server: Server, quick: bool) -> Iterator[Row]:
    """Typing while an answer streams."""
    tokens = 1_000 if quick else 3_000
    model = f"prose-{tokens}-200"
    ours = stream(atlas(server, model), server, tokens, typing=True)
    plain = stream(baseline(server, model), server, tokens)
    yield f"key echo p50/p95 at 200/s, {tokens:,} tokens", f"{ours.echo_p50:.1f}/{ours.echo_p95:.1f} ms", "", ""
    yield (
        f"CPU a token, {tokens:,} at 200/s while typing",
        f"{ours.cpu_per_token:.0f} µs",
        f"{plain.cpu_per_token:.0f} µs",
        _ratio(ours.cpu_per_token, plain.cpu_per_token),
    )


def _column_rows(server: Server, quick: bool) -> Iterator[Row]:
    """The comparison screen with four streams of 1,000 tokens a second, over itself with one and over the chat."""
    tokens = 3_000 if quick else 10_000
    model = f"prose-{tokens}-1000"
    ours = stream(comparison(server, model, 4), server, tokens, size=(200, 50), typing=True)
    quiet = stream(comparison(server, model, 4), server, tokens, size=(200, 50))
    single = stream(comparison(server, model, 1), server, tokens, size=(200, 50))
    one = stream(atlas(server, model), server, tokens, size=(200, 50))
    yield (
        "four columns of 1,000/s: shown, lag p50/p95",
        f"{4 * ours.shown_rate:,.0f}/s",
        f"{ours.lag_p50:.0f}/{ours.lag_p95:.0f} ms",
        "",
    )
    yield "four columns: key echo p50/p95", f"{ours.echo_p50:.0f}/{ours.echo_p95:.0f} ms", "", ""
    stops = sorted(_column_stop(server) for _ in range(3 if quick else 9))
    stopped = f"{statistics.median(stops):.0f}/{stops[-1]:.0f} ms"
    yield "four columns: from the key that stops all to the word, p50/longest", stopped, "", ""
    for what, figures in (("one column's", single), ("the chat's", one)):
        yield (
            f"four columns: CPU a token over {what}",
            f"{quiet.cpu_per_token / 4:.0f} µs",
            f"{figures.cpu_per_token:.0f} µs",
            _ratio(quiet.cpu_per_token / 4, figures.cpu_per_token),
        )


def _column_stop(server: Server) -> float:
    """Milliseconds from Ctrl+C, in the middle of four floods, to `stopped` on the screen."""
    program = comparison(server, "prose-20000-1000", 4)
    with Terminal(program.command, (200, 50), program.environment) as terminal:
        terminal.wait_for(program.ready)
        terminal.settle(1.0)
        terminal.press(program.ask)
        terminal.wait_for("w0005")
        pressed = time.monotonic()
        terminal.press("\x03")
        return (terminal.wait_for("stopped") - pressed) * 1e3


def _start_rows(server: Server, quick: bool) -> Iterator[Row]:
    """From the command to the first screen and to keys that are taken, over a bare Textual chat."""
    bare = Program("bare Textual chat", [sys.executable, "-m", "benchmarks.bare"], "Ask anything", "", {})
    rounds = 3 if quick else 9
    starts: dict[str, list[tuple[float, float]]] = {}
    for number in range(rounds + 1):
        for name, program in (("bare", bare), ("atlas", atlas(server, "prose-50-1000"))):
            times = _start(program)
            if number:  # the first writes the byte code
                starts.setdefault(name, []).append(times)
    for position, what in enumerate(("first screen", "keys taken")):
        ours, plain = (statistics.median(start[position] for start in starts[name]) for name in ("atlas", "bare"))
        yield f"start: {what}", f"{ours * 1e3:.0f} ms", f"{plain * 1e3:.0f} ms", _ratio(ours, plain)
    firsts = [_first_turn(server) for _ in range(rounds)]
    yield "first turn after the start, over the server's own time", f"{statistics.median(firsts):.0f} ms", "", ""


def _start(program: Program) -> tuple[float, float]:
    with Terminal(program.command, (120, 40), program.environment) as terminal:
        painted = terminal.wait_for(program.ready) - terminal.begun
        terminal.press("щ")
        return painted, terminal.wait_for("щ") - terminal.begun


def _first_turn(server: Server) -> float:
    """Milliseconds from the key that sends to the first token, less the server's own, in a program just started."""
    program = atlas(server, "prose-50-1000")
    with Terminal(program.command, (120, 40), program.environment) as terminal:
        terminal.wait_for(program.ready)
        terminal.settle(1.0)
        pressed = time.monotonic()
        terminal.press(program.ask)
        shown = terminal.wait_for("w000000")
        asked, sent = server.sent()
        return (shown - pressed - (sent[0] - asked)) * 1e3


def _transcript_rows(server: Server, quick: bool) -> Iterator[Row]:
    """A long answer to page through, a long conversation to keep open."""
    tokens = 5_000 if quick else 50_000
    program = atlas(server, f"prose-{tokens}-0")
    with Terminal(program.command, (120, 40), program.environment) as terminal:
        terminal.wait_for(program.ready)
        terminal.settle()
        terminal.press(program.ask)
        terminal.wait_for("endmark", 300)
        terminal.settle(1.0)
        pages = sorted(_page_up(terminal) for _ in range(40))
    yield (
        f"one page up in an answer of {tokens:,} tokens, p50/p95",
        f"{pages[len(pages) // 2]:.1f}/{pages[int(len(pages) * 0.95)]:.1f} ms",
        "",
        "",
    )
    count = 500 if quick else 5_000
    command = [sys.executable, "-m", "benchmarks.apps", "transcript", str(count)]
    with Terminal(command, (120, 40)) as terminal:
        terminal.wait_for("Ask anything")
        opened = time.monotonic() - terminal.begun
        terminal.settle(1.0)
        before = cpu_seconds(terminal.process.pid)
        terminal.read(time.monotonic() + 10)
        idle = (cpu_seconds(terminal.process.pid) - before) / 10
    yield f"{count:,} messages: to the first screen; idle CPU", f"{opened * 1e3:.0f} ms", f"{idle:.2%}", ""


def _page_up(terminal: Terminal) -> float:
    pressed = time.monotonic()
    terminal.press("\x1b[5~")
    last = pressed
    while terminal.read(time.monotonic() + 0.15) is not None:
        last = terminal.output[-1][0]
    return (last - pressed) * 1e3


GROUPS: dict[str, Callable[[Server, bool], Iterator[Row]]] = {
    "start": _start_rows,
    "stream": _stream_rows,
    "shapes": _shape_rows,
    "echo": _echo_rows,
    "columns": _column_rows,
    "neighbours": neighbours.rows,
    "transcript": _transcript_rows,
}


def main() -> None:
    """Measure and print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"what to measure: {', '.join(GROUPS)}")
    parser.add_argument("--quick", action="store_true", help="shorter streams")
    options = parser.parse_args()
    if unknown := set(options.groups) - set(GROUPS):
        parser.error(f"no group {', '.join(sorted(unknown))}")
    print("| what | Atlas | measure | ratio |\n| --- | --- | --- | --- |", flush=True)
    server = Server()
    try:
        for name in options.groups or GROUPS:
            for row in GROUPS[name](server, options.quick):
                print("| " + " | ".join(row) + " |", flush=True)
    finally:
        server.close()


if __name__ == "__main__":
    main()
