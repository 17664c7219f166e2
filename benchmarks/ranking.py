"""`python -m benchmarks.ranking [FOLDER]`: how well passages are found, beside plain BM25 on the same data.

    python -m benchmarks.ranking              the sets in ../shared/data/retrieval, or in $ATLAS_RANKING_DATA
    python -m benchmarks.ranking --lexical    without the embedder, in seconds

Each set is a file `NAME.jsonl.gz` of documents and questions with the documents that answer them. A document goes the
way of every other one: chunks, library, vectors of MiniLM; it is found when one of its chunks is. Where the documents
are sections under a heading, their first line is taken for it. `docstrings` is made of Python's standard library
(`benchmarks.docstrings`), and nothing was ever tuned on it; there the chunks of whole modules are what is to be found.
The measure is one FTS5 table of the same documents, `porter unicode61`, asked for all words of the question. Figures
are nDCG@10; the exit status is 1 if one does not hold.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import os
import re
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from atlas_tui.config import Config, RetrievalSettings
from atlas_tui.retrieval import KnowledgeBase
from atlas_tui.retrieval.chunking import chunk
from atlas_tui.retrieval.embedders import embedder_for
from atlas_tui.retrieval.filling import fill
from atlas_tui.retrieval.reading.blocks import Block
from atlas_tui.retrieval.values import Chunk, SourceState
from atlas_tui.retrieval.vectors import open_index
from benchmarks import docstrings

_DEPTH = 50
"""Chunks that are asked for: enough for ten documents."""
_SECTIONS = ("docsqa",)
"""Sets whose documents begin with their heading."""
_LEXICAL = {"docsqa": 1.0, "codeqa": 1.05, "docstrings": 1.05}
_HYBRID = {"docsqa": 1.08, "codeqa": 1.05, "docstrings": 1.05}
_WORSE = 0.98
"""What hybrid is of the better of its halves, at least."""
Search = Callable[[str], Iterable[str]]
"""The ids of documents that answer a question, best first."""


@dataclass(frozen=True)
class Judged:
    """A set of data."""

    name: str
    documents: dict[str, str]
    """What is to be found, by its id."""
    sources: dict[str, list[Chunk]]
    """The same as Atlas has it."""
    questions: list[tuple[str, set[str]]]
    id_of: Callable[[str, int | None], str] = lambda source, first_line: source
    """The document that a chunk belongs to."""

    def score(self, search: Search) -> float:
        """The mean nDCG@10."""
        return sum(_ndcg(search(question), answers) for question, answers in self.questions) / len(self.questions)


def read(file: Path) -> Judged:
    """A set from its file."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    name = file.name.partition(".")[0]
    documents = {row["id"]: row["text"] for row in rows if row["t"] == "d"}
    sources = {source: _chunks(text, section=name in _SECTIONS) for source, text in documents.items()}
    return Judged(name, documents, sources, [(row["text"], set(row["rel"])) for row in rows if row["t"] == "q"])


def library() -> Judged:
    """The set of Python's standard library."""
    sources, questions = docstrings.collect()
    documents = {
        docstrings.name(source, each.first_line): each.text for source, chunks in sources.items() for each in chunks
    }
    return Judged("docstrings", documents, sources, questions, docstrings.name)


def _chunks(text: str, *, section: bool) -> list[Chunk]:
    headings = (text.strip().partition("\n")[0][:100],) if section else ()
    return chunk([Block(text, headings, code=not section)])


def _ndcg(found: Iterable[str], answers: set[str], depth: int = 10) -> float:
    ranked = list(dict.fromkeys(found))[:depth]
    gained = sum(1 / math.log2(place + 2) for place, name in enumerate(ranked) if name in answers)
    return gained / sum(1 / math.log2(place + 2) for place in range(min(depth, len(answers))))


def plain(documents: dict[str, str]) -> Search:
    """The measure."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE plain USING fts5(name UNINDEXED, text, tokenize='porter unicode61')")
    connection.executemany("INSERT INTO plain VALUES (?, ?)", documents.items())

    def search(question: str) -> list[str]:
        match = " OR ".join(f'"{word}"' for word in dict.fromkeys(re.findall(r"\w+", question)))
        statement = "SELECT name FROM plain WHERE plain MATCH ? ORDER BY bm25(plain) LIMIT 10"
        return [name for (name,) in connection.execute(statement, (match,))]

    return search


def _found(knowledge: KnowledgeBase, judged: Judged) -> Search:
    def search(question: str) -> list[str]:
        found = [document["metadata"] for document in knowledge.search(question, _DEPTH, wait=True)]
        return [judged.id_of(metadata["source"], metadata.get("first_line")) for metadata in found]

    return search


def measure(judged: Judged, folder: Path, *, vectors: bool) -> tuple[float, float, float | None, float | None]:
    """nDCG@10 of plain BM25, and of Atlas by words, by meaning and by both."""
    config = Config(retrieval=RetrievalSettings(embedder="minilm", vectors="exact"))
    knowledge = KnowledgeBase(str(folder), judged.name, config=config)
    try:
        knowledge.collection.replace_many(
            (SourceState(source, 0, 0, ""), chunks) for source, chunks in judged.sources.items()
        )
        base, lexical = judged.score(plain(judged.documents)), judged.score(_found(knowledge, judged))
        if not vectors:
            return base, lexical, None, None
        collection = knowledge.collection
        embedder = embedder_for("minilm", config)
        try:
            fill(collection, embedder, progress=lambda done, total: _tell(judged.name, done, total))
            index = open_index(collection, str(folder), embedder, vectors="exact")

            def by_meaning(question: str) -> list[str]:
                [vector] = embedder.embed([question], question=True)
                hits = index.query(vector, _DEPTH)
                found = collection.chunks([hit.id for hit in hits])
                return [judged.id_of(each.source, each.chunk.first_line) for each in found]

            dense = judged.score(by_meaning)
            index.close()
        finally:
            embedder.close()
        hybrid = judged.score(_found(knowledge, judged))
        for notice in knowledge.notices:
            sys.exit(notice)
        return base, lexical, dense, hybrid
    finally:
        knowledge.close()


def _tell(name: str, done: int, total: int) -> None:
    print(f"\r{name}: {done} of {total} embedded", end="\n" if done == total else "", file=sys.stderr, flush=True)


def main() -> int:
    """Print the table; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ranking", description=__doc__.split("\n")[0])
    usual = os.environ.get("ATLAS_RANKING_DATA") or Path(__file__).parents[2] / "shared" / "data" / "retrieval"
    parser.add_argument("folder", nargs="?", type=Path, default=Path(usual), help="where the sets lie")
    parser.add_argument("--lexical", action="store_true", help="without the embedder")
    options = parser.parse_args()
    files = sorted(options.folder.glob("*.jsonl.gz"))
    if not files:
        parser.error(f"no set NAME.jsonl.gz in {options.folder}")
    held = True
    print("| set | plain BM25 | words | meaning | both | words / plain | both / plain | both / better half |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for judged in (*map(read, files), library()):
        with tempfile.TemporaryDirectory() as folder:
            base, lexical, dense, hybrid = measure(judged, Path(folder), vectors=not options.lexical)
        held &= lexical >= _LEXICAL.get(judged.name, 1.0) * base
        cells = [judged.name, f"{base:.3f}", f"{lexical:.3f}", "", "", f"{lexical / base:.2f}", "", ""]
        if dense is not None and hybrid is not None:
            held &= hybrid >= _HYBRID.get(judged.name, 1.0) * base and hybrid >= _WORSE * max(lexical, dense)
            cells[3:5] = f"{dense:.3f}", f"{hybrid:.3f}"
            cells[6:] = f"{hybrid / base:.2f}", f"{hybrid / max(lexical, dense):.2f}"
        print("| " + " | ".join(cells) + " |", flush=True)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
