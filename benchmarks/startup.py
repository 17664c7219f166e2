"""`python -m benchmarks.startup`: how long a command takes before it does anything, over a bare interpreter.

Each row is the fastest of several runs, taken in turn, so that a busy moment strikes them all. Read the differences:
`--help` and `import atlas_tui` may cost at most 60 ms more than the interpreter itself.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time

PROGRAMS: dict[str, list[str]] = {
    "a bare interpreter": ["-c", "pass"],
    "import argparse": ["-c", "import argparse"],
    "import atlas_tui": ["-c", "import atlas_tui"],
    "atlas-tui --help": ["-m", "atlas_tui", "--help"],
    "atlas-tui --version": ["-m", "atlas_tui", "--version"],
    "atlas-tui ask (no prompt)": ["-m", "atlas_tui", "ask"],
    "atlas-tui models -p mock": ["-m", "atlas_tui", "models", "-p", "mock"],
    "atlas-tui ask hi (mock, 1 token)": ["-m", "atlas_tui", "ask", "hi", "--max-tokens", "1"],
    "import openai": ["-c", "import openai"],
    "import anthropic": ["-c", "import anthropic"],
}


def seconds(arguments: list[str], home: str) -> float:
    """One run, from the start of the process to its end."""
    environ = {"HOME": home, "PATH": "", "TERM": "dumb"}
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments], capture_output=True, stdin=subprocess.DEVNULL, env=environ, check=False
    )
    return time.perf_counter() - begun


def main() -> None:
    """Run every program in turn and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runs", type=int, default=10, help="how often each program runs")
    runs = parser.parse_args().runs
    best = dict.fromkeys(PROGRAMS, float("inf"))
    with tempfile.TemporaryDirectory() as home:
        for _ in range(runs + 1):  # the first also writes the byte code
            for name, arguments in PROGRAMS.items():
                best[name] = min(best[name], seconds(arguments, home))
    bare = best["a bare interpreter"]
    print(f"{'':34}{'ms':>8}{'over bare, ms':>16}{'ratio':>8}")
    for name, taken in best.items():
        print(f"{name:34}{taken * 1e3:8.1f}{(taken - bare) * 1e3:16.1f}{taken / bare:8.1f}")


if __name__ == "__main__":
    main()
