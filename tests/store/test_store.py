"""The history: listed, opened, searched and changed."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atlas_tui import ConfigError
from atlas_tui.errors import AtlasError
from atlas_tui.pricing import UNKNOWN_COST
from atlas_tui.store import Conversation, Store, StoredTurn
from atlas_tui.store.search import expression
from atlas_tui.store.values import title_of
from tests.played import PlayedProvider, ask, says
from tests.store.conftest import OpenStore
from tests.store.rehearsal import NOON, answer, conversation, session_of


def add(store: Store, *turns: tuple[str, str], title: str = "A title", number: str = "") -> str:
    return store.add(conversation(*turns, title=title, number=number)).id


def date_back(store: Store, number: str, days: int) -> None:
    """As if it had been deleted so many days ago."""
    values = (time.time() - days * 86400, number)
    statement = "UPDATE conversations SET deleted = ? WHERE id = ?"
    store.writer.call(lambda connection: connection.execute(statement, values)).result(5)


class TestConversations:
    def test_the_last_used_come_first_in_pages(self, store: Store) -> None:
        for number in range(5):
            opened = conversation(("p", "a"), title=f"title {number}")
            moved = opened.info.__class__("", opened.info.title, NOON, NOON + timedelta(minutes=number))
            store.add(Conversation(moved, opened.turns))
        assert [info.title for info in store.conversations(2)] == ["title 4", "title 3"]
        assert [info.title for info in store.conversations(2, 4)] == ["title 0"]

    def test_titles_are_searched_however_long_ago(self, store: Store) -> None:
        for number in range(5):
            add(store, ("p", "a"), title=f"Über title {number}")
        add(store, ("p", "a"), title="another")
        assert [info.title for info in store.conversations(2, words="ÜBER test-MODEL 3")] == ["Über title 3"]
        titles = [info.title for offset in (0, 3) for info in store.conversations(3, offset, words="über")]
        assert sorted(titles) == [f"Über title {number}" for number in range(5)]
        assert store.conversations(words="über", deleted=True) == []

    def test_an_id_is_found_by_its_beginning(self, store: Store) -> None:
        add(store, number="abcdefgh", title="one")
        add(store, number="abzzzzzz", title="two")
        assert store.info("ABC").title == "one"
        assert store.info("abz").title == "two"
        with pytest.raises(ConfigError, match="more than one conversation begins with 'ab'"):
            store.info("ab")
        for unknown in ("zz", "", "%", "ab_", "x" * 5000):
            with pytest.raises(ConfigError, match="there is no conversation"):
                store.info(unknown)

    def test_last_is_the_last_used(self, store: Store) -> None:
        with pytest.raises(ConfigError, match="there is no conversation: `atlas-tui history` lists them"):
            store.conversation("last")
        ask(session_of(store, PlayedProvider(says("ok"))), "first")
        ask(session_of(store, PlayedProvider(says("ok"))), "second")
        assert store.info("last").title == "second"

    def test_a_title_is_one_clean_line(self, store: Store) -> None:
        number = add(store)
        store.rename(number, "  two\nlines \x1b[31m\u202e ")
        assert store.info(number).title == "two lines ␛[31m"
        with pytest.raises(ConfigError, match="the title is empty"):
            store.rename(number, " \n\u200b")

    def test_the_cost_is_unknown_if_one_is(self, store: Store) -> None:
        number = add(store, ("a", "b"), ("c", "d"))
        assert store.info(number).cost.total == 1.0
        opened = store.conversation(number)
        unpriced = answer("x")
        unpriced.response._pricer = lambda usage, model: UNKNOWN_COST
        turns = [*opened.turns, StoredTurn("p", NOON, [unpriced])]
        assert store.add(Conversation(opened.info, turns), fresh=True).cost == UNKNOWN_COST

    def test_deleted_and_brought_back(self, store: Store) -> None:
        number = add(store, ("where", "here"))
        store.delete(number)
        assert store.conversations() == []
        assert [info.id for info in store.conversations(deleted=True)] == [number]
        assert store.search("where") == []
        with pytest.raises(ConfigError, match="there is no conversation"):
            store.delete(number)
        assert store.undelete("last").id == number
        assert [info.id for info in store.conversations()] == [number]
        with pytest.raises(ConfigError, match="there is no deleted conversation"):
            store.undelete(number)

    def test_what_was_deleted_long_ago_is_gone_at_the_next_start(self, open_store: OpenStore) -> None:
        store = open_store()
        old, young, kept = (add(store, ("word", "word")) for _ in range(3))
        for number, days in ((old, 31), (young, 29)):
            store.delete(number)
            date_back(store, number, days)
        store.close()
        again = open_store()
        assert [info.id for info in again.conversations(deleted=True)] == [young]
        assert len(again.search("word")) == 2
        assert again.purge() == 1
        assert [info.id for info in again.conversations()] == [kept]
        integrity = "INSERT INTO prompt_index (prompt_index) VALUES ('integrity-check')"
        again.writer.call(lambda connection: connection.execute(integrity)).result(5)

    def test_a_branch_goes_its_own_way(self, store: Store) -> None:
        session = session_of(store, PlayedProvider(says("one"), says("two"), says("three")))
        for prompt in ("first", "second", "third"):
            ask(session, prompt)
        origin = store.info("last")
        branch = store.branch(origin.id, session.turns[1].id)
        opened = store.conversation(branch.id)
        assert [(t.prompt, t.responses[0].response.content) for t in opened.turns] == [
            ("first", "one"),
            ("second", "two"),
        ]
        session.load(opened)
        ask(session, "elsewhere")
        assert [turn.prompt for turn in store.conversation(branch.id).turns] == ["first", "second", "elsewhere"]
        assert [turn.prompt for turn in store.conversation(origin.id).turns] == ["first", "second", "third"]
        with pytest.raises(ConfigError, match="no such turn"):
            store.branch(origin.id, 1)

    def test_drafts(self, open_store: OpenStore) -> None:
        store = open_store()
        store.keep_draft("h")
        store.keep_draft("half a thought \udc80")
        store.keep_draft("elsewhere", "abc")
        store.close()
        again = open_store()
        assert (again.draft(), again.draft("abc"), again.draft("x")) == ("half a thought \ufffd", "elsewhere", "")
        again.keep_draft("")
        again.close()
        assert open_store().draft() == ""

    def test_a_closed_history_says_so(self, store: Store) -> None:
        store.close()
        with pytest.raises(AtlasError, match="the history is closed"):
            store.conversations()


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("Why is the sky blue?", "Why is the sky blue?"),
        ("\n\n# Review this\n\n```py\n", "Review this"),
        ("```\nx = 1\n```", "x = 1"),
        ("word " * 50, "word word word word word word word word word word word word…"),
        ("w" * 100, "w" * 59 + "…"),
        ("\x1b[31mred\x07", "␛[31mred␇"),
        ("東京の天気は?", "東京の天気は?"),
        ("?!", "?!"),
        ("\u200b", "Untitled"),
    ],
)
def test_titles(prompt: str, title: str) -> None:
    assert title_of(prompt) == title
    assert len(title) <= 60


class TestSearch:
    @pytest.fixture
    def store(self, store: Store) -> Store:
        add(store, ("How do I bake bread?", "Mix flour and water."), title="Baking")
        add(store, ("Was ist Größe?", "Ein Maß; see snake_case and C++."), title="German")
        add(store, ("bread again", "The quick brown fox."), title="Again")
        return store

    def found(self, store: Store, query: str) -> list[tuple[str, str]]:
        return [(hit.title, hit.role) for hit in store.search(query)]

    def test_prompts_and_answers_the_newest_first(self, store: Store) -> None:
        assert self.found(store, "bread") == [("Again", "user"), ("Baking", "user")]
        assert self.found(store, "flour") == [("Baking", "assistant")]

    def test_every_word_counts_and_the_last_may_be_a_beginning(self, store: Store) -> None:
        assert self.found(store, "bake bre") == [("Baking", "user")]
        assert self.found(store, "bake again") == []
        assert self.found(store, "bre ") == []

    def test_case_and_accents_do_not_matter(self, store: Store) -> None:
        assert self.found(store, "GRÖSSE") == []  # ß is no accent
        assert self.found(store, "grosze") == []
        assert self.found(store, "BREAD AGAIN") == [("Again", "user")]
        assert self.found(store, "groß") == [("German", "user")]

    def test_quoted_words_stand_together(self, store: Store) -> None:
        assert self.found(store, '"quick brown"') == [("Again", "assistant")]
        assert self.found(store, '"brown quick"') == []
        assert self.found(store, '"quick bro"') == []

    @pytest.mark.parametrize("query", ["", "  ", '"', "*", "()", "-", '"" ""', "\0", "^"])
    def test_what_holds_no_word_finds_nothing(self, store: Store, query: str) -> None:
        assert store.search(query) == []

    @pytest.mark.parametrize(
        "query", ["bread OR NOT", "NEAR(bread", "title:bread", 'br"ead', "bread*", "C++", "snake_case"]
    )
    def test_nothing_in_a_query_is_an_operator(self, store: Store, query: str) -> None:
        store.search(query)
        assert self.found(store, "snake_case") == [("German", "assistant")]

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
    @given(st.text(max_size=30))
    def test_any_query_is_taken(self, store: Store, query: str) -> None:
        for hit in store.search(query.encode("utf-8", "replace").decode()):
            assert hit.snippet
        assert isinstance(expression(query), str)

    def test_the_snippet_shows_where(self, store: Store) -> None:
        (hit,) = store.search("brown fox")
        assert [hit.snippet[begin:end] for begin, end in hit.marks] == ["brown", "fox"]
        assert hit.turn in [turn.id for turn in store.conversation(hit.conversation).turns]

    def test_the_snippet_is_clean(self, store: Store) -> None:
        add(store, ("x", "evil \x1b[31m\x02 word\x03 \u202e\n\n line"), title="Evil")
        (hit,) = store.search("evil")
        assert hit.snippet == "evil ␛[31m word line"
        assert hit.snippet[slice(*hit.marks[0])] == "evil"

    def test_at_most_as_many_as_wanted(self, store: Store) -> None:
        assert len(store.search("bread", 1)) == 1


def test_a_long_conversation_opens_and_is_found_quickly(store: Store) -> None:
    """A guard against reading per turn: the limits with room for a slow machine; `benchmarks` has the figures."""
    prompts = [(f"prompt {number}", "the answer " * 50) for number in range(2000)]
    number = add(store, *prompts)
    begun = time.process_time()  # how busy the machine is must not matter here
    assert len(store.conversation(number).turns) == 2000
    assert len(store.search("the answer")) == 50
    assert time.process_time() - begun < 1.5
