"""Columns of comparisons in the history: kept, exported, and added to a file that had none."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from atlas_tui.comparison import Comparison, Judgements, Vote
from atlas_tui.session import Session
from atlas_tui.store import Journal, Store
from atlas_tui.store.export import from_json, to_json
from atlas_tui.store.schema import FORM
from atlas_tui.turns import reopened
from tests.comparison.columns import answered, impatient, started
from tests.played import PlayedProvider, says


def compared(store: Store) -> None:
    providers = [PlayedProvider(says(name), name=name) for name in ("left", "right")]
    answered(Comparison(providers, journal=Journal(store)), "Which?")


def columns(store: Store, reference: str = "last") -> dict[str, int]:
    (turn,) = store.conversation(reference).turns
    return {stored.response.content: stored.column for stored in turn.responses}


def picked(store: Store, reference: str = "last") -> list[str]:
    (turn,) = store.conversation(reference).turns
    return sorted(stored.response.content for stored in turn.responses if stored.picked)


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


def test_what_was_picked_in_a_column_stays_until_another_answer_comes_there(tmp_path: Path) -> None:
    store = Store(tmp_path / "history.db")
    left = PlayedProvider(says("first"), says("again"), says("third"), name="left")
    session = Session(left, policy=impatient(), journal=Journal(store))
    comparison = Comparison([left, PlayedProvider(says("right"), name="right")], session=session)
    turn = answered(comparison, "Which?")
    (sink,) = started(comparison.columns[:1], comparison, turn)
    sink.end()
    assert picked(store) == []
    session.pick(turn, 1, turn.of(1)[0])
    session.pick(turn, 2, turn.of(2)[0])
    stored = store.conversation("last")
    assert picked(store) == ["first", "right"]
    again = reopened(stored.turns[0])
    assert [again.own(column).content for column in (1, 2)] == ["first", "right"]  # type: ignore[union-attr]
    branch = store.branch(stored.info.id, stored.turns[0].id)
    assert picked(store, branch.id) == ["first", "right"]
    taken = store.add(from_json(to_json(session.conversation())), fresh=True)
    assert picked(store, taken.id) == ["first", "right"]
    (sink,) = started(comparison.columns[:1], comparison, turn)
    sink.end()
    assert picked(store, stored.info.id) == ["right"]
    store.close()


def test_a_choice_leaves_with_the_export_and_can_be_taken_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "history.db")
    left, right = (PlayedProvider(says(name), name=name) for name in ("left", "right"))
    session = Session(left, journal=Journal(store))
    comparison = Comparison([left, right], session=session)
    turn = answered(comparison, "Which?")
    adopted = comparison.adopt(turn, comparison.columns[0])
    (stored,) = from_json(to_json(session.conversation())).turns
    assert [each.response.content for each in stored.responses if each.id == stored.chosen] == ["left"]
    assert store.conversation("last").turns[0].chosen is not None
    session.choose(turn, None)
    assert store.conversation("last").turns[0].chosen is None
    assert adopted in turn.responses
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
