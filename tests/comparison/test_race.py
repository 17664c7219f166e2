"""The race: figures that agree with the server's own log, places that do not jump."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from atlas_tui import ProviderError
from atlas_tui.comparison import Comparison, RaceRow, race
from atlas_tui.comparison.race import ranked
from atlas_tui.comparison.results import Answer, Question
from atlas_tui.models.base import CostEstimate, Counted, Provider, TextDelta, TokenUsage
from atlas_tui.models.factory import create_provider
from atlas_tui.policy import Policy, RetrySettings
from atlas_tui.turns import answer_form
from tests.comparison.columns import answered, impatient, started
from tests.played import HANG, PlayedProvider, says
from tests.servers.scripted import Finish, Flood, Script, ScriptedServer, Usage, Wait

pytestmark = pytest.mark.usefixtures("no_leaked_threads")


def row(column: int, total: float, *, ttft: float = 0.1, rate: float = 50, dollars: float | None = 0.01) -> RaceRow:
    return RaceRow(column, f"p:{column}", "done", ttft=ttft, total=total, rate=rate, cost=CostEstimate(dollars))


class TestFigures:
    @pytest.mark.parametrize("service", ["openai", "anthropic"])
    def test_they_agree_with_the_log_of_the_server(self, server: ScriptedServer, service: str) -> None:
        """TTFT within 20 ms, tok/s within 2 %, for columns that come at the same time at different pace."""
        rates = {"slow": 100, "fast": 400}
        server.always(
            lambda request: Script(
                [
                    Wait(0.1),
                    Flood(rates[request.model], rate=rates[request.model]),  # a second of answer each
                    Usage(5, rates[request.model]),
                    Finish("stop"),
                ]
            )
        )
        base = server.url + ("/v1" if service == "openai" else "")

        def target(name: str) -> Provider:
            return create_provider(service, name, base_url=base, api_key="k" * 20)

        comparison = Comparison([target(name) for name in rates])
        server.play(Script.text("a"), Script.text("b"))
        answered(comparison, "warm up")  # connections and imports are no part of what is compared
        # Other programs may keep both clocks from the processor for a moment; an error in measuring is there each time.
        deviations: list[list[str]] = []
        while len(deviations) < 3:
            deviations.append(self.deviations(comparison, server))
            if not deviations[-1]:
                return
        raise AssertionError(f"not once within the limits: {deviations}")

    def deviations(self, comparison: Comparison, server: ScriptedServer) -> list[str]:
        """One race, and what of it the server's log does not bear out."""
        before = len(server.exchanges)
        turn = answered(comparison, "Go")
        server.wait_ended(sum(e.answer is not None for e in server.exchanges), timeout=20)
        logs = {e.request.model: e for e in server.exchanges[before:] if e.answer is not None}
        found = []
        for row in race(turn, comparison.columns):
            log = logs[row.target.partition(":")[2]]
            assert row.tokens == len(log.sent)
            assert log.ended is not None
            rate = (len(log.sent) - 1) / (log.sent[-1] - log.sent[0])
            expected = {
                "rate": pytest.approx(rate, rel=0.02),
                "ttft": pytest.approx(log.sent[0] - log.request.time, abs=0.02),
                "total": pytest.approx(log.ended - log.request.time, abs=0.04),
            }
            for name, figure in expected.items():
                if getattr(row, name) != figure:
                    found.append(f"{row.target} {name}: {getattr(row, name)}, and by the log {figure}")
        return found

    def test_a_row_says_what_there_is_to_say(self) -> None:
        counted = Counted(TokenUsage(3, 7), cost=0.25)
        comparison = Comparison([PlayedProvider(says("one two ", "three", counted=counted))])
        (found,) = race(answered(comparison, "Go"), comparison.columns)
        assert (found.state, found.place, found.words, found.tokens, found.attempts) == ("done", 1, 3, 7, 1)
        assert found.cost.total == 0.25
        assert found.reason == "stop"
        assert not found.tokens_estimated

    def test_a_column_without_an_answer_is_idle(self) -> None:
        comparison = Comparison([PlayedProvider(says("A"))])
        (found,) = race(comparison.ask("Go"), comparison.columns)
        assert (found.state, found.place, found.total, found.target) == ("idle", None, None, "played:test-model")


class TestOrder:
    def test_whole_answers_by_time_then_what_runs_then_the_rest(self) -> None:
        running = RaceRow(1, "p:1", "answering", total=9.0)
        failed = RaceRow(2, "p:2", "failed", total=0.1)
        rows = ranked([running, failed, row(3, 2.0), row(4, 1.0)])
        assert [each.column for each in rows] == [4, 3, 1, 2]
        assert [each.place for each in rows] == [1, 2, None, None]

    def test_it_stands_still_while_columns_run(self) -> None:
        names = ("a", "b", "c")
        comparison = Comparison(
            [PlayedProvider([TextDelta(f"{name} "), HANG], name=name) for name in names], policy=impatient()
        )
        turn = comparison.ask("Go")
        sinks = started(comparison.columns, comparison, turn)
        for column in comparison.columns:
            assert isinstance(column.provider, PlayedProvider)
            assert column.provider.hanging.wait(5)
        orders = {tuple(each.column for each in race(turn, comparison.columns)) for _ in range(50)}
        assert orders == {(1, 2, 3)}
        live = race(turn, comparison.columns)
        assert all(each.state == "answering" and each.ttft and each.total and each.words == 1 for each in live)
        comparison.stop()
        for sink in sinks:
            sink.end()

    def test_the_best_of_each_figure_is_marked(self) -> None:
        rows = ranked([row(1, 1.0, ttft=0.2, rate=90), row(2, 2.0, ttft=0.1, rate=95, dollars=0.001)])
        assert rows[0].best == {"total"}
        assert rows[1].best == {"ttft", "rate", "cost"}

    def test_nothing_is_best_where_all_are_equal_and_an_unknown_cost_is_never_the_least(self) -> None:
        rows = ranked([row(1, 1.0, dollars=None), row(2, 1.0, dollars=0.5), row(3, 1.0, dollars=0.6)])
        assert [each.best for each in rows] == [set(), {"cost"}, set()]


def test_what_looks_the_same_is_equally_good() -> None:
    first, second, third = ranked([row(1, 1.001, ttft=0.1), row(2, 1.004, ttft=0.104), row(3, 2.0, ttft=0.2)])
    assert {"ttft", "total"} <= first.best
    assert {"ttft", "total"} <= second.best
    assert third.best == frozenset()
    alike = ranked([row(1, 1.001), row(2, 1.004)])
    assert [each.best for each in alike] == [frozenset()] * 2


def test_an_answer_in_its_stable_form_has_the_row_that_it_had_while_it_came() -> None:
    """Whole, broken off after a retry, refused: waits between attempts are part of the time."""
    lost = ProviderError("connection", "the connection was lost")
    asked = PlayedProvider([lost], [TextDelta("one two"), lost], name="b")
    refused = PlayedProvider([ProviderError("auth", "the key was refused")], name="c")
    patience = Policy(RetrySettings(attempts=2, first_wait=0.05))
    comparison = Comparison([PlayedProvider(says("one two three"), name="a"), asked, refused], policy=patience)
    turn = comparison.ask("Go")
    sinks = started(comparison.columns, comparison, turn)
    ends = [sink.end() for sink in sinks]
    live = {each.column: each for each in race(turn, comparison.columns)}
    assert (live[2].attempts, live[2].state, live[3].state) == (2, "failed", "failed")
    assert live[2].total is not None
    assert live[2].total >= ends[1].response.attempts[1].waited > 0
    for column, end in zip(comparison.columns, ends, strict=True):
        form = json.loads(json.dumps(answer_form(end, ())))
        again = Answer(column.number, column.target, Question("Go"), 1, form).row
        assert again == replace(live[column.number], place=None, best=frozenset(), cost=again.cost)
