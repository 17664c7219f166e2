"""Processes that are killed, and processes that write at the same time."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from atlas_tui.store import Store
from benchmarks.kill import LIMIT, kill_once

_WRITES = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from atlas_tui.models.mock import MockProvider
from atlas_tui.session import Session
from atlas_tui.store import Journal, Store

store = Store(Path(sys.argv[1]), on_notice=lambda sentence: sys.exit(sentence))
for number in range(15):
    session = Session(MockProvider(delay_ms=0, response=f"answer {sys.argv[2]}.{number} " * 20), journal=Journal(store))
    for prompt in range(3):
        list(session.stream(f"prompt {sys.argv[2]}.{number}.{prompt}"))
assert store.notices == [], store.notices
store.close()
"""


def test_a_kill_takes_half_a_second_at_most(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as two_at_once:
        outcomes = list(two_at_once.map(lambda seed: kill_once(tmp_path, seed, 0.7), range(1, 13)))
    assert [problem for outcome in outcomes for problem in outcome.problems] == []
    assert max(outcome.missing for outcome in outcomes) <= LIMIT
    assert sum(outcome.turns for outcome in outcomes) >= 6
    assert not list(tmp_path.glob("*damaged*"))


def test_processes_write_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITES, str(path), str(number)], stderr=subprocess.PIPE, text=True)
        for number in range(3)
    ]
    for writer in writers:
        _, complaint = writer.communicate(timeout=50)
        assert (writer.returncode, complaint) == (0, "")
    store = Store(path)
    try:
        infos = store.conversations(1000)
        assert len(infos) == 45
        for info in infos:
            states = [response.state for turn in store.conversation(info.id).turns for response in turn.responses]
            assert states == ["complete"] * 3
    finally:
        store.close()
