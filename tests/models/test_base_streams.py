"""What holds for every provider on HTTP, whatever its wire format: answers, their pieces, their endings."""

from __future__ import annotations

import pytest

from atlas_tui.errors import Kind
from atlas_tui.models.base import End, Start, TokenUsage, UsageUpdate
from atlas_tui.models.base.faults import retry_after
from tests.models.wires import WIRES, ending, events_of, make, reasoning_of, request, text_of
from tests.servers.script import Step
from tests.servers.scripted import (
    Answer,
    Body,
    CutBody,
    Delta,
    EmptyBody,
    EndWithoutTerminal,
    ErrorEvent,
    Finish,
    Flood,
    Hangup,
    HtmlPage,
    HttpError,
    InvalidUtf8,
    Json,
    JsonErrorWith200,
    KeepAlive,
    MalformedLine,
    NoUsage,
    Ping,
    RawBytes,
    Reasoning,
    Redirect,
    Reset,
    Script,
    ScriptedServer,
    Usage,
)

pytestmark = pytest.mark.parametrize("wire", WIRES)

USAGE = Usage(120, 34, cache_read=60, cache_write=20, reasoning=9)
Steps = list[Step]
ANSWER: Steps = [
    Reasoning("Well, "),
    Reasoning("light."),
    Delta("Größe "),
    Ping(),
    Delta("日本語 "),
    KeepAlive(),
    Delta("🙂."),
]
TEXT = "Größe 日本語 🙂."


class TestAnswers:
    def test_text_reasoning_usage_and_reason_come_from_the_wire(self, server: ScriptedServer, wire: str) -> None:
        server.play(Script([*ANSWER, USAGE], model="test-model-2026"))
        events = events_of(make(wire, server.url))
        assert text_of(events) == TEXT
        assert reasoning_of(events) == "Well, light."
        response = events[-1].response  # type: ignore[union-attr]
        assert (response.content, response.reasoning) == (TEXT, "Well, light.")
        assert response.usage == TokenUsage(120, 34, 60, 20, 9, estimated=False)
        assert (response.finish_reason, response.complete) == ("stop", True)
        assert response.model == "test-model-2026"
        assert response.request_id == server.exchanges[0].request_id

    def test_the_start_comes_first(self, server: ScriptedServer, wire: str) -> None:
        server.play(Script.text("Yes."))
        first = events_of(make(wire, server.url))[0]
        assert first == Start(make(wire, server.url).name, "test-model", server.exchanges[0].request_id)

    @pytest.mark.parametrize("shape", [{"split": 1}, {"split": 7}, {"crlf": True}, {"gzip": True}])
    def test_the_shape_of_the_body_means_nothing(
        self, server: ScriptedServer, wire: str, shape: dict[str, int]
    ) -> None:
        server.play(Script([*ANSWER, USAGE]), Script([*ANSWER, USAGE], **shape))  # type: ignore[arg-type]
        provider = make(wire, server.url)
        whole, shaped = ending(provider).response, ending(provider).response
        assert (whole.content, whole.reasoning, whole.usage) == (shaped.content, shaped.reasoning, shaped.usage)
        assert shaped.content == TEXT
        assert shaped.complete

    def test_crlf_split_between_its_halves(self, server: ScriptedServer, wire: str) -> None:
        server.play(Script([*ANSWER, USAGE], crlf=True, split=1))
        assert ending(make(wire, server.url)).response.content == TEXT

    def test_a_flood_arrives_whole(self, server: ScriptedServer, wire: str) -> None:
        server.play(Script([Flood(5000, "word ")]))
        assert text_of(events_of(make(wire, server.url))) == "word " * 5000

    def test_a_delta_of_a_megabyte(self, server: ScriptedServer, wire: str) -> None:
        server.play(Script.text("x" * 1_000_000))
        assert len(ending(make(wire, server.url)).response.content) == 1_000_000

    def test_without_a_count_usage_stays_an_estimate(self, server: ScriptedServer, wire: str) -> None:
        server.play(Script([Delta("one two three four five six seven"), NoUsage()]))
        response = ending(make(wire, server.url)).response
        assert response.complete
        assert response.usage.estimated
        assert 5 <= response.usage.output_tokens <= 12
        assert response.usage.input_tokens > 0

    def test_an_estimate_is_replaced_by_the_provider_s_count(self, server: ScriptedServer, wire: str) -> None:
        server.play(Script([Flood(600, "word "), USAGE]))
        updates = [event.usage for event in events_of(make(wire, server.url)) if isinstance(event, UsageUpdate)]
        assert updates[0].estimated
        assert updates[-1] == TokenUsage(120, 34, 60, 20, 9, estimated=False)

    def test_a_body_left_open_does_not_hold_the_answer_back(self, server: ScriptedServer, wire: str) -> None:
        server.play(Script([Delta("done"), USAGE], leave_open=True))
        end = ending(make(wire, server.url, timeout=5))
        assert end.error is None
        assert end.response.usage.output_tokens == 34
        server.wait_disconnect(timeout=1)

    def test_a_cut_by_the_limit_is_told(self, server: ScriptedServer, wire: str) -> None:
        server.play(Script([Delta("half"), Finish("max_tokens")]))
        response = ending(make(wire, server.url)).response
        assert (response.finish_reason, response.complete) == ("length", True)

    @pytest.mark.parametrize("text", ["\ud83d", "a\ude00b", "\ud83d\ude00"])
    def test_what_arrives_can_always_be_written(self, server: ScriptedServer, wire: str, text: str) -> None:
        server.play(Script.text("ok ", text))
        content = ending(make(wire, server.url)).response.content
        assert content.encode("utf-8").decode("utf-8") == content
        assert content.startswith("ok ")

    def test_bytes_that_are_no_text_are_replaced(self, server: ScriptedServer, wire: str) -> None:
        server.play(Script([InvalidUtf8()]))
        end = ending(make(wire, server.url))
        assert end.error is None
        assert end.response.content.startswith("caf�")

    def test_a_request_says_what_was_asked(self, server: ScriptedServer, wire: str) -> None:
        server.play(Script.text("ok"))
        provider = make(wire, server.url, max_tokens=9)
        asked = request("Hi", system_prompt="Be kind.", temperature=0.25, top_p=0.5, max_tokens=77, extra={"seed": 1})
        ending(provider, asked)
        sent = server.requests[0].json
        assert (sent["model"], sent["stream"]) == ("test-model", True)
        assert (sent["temperature"], sent["top_p"], sent["seed"]) == (0.25, 0.5, 1)
        assert 77 in (sent.get("max_tokens"), sent.get("max_output_tokens"))
        assert "Be kind." in str(sent)

    def test_the_first_model_of_the_server_where_none_is_named(self, server: ScriptedServer, wire: str) -> None:
        server.play(Script.text("ok"))
        provider = make(wire, server.url, model=None)
        ending(provider)
        assert provider.model_name == "test-model"
        assert server.exchanges[-1].request.model == "test-model"

    def test_a_server_without_models_says_so(self, server: ScriptedServer, wire: str) -> None:
        server.models = []
        error = ending(make(wire, server.url, model=None)).error
        assert error is not None
        assert error.kind == "not_found"
        assert "lists no models: name a model" in str(error)


BROKEN: list[tuple[str, Steps, Kind]] = [
    ("a reset", [Reset()], "connection"),
    ("a cut body", [CutBody()], "connection"),
    ("an end without the ending", [EndWithoutTerminal()], "truncated"),
    ("half an event", [RawBytes(b'data: {"type":"resp'), EndWithoutTerminal()], "truncated"),
    ("malformed JSON", [MalformedLine()], "protocol"),
    ("a list", [Json([1, 2])], "protocol"),
    ("a number", [Json(7)], "protocol"),
    ("an overload", [ErrorEvent("overloaded_error", "busy", "overloaded")], "overloaded"),
    ("a rate limit", [ErrorEvent("rate_limit_error", "slow down", "rate_limit_exceeded")], "rate_limit"),
    ("a failure", [ErrorEvent("api_error", "oops", "server_error")], "server"),
    ("a failed response", [ErrorEvent("api_error", "oops", "server_error", failed=True)], "server"),
]


class TestBrokenStreams:
    @pytest.mark.parametrize(("steps", "kind"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
    def test_what_had_come_is_kept(self, server: ScriptedServer, wire: str, steps: Steps, kind: Kind) -> None:
        server.play(Script([Delta("Half an "), Delta("answer"), *steps]))
        end = ending(make(wire, server.url))
        assert end.error is not None
        assert end.error.kind == kind
        assert end.error.partial is end.response
        assert (end.response.content, end.response.complete) == ("Half an answer", False)
        assert end.response.usage.estimated
        assert (end.error.provider, end.error.model) == (make(wire, server.url).name, "test-model")
        assert end.error.request_id == server.exchanges[0].request_id

    def test_an_error_ends_the_stream_though_the_body_stays_open(self, server: ScriptedServer, wire: str) -> None:
        server.play(Script([Delta("a"), ErrorEvent("api_error", "oops", "server_error")], leave_open=True))
        error = ending(make(wire, server.url, timeout=5)).error
        assert error is not None
        assert error.kind == "server"
        server.wait_disconnect(timeout=1)


NO_STREAM: list[tuple[str, Answer, Kind, str]] = [
    ("a web page", HtmlPage(), "protocol", "check that the base URL"),
    ("a web page that is not there", HtmlPage(404), "not_found", "check the base URL"),
    ("a gateway's page", HtmlPage(502), "server", "HTTP 502"),
    ("an empty stream", EmptyBody(), "truncated", "retry"),
    ("no content", EmptyBody(204), "protocol", "check that the base URL"),
    ("another JSON", Body(b'["a list"]'), "protocol", "application/json"),
    ("an error with 200", JsonErrorWith200("we are closed"), "server", "we are closed"),
    ("a hang-up", Hangup(), "connection", "closed the connection"),
    ("a reset", Hangup(reset=True), "connection", "broke the connection"),
    ("a redirect", Redirect("http://127.0.0.1:9/elsewhere"), "protocol", "redirects to http://127.0.0.1:9/elsewhere"),
    ("broken gzip", Body(b"no gzip", 200, "text/event-stream", {"content-encoding": "gzip"}), "protocol", "decompress"),
]


class TestNoStream:
    @pytest.mark.parametrize(("answer", "kind", "words"), [c[1:] for c in NO_STREAM], ids=[c[0] for c in NO_STREAM])
    def test_it_is_one_error(self, server: ScriptedServer, wire: str, answer: Answer, kind: Kind, words: str) -> None:
        server.play(answer)
        error = ending(make(wire, server.url)).error
        assert error is not None
        assert error.kind == kind
        assert words in str(error)
        assert "\n" not in str(error)
        assert len(server.requests) == 1

    def test_a_dead_host(self, dead_url: str, wire: str) -> None:
        error = ending(make(wire, dead_url)).error
        assert error is not None
        assert (error.kind, error.retryable) == ("connection", True)
        assert "nothing listens there" in str(error)

    def test_a_host_that_does_not_exist(self, wire: str) -> None:
        error = ending(make(wire, "http://no-such-host.invalid")).error
        assert error is not None
        assert error.kind == "connection"
        assert "does not resolve" in str(error)


STATUSES: list[tuple[int, Kind, bool]] = [
    (400, "bad_request", False),
    (401, "auth", False),
    (402, "permission", False),
    (403, "permission", False),
    (408, "timeout", True),
    (409, "server", True),
    (413, "context_length", False),
    (422, "bad_request", False),
    (429, "rate_limit", True),
    (500, "server", True),
    (502, "server", True),
    (503, "overloaded", True),
    (504, "timeout", True),
    (529, "overloaded", True),
]


class TestStatuses:
    @pytest.mark.parametrize(("status", "kind", "retryable"), STATUSES)
    def test_each_has_its_kind(
        self, server: ScriptedServer, wire: str, status: int, kind: Kind, retryable: bool
    ) -> None:
        server.play(HttpError(status, "No.\x1b[31m\nSorry."))
        error = ending(make(wire, server.url)).error
        assert error is not None
        assert (error.kind, error.retryable, error.status) == (kind, retryable, status)
        assert error.request_id == server.exchanges[0].request_id
        assert "(No.␛[31m Sorry)" in str(error)
        assert len(server.requests) == 1, "the SDK must not retry by itself"

    def test_a_missing_model_is_named(self, server: ScriptedServer, wire: str) -> None:
        server.play(HttpError(404, "The model `test-model` does not exist"))
        error = ending(make(wire, server.url)).error
        assert error is not None
        assert error.kind == "not_found"
        assert "has no model 'test-model'" in str(error)
        assert "`atlas-tui models`" in str(error)

    def test_a_prompt_too_long_is_told_from_its_words(self, server: ScriptedServer, wire: str) -> None:
        server.play(HttpError(400, "prompt is too long: 210000 tokens > 200000 maximum"))
        error = ending(make(wire, server.url)).error
        assert error is not None
        assert error.kind == "context_length"

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"retry-after": "7"}, 7),
            ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
            ({"retry-after": "x"}, None),
        ],
    )
    def test_the_wait_that_the_server_asks_for(
        self, server: ScriptedServer, wire: str, headers: dict[str, str], seconds: float | None
    ) -> None:
        server.play(HttpError(429, headers=headers))
        error = ending(make(wire, server.url)).error
        assert error is not None
        assert error.retry_after == seconds

    @pytest.mark.parametrize(
        ("seconds", "words"), [("7", "7 s"), ("89.5", "90 s"), ("600", "10 min"), ("86400", "24 h"), ("0", "a moment")]
    )
    def test_the_wait_is_said(self, server: ScriptedServer, wire: str, seconds: str, words: str) -> None:
        server.play(HttpError(429, headers={"retry-after": seconds}))
        assert f": wait {words}, then retry" in str(ending(make(wire, server.url)).error)

    @pytest.mark.parametrize(("value", "retryable"), [("true", True), ("false", False)])
    def test_the_server_may_say_whether_to_retry(
        self, server: ScriptedServer, wire: str, value: str, retryable: bool
    ) -> None:
        server.play(HttpError(400 if retryable else 529, headers={"x-should-retry": value}))
        error = ending(make(wire, server.url)).error
        assert error is not None
        assert error.retryable is retryable

    def test_an_answer_after_a_failure(self, server: ScriptedServer, wire: str) -> None:
        server.play(HttpError(500), Script.text("Back."))
        provider = make(wire, server.url)
        assert ending(provider).error is not None
        assert ending(provider).response.content == "Back."


def test_a_megabyte_of_error_becomes_a_sentence(server: ScriptedServer, wire: str) -> None:
    server.play(HttpError(500, "very " * 200_000 + "long"))
    error = ending(make(wire, server.url)).error
    assert error is not None
    assert len(str(error)) < 500


def test_events_of_an_answer_are_in_order(server: ScriptedServer, wire: str) -> None:
    server.play(Script([*ANSWER, USAGE]))
    names = [type(event).__name__ for event in events_of(make(wire, server.url))]
    assert names[0] == "Start"
    assert names[-2:] == ["UsageUpdate", "End"]
    assert names.index("ReasoningDelta") < names.index("TextDelta")


def test_a_date_to_retry_at(wire: str) -> None:
    del wire
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) is None
    later = retry_after({"retry-after": "Fri, 31 Dec 2049 23:59:59 GMT"})
    assert later is not None
    assert later > 1e8


def test_the_ending_says_how_long_it_took(server: ScriptedServer, wire: str) -> None:
    server.play(Script.text("a", "b"))
    end = ending(make(wire, server.url))
    assert isinstance(end, End)
    timing = end.response.timing
    assert timing.ttft is not None
    assert 0 < timing.ttft <= timing.duration
