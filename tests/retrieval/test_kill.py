"""Processes that index and are killed, and processes that write at the same time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from atlas_tui.retrieval.library import Library
from benchmarks.index_kill import Tree, complete, kill_once

_WRITES = """
import sys
from pathlib import Path
from atlas_tui.retrieval.library import Library
from atlas_tui.retrieval.values import Chunk, SourceState

me = sys.argv[2]
library = Library(Path(sys.argv[1]))
collection = library.collection("shared")
for round in range(12):
    batch = []
    for number in range(10):
        text = f"own{me}n{round}x{number} of {me}"
        batch.append((SourceState(f"{me}/{round}/{number}", 0, round, me), [Chunk(text), Chunk("in common")]))
    batch.append((SourceState("contended", 0, round, me), [Chunk(f"by {me}"), Chunk(f"also by {me}")]))
    collection.replace_many(batch)
    collection.remove([f"{me}/{round}/0"])
    hashes = [key for key, _ in collection.missing("m", 5)]
    collection.add_vectors("m", {key: me.encode() * 4 for key in hashes})
assert not library.notices, library.notices
library.close()
"""


def test_after_a_kill_each_document_is_whole_or_absent(tmp_path: Path) -> None:
    tree, db_path = Tree(tmp_path / "tree", 3), tmp_path / "chroma"
    problems: list[str] = []
    kills = 0
    for number in range(10):
        at_work, found = kill_once(db_path, tree, 20 + number, 0.2)
        problems += found
        kills += at_work
        tree.change(number + 1)
    assert problems + complete(db_path, tree) == []
    assert kills, "each came too late to show anything"
    assert not list(db_path.glob("*damaged*"))


def test_three_processes_write_and_nothing_is_lost(tmp_path: Path) -> None:
    file = tmp_path / "chroma" / "library.sqlite3"
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITES, str(file), name], stderr=subprocess.PIPE, text=True)
        for name in "abc"
    ]
    for writer in writers:
        _, complaint = writer.communicate(timeout=50)
        assert (writer.returncode, complaint) == (0, "")
    library = Library(file)
    collection = library.collection("shared")
    sources = collection.sources()
    assert len(sources) == 3 * 12 * 9 + 1
    (contended,) = [state for state in sources.values() if state.source == "contended"]
    by = contended.digest
    assert len(collection.ids(["contended"])) == 2
    assert {each.chunk.text for each in collection.chunks(collection.ids(["contended"]))} == {
        f"by {by}",
        f"also by {by}",
    }
    for name in "abc":
        for word in (f"own{name}n3x7", f"own{name}n11x9"):
            assert len(collection.lexical(word, 10)) == 1
        assert collection.lexical(f"own{name}n3x0", 10) == []
    assert len(collection.lexical("common", 1000)) == 3 * 12 * 9
    assert [info.name for info in library.collections()] == ["shared"]
    library.close()
