"""`python -m benchmarks.index_kill`: a process that indexes is killed at random moments; is each document whole?

    python -m benchmarks.index_kill                 100 kills
    python -m benchmarks.index_kill --kills 10 --seed 7

Between kills some files change, some go and some come. After each kill the library is opened: every document must be
there as one of the states that its file had, with all of its lines, or not at all, and be found by its words as often
as it should; what a finished process had indexed must not be gone. At the end one run completes the rest. The exit
status is 1 if anything is not so. A process that was done before its kill does not count.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

from atlas_tui.retrieval import KnowledgeBase
from atlas_tui.retrieval.indexing import index
from atlas_tui.retrieval.library import Collection

FILES = 150
LINES = 400
_LONGEST = 0.5
"""Seconds after which the kill comes at the latest."""


class Tree:
    """A folder of documents that change, each of their states known."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self._rng = random.Random(seed)
        self._states: dict[str, str] = {}
        """What was written, by the digest of its bytes."""
        self.current: dict[str, str] = {}
        """The digest of each file that is there, by its name."""
        folder.mkdir(parents=True)
        for number in range(FILES):
            self._write(number, 0)

    def change(self, version: int) -> None:
        """A quarter of the files get another text, a few go, and those that are gone come back."""
        for number in range(FILES):
            name = f"file{number}.txt"
            chance = self._rng.random()
            if name not in self.current or chance < 0.25:
                self._write(number, version)
            elif chance < 0.3:
                (self.folder / name).unlink()
                del self.current[name]

    def lines(self, digest: str) -> list[str] | None:
        """The lines of the state with this digest; None if no file was ever like that."""
        text = self._states.get(digest)
        return None if text is None else text.splitlines()

    def _write(self, number: int, version: int) -> None:
        name = f"file{number}.txt"
        marks = (f"f{number}v{version}l{line}" for line in range(self._rng.randint(1, LINES)))
        text = "\n".join(f"{mark} says something about the world, in words that come again" for mark in marks)
        (self.folder / name).write_text(text, encoding="utf-8")
        digest = sha256(text.encode()).hexdigest()
        self._states[digest], self.current[name] = text, digest


def check(collection: Collection, tree: Tree) -> list[str]:
    """What is wrong with the library; usually nothing."""
    problems: list[str] = []
    texts: dict[str, list[str]] = {}
    for chunk in collection.chunks(sorted(collection.ids())):
        texts.setdefault(chunk.source, []).append(chunk.chunk.text)
    sources = collection.sources()
    problems += [f"{source}: chunks without a document" for source in texts.keys() - sources.keys()]
    for source, state in sources.items():
        lines = tree.lines(state.digest)
        if lines is None:
            problems.append(f"{source}: a state that the file never had")
            continue
        if "\n".join(texts.get(source, [])).split() != "\n".join(lines).split():
            problems.append(f"{source}: not whole")
        mark = lines[-1].partition(" ")[0]
        hits = collection.chunks([hit.id for hit in collection.lexical(mark, 5)])
        if [hit.source for hit in hits] != [source]:
            problems.append(f"{source}: {mark} finds {[hit.source for hit in hits]}")
    return problems


def kill_once(db_path: Path, tree: Tree, seed: int, longest: float) -> tuple[bool, list[str]]:
    """Start a process that indexes, kill it at a random moment, and look at the library; whether it still ran, and what
    is wrong."""
    command = [sys.executable, "-m", "benchmarks.index_kill", "--index", str(db_path), str(tree.folder)]
    process = subprocess.Popen(command, cwd=Path(__file__).parent.parent, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.read(1)  # it begins
        time.sleep(random.Random(seed).uniform(0, longest))
    finally:
        process.kill()
        rest, _ = process.communicate()
    ran = b"done" not in rest
    knowledge = KnowledgeBase(str(db_path))
    try:
        return ran, check(knowledge.collection, tree) + knowledge.notices
    finally:
        knowledge.close()


def complete(db_path: Path, tree: Tree) -> list[str]:
    """Index what is missing, and compare with the folder as it is; what is wrong."""
    knowledge = KnowledgeBase(str(db_path))
    try:
        index([str(tree.folder)], knowledge.collection)
        problems = check(knowledge.collection, tree)
        there = {Path(source).name: state.digest for source, state in knowledge.collection.sources().items()}
        if there != tree.current:
            problems.append("the last run did not complete the rest")
        return problems + knowledge.notices
    finally:
        knowledge.close()


def main() -> int:
    """Kill as often as is wanted; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.index_kill", description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--index", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.index:
        print("x", flush=True)
        index([options.index[1]], KnowledgeBase(options.index[0]).collection)
        print("done", flush=True)
        return 0
    problems: list[str] = []
    kills, number, longest = 0, 0, _LONGEST
    with tempfile.TemporaryDirectory() as name:
        tree, db_path = Tree(Path(name) / "tree", options.seed), Path(name) / "chroma"
        while kills < options.kills:
            number += 1
            ran, found = kill_once(db_path, tree, options.seed + number, longest)
            problems += found
            kills += ran
            longest = min(_LONGEST, longest * (1.05 if ran else 0.8))  # how long it takes depends on the machine
            tree.change(number)
        problems += complete(db_path, tree)
    for problem in problems:
        print(problem)
    print(f"{kills} kills of a process that indexed, and {number - kills} that came too late; {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
