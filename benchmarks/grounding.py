"""`python -m benchmarks.grounding`: what passages cost a first token, at 10,000 chunks.

    python -m benchmarks.grounding              found by words
    python -m benchmarks.grounding --meaning    by meaning too, where MiniLM is on this machine

The mock answers without delay. Each prompt is asked in turn: without passages; with those that are yet to be found,
because the prompt was sent faster than it could be read, in the chat, which waits 60 ms for a vector, and in a program,
which waits for all of it; and with those that the panel has shown, which are there already. Then whole commands, from
the start of their process to the first byte of their answer: `atlas-tui ask` by the mock, and through each SDK by a
server on this machine that answers at once. Each difference has to stay below 100 ms, at p95 in one process and in the
middle for commands, whose starts alone differ by as much; the exit status is 1 if one does not. With `--meaning` the
vectors in the library are drawn by lot, the question's is MiniLM's: a search costs what it costs. Let nothing else run
meanwhile.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from atlas_tui.config import Config, RetrievalSettings
from atlas_tui.grounding import Knowledge
from atlas_tui.models.base import Event, TextDelta
from atlas_tui.models.mock import MockProvider
from atlas_tui.retrieval import Document, KnowledgeBase
from atlas_tui.retrieval.values import Chunk, SourceState
from atlas_tui.session import Session
from atlas_tui.tui.screens.chat.choice import Choice
from benchmarks.knowledge import documents, questions
from tests.servers.scripted import scripted_process

_CHUNKS = 10_000
_PROMPTS = 60
_HELD = 100.0
"""Milliseconds that a first token may come later."""
_COMMANDS = 15
"""Commands of each kind; each begins a process."""
_MODEL = "minilm:384"


def _fill(knowledge: KnowledgeBase, *, meaning: bool) -> None:
    batch: list[tuple[SourceState, list[Chunk]]] = list(documents(_CHUNKS))
    knowledge.collection.replace_many(batch)
    if not meaning:
        return
    collection, after = knowledge.collection, ""
    rng = np.random.default_rng(1)
    collection.set_embedder(_MODEL)
    while page := collection.missing(_MODEL, 2000, after):
        vectors = rng.standard_normal((len(page), 384))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        rows = zip(page, vectors.astype("<f4"), strict=True)
        collection.add_vectors(_MODEL, {key: row.tobytes() for (key, _), row in rows})
        after = page[-1][0]


class _FirstText:
    """Takes the time of the first text."""

    def __init__(self) -> None:
        self.at = 0.0

    def put(self, event: Event) -> None:
        """An event has come."""
        if isinstance(event, TextDelta) and not self.at:
            self.at = time.perf_counter()

    def full(self) -> bool:
        """It takes all."""
        return False


def _first_token(knowledge: Knowledge | None, prompt: str, chosen: Sequence[Document] | None) -> float:
    """Milliseconds from the prompt to the first text."""
    sink = _FirstText()
    session = Session(MockProvider("mock-basic", delay_ms=0), knowledge=knowledge)
    begun = time.perf_counter()
    session.start(session.add_turn(prompt, chosen), sink).join(30)
    if not sink.at:
        raise SystemExit("the mock said nothing")
    return (sink.at - begun) * 1e3


def _in_one_process(knowledge: KnowledgeBase) -> tuple[dict[str, list[float]], int]:
    """Milliseconds to the first text of each way to ask, the first without passages; how often the chat was late."""
    known, *asked = questions()[: 2 * _PROMPTS + 1]  # the vector of a question is kept for a while
    knowledge.search(known, wait=True)  # as the panel does at the first key
    rows: dict[str, list[float]] = {name: [] for name in ("without", "in the chat", "in a program", "shown before")}
    late = 0
    for prompt, other in zip(asked[::2], asked[1::2], strict=True):
        rows["without"].append(_first_token(None, prompt, ()))
        rows["in the chat"].append(_first_token(Choice(knowledge), prompt, None))
        late += knowledge.late
        rows["in a program"].append(_first_token(knowledge, other, None))
        rows["shown before"].append(_first_token(knowledge, prompt, knowledge.search(prompt)))
    return rows, late


def _first_byte(target: str, context: str, environ: dict[str, str]) -> tuple[float, bool]:
    """Milliseconds from the start of a command to its answer's first byte, and whether its passages came by meaning."""
    command = [sys.executable, "-m", "atlas_tui", "ask", "-p", target, context, "--no-history", questions()[0]]
    begun = time.perf_counter()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, bufsize=0
    ) as process:
        assert process.stdout
        assert process.stderr
        if not process.stdout.read(1):
            raise SystemExit(process.stderr.read().decode())
        taken = (time.perf_counter() - begun) * 1e3
        process.stdout.read()
        return taken, b"by words alone" not in process.stderr.read()


def _commands(folder: str, *, meaning: bool) -> dict[str, tuple[list[float], list[float], int]]:
    """For each target the milliseconds without and with passages, in turn, and how often these came by meaning."""
    with scripted_process("--flood", "1", "--model", "model") as url:
        settings = Path(folder) / "config.toml"
        bases = {"openai": f"{url}/v1", "anthropic": url, "ollama": url}
        texts = [f'[providers.{kind}-here]\nkind = "{kind}"\nbase_url = "{base}"\n' for kind, base in bases.items()]
        settings.write_text("".join(texts) + f'[retrieval]\nembedder = "{"minilm" if meaning else "none"}"\n')
        environ = {**os.environ, "ATLAS_CONFIG": str(settings), "ATLAS_DATA_DIR": folder, "ATLAS_DB_PATH": folder}
        rows = {}
        for target in ("mock", *(f"{kind}-here:model" for kind in bases)):
            _first_byte(target, "--context", environ)  # which has everything read from disk
            pairs = [
                [_first_byte(target, context, environ) for context in ("--no-context", "--context")]
                for _ in range(_COMMANDS)
            ]
            plain, along = ([taken for taken, _ in column] for column in zip(*pairs, strict=True))
            rows[target.partition("-")[0]] = plain, along, sum(met for _, (_, met) in pairs)
    return rows


def main() -> int:
    """Measure, print, and say by the exit status whether all is held."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grounding")
    parser.add_argument("--meaning", action="store_true", help="by meaning too")
    meaning = parser.parse_args().meaning
    with tempfile.TemporaryDirectory() as folder:
        config = Config(retrieval=RetrievalSettings(embedder="minilm" if meaning else "none"))
        knowledge = KnowledgeBase(folder, config=config)
        _fill(knowledge, meaning=meaning)
        rows, late = _in_one_process(knowledge)
        notices = knowledge.notices
        knowledge.close()
        commands = _commands(folder, meaning=meaning)
    load = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    how = "by words and meaning" if meaning else "by words"
    print(f"first token at {_CHUNKS:,} chunks, {how}{load}, ms\n")
    print(f"{f'one process, {_PROMPTS} prompts':34}{'p50':>8}{'p95':>8}{'later at p95':>15}{'held':>8}")
    held = True
    for name, figures in rows.items():
        later = [mine - plain for mine, plain in zip(figures, rows["without"], strict=True)]
        p50, p95 = statistics.median(figures), statistics.quantiles(figures, n=20)[-1]
        most = statistics.quantiles(later, n=20)[-1]
        held = held and most <= _HELD
        print(f"{name:34}{p50:8.1f}{p95:8.1f}{most:15.1f}{_HELD:8.0f}{'' if most <= _HELD else '  missed'}")
    if late:
        print(f"{late} of the chat's by words alone, as the vector was not there in time")
    for notice in notices:
        print(notice)
    head = f"atlas-tui ask, {_COMMANDS} times"
    print(f"\n{head:34}{'without':>8}{'with':>8}{'later, middle':>15}{'held':>8}{'by meaning':>12}")
    for name, (plain, along, met) in commands.items():
        middle = statistics.median(mine - other for mine, other in zip(along, plain, strict=True))
        held = held and middle <= _HELD
        taken = f"{statistics.median(plain):8.0f}{statistics.median(along):8.0f}{middle:15.1f}{_HELD:8.0f}"
        print(f"{name:34}{taken}{met if meaning else 0:12}{'' if middle <= _HELD else '  missed'}")
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main())
