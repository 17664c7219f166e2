"""Headless runs: everything is asked once, within its limits, and what is there is never lost."""

from __future__ import annotations

import json
import resource
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from atlas_tui import AtlasError, ConfigError, ProviderError
from atlas_tui.budget import Account
from atlas_tui.comparison.results import Question, Results, quantile, spread
from atlas_tui.comparison.runs import Kept, Plan, Runs, read_questions
from atlas_tui.config import Budget
from atlas_tui.models.base import Counted, Provider, TextDelta, TokenUsage
from atlas_tui.models.mock import MockProvider
from atlas_tui.session import Session
from tests.comparison.columns import impatient
from tests.played import HANG, Answer, PlayedProvider, says

pytestmark = pytest.mark.usefixtures("no_leaked_threads")
Q1, Q2 = Question("One?"), Question("Two?")


def runs_of(
    providers: Sequence[Provider], questions: Sequence[Question] = (Q1,), *, repeat: int = 1, **options: Any
) -> Runs:
    """Runs that ask these providers."""
    account = options.pop("account", None)
    plan = Plan([provider.target for provider in providers], questions, repeat)
    options.setdefault("policy", impatient)
    return Runs(
        plan,
        create=lambda column, _: providers[column - 1],
        session=lambda provider: Session(provider, account=account),
        **options,
    )


def played(name: str, *answers: Answer) -> PlayedProvider:
    return PlayedProvider(*(answers or [says(f"{name} says so")]), name=name)


def prompts(provider: PlayedProvider) -> list[str]:
    return [request.messages[-1].content for request in provider.requests]


class TestPlan:
    def test_everybody_is_asked_everything_as_often_as_wished(self) -> None:
        a, b = played("a"), played("b")
        results = runs_of([a, b], [Q1, Q2], repeat=2).run()
        assert prompts(a) == prompts(b) == ["One?", "Two?", "One?", "Two?"]
        assert all(len(request.messages) == 1 for request in a.requests)  # each answer stands alone
        assert [(answer.repetition, answer.question, answer.target) for answer in results.answers] == [
            (repetition, question, target)
            for repetition in (1, 2)
            for question in (Q1, Q2)
            for target in ("a:test-model", "b:test-model")
        ]
        assert not results.failed

    def test_so_many_at_a_time_and_no_more(self) -> None:
        together = Together()
        providers = [Counting(together, name) for name in "abc"]
        runs_of(providers, [Q1, Q2], repeat=2, concurrency=2).run()
        assert together.most == 2
        together = Together()
        runs_of([Counting(together, "a")], [Q1, Q2], concurrency=1).run()
        assert together.most == 1

    def test_a_failing_target_spoils_nothing_for_the_others(self) -> None:
        broken = played("broken", [ProviderError("server", "boom")])
        results = runs_of([broken, played("fine")], [Q1, Q2]).run()
        assert results.failed
        broken_summary, fine = results.summaries
        assert (broken_summary.failed, broken_summary.errors, broken_summary.ttft) == (2, {"server": 2}, None)
        assert (fine.failed, fine.answers, fine.first) == (0, 2, 2)

    def test_a_target_that_can_only_fail_is_asked_once(self) -> None:
        broken = played("broken", [ProviderError("auth", "no")])
        results = runs_of([broken, played("fine")], [Q1, Q2], repeat=3).run()
        assert len(broken.requests) == 1
        assert results.unasked == 5
        assert results.summaries[1].answers == 6


class Together:
    """How many requests run at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = self.most = 0

    def change(self, by: int) -> None:
        with self._lock:
            self._now += by
            self.most = max(self.most, self._now)


class Counting(MockProvider):
    def __init__(self, together: Together, name: str) -> None:
        super().__init__("m", name=name, delay_ms=0.2)
        self._together = together

    async def run(self, *arguments: Any) -> Any:
        self._together.change(1)
        try:
            return await super().run(*arguments)
        finally:
            self._together.change(-1)


class TestLimits:
    def test_the_run_stops_asking_when_it_has_cost_enough(self) -> None:
        dear = Counted(TokenUsage(10, 10), cost=0.4)
        provider = played("dear", says("yes", counted=dear))
        provider._prices = {"dear": Price()}
        questions = [Question(f"{number}?") for number in range(10)]
        results = runs_of([provider], questions, account=Account(Budget(conversation=1.0))).run()
        assert 2 <= len(provider.requests) <= 3
        assert results.unasked >= 6
        assert results.answers[-1].error is not None
        assert results.answers[-1].error["kind"] == "budget"

    def test_stop_keeps_what_is_there(self) -> None:
        quick, slow = Answered("quick"), played("slow", [TextDelta("half"), HANG])
        runs = runs_of([quick, slow], [Q1, Q2])

        def stop() -> None:
            slow.hanging.wait(5)
            quick.answered.wait(5)
            runs.stop()

        threading.Thread(target=stop, daemon=True).start()
        results = runs.run()
        contents = {answer.target: answer.content for answer in results.answers if answer.question == Q1}
        assert contents == {"quick:test-model": "quick says so", "slow:test-model": "half"}
        assert results.failed


class Answered(PlayedProvider):
    """Tells when its first answer is over."""

    def __init__(self, name: str) -> None:
        super().__init__(says(f"{name} says so"), name=name)
        self.answered = threading.Event()

    async def run(self, *arguments: Any) -> Any:
        end = await super().run(*arguments)
        self.answered.set()
        return end


class Price:
    input = output = 1.0
    cache_read = cache_write = None


class TestKept:
    def test_a_run_goes_on_where_it_ended(self, tmp_path: Path) -> None:
        path = tmp_path / "run.jsonl"
        plan = Plan(["a:test-model"], [Q1, Q2])
        first = played("a", says("first"), [ProviderError("server", "boom")])
        with Kept(path, plan, resume=False) as kept:
            runs_of([first], [Q1, Q2], kept=kept).run()
        with open(path, "a") as file:
            file.write('{"column": 1, "targ')  # a process that was killed while it wrote
        second = played("a", says("second"))
        with Kept(path, plan, resume=True) as kept:
            results = runs_of([second], [Q1, Q2], kept=kept).run()
        assert prompts(second) == ["Two?"]  # what had failed is asked again, what was there is not
        assert [answer.content for answer in results.answers] == ["first", "second"]
        assert not results.failed
        third = played("a")
        with Kept(path, plan, resume=True) as kept:
            runs_of([third], [Q1, Q2], kept=kept).run()
        assert third.requests == []

    def test_nothing_is_overwritten_or_mixed_up(self, tmp_path: Path) -> None:
        path = tmp_path / "run.jsonl"
        Kept(path, Plan(["a"], [Q1], settings={"max_tokens": 5}), resume=False).close()
        with pytest.raises(ConfigError, match="is there already"):
            Kept(path, Plan(["a"], [Q1]), resume=False)
        with pytest.raises(ConfigError, match=r"other settings \(max_tokens, targets\)"):
            Kept(path, Plan(["b"], [Q1], settings={"max_tokens": 6}), resume=True)
        path.write_text("something else\n")
        with pytest.raises(ConfigError, match="line 1"):
            Kept(path, Plan(["a"], [Q1]), resume=True)

    def test_a_full_disk_is_said_and_the_run_can_go_on_later(self, tmp_path: Path) -> None:
        path = tmp_path / "run.jsonl"
        plan = Plan(["a:test-model"], [Q1, Q2])
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        with Kept(path, plan, resume=False) as kept:
            runs = runs_of([played("a", says("first"), says("second"))], [Q1, Q2], kept=kept)

            def fill_the_disk() -> None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, limit[1]))

            try:
                with pytest.raises(AtlasError, match=r"run\.jsonl broke off \(.*\): make room, then go on with it"):
                    runs.run(fill_the_disk)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        again = played("a", says("at last"))
        with Kept(path, plan, resume=True) as kept:
            results = runs_of([again], [Q1, Q2], kept=kept).run()
        assert [answer.content for answer in results.answers] == ["first", "at last"]

    def test_keys_are_not_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "run.jsonl"
        key = "sk-" + "A1b2" * 8
        with Kept(path, Plan(["a:test-model"], [Q1]), resume=False) as kept:
            runs_of([played("a", says(key))], kept=kept).run()
        assert key not in path.read_text()
        assert oct(path.stat().st_mode & 0o777) == "0o600"


class TestQuestions:
    def test_lines_and_json_lines(self, tmp_path: Path) -> None:
        path = tmp_path / "prompts"
        lines = ["Plain one", "", json.dumps({"prompt": "Capital?", "reference": "Paris"}), "{not json", "  spaced  "]
        path.write_text("\n".join(lines))
        assert read_questions(path) == [
            Question("Plain one"), Question("Capital?", "Paris"), Question("{not json"), Question("spaced"),
        ]  # fmt: skip

    @pytest.mark.parametrize("separator", ["\u2028", "\x85", "\x0c"])
    def test_only_a_new_line_ends_a_line(self, tmp_path: Path, separator: str) -> None:
        """JSON has the others inside its texts, as many tools write them; they made two wrong prompts of one."""
        path = tmp_path / "prompts"
        path.write_text(json.dumps({"prompt": f"One{separator}two?"}, ensure_ascii=False) + "\r\nThree?\r\n")
        (first, second) = read_questions(path)
        assert (first.prompt, second.prompt) == (f"One{separator}two?", "Three?")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("\n\n", "holds no prompt"),
            ("a\nb\na", "line 3 of .* is the prompt of line 1 again"),
            ('{"text": "x"}', "line 1 of .* has no prompt"),
            ('{"prompt": "x", "reference": 3}', "must be text"),
        ],
    )
    def test_what_is_wrong_is_said(self, tmp_path: Path, text: str, words: str) -> None:
        path = tmp_path / "prompts"
        path.write_text(text)
        with pytest.raises(ConfigError, match=words):
            read_questions(path)

    def test_a_reference_counts_as_a_match_whatever_its_case(self) -> None:
        question = Question("Capital?", "paris,  France")
        results = runs_of([played("a", says("It is Paris,\nFrance."), says("Lyon"))], [question], repeat=2).run()
        assert [answer.matches for answer in results.answers] == [True, False]
        assert results.summaries[0].matched == 1


class TestFigures:
    def test_quantiles(self) -> None:
        values = [float(value) for value in range(1, 101)]
        assert quantile(values, 0.5) == 50.5
        assert quantile(values, 0.95) == pytest.approx(95.05)
        assert quantile([3.0], 0.95) == 3.0

    def test_intervals_hold_the_figure_and_are_the_same_each_time(self) -> None:
        values = [1.0, 1.1, 1.2, 1.3, 2.0, 1.15, 1.25, 1.05, 1.4, 1.6]
        found = spread(values)
        assert found is not None
        for figure in (found.p50, found.p95):
            assert figure.low is not None
            assert figure.high is not None
            assert figure.low <= figure.value <= figure.high
            assert figure.low < figure.high
        assert spread(values) == spread(reversed(values)) == found
        assert spread([None, None]) is None
        alone = spread([2.5])
        assert alone is not None
        assert (alone.p50.value, alone.p50.low) == (2.5, None)

    def test_more_answers_make_narrower_intervals(self) -> None:
        values = [1 + (number * 37 % 100) / 100 for number in range(400)]
        few, many = spread(values[:10]), spread(values)
        assert few is not None
        assert many is not None
        widths = [(each.p50.high or 0) - (each.p50.low or 0) for each in (few, many)]
        assert widths[1] < widths[0] / 2

    def test_results_of_nothing(self) -> None:
        results = Results(["a"], [Q1], [], unasked=1)
        assert results.failed
        assert results.summaries[0].answers == 0
        assert results.races(Q1) == []
