"""Columns of comparisons in the history: kept, exported, and added to a file that had none."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from atlas_tui.comparison import Comparison, Judgements, Vote
from atlas_tui.store import Journal, Store
from atlas_tui.store.export import from_json, to_json
from atlas_tui.store.schema import FORM
from tests.comparison.columns import answered
from tests.played import PlayedProvider, says


def compared(store: Store) -> None:
    providers = [PlayedProvider(says(name), name=name) for name in ("left", "right")]
    answered(Comparison(providers, journal=Journal(store)), "Which?")


def columns(store: Store, reference: str = "last") -> dict[str, int]:
    (turn,) = store.conversation(reference).turns
    return {stored.response.content: stored.column for stored in turn.responses}


def test_a_comparison_leaves_as_json_and_comes_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "history.db")
    compared(store)
    taken = store.add(from_json(to_json(store.conversation("last"))), fresh=True)
    assert columns(store, taken.id) == {"left": 1, "right": 2}
    store.close()


def test_a_branch_keeps_the_columns(tmp_path: Path) -> None:
    store = Store(tmp_path / "history.db")
    compared(store)
    conversation = store.conversation("last")
    branched = store.branch(conversation.info.id, conversation.turns[0].id)
    assert columns(store, branched.id) == {"left": 1, "right": 2}
    store.close()


def test_a_file_without_columns_gets_them(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    old = sqlite3.connect(path)
    old.executescript(f"{FORM.migrations[0]}; PRAGMA user_version = 1;")
    old.execute("INSERT INTO conversations (id, title, created, updated) VALUES ('abc', 'Old', 1, 1)")
    old.execute("INSERT INTO turns (id, conversation, created, prompt) VALUES (1, 'abc', 1, 'Old?')")
    old.execute(
        "INSERT INTO responses (id, turn, created, state, provider, model, content)"
        " VALUES (1, 1, 1, 'complete', 'p', 'm', 'Yes')"
    )
    old.commit()
    old.close()
    store = Store(path)
    assert columns(store) == {"Yes": 1}
    assert store.conversation("last").fallback is None  # nobody had chosen none
    vote = Vote("a", "b", "A")
    Judgements(store).add(vote)
    assert Judgements(store).votes() == [vote]
    store.close()


def test_the_first_column_is_whom_a_chat_goes_on_with(tmp_path: Path) -> None:
    store = Store(tmp_path / "history.db")
    compared(store)
    assert store.conversation("last").info.target == "left:test-model"
    store.close()
