"""Processes that are killed, and processes that write at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

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

_FORKS = """
import os, sys
from pathlib import Path
from atlas_tui.models.base import TextDelta
from atlas_tui.models.mock import MockProvider
from atlas_tui.session import Session
from atlas_tui.store import Journal, Store

def ask(prompt, **options):
    return Session(MockProvider(delay_ms=0, **options), journal=Journal(store)).stream(prompt)

store = Store(Path(sys.argv[1]))
running = ask("running meanwhile", simulate_errors=True, error_type="stall")
next(event for event in running if isinstance(event, TextDelta))
list(ask("before"))
child = os.fork()
if not child:
    list(ask("in the child"))
    store.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
list(ask("after"))
other = Store(Path(sys.argv[1]))
for info in other.conversations():
    (turn,) = other.conversation(info.id).turns
    print(turn.prompt, *[response.state for response in turn.responses], sep=": ")
running.close()
list(running)
for each in (store, other):
    assert each.notices == [], each.notices
    each.close()
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")
def test_a_forked_process_writes_for_itself(tmp_path: Path) -> None:
    """A pool of processes, or a server that forks its workers, each waited ten seconds for every answer."""
    done = subprocess.run(
        [sys.executable, "-c", _FORKS, str(tmp_path / "history.db")],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert set(done.stdout.splitlines()) == {
        "running meanwhile: streaming", "before: complete", "in the child: complete", "after: complete"
    }  # fmt: skip
