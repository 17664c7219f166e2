"""What the history knows of money and of tokens."""

from __future__ import annotations

import time

from atlas_tui.config import Price
from atlas_tui.models.base import Counted, TokenUsage
from atlas_tui.store import Ledger, Store
from tests.played import PlayedProvider, ask, says
from tests.store.conftest import OpenStore
from tests.store.rehearsal import conversation, session_of


def paid(store: Store, dollars: int) -> None:
    """An answer that has cost so much."""
    prices = {"played": Price(0.0, 1_000_000.0)}
    provider = PlayedProvider(says("ok", counted=Counted(TokenUsage(1, dollars))), prices=prices)
    ask(session_of(store, provider), "Go")


class TestSpent:
    def test_all_answers_since_then(self, store: Store) -> None:
        before = time.time()
        paid(store, 2)
        paid(store, 3)
        assert store.spent(before) == 5.0
        assert store.spent(time.time()) == 0.0
        assert store.spent(before, mock=True) == 0.0

    def test_a_branch_and_an_import_have_been_paid_for_already(self, store: Store) -> None:
        paid(store, 2)
        number = store.info("last").id
        store.branch(number, store.conversation(number).turns[0].id)
        store.add(conversation(("p", "a")))
        assert store.spent(0) == 2.0

    def test_what_is_removed_for_good_was_paid_all_the_same(self, store: Store) -> None:
        paid(store, 2)
        number = store.info("last").id
        copy = store.branch(number, store.conversation(number).turns[0].id)
        for each in (number, copy.id):
            store.delete(each)
        assert store.spent(0) == 2.0
        assert store.purge() == 2
        assert store.spent(0) == 2.0
        assert store.spent(time.time()) == 0.0

    def test_an_answer_that_nobody_keeps_is_on_the_disk_when_it_has_ended(self, open_store: OpenStore) -> None:
        here, elsewhere = Ledger(open_store()), Ledger(open_store())
        here.runs(7, 1.5, mock=False)
        assert (here.today().result(5), here.today(but=(7,)).result(5), elsewhere.today().result(5)) == (1.5, 0, 0)
        written = here.ended(7)
        assert written is not None
        written.result(5)
        assert (here.today().result(5), elsewhere.today().result(5)) == (1.5, 1.5)
        assert here.ended(7) is None


class TestCorrections:
    def test_are_there_again_in_the_next_process(self, open_store: OpenStore) -> None:
        first, later = open_store(), open_store()
        ledger = Ledger(first)
        for _ in range(4):
            ledger.learn("a:b", 1500, 1000)
        assert first.close()
        assert Ledger(later).correction("a:b") == 1.5

    def test_only_the_last_ones_of_a_target_are_kept(self, store: Store) -> None:
        ledger = Ledger(store)
        ledger.learn("other:m", 600, 1000)
        for counted in (*[2500] * 30, *[1200] * 20):
            ledger.learn("a:b", counted, 1000)
        assert ledger.correction("a:b") == 1.2
        rows = "SELECT target, count(*), max(ratio) FROM token_ratios GROUP BY target ORDER BY target"
        store.writer.now(_Nothing()).result(5)
        kept = store.writer.call(lambda connection: connection.execute(rows).fetchall())
        assert kept.result(5) == [("a:b", 20, 1.2), ("other:m", 1, 0.6)]


class _Nothing:
    key = "nothing"

    def write(self, connection: object) -> None:
        """What waits is written with it."""

    def written(self) -> None:
        """Nothing is kept."""
