"""The journal: what is on disk, and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import CancelToken, End, ReasoningDelta, TextDelta
from atlas_tui.policy import Policy, RetrySettings
from atlas_tui.retrieval import Document, KnowledgeBase
from atlas_tui.session import Session, Turn
from atlas_tui.store import Conversation, Store, StoredResponse
from atlas_tui.text import remember_secret
from tests.played import HANG, PlayedProvider, Sink, ask, says
from tests.store.conftest import OpenStore
from tests.store.rehearsal import eventually, session_of

pytestmark = pytest.mark.usefixtures("no_leaked_threads")


def only(store: Store) -> Conversation:
    (info,) = store.conversations()
    return store.conversation(info.id)


def responses(store: Store) -> list[StoredResponse]:
    return [stored for turn in only(store).turns for stored in turn.responses]


class TestWhileItStreams:
    def test_the_prompt_is_on_disk_before_it_is_sent(self, open_store: OpenStore) -> None:
        seen: list[Any] = []

        class Looks(PlayedProvider):
            async def _load(self) -> None:
                seen.append([turn.prompt for turn in only(other).turns])

        other, store = open_store(), open_store()
        ask(session_of(store, Looks(says("ok"))), "Is it there?")
        assert seen == [["Is it there?"]]

    def test_a_growing_answer_is_on_disk_and_belongs_to_who_lives(self, open_store: OpenStore) -> None:
        provider = PlayedProvider([ReasoningDelta("hm"), TextDelta("half an "), TextDelta("answer"), HANG])
        store, other = open_store(), open_store()
        sink = Sink()
        session = session_of(store, provider)
        worker = session.start(session.add_turn("Go on"), sink)
        provider.hanging.wait(5)
        eventually(lambda: responses(other)[0].response.content == "half an answer")
        (stored,) = responses(other)
        assert (stored.state, stored.response.reasoning, stored.response.complete) == ("streaming", "hm", False)
        worker.cancel()
        sink.end()
        (stored,) = responses(other)
        assert (stored.state, stored.error, stored.response.content) == ("incomplete", "cancelled", "half an answer")
        assert worker.join(5)

    def test_what_a_process_left_is_marked_interrupted(self, open_store: OpenStore) -> None:
        provider = PlayedProvider([TextDelta("half"), HANG])
        store, other = open_store(), open_store()
        session = session_of(store, provider)
        worker = session.start(session.add_turn("Go on"), Sink())
        provider.hanging.wait(5)
        store.close()  # what the end of the process does to its files
        (stored,) = responses(other)
        assert (stored.state, stored.error, stored.response.content) == ("interrupted", "interrupted", "half")
        assert [attempt.error for attempt in stored.response.attempts] == ["interrupted"]
        assert not stored.response.complete
        assert other.conversations()[0].interrupted
        assert other.search("half")[0].snippet == "half"
        worker.cancel()
        assert worker.join(5)

    def test_an_ending_that_comes_after_all_corrects_the_mark(self, open_store: OpenStore) -> None:
        """On a file system without locks a living process can be taken for a dead one."""
        provider = PlayedProvider([TextDelta("half"), HANG])
        store, other = open_store(), open_store()
        session = session_of(store, provider)
        worker = session.start(session.add_turn("Go on"), Sink())
        provider.hanging.wait(5)
        eventually(lambda: responses(other)[0].response.content == "half")
        store.writer.call(lambda connection: connection.execute("UPDATE responses SET owner = 'gone'")).result(5)
        assert responses(other)[0].state == "interrupted"
        worker.cancel()
        assert worker.join(5)
        (stored,) = responses(other)
        assert (stored.state, stored.response.content) == ("incomplete", "half")
        assert len(other.search("half")) == 1

    def test_the_journal_outlives_a_closed_store(self, store: Store) -> None:
        session = session_of(store, PlayedProvider(says("ok")))
        store.close()
        assert ask(session, "Still there?").response.content == "ok"


class TestWhatIsKept:
    def test_a_whole_answer_with_all_its_figures(self, store: Store) -> None:
        session = session_of(store, PlayedProvider(says("The sky ", "is blue.")), system_prompt="Be brief.")
        end = ask(session, "Why?")
        opened = only(store)
        (stored,) = opened.turns[0].responses
        assert stored.response.to_dict() == end.response.to_dict()
        assert (stored.state, stored.error, opened.system_prompt) == ("complete", None, "Be brief.")
        assert (opened.info.title, opened.info.target, opened.info.turns) == ("Why?", "played:test-model", 1)

    def test_retries_and_fallbacks_are_siblings(self, store: Store) -> None:
        failure = ProviderError("server", "it broke", status=500)
        first = PlayedProvider([failure], name="first")
        second = PlayedProvider(says("here"), name="second")
        session = session_of(store, first, fallback=[second])
        ask(session, "Who answers?")
        turn = only(store).turns[0]
        (stored,) = turn.responses
        assert (stored.response.provider, stored.response.content) == ("second", "here")
        assert [(a.provider, a.error) for a in stored.response.attempts] == [("first", "server"), ("second", None)]
        assert only(store).fallback == ["second:test-model"]

    def test_the_part_that_came_before_a_fallback_stays(self, store: Store) -> None:
        first = PlayedProvider([TextDelta("half"), HANG], name="first")
        session = session_of(store, first, fallback=[PlayedProvider(says("whole"), name="second")])
        sink = Sink()
        worker = session.start(session.add_turn("Go"), sink)
        first.hanging.wait(5)
        session.steering.fall_back_now()
        sink.end()
        assert worker.join(5)
        assert [(r.response.content, r.state, r.response.provider) for r in responses(store)] == [
            ("half", "incomplete", "first"),
            ("whole", "complete", "second"),
        ]
        assert [r.response.to_dict() for r in responses(store)] == [r.to_dict() for r in session.turns[0].responses]

    def test_a_thought_before_a_fallback_is_kept_beside_the_answer(self, store: Store) -> None:
        first = PlayedProvider([ReasoningDelta("hm"), HANG], name="first")
        session = session_of(store, first, fallback=[PlayedProvider(says("whole"), name="second")])
        worker = session.start(session.add_turn("Go"), Sink())
        first.hanging.wait(5)
        session.steering.fall_back_now()
        assert worker.join(5)
        kept = [stored.response for stored in responses(store)]
        assert [(each.provider, each.content, each.reasoning) for each in kept] == [
            ("first", "", "hm"), ("second", "whole", ""),
        ]  # fmt: skip
        assert session.turns[0].response is session.turns[0].responses[1]

    def test_an_answer_that_is_continued_is_a_whole_sibling(self, store: Store) -> None:
        provider = PlayedProvider([TextDelta("The sky is "), ConnectionResetError()], says("blue, as ", "we know."))
        session = session_of(store, provider)
        broken = ask(session, "Why?").response
        sink = Sink()
        worker = session.start(session.turns[0], sink, extend=broken)
        sink.end()
        assert worker.join(5)
        assert [(r.response.content, r.state) for r in responses(store)] == [
            ("The sky is ", "incomplete"),
            ("The sky is blue, as we know.", "complete"),
        ]
        assert [r.response.to_dict() for r in responses(store)] == [r.to_dict() for r in session.turns[0].responses]

    def test_an_awaited_retry_is_known_when_the_process_ends(self, open_store: OpenStore) -> None:
        store, other = open_store(), open_store()
        failure = ProviderError("rate_limit", "slow down", retry_after=30.0)
        patient = Policy(RetrySettings(attempts=3, total_wait=100))
        session = session_of(store, PlayedProvider([failure]), policy=patient)
        worker = session.start(session.add_turn("Wait"), Sink())
        eventually(lambda: any(r.response.attempts for _, found in _turns(other) for r in found))
        store.close()
        assert [a.error for a in responses(other)[0].response.attempts] == ["rate_limit", "interrupted"]
        worker.cancel()
        assert worker.join(5)

    def test_what_was_given_up_is_known_when_the_process_ends(self, open_store: OpenStore) -> None:
        store, other = open_store(), open_store()
        first = PlayedProvider([ProviderError("overloaded", "busy", retry_after=0.01)], [ProviderError("server", "no")])
        second = PlayedProvider([HANG], name="second")
        policy = Policy(RetrySettings(attempts=2, first_wait=0.0))
        session = session_of(store, first, fallback=[second], policy=policy)
        worker = session.start(session.add_turn("Go"), Sink())
        assert second.hanging.wait(5)
        eventually(lambda: [len(each.response.attempts) for each in responses(other)] == [2])
        store.close()
        attempts = responses(other)[0].response.attempts
        assert [(a.error, a.reason) for a in attempts] == [
            ("overloaded", None), ("server", "retry_after"), ("interrupted", None),
        ]  # fmt: skip
        assert attempts[1].waited >= 0.01
        worker.cancel()
        assert worker.join(5)

    def test_the_passages_that_were_sent_along(self, store: Store) -> None:
        class Passages(KnowledgeBase):
            def search(self, query: str, k: int = 5, **options: Any) -> list[Document]:
                return [{"content": "Blue.", "metadata": {"source": "sky.md"}, "relevance_score": 0.9}]

        ask(session_of(store, PlayedProvider(says("ok")), knowledge=Passages()), "Why?")
        (document,) = only(store).turns[0].documents
        assert (document["content"], document["metadata"]["source"]) == ("Blue.", "sky.md")

    def test_no_key_is_written(self, store: Store, tmp_path: Any) -> None:
        secret = "very-secret-0123456789"
        remember_secret(secret)
        provider = PlayedProvider([ProviderError("auth", f"the key {secret} is wrong")])
        ask(session_of(store, provider, system_prompt=f"My key is {secret}"), f"Is {secret} right?")
        store.close()
        for file in (tmp_path / "data").rglob("*"):
            assert not file.is_file() or secret.encode() not in file.read_bytes(), file

    def test_text_that_no_database_takes(self, store: Store) -> None:
        ask(session_of(store, PlayedProvider(says("nul \0 and \ud800 half"))), "lone \udc80 half")
        (turn,) = only(store).turns
        assert turn.prompt == "lone \ufffd half"
        assert turn.responses[0].response.content == "nul \0 and \ufffd half"


class TestReopening:
    def test_a_conversation_goes_on_where_it_was(self, open_store: OpenStore) -> None:
        store = open_store()
        session = session_of(store, PlayedProvider(says("one"), says("two"), says("three")))
        ask(session, "first")
        ask(session, "second")
        turn = session.turns[0]
        ask_again(session, turn)
        session.choose(turn, turn.responses[0])
        store.close()

        again = open_store()
        provider = PlayedProvider(says("four"))
        reopened = session_of(again, provider)
        reopened.load(again.conversation("last"))
        assert [[r.content for r in turn.responses] for turn in reopened.turns] == [["one", "three"], ["two"]]
        assert reopened.turns[0].response is reopened.turns[0].responses[0]
        ask(reopened, "third")
        assert [message.content for message in provider.requests[0].messages] == [
            "first", "one", "second", "two", "third",
        ]  # fmt: skip
        opened = only(again)
        assert [turn.prompt for turn in opened.turns] == ["first", "second", "third"]
        assert opened.info.title == "first"

    def test_a_new_sibling_takes_the_choice_back(self, store: Store) -> None:
        session = session_of(store, PlayedProvider(says("one"), says("two"), says("three")))
        ask(session, "first")
        turn = session.turns[0]
        ask_again(session, turn)
        session.choose(turn, turn.responses[0])
        ask_again(session, turn)
        assert only(store).turns[0].chosen is None

    def test_after_clear_a_new_one_begins(self, store: Store) -> None:
        session = session_of(store, PlayedProvider(says("ok")))
        ask(session, "first")
        session.clear()
        ask(session, "second")
        assert [info.title for info in store.conversations()] == ["second", "first"]

    def test_a_deleted_conversation_that_goes_on_is_back(self, store: Store) -> None:
        session = session_of(store, PlayedProvider(says("ok")))
        ask(session, "first")
        store.delete("last")
        assert store.conversations() == []
        ask(session, "second")
        assert store.conversations()[0].turns == 2

    def test_one_that_was_removed_meanwhile_begins_anew(self, store: Store) -> None:
        session = session_of(store, PlayedProvider(says("ok")))
        ask(session, "first")
        store.delete("last")
        assert store.purge() == 1
        ask(session, "second")
        assert [turn.prompt for turn in only(store).turns] == ["second"]

    def test_without_a_journal_nothing_is_written(self, store: Store) -> None:
        ask(session_of(store, PlayedProvider(says("ok")), journal=None), "first")
        assert not store.path.exists()


class TestAFullDisk:
    def test_the_answer_goes_on_and_is_written_when_there_is_room(self, store: Store) -> None:
        limit(store, 0)
        session = session_of(store, PlayedProvider(says(*["a long answer "] * 5000)))
        prompts = ["Is there room? " * 5000, "And now? " * 5000]
        end, _ = [ask(session, prompt) for prompt in prompts]
        assert end.error is None
        assert len(end.response.content) == 70_000
        (notice,) = store.notices
        assert notice.startswith("the history cannot be written (the disk is full)")
        assert store.conversations() == []
        assert [turn.prompt for turn in session.conversation().turns] == prompts
        limit(store, 1_000_000)
        eventually(lambda: [prompt for prompt, _ in _turns(store)] == prompts)
        assert [r.response.content for r in responses(store)] == [end.response.content] * 2


def limit(store: Store, pages: int) -> None:
    """Let the file grow to so many pages at most; 0 is what it has: the disk is full."""
    store.writer.call(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages or 1}")).result(5)


def _turns(store: Store) -> list[tuple[str, Sequence[StoredResponse]]]:
    found = [store.conversation(info.id) for info in store.conversations()]
    return [(turn.prompt, turn.responses) for opened in found for turn in opened.turns]


def ask_again(session: Session, turn: Turn) -> None:
    """One more answer to a turn."""
    sink = Sink()
    worker = session.start(turn, sink)
    sink.end()
    assert worker.join(5)


def test_a_stop_at_the_very_end_finds_the_answer_written(store: Store) -> None:
    cancel = CancelToken()

    class Stopping(PlayedProvider):
        async def run(self, *arguments: Any) -> End:
            end = await super().run(*arguments)
            cancel.cancel()  # reaches the task at its next pause, which is the journal's
            return end

    session = session_of(store, Stopping(says("whole")))
    *_, end = session.stream("Go", cancel=cancel)
    assert isinstance(end, End)
    assert end.response.content == "whole"
    assert responses(store)[0].state == "complete"
