"""`python -m benchmarks.kill`: a process that streams is killed at random moments; what is missing afterwards?

    python -m benchmarks.kill                 200 kills
    python -m benchmarks.kill --kills 20 --seed 7

Each time a program asks the mock provider again and again and shows what comes, until it is killed (SIGKILL). Then the
history is opened and compared with what was shown. All kills hit the same file. Prints the longest time for which
shown text was not yet on disk; the exit status is 1 if that is over half a second, or anything else is lost.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from atlas_tui.models.base import End, Start, TextDelta
from atlas_tui.models.mock import MockProvider
from atlas_tui.session import Session
from atlas_tui.store import Conversation, Journal, Store

LIMIT = 0.5
"""Seconds for which shown text may be missing on disk."""
LONGEST = 1.5
"""Seconds that a program streams at most."""


@dataclass
class Shown:
    """A turn as its reader saw it."""

    prompt: str
    pieces: list[tuple[float, str]] = field(default_factory=list)
    """When each piece was shown, and what it was."""
    ended: bool = False

    @property
    def text(self) -> str:
        """The answer as far as it was shown."""
        return "".join(text for _, text in self.pieces)


@dataclass
class Outcome:
    """One kill."""

    turns: int
    missing: float = 0.0
    """Seconds between the kill and the first shown piece that is not on disk."""
    problems: list[str] = field(default_factory=list)


def stream(folder: Path, seed: int) -> None:
    """Ask again and again, and write down what is shown, at once: this is the process that is killed."""
    rng = random.Random(seed)
    session = Session(MockProvider(), journal=Journal(Store(folder / "history.db")))
    shown = os.open(folder / f"shown-{seed}", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def show(**what: object) -> None:
        os.write(shown, (json.dumps({"at": time.monotonic(), **what}) + "\n").encode())

    for number in range(1000):
        answer = " ".join(f"{seed}.{number}.{word} überall" for word in range(rng.choice([3, 50, 2000])))
        session.provider = MockProvider(delay_ms=rng.choice([0.3, 2, 20]), response=answer)
        prompt = f"prompt {seed}.{number}"
        for event in session.stream(prompt):
            if isinstance(event, Start):
                show(prompt=prompt)
            elif isinstance(event, TextDelta):
                show(text=event.text)
            elif isinstance(event, End):
                show(end=True)


def kill_once(folder: Path, seed: int, longest: float = LONGEST) -> Outcome:
    """Start a program, kill it at a random moment, and compare the history with what it had shown."""
    rng = random.Random(seed)
    command = [sys.executable, "-m", "benchmarks.kill", "--stream", str(folder), "--seed", str(seed)]
    process = subprocess.Popen(command, cwd=Path(__file__).parent.parent)
    try:
        shown = folder / f"shown-{seed}"
        until = time.monotonic() + 20
        while not shown.exists() and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, longest))
    finally:
        killed = time.monotonic()
        process.kill()
        process.wait()
    return compare(folder, _read(shown), seed, killed)


def _read(path: Path) -> list[Shown]:
    turns: list[Shown] = []
    for line in path.read_text().splitlines():
        what = json.loads(line)
        if "prompt" in what:
            turns.append(Shown(what["prompt"]))
        elif "text" in what:
            turns[-1].pieces.append((what["at"], what["text"]))
        else:
            turns[-1].ended = True
    return turns


def compare(folder: Path, shown: list[Shown], seed: int, killed: float) -> Outcome:
    """The history beside what was shown."""
    outcome = Outcome(len(shown))
    store = Store(folder / "history.db")
    try:
        if not shown:
            return outcome
        info = next((info for info in store.conversations(1000) if info.title.startswith(f"prompt {seed}.")), None)
        if info is None:
            outcome.problems.append("the conversation is not in the history")
            return outcome
        _compare(outcome, store.conversation(info.id), shown, killed)
        outcome.problems += store.notices
    finally:
        store.close()
    return outcome


def _compare(outcome: Outcome, conversation: Conversation, shown: list[Shown], killed: float) -> None:
    stored = {turn.prompt: turn for turn in conversation.turns}
    for turn in shown:
        if turn.prompt not in stored or not stored[turn.prompt].responses:
            outcome.problems.append(f"{turn.prompt}: sent, but not on disk")
            continue
        last = stored[turn.prompt].responses[-1]
        content = last.response.content
        if turn.ended and last.state != "complete":
            outcome.problems.append(f"{turn.prompt}: ended, but {last.state} on disk")
        elif last.state not in ("complete", "interrupted"):
            outcome.problems.append(f"{turn.prompt}: {last.state} after the kill")
        if turn.text.startswith(content):
            length = 0
            for at, text in turn.pieces:
                length += len(text)
                if length > len(content):
                    outcome.missing = max(outcome.missing, killed - at)
                    break
        elif not content.startswith(turn.text):
            outcome.problems.append(f"{turn.prompt}: other text on disk than was shown")
    if outcome.missing > LIMIT:
        outcome.problems.append(f"text shown {outcome.missing:.3f} s before the kill is missing")


def main() -> int:
    """Kill as often as is wanted; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kill", description="Kill a process that streams, and look for what is missing."
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stream", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stream:
        stream(options.stream, options.seed)
        return 0
    with tempfile.TemporaryDirectory() as name:
        outcomes = [kill_once(Path(name), options.seed + number) for number in range(options.kills)]
    for outcome in outcomes:
        for problem in outcome.problems:
            print(problem)
    missing = sorted(outcome.missing for outcome in outcomes)
    print(
        f"{len(outcomes)} kills, {sum(outcome.turns for outcome in outcomes)} turns; shown text that was not on disk"
        f" was at most {missing[-1] * 1000:.0f} ms old (median {missing[len(missing) // 2] * 1000:.0f} ms)"
    )
    return 1 if any(outcome.problems for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
