"""A comparison: columns that answer at the same time, each in its thread of one conversation."""

from __future__ import annotations

import threading

import pytest

from atlas_tui import ConfigError, ProviderError
from atlas_tui.comparison import Comparison, line_up_of, race
from atlas_tui.models.base import End, Event, ModelMessage, Provider, RetryScheduled, TextDelta
from atlas_tui.models.factory import create_provider
from atlas_tui.policy import Policy, RetrySettings
from atlas_tui.session import Session
from atlas_tui.store import Journal, Store
from tests.comparison.columns import answered, impatient, said, started
from tests.played import HANG, Passages, PlayedProvider, Sink, says
from tests.servers.scripted import Answer, Delta, Finish, HttpError, Reset, Script, ScriptedServer, Stall, Wait

pytestmark = pytest.mark.usefixtures("no_leaked_threads")
user, assistant = ModelMessage.user, ModelMessage.assistant


def played(name: str, *answers: str) -> PlayedProvider:
    return PlayedProvider(*(says(*answer.split("|")) for answer in answers), name=name)


def sent(provider: PlayedProvider, request: int = -1) -> list[ModelMessage]:
    return list(provider.requests[request].messages)


class TestThreads:
    def test_every_column_goes_on_with_its_own_answer(self) -> None:
        left, right = played("left", "L1", "L2"), played("right", "R1", "R2")
        comparison = Comparison([left, right])
        answered(comparison, "First")
        answered(comparison, "Second")
        assert sent(left) == [user("First"), assistant("L1"), user("Second")]
        assert sent(right) == [user("First"), assistant("R1"), user("Second")]

    def test_the_adopted_answer_becomes_the_history_of_all(self) -> None:
        left, right = played("left", "L1", "L2"), played("right", "R1", "R2")
        comparison = Comparison([left, right])
        comparison.adopt(answered(comparison, "First"), comparison.columns[1])
        turn = answered(comparison, "Second")
        assert sent(left) == sent(right) == [user("First"), assistant("R1"), user("Second")]
        assert [said(turn, column) for column in comparison.columns] == ["L2", "R2"]

    def test_a_retry_in_another_column_leaves_the_adopted_answer_alone(self) -> None:
        left, right = played("left", "L1", "again", "L2"), played("right", "R1", "R2")
        comparison = Comparison([left, right])
        turn = answered(comparison, "First")
        comparison.adopt(turn, comparison.columns[1])
        started(comparison.columns[:1], comparison, turn)[0].end()
        assert turn.response is comparison.columns[1].response(turn)
        started(comparison.columns[1:], comparison, turn)[0].end()
        assert turn.chosen is None  # the adopted column itself has said something new

    def test_a_column_that_joins_later_takes_up_what_the_first_one_answered(self) -> None:
        left, late = played("left", "L1", "L2"), played("late", "J2")
        comparison = Comparison([left, played("right", "R1", "R2")])
        answered(comparison, "First")
        comparison.add(late)
        answered(comparison, "Second")
        assert sent(late) == [user("First"), assistant("L1"), user("Second")]

    def test_a_changed_column_keeps_its_thread(self) -> None:
        other = played("other", "O2")
        comparison = Comparison([played("left", "L1"), played("right", "R1", "R2")])
        answered(comparison, "First")
        comparison.change(comparison.columns[0], other)
        turn = answered(comparison, "Second")
        assert sent(other) == [user("First"), assistant("L1"), user("Second")]
        assert comparison.columns[0].target == "other:test-model"
        assert said(turn, comparison.columns[0]) == "O2"

    def test_a_dropped_column_is_stopped_and_its_number_is_never_used_again(self) -> None:
        hanging = PlayedProvider([TextDelta("half"), HANG], name="hanging")
        comparison = Comparison([played("left", "L"), hanging])
        turn = comparison.ask("Go")
        sink = started(comparison.columns, comparison, turn)[1]
        assert hanging.hanging.wait(5)
        comparison.drop(comparison.columns[1])
        end = sink.end()
        assert end.error is not None
        assert end.error.kind == "cancelled"
        assert comparison.add(played("new", "N")).number == 3
        assert [response.content for response in turn.of(2)] == ["half"]

    def test_the_last_column_stays(self) -> None:
        comparison = Comparison([played("left", "L")])
        with pytest.raises(ConfigError, match="add another first"):
            comparison.drop(comparison.columns[0])


class TestColumns:
    def test_a_retry_is_a_sibling_in_its_column(self) -> None:
        comparison = Comparison([played("left", "L1", "L2"), played("right", "R")])
        turn = answered(comparison, "Go")
        started(comparison.columns[:1], comparison, turn)[0].end()
        left, right = comparison.columns
        assert [response.content for response in turn.of(left.number)] == ["L1", "L2"]
        assert [response.content for response in turn.of(right.number)] == ["R"]

    def test_an_answer_that_broke_off_is_continued_while_the_other_column_goes_on(self) -> None:
        left = PlayedProvider(
            [TextDelta("The sky is "), ProviderError("connection", "gone")], says("blue."), name="left"
        )
        right = PlayedProvider([TextDelta("Wait"), HANG], name="right")
        comparison = Comparison([left, right], policy=impatient())
        turn = comparison.ask("Go")
        first, other = started(comparison.columns, comparison, turn)
        partial = first.end().response
        assert right.hanging.wait(5)
        sink = Sink()
        comparison.start(comparison.columns[0], turn, sink, extend=partial)
        assert sink.end().response.content == "The sky is blue."
        assert comparison.columns[1].running
        comparison.stop()
        assert other.end().response.content == "Wait"

    def test_one_column_falls_back_and_the_other_does_not(self) -> None:
        broken = PlayedProvider([ProviderError("not_found", "no such model")], name="broken")
        comparison = Comparison([broken, played("right", "R")], fallback=[played("spare", "S")])
        turn = answered(comparison, "Go")
        assert [said(turn, column) for column in comparison.columns] == ["S", "R"]
        rows = {row.column: row for row in race(turn, comparison.columns)}
        assert (rows[1].target, rows[1].attempts) == ("spare:test-model", 2)

    def test_a_column_that_waits_is_told_to_ask_again_and_the_other_one_is_not(self) -> None:
        failing = ProviderError("overloaded", "busy", retry_after=60)
        columns = [PlayedProvider([failing], says("now"), name=name) for name in ("left", "right")]
        comparison = Comparison(columns)
        turn = comparison.ask("Go")
        waiting = [Waiting(), Waiting()]
        for column, sink in zip(comparison.columns, waiting, strict=True):
            comparison.start(column, turn, sink)
        for sink in waiting:
            sink.scheduled()
        assert [row.state for row in race(turn, comparison.columns)] == ["retrying", "retrying"]
        comparison.columns[0].retry_now()
        assert waiting[0].end().response.content == "now"
        assert comparison.columns[1].running
        comparison.columns[1].stop()
        waiting[1].end()
        assert [row.state for row in race(turn, comparison.columns)] == ["done", "stopped"]

    def test_a_running_column_is_not_started_twice(self) -> None:
        comparison = Comparison([PlayedProvider([HANG])])
        turn = comparison.ask("Go")
        started(comparison.columns, comparison, turn)
        with pytest.raises(ConfigError, match="still answering"):
            comparison.start(comparison.columns[0], turn, Sink())
        comparison.stop()
        assert comparison.columns[0].join(5)

    def test_no_column_uses_up_the_patience_of_another(self) -> None:
        busy = ProviderError("overloaded", "busy")
        impatient_one = PlayedProvider([busy], name="left")
        patient = PlayedProvider([busy], says("after one more"), name="right")
        policy = Policy(RetrySettings(attempts=2, budget=1, first_wait=0.0))
        comparison = Comparison([impatient_one, patient], policy=policy)
        turn = answered(comparison, "Go")
        assert said(turn, comparison.columns[1]) == "after one more"


class Waiting(Sink):
    """A sink that tells when a retry is scheduled."""

    def __init__(self) -> None:
        super().__init__()
        self._scheduled = threading.Event()

    def put(self, event: Event) -> None:
        super().put(event)
        if isinstance(event, RetryScheduled):
            self._scheduled.set()

    def scheduled(self) -> None:
        assert self._scheduled.wait(5), "no retry was scheduled"


class TestEvidence:
    def test_passages_are_looked_up_once_and_shared(self) -> None:
        passages = Passages()
        comparison = Comparison([played(name, "A") for name in "abcd"], knowledge=passages)
        turn = answered(comparison, "Why?")
        assert passages.queries == ["Why?"]
        assert len(turn.documents) == 1


class TestMerge:
    def test_the_merged_answer_is_a_sibling_that_can_be_adopted(self) -> None:
        merger = played("merger", "Both are right.")
        left, right = played("left", "One", "L2"), played("right", "Two", "R2")
        comparison = Comparison([left, right])
        turn = answered(comparison, "Which?")
        sink = Sink()
        column = comparison.merge(turn, merger, sink)
        sink.end()
        (asked,) = sent(merger)
        assert "One" in asked.content
        assert "Two" in asked.content
        comparison.adopt(turn, column)
        answered(comparison, "Next")
        assert sent(left) == [user("Which?"), assistant("Both are right."), user("Next")]

    def test_one_answer_cannot_be_merged(self) -> None:
        comparison = Comparison([played("left", "One"), PlayedProvider([ProviderError("auth", "no")], name="right")])
        with pytest.raises(ConfigError, match="no two answers"):
            comparison.merge(answered(comparison, "Which?"), played("merger", "M"), Sink())


class TestHistory:
    def test_what_was_merged_is_no_column_when_a_comparison_reopens(self, store: Store) -> None:
        comparison = Comparison([played("left", "L"), played("right", "R")], journal=Journal(store))
        turn = answered(comparison, "Which?")
        sink = Sink()
        comparison.merge(turn, played("merger", "Both"), sink)
        sink.end()
        stored = store.conversation("last")
        assert line_up_of(stored) == {1: "left:test-model", 2: "right:test-model"}
        assert stored.info.target == "left:test-model"
        late = played("late", "J")
        comparison.add(late)
        answered(comparison, "Next")
        assert sent(late) == [user("Which?"), assistant("L"), user("Next")]  # it was not adopted

    def test_a_comparison_reopens_as_it_was(self, store: Store) -> None:
        comparison = Comparison([played("left", "L1", "L2"), played("right", "R1", "R2")], journal=Journal(store))
        comparison.adopt(answered(comparison, "First"), comparison.columns[1])
        answered(comparison, "Second")
        stored = store.conversation("last")
        assert line_up_of(stored) == {1: "left:test-model", 2: "right:test-model"}
        again: dict[str, PlayedProvider] = {}

        def create(target: str) -> Provider:
            return again.setdefault(target, played(target.partition(":")[0], "3"))

        reopened = Comparison([played("x", "X")], journal=Journal(store))
        reopened.load(stored, create)
        assert [column.number for column in reopened.columns] == [1, 2]
        first, second = reopened.turns
        assert [said(first, column) for column in reopened.columns] == ["L1", "R1"]
        answered(reopened, "Third")
        assert sent(again["left:test-model"]) == [
            user("First"), assistant("R1"), user("Second"), assistant("L2"), user("Third"),
        ]  # fmt: skip
        assert [said(second, column) for column in reopened.columns] == ["L2", "R2"]
        assert len(store.conversation("last").turns) == 3

    def test_the_others_are_asked_the_last_prompt_of_a_chat(self, store: Store) -> None:
        chat_provider, other = played("chat", "C1", "C2", "C3"), played("other", "O2")
        chat = Session(chat_provider, journal=Journal(store))
        for prompt in ("First", "Second"):
            chat.stream(prompt).response()
        comparison = Comparison([chat_provider, other], session=chat)
        turn = comparison.turns[-1]
        started(comparison.columns[1:], comparison, turn)[0].end()
        assert sent(other) == [user("First"), assistant("C1"), user("Second")]
        assert [said(turn, column) for column in comparison.columns] == ["C2", "O2"]
        comparison.adopt(turn, comparison.columns[1])
        chat.stream("Third").response()  # back in the chat
        assert sent(chat_provider)[-2:] == [assistant("O2"), user("Third")]
        assert line_up_of(store.conversation("last")) == {1: "chat:test-model", 2: "other:test-model"}

    def test_the_choice_and_the_columns_are_written(self, store: Store) -> None:
        comparison = Comparison([played("left", "L1", "L2"), played("right", "R1")], journal=Journal(store))
        turn = answered(comparison, "First")
        comparison.adopt(turn, comparison.columns[1])
        started(comparison.columns[:1], comparison, turn)[0].end()  # a retry elsewhere does not take the choice back
        (stored,) = store.conversation("last").turns
        assert [(each.column, each.response.content) for each in stored.responses if each.id == stored.chosen] == [
            (2, "R1")
        ]
        assert sorted(each.column for each in stored.responses) == [1, 1, 2]


class TestTroubles:
    def test_one_stalls_one_is_refused_one_is_reset_and_the_healthy_one_is_not_delayed(
        self, server: ScriptedServer
    ) -> None:
        deltas = [step for number in range(20) for step in (Delta(f"word{number} "), Wait(0.01))]
        answers: dict[str, Answer] = {
            "stalled": Script([Delta("half "), Stall()]),
            "refused": HttpError(401),
            "reset": Script([Delta("half "), Wait(0.02), Reset()]),
            "healthy": Script([*deltas, Finish("stop")]),
        }
        server.always(lambda request: answers[request.model])

        def target(name: str) -> Provider:
            return create_provider("openai", name, base_url=f"{server.url}/v1", api_key="k" * 20)

        alone = Comparison([target("healthy")])
        answered(alone, "warm up")
        undisturbed = race(answered(alone, "Go"), alone.columns)[0].total
        comparison = Comparison([target(name) for name in answers], policy=impatient())
        turn = comparison.ask("Go")
        sinks = started(comparison.columns, comparison, turn)
        ends: dict[str, End] = {}
        for name, sink in zip(answers, sinks, strict=True):
            if name != "stalled":
                ends[name] = sink.end()
        rows = {row.target.partition(":")[2]: row for row in race(turn, comparison.columns)}
        assert {name: row.state for name, row in rows.items()} == {
            "healthy": "done", "stalled": "answering", "refused": "failed", "reset": "failed",
        }  # fmt: skip
        assert ends["healthy"].response.content == "".join(f"word{number} " for number in range(20))
        assert ends["reset"].response.content == "half "
        assert "API key" in rows["refused"].reason
        assert rows["healthy"].total is not None
        assert undisturbed is not None
        # 5 %, and what a machine that runs other tests at the same time may add.
        assert rows["healthy"].total < undisturbed * 1.05 + 0.2
        comparison.stop()
        assert sinks[0].end().response.content == "half "
        assert [row.state for row in race(turn, comparison.columns)] == ["done", "stopped", "failed", "failed"]
