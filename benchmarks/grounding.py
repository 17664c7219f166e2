"""`python -m benchmarks.grounding`: what passages cost a first token, at 10,000 chunks.

    python -m benchmarks.grounding              found by words
    python -m benchmarks.grounding --meaning    by meaning too, where MiniLM is on this machine

The mock answers without delay. Each prompt is asked in turn: without passages; with those that are yet to be found,
because the prompt was sent faster than it could be read, in the chat, which waits 60 ms for a vector, and in a program,
which waits for all of it; and with those that the panel has shown, which are there already. Each difference has to stay
below 100 ms at p95; the exit status is 1 if one does not. With `--meaning` the vectors in the library are drawn by lot,
the question's is MiniLM's: a search costs what it costs. Let nothing else run meanwhile.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from atlas_tui.config import Config, RetrievalSettings
from atlas_tui.models.base import Event, TextDelta
from atlas_tui.models.mock import MockProvider
from atlas_tui.retrieval import Document, KnowledgeBase
from atlas_tui.retrieval.values import Chunk, SourceState
from atlas_tui.session import Knowledge, Session
from atlas_tui.tui.screens.chat.choice import Choice
from benchmarks.knowledge import documents, questions

_CHUNKS = 10_000
_PROMPTS = 60
_HELD = 100.0
"""Milliseconds that a first token may come later."""
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


def main() -> int:
    """Measure, print, and say by the exit status whether all is held."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grounding")
    parser.add_argument("--meaning", action="store_true", help="by meaning too")
    meaning = parser.parse_args().meaning
    with tempfile.TemporaryDirectory() as folder:
        config = Config(retrieval=RetrievalSettings(embedder="minilm" if meaning else "none"))
        knowledge = KnowledgeBase(str(Path(folder)), config=config)
        _fill(knowledge, meaning=meaning)
        known, *asked = questions()[: 2 * _PROMPTS + 1]  # the vector of a question is kept for a while
        knowledge.search(known, wait=True)  # as the panel does at the first key
        rows: dict[str, list[float]] = {"without": [], "chat": [], "program": [], "shown": []}
        late = 0
        for prompt, other in zip(asked[::2], asked[1::2], strict=True):
            rows["without"].append(_first_token(None, prompt, ()))
            rows["chat"].append(_first_token(Choice(knowledge), prompt, None))
            late += knowledge.late
            rows["program"].append(_first_token(knowledge, other, None))
            rows["shown"].append(_first_token(knowledge, prompt, knowledge.search(prompt)))
        notices = knowledge.notices
        knowledge.close()
    load = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    how = f"by words{' and meaning' if meaning else ''}"
    print(f"first token at {_CHUNKS:,} chunks, {how}, {_PROMPTS} prompts{load}, ms\n")
    print(f"{'':34}{'p50':>8}{'p95':>8}{'later at p95':>15}{'held':>8}")
    held = True
    words = {
        "without": "without passages",
        "chat": "still to find, in the chat",
        "program": "still to find, in a program",
        "shown": "with those that were shown",
    }
    for name, figures in rows.items():
        later = [mine - plain for mine, plain in zip(figures, rows["without"], strict=True)]
        p50, p95 = statistics.median(figures), statistics.quantiles(figures, n=20)[-1]
        most = statistics.quantiles(later, n=20)[-1]
        held = held and most <= _HELD
        print(f"{words[name]:34}{p50:8.1f}{p95:8.1f}{most:15.1f}{_HELD:8.0f}{'' if most <= _HELD else '  missed'}")
    if late:
        print(f"{late} of the chat's by words alone, as the vector was not there in time")
    for notice in notices:
        print(notice)
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main())
