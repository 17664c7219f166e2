"""`python -m benchmarks.cuts`: answers cut at random bytes, closed, reset or left hanging; what is made of them?

    python -m benchmarks.cuts                   1,000 single requests, then 500 that are retried and continued
    python -m benchmarks.cuts --runs 5000 --first 20000

The cases (`tests/faults/cuts.py`) follow from their numbers. Of each it is known which deltas had come whole, and
whether the terminal event had. Prints what was found wrong; the exit status is 1 if anything was.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence

from tests.faults.cuts import case, problems


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases; 1 if one went wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cuts", description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=1_000, help="single requests; half as many are continued")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    options = parser.parse_args(arguments)
    single = range(options.first, options.first + options.runs)
    joined = range(single.stop, single.stop + options.runs // 2)
    wrong = 0
    for what, numbers in (("one request", single), ("retried and continued", joined)):
        begun = time.monotonic()
        found = problems(numbers, joining=numbers is joined)
        wrong += len(found)
        cases = [case(number) for number in numbers]
        arrived = Counter(
            "whole" if each.tape.complete(each.cut) else "in part" if each.tape.text(each.cut) else "not at all"
            for each in cases
        )
        spent = time.monotonic() - begun
        print(f"{what}: {len(numbers)} answers in {spent:.0f} s, {len(found)} problems; they had come " + ", ".join(
            f"{arrived[how]} {how}" for how in ("whole", "in part", "not at all")
        ))  # fmt: skip
        for name, counts in (
            ("wire", Counter(each.wire for each in cases)),
            ("framing", Counter(each.framing for each in cases)),
            ("end", Counter(each.then for each in cases)),
        ):
            print(f"  by {name}: " + ", ".join(f"{count} {key}" for key, count in sorted(counts.items())))
        for problem in found:
            print(f"  {problem}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
