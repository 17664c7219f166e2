"""`python -m benchmarks.knowledge`: a knowledge base of 100,000 chunks, built and asked.

    python -m benchmarks.knowledge                 the words alone (half a minute)
    python -m benchmarks.knowledge --vectors       with a vector a chunk, compared exactly
    python -m benchmarks.knowledge --chroma        with Chroma's index, which takes ten minutes to build

The text is that of Python's own standard library, cut differently each time around until there is enough of it; the
questions are made of its words, rare and common. Vectors lie in clusters, and no embedder runs: its time is its own.
Questions are asked in a process that has just started. Each figure stands beside what it has to hold; the exit status
is 1 if one does not. Let nothing else run meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from zlib import crc32

import numpy as np

from atlas_tui.models.base import CancelToken
from atlas_tui.retrieval import KnowledgeBase
from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.values import Chunk, SourceState
from atlas_tui.retrieval.vectors import VectorIndex, open_index

_SIZE = 700
_BATCH = 500
_QUESTIONS = 200
_DIMENSIONS = 384
_MODEL = f"clusters:{_DIMENSIONS}"
_LEADS = ("How does", "What is the purpose of", "Where do I set", "Why would", "What happens when", "Explain how")
Row = tuple[str, float, str, float, bool]
"""What, its figure, the unit, what it has to hold, and whether more is better."""


class Clusters:
    """Stands in for an embedder: each text has its vector, in one of 200 clusters, and nothing has a meaning."""

    name = "clusters"

    def __init__(self) -> None:
        self._centres = np.random.default_rng(1).standard_normal((200, _DIMENSIONS))

    def embed(self, texts: Sequence[str], *, question: bool = False) -> list[bytes]:
        """A vector a text."""
        return [self._vector(crc32(text.encode("utf-8", "replace"))) for text in texts]

    def _vector(self, seed: int) -> bytes:
        vector = self._centres[seed % 200] + np.random.default_rng(seed).standard_normal(_DIMENSIONS) * 0.7
        return bytes((vector / np.linalg.norm(vector)).astype("<f4").tobytes())

    def ready(self) -> bool:
        """At once."""
        return True

    def warm(self) -> None:
        """Nothing loads."""

    def close(self) -> None:
        """Nothing runs."""


def documents(count: int) -> Iterator[tuple[SourceState, list[Chunk]]]:
    """Files of chunks, `count` chunks in all."""
    root = Path(sysconfig.get_path("stdlib"))
    files = [path for path in sorted(root.rglob("*.py")) if "site-packages" not in path.parts]
    left = count
    for around in range(1000):
        for path in files:
            text = path.read_text("utf-8", errors="replace")
            starts = range(97 * around, len(text), _SIZE)[:left]
            chunks = [Chunk(text[at : at + _SIZE], f"{path.parent.name} > {path.stem}", at, at) for at in starts]
            left -= len(chunks)
            if chunks:
                yield SourceState(f"{around}/{path.relative_to(root)}", len(text), 0, ""), chunks
            if not left:
                return


def questions() -> list[str]:
    """Questions with words that stand near each other somewhere, and with some that stand anywhere."""
    rng = random.Random(2)
    texts = [chunk.text for _, chunks in documents(3000) for chunk in chunks]
    asked: list[str] = []
    while len(asked) < _QUESTIONS:
        words = re.findall(r"[A-Za-z_]{3,}", rng.choice(texts))
        if len(words) > 20:
            near, begin = rng.randint(2, 5), rng.randrange(len(words) - 5)
            chosen = [*rng.sample(words, 3), *words[begin : begin + near]]
            asked.append(f"{rng.choice(_LEADS)} {' '.join(chosen)} in this code?")
    return asked


def _build(folder: Path, count: int, vectors: bool) -> list[Row]:
    knowledge = KnowledgeBase(str(folder))
    batch: list[tuple[SourceState, list[Chunk]]] = []
    size, took = 0, 0.0

    def write() -> None:
        nonlocal size, took
        begun = time.perf_counter()
        knowledge.collection.replace_many(batch)
        took += time.perf_counter() - begun
        size += sum(len(chunk.text) for _, chunks in batch for chunk in chunks)
        batch.clear()

    for document in documents(count):
        batch.append(document)
        if sum(len(chunks) for _, chunks in batch) >= _BATCH:
            write()
    write()
    if vectors:
        _add_vectors(knowledge.collection)
    knowledge.close()
    on_disk = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    rows: list[Row] = [(f"words of {count:,} chunks into the library", size / took / 1e6, "MB/s", 3.0, True)]
    return [*rows, (f"library of {count:,} chunks on disk", on_disk, "MB", 1000.0 if vectors else 400.0, False)]


def _add_vectors(collection: Collection) -> None:
    embedder, after = Clusters(), ""
    while page := collection.missing(_MODEL, 2000, after):
        vectors = embedder.embed([text for _, text in page])
        collection.add_vectors(_MODEL, {key: vector for (key, _), vector in zip(page, vectors, strict=True)})
        after = page[-1][0]
    collection.set_embedder(_MODEL)


def ask(folder: Path, vectors: str) -> dict[str, float]:
    """In a process that has just started: the figures of all questions."""
    asked = questions()
    begun = time.perf_counter()
    knowledge = KnowledgeBase(str(folder))
    index: VectorIndex | None = None
    points: list[bytes] = []
    if vectors:
        embedder = Clusters()
        points = embedder.embed(asked)
        index = open_index(knowledge.collection, str(folder), embedder, vectors=vectors)
        if vectors == "chroma":
            index.build(lambda done, total: None, CancelToken())
            begun = time.perf_counter()
    times, own = [], []
    for number, question in enumerate(asked):
        before, used = time.perf_counter(), time.process_time()
        if index is not None:
            index.query(points[number], 100)
        lexical = knowledge.collection.lexical(question, 100 if vectors else 15)
        best = knowledge.collection.chunks([hit.id for hit in lexical[:15]])
        knowledge.collection.matched(question, [chunk.id for chunk in best[:5]])
        times.append(time.perf_counter() - before)
        own.append(time.process_time() - used)
        if number == 0:
            first = time.perf_counter() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20)
    times.sort()
    own.sort()
    if index is not None:
        index.close()
    knowledge.close()
    return {
        "first": first,
        "p50": times[len(times) // 2] * 1e3,
        "p95": times[int(len(times) * 0.95)] * 1e3,
        "own": own[int(len(own) * 0.95)] * 1e3,
        "memory": memory,
    }


def main() -> int:
    """Print the figures; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.knowledge", description=__doc__.split("\n")[0])
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--vectors", action="store_true", help="with vectors, compared exactly")
    parser.add_argument("--chroma", action="store_true", help="with vectors in Chroma")
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    vectors = "chroma" if options.chroma else "exact" if options.vectors else ""
    if options.ask:
        print(json.dumps(ask(options.ask, vectors)))
        return 0
    with tempfile.TemporaryDirectory() as name:
        rows = _build(Path(name), options.chunks, bool(vectors))
        command = [sys.executable, "-m", "benchmarks.knowledge", *sys.argv[1:], "--ask", name]
        answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[1])
        figures = json.loads(answer.stdout)
    rows += [
        ("first question after the start", figures["first"], "s", 2.0, False),
        ("a question, p50", figures["p50"], "ms", 50.0, False),
        ("a question, p95", figures["p95"], "ms", 50.0, False),
        ("of it, the processor's time in this process, p95", figures["own"], "ms", 50.0, False),
        ("memory, at most", figures["memory"], "MB", 500.0, False),
    ]
    print("| what | Atlas | has to hold |\n| --- | --- | --- |")
    for what, figure, unit, bound, more in rows:
        print(f"| {what} | {figure:.3g} {unit} | {'at least' if more else 'at most'} {bound:g} |")
    if hasattr(os, "getloadavg"):
        print(f"\nLoad average {os.getloadavg()[0]:.1f}, of which 1 is this benchmark.")
    return 0 if all(figure >= bound if more else figure <= bound for _, figure, _, bound, more in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
