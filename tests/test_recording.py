"""Recordings: what came is written with its timing and without keys, and plays again as it came."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

import pytest

from atlas_tui import ConfigError, ProviderError
from atlas_tui.comparison import Comparison
from atlas_tui.models.base import (
    CancelToken,
    Counted,
    End,
    Event,
    Finish,
    ModelMessage,
    ModelRequest,
    Provider,
    ReasoningDelta,
    RetryScheduled,
    TextDelta,
    TokenUsage,
)
from atlas_tui.models.factory import create_provider
from atlas_tui.models.mock import MockProvider
from atlas_tui.models.recording import Recorder, read_recording
from atlas_tui.policy import Policy, RetrySettings
from atlas_tui.session import Session
from tests.played import PlayedProvider, Sink, Step, says

pytestmark = pytest.mark.usefixtures("no_leaked_threads")
FAKE_KEY = "sk-" + "A1b2" * 8


def recorded(path: Path, *providers: Provider, prompt: str = "Go", policy: Policy | None = None) -> list[Sink]:
    """Each of them asked once, as a column of a recording."""
    sinks = []
    with Recorder(path) as recorder:
        for column, provider in enumerate(providers, 1):
            session = Session(provider, policy=policy or Policy(RetrySettings(attempts=1)))
            sink = Sink()
            session.start(
                session.add_turn(prompt),
                recorder.sink(sink, target=provider.target, prompt=prompt, column=column),
            )
            sink.end()
            sinks.append(sink)
    return sinks


def replayed(path: Path, target: str, *, prompt: str = "Go", **how: Any) -> list[Event]:
    name, _, model = target.partition(":")
    provider = MockProvider(model, name=name, recording=path, **how)
    return list(provider.stream(ModelRequest(messages=[ModelMessage.user(prompt)])))


def ending(events: list[Event]) -> End:
    end = events[-1]
    assert isinstance(end, End)
    return end


class TestReplay:
    def test_it_plays_what_came(self, tmp_path: Path) -> None:
        path = tmp_path / "race.jsonl"
        counted = Counted(TokenUsage(11, 22, reasoning_tokens=4))
        steps: list[Step] = [ReasoningDelta("Hm."), TextDelta("One "), TextDelta("two"), counted, Finish("length")]
        (sink,) = recorded(path, PlayedProvider(steps, name="groq", model="m:1"))
        events = replayed(path, "groq:m:1", speed=0)
        texts = [event for event in events if isinstance(event, TextDelta | ReasoningDelta)]
        assert texts == [event for event in sink.events if isinstance(event, TextDelta | ReasoningDelta)]
        response, before = ending(events).response, sink.end().response
        assert (response.content, response.reasoning, response.finish_reason) == ("One two", "Hm.", "length")
        assert response.usage == before.usage
        assert response.request_id == before.request_id
        assert response.complete
        assert response.mock  # visibly no real answer
        assert (response.provider, response.model) == ("groq", "m:1")

    def test_at_its_own_speed_it_takes_as_long_and_at_ten_times_a_tenth(self, tmp_path: Path) -> None:
        path = tmp_path / "race.jsonl"
        (sink,) = recorded(path, MockProvider("mock-basic", delay_ms=12))
        before = sink.end().response.timing
        as_it_came, fast = (ending(replayed(path, "mock:mock-basic", speed=speed)).response.timing for speed in (1, 10))
        assert before.ttft is not None
        assert as_it_came.ttft is not None
        # Never sooner; later only by what a busy machine adds.
        assert before.ttft - 0.005 < as_it_came.ttft < before.ttft + 0.2
        assert before.duration - 0.005 < as_it_came.duration < before.duration + 0.5
        assert fast.duration < as_it_came.duration / 2

    @pytest.mark.parametrize("kind", ["rate_limit", "auth", "connection", "timeout", "refused"])
    def test_failures_come_again(self, tmp_path: Path, kind: Any) -> None:
        path = tmp_path / "race.jsonl"
        if kind == "refused":
            steps: list[Any] = [TextDelta("half"), Finish("refused")]
        else:
            steps = [TextDelta("half"), ProviderError(kind, "it is so", status=418)]
        recorded(path, PlayedProvider(steps))
        end = ending(replayed(path, "played:test-model", speed=0))
        assert end.error is not None
        assert end.error.kind == kind
        assert end.response.content == "half"
        if kind != "refused":
            assert end.error.status == 418
            assert str(end.error).startswith("it is so")

    def test_a_retry_plays_as_two_requests(self, tmp_path: Path) -> None:
        path = tmp_path / "race.jsonl"
        policy = Policy(RetrySettings(attempts=3, first_wait=0.0))
        recorded(path, PlayedProvider([ProviderError("overloaded", "busy")], says("then")), policy=policy)
        replay = MockProvider("test-model", name="played", recording=path, speed=0)
        events = list(Session(replay, policy=Policy(RetrySettings(attempts=3, first_wait=0.0))).stream("Go"))
        assert [type(event) for event in events].count(RetryScheduled) == 1
        assert ending(events).response.content == "then"

    def test_each_column_and_each_prompt_gets_its_own(self, tmp_path: Path) -> None:
        path = tmp_path / "race.jsonl"
        same = [PlayedProvider(says(text)) for text in ("left", "right")]
        recorded(path, *same)
        assert ending(replayed(path, "played:test-model", speed=0, column=2)).response.content == "right"
        recording = read_recording(path)
        assert recording.line_up == {1: "played:test-model", 2: "played:test-model"}
        assert recording.prompts == ["Go"]

    def test_answers_to_the_same_prompt_come_in_turn(self, tmp_path: Path) -> None:
        path = tmp_path / "race.jsonl"
        recorded(path, *(PlayedProvider(says(text)) for text in ("one", "two")))
        provider = create_provider("mock:replay", recording=str(path), speed=0)
        request = ModelRequest(messages=[ModelMessage.user("Go")])
        assert [provider.generate(request).content for _ in range(3)] == ["one", "two", "one"]
        assert provider.generate(ModelRequest(messages=[ModelMessage.user("never asked")])).content == "one"

    def test_a_stop_ends_a_replay_at_once(self, tmp_path: Path) -> None:
        path = tmp_path / "race.jsonl"
        recorded(path, MockProvider("mock-basic", delay_ms=5))
        provider = MockProvider(recording=path, speed=0.001)
        token = CancelToken()
        with provider.stream(ModelRequest(messages=[ModelMessage.user("Go")]), cancel=token) as stream:
            token.cancel()
            *_, end = stream
        assert isinstance(end, End)
        assert end.error is not None
        assert end.error.kind == "cancelled"

    def test_columns_are_recorded_at_the_same_time(self, tmp_path: Path) -> None:
        path = tmp_path / "race.jsonl"
        comparison = Comparison([MockProvider("mock-basic", delay_ms=1), MockProvider("mock-standard", delay_ms=1)])
        turn = comparison.ask("Go")
        sinks = [Sink() for _ in comparison.columns]
        with Recorder(path) as recorder:
            for column, sink in zip(comparison.columns, sinks, strict=True):
                tape = recorder.sink(sink, target=column.target, prompt=turn.prompt, column=column.number)
                comparison.start(column, turn, tape)
            contents = [sink.end().response.content for sink in sinks]
        again = [
            ending(replayed(path, target, speed=0)).response.content
            for target in ("mock:mock-basic", "mock:mock-standard")
        ]
        assert again == contents


class TestFile:
    def test_keys_stay_out_also_those_that_came_in_pieces(self, tmp_path: Path) -> None:
        path = tmp_path / "race.jsonl"
        pieces = ["Use ", FAKE_KEY[:7], FAKE_KEY[7:20], FAKE_KEY[20:] + " now", ", please"]
        recorded(path, PlayedProvider(says(*pieces)), prompt=f"Is {FAKE_KEY} right?")
        text = path.read_text()
        assert FAKE_KEY[7:20] not in text
        assert FAKE_KEY[20:] not in text
        events = replayed(path, "played:test-model", speed=0, prompt="x")
        assert ending(events).response.content == "Use [key] now, please"
        assert oct(path.stat().st_mode & 0o777) == "0o600"

    def test_a_file_that_is_there_is_not_overwritten(self, tmp_path: Path) -> None:
        path = tmp_path / "race.jsonl"
        path.write_text("mine")
        with pytest.raises(ConfigError, match="is there already: name another file"):
            Recorder(path)
        assert path.read_text() == "mine"

    def test_a_full_disk_ends_the_recording_and_not_the_answers(self, tmp_path: Path) -> None:
        path = tmp_path / "race.jsonl"
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        with Recorder(path) as recorder:
            sinks = [Sink(), Sink()]
            resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, limit[1]))
            try:
                for sink in sinks:
                    session = Session(PlayedProvider(says("still here")))
                    taped = recorder.sink(sink, target="played", prompt="Anybody?")
                    assert session.start(session.add_turn("Anybody?"), taped).join(5)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        assert [ending(sink.events).response.content for sink in sinks] == ["still here"] * 2
        assert recorder.problem is not None
        assert recorder.problem.endswith(": make room and record it again")

    def test_half_an_answer_at_the_end_is_left_out(self, tmp_path: Path) -> None:
        path = tmp_path / "race.jsonl"
        recorded(path, *(PlayedProvider(says(text)) for text in ("one", "two")))
        whole = path.read_text()
        path.write_text(whole[:-40])
        assert [take.column for take in read_recording(path).takes] == [1]

    @pytest.mark.parametrize(
        "text",
        [
            "", "{}", "not json", '{"type": "recording", "version": 99}', '{"type": "recording", "version": 1}', "[1]",
            '{"type":"recording","version":1}\n{"type":"answer"}\n{"at":"x","type":"end"}\n{}',
        ],
    )  # fmt: skip
    def test_what_is_no_recording_is_refused(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "race.jsonl"
        path.write_text(text)
        with pytest.raises(ConfigError, match="record it again"):
            read_recording(path)

    def test_a_hostile_line_says_which_it_is(self, tmp_path: Path) -> None:
        path = tmp_path / "race.jsonl"
        recorded(path, PlayedProvider(says("one")))
        lines = path.read_text().splitlines()
        form = json.loads(lines[-1])
        form["response"]["usage"]["output_tokens"] = "many"
        form["response"]["usage"]["estimated"] = False
        path.write_text("\n".join([*lines[:-1], json.dumps(form), lines[-1]]) + "\n")
        with pytest.raises(ConfigError, match=f"line {len(lines)}"):
            read_recording(path)

    def test_the_mock_says_what_a_replay_needs(self) -> None:
        with pytest.raises(ConfigError, match="give it the option recording"):
            create_provider("mock:replay")
        with pytest.raises(ConfigError, match="cannot be read"):
            create_provider("mock:replay", recording="/nowhere.jsonl")
        with pytest.raises(ConfigError, match="speed of a replay"):
            create_provider("mock:replay", recording="/nowhere.jsonl", speed=-1)
