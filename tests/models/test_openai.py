"""What is OpenAI's own: its two formats, and what compatible servers make of them."""

from __future__ import annotations

import time
from typing import Any

import pytest

from atlas_tui.config import Timeouts
from atlas_tui.errors import ConfigError
from atlas_tui.models.base import ModelMessage, ModelRequest, TokenUsage
from atlas_tui.models.openai import OpenAIProvider
from atlas_tui.models.openai.chat import chat_body
from atlas_tui.models.openai.responses import responses_body
from tests.models.openai_calls import STOPPED, USAGE, chunk, provider_on, sent_by
from tests.models.wires import KEY, ending, events_of, reasoning_of, request, text_of
from tests.servers.scripted import (
    Delta,
    EndWithoutTerminal,
    ErrorEvent,
    Finish,
    HttpError,
    Json,
    NoUsage,
    RawBytes,
    Reasoning,
    Refusal,
    Reset,
    Script,
    ScriptedServer,
    Stall,
    Usage,
)


class TestChatCompletions:
    @pytest.mark.parametrize(
        ("said", "reason"),
        [("stop", "stop"), ("max_tokens", "length"), ("tool_calls", "tool"), ("eos", "eos")],
    )
    def test_finish_reasons(self, server: ScriptedServer, said: str, reason: str) -> None:
        server.play(Script([Delta("a"), Finish(said)]))
        assert ending(provider_on(server)).response.finish_reason == reason

    @pytest.mark.parametrize(
        "steps", [[Refusal("I will "), Refusal("not")], [Delta("I will not"), Finish("content_filter")]]
    )
    def test_a_refusal_is_an_error_that_keeps_the_text(self, server: ScriptedServer, steps: list[Any]) -> None:
        server.play(Script(steps))
        end = ending(provider_on(server))
        assert end.error is not None
        assert (end.error.kind, end.error.partial.content) == ("refused", "I will not")
        assert end.response.usage.output_tokens == 7

    @pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
    def test_reasoning_under_either_name(self, server: ScriptedServer, field: str) -> None:
        server.play(Script([Reasoning("Hm, ", field), Reasoning("so.", field), Delta("Yes.")]))
        events = events_of(provider_on(server))
        assert (reasoning_of(events), text_of(events)) == ("Hm, so.", "Yes.")

    def test_a_delta_with_the_end_of_the_thought_and_the_beginning_of_the_answer(self, server: ScriptedServer) -> None:
        both = chunk(delta={"reasoning_content": "so.", "content": "Y"})
        server.play(Script([Reasoning("Hm, "), both, Delta("es.")]))
        events = events_of(provider_on(server))
        assert (reasoning_of(events), text_of(events)) == ("Hm, so.", "Yes.")

    def test_content_in_parts(self, server: ScriptedServer) -> None:
        thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
        parts = [thinking, {"type": "text", "text": "Yes."}]
        server.play(Script([chunk(delta={"content": parts})]))
        events = events_of(provider_on(server))
        assert (reasoning_of(events), text_of(events)) == ("Hm.", "Yes.")

    def test_usage_on_the_finish_chunk_ends_it_at_once(self, server: ScriptedServer) -> None:
        last = chunk(choices=[STOPPED], usage=USAGE)
        server.play(Script([Delta("a"), last, Stall()]))
        begun = time.perf_counter()
        response = ending(provider_on(server)).response
        assert response.usage == TokenUsage(11, 5)
        assert time.perf_counter() - begun < 1

    def test_usage_twice_is_counted_once(self, server: ScriptedServer) -> None:
        sofar: Any = {**USAGE, "completion_tokens": 1}
        early = chunk(choices=[{"index": 0, "delta": {"content": "b"}}], usage=sofar)
        server.play(Script([Delta("a"), early, Usage(11, 5)]))
        assert ending(provider_on(server)).response.usage == TokenUsage(11, 5)

    def test_a_server_that_never_sends_usage_is_not_waited_for(self, server: ScriptedServer) -> None:
        server.play(Script([Delta("one two three"), chunk(**STOPPED), Stall()]))
        begun = time.perf_counter()
        end = ending(provider_on(server, timeout=Timeouts(between_tokens=1)))
        assert end.error is None
        assert (end.response.finish_reason, end.response.usage.estimated) == ("stop", True)
        assert time.perf_counter() - begun < 1

    @pytest.mark.parametrize("after", [[Reset()], [RawBytes(b"data: {broken\n\n")], [EndWithoutTerminal()]])
    def test_nothing_after_the_finish_reason_spoils_the_answer(self, server: ScriptedServer, after: list[Any]) -> None:
        server.play(Script([Delta("Whole."), chunk(**STOPPED), *after]))
        end = ending(provider_on(server))
        assert (end.error, end.response.content) == (None, "Whole.")

    def test_an_end_marker_without_a_reason_is_no_ending(self, server: ScriptedServer) -> None:
        server.play(Script([Delta("Half"), Finish(terminal=False)]))
        end = ending(provider_on(server))
        assert end.error is not None
        assert (end.error.kind, end.response.content) == ("truncated", "Half")
        assert not end.response.usage.estimated, "its count did come"

    def test_what_the_answer_cost_where_the_server_says_so(self, server: ScriptedServer) -> None:
        last = chunk(choices=[STOPPED], usage={**USAGE, "cost": 0.00125})
        server.play(Script([Delta("a"), last]))
        cost = ending(provider_on(server)).response.cost
        assert (cost.total, cost.estimated) == (0.00125, False)

    def test_usage_in_groq_s_place(self, server: ScriptedServer) -> None:
        server.play(Script([Delta("a"), chunk(choices=[STOPPED], x_groq={"usage": USAGE}), Stall()]))
        assert ending(provider_on(server)).response.usage == TokenUsage(11, 5)

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            ({"error": {"code": 502, "message": "Upstream failed"}}, "server"),
            ({"error": {"code": 429, "message": "Slow down"}}, "rate_limit"),
            ({"error": {"code": "context_length_exceeded", "message": "Too long"}}, "context_length"),
            ({"error": "a plain text"}, "server"),
            ({"x_groq": {"error": {"message": "over_capacity"}}, "choices": []}, "server"),
        ],
    )
    def test_errors_inside_the_stream(self, server: ScriptedServer, error: dict[str, Any], kind: str) -> None:
        server.play(Script([Delta("a"), Json(error), Stall()]))
        end = ending(provider_on(server, timeout=5))
        assert end.error is not None
        assert (end.error.kind, end.response.content) == (kind, "a")

    @pytest.mark.parametrize(
        "value",
        [
            {"choices": [7]},
            {"choices": {"index": 0}},
            {"choices": [{"delta": "text"}]},
            {"choices": [{"delta": {"content": 7}}]},
            {"choices": [{"finish_reason": 7}]},
            {"choices": [], "x_groq": 3},
        ],
    )
    def test_events_of_another_form(self, server: ScriptedServer, value: dict[str, Any]) -> None:
        server.play(Script([Delta("kept"), Json(value)]))
        end = ending(provider_on(server))
        assert end.error is not None
        assert (end.error.kind, end.response.content) == ("protocol", "kept")
        assert "unknown form" in str(end.error)

    def test_chunks_that_say_nothing_are_skipped(self, server: ScriptedServer) -> None:
        quiet = [chunk(choices=[]), chunk(choices=None), chunk(delta=None), chunk(delta={"content": None}), Json({})]
        server.play(Script([*quiet, Delta("a"), *quiet]))
        assert ending(provider_on(server)).response.content == "a"

    def test_without_counts_usage_is_an_estimate(self, server: ScriptedServer) -> None:
        server.play(Script([Delta("a"), NoUsage()]))
        assert ending(provider_on(server)).response.usage.estimated


class TestResponses:
    def test_summaries_are_kept_apart(self, server: ScriptedServer) -> None:
        part = Json({"type": "response.reasoning_summary_part.added", "summary_index": 1})
        server.play(Script([Reasoning("First."), part, Reasoning("Second."), Delta("Yes.")]))
        assert reasoning_of(events_of(provider_on(server, "responses"))) == "First.\n\nSecond."

    def test_messages_are_kept_apart(self, server: ScriptedServer) -> None:
        """Some models say in a message of its own what they are going to do."""
        steps: list[Any] = [
            Delta("I will "),
            Delta("count."),
            Reasoning("One, two."),
            Delta("There are "),
            Delta("two."),
        ]
        server.play(Script(steps))
        assert text_of(events_of(provider_on(server, "responses"))) == "I will count.\n\nThere are two."

    def test_a_refusal_is_an_error_that_keeps_the_text(self, server: ScriptedServer) -> None:
        server.play(Script([Refusal("I will "), Refusal("not")]))
        end = ending(provider_on(server, "responses"))
        assert end.error is not None
        assert (end.error.kind, end.error.partial.content) == ("refused", "I will not")

    @pytest.mark.parametrize(("said", "reason"), [("max_tokens", "length"), ("content_filter", "refused")])
    def test_incomplete_says_why(self, server: ScriptedServer, said: str, reason: str) -> None:
        server.play(Script([Delta("a"), Finish(said)]))
        assert ending(provider_on(server, "responses")).response.finish_reason == reason

    def test_a_cut_that_the_server_calls_completed(self, server: ScriptedServer) -> None:
        server.play(Script([Delta("a"), Usage(3, 8)]))
        response = ending(provider_on(server, "responses"), request(max_tokens=8)).response
        assert response.finish_reason == "length"

    @pytest.mark.parametrize("failed", [True, False])
    def test_a_failure_is_raised_in_either_form(self, server: ScriptedServer, failed: bool) -> None:
        server.play(Script([Delta("a"), ErrorEvent("x", "Slow.", "rate_limit_exceeded", failed)], leave_open=True))
        error = ending(provider_on(server, "responses", timeout=5)).error
        assert error is not None
        assert error.kind == "rate_limit"
        assert "Slow" in str(error)

    @pytest.mark.parametrize(
        "value",
        [
            {"type": "response.output_text.delta"},
            {"type": "response.output_text.delta", "delta": 7},
            {"type": "response.completed", "response": None},
            {"type": "response.completed", "response": {"usage": [1]}},
            {"type": "response.created"},
        ],
    )
    def test_events_of_another_form(self, server: ScriptedServer, value: dict[str, Any]) -> None:
        server.play(Script([Delta("kept"), Json(value)]))
        end = ending(provider_on(server, "responses"))
        assert end.error is not None
        assert (end.error.kind, end.response.content) == ("protocol", "kept")

    def test_the_service_keeps_no_copy(self, server: ScriptedServer) -> None:
        sent = sent_by(server, provider_on(server, "responses"), request(system_prompt="Be kind."))
        assert sent == {
            "model": "gpt-test",
            "input": [{"role": "user", "content": "Why is the sky blue?"}],
            "instructions": "Be kind.",
            "stream": True,
            "store": False,
        }

    @pytest.mark.parametrize(
        ("options", "effort", "reasoning"),
        [
            ({}, None, None),
            ({}, "low", {"effort": "low", "summary": "auto"}),
            ({"effort": "high", "summary": False}, None, {"effort": "high"}),
            ({"effort": "high"}, "none", {"effort": "none"}),
        ],
    )
    def test_reasoning_is_asked_for(
        self, server: ScriptedServer, options: dict[str, Any], effort: str | None, reasoning: Any
    ) -> None:
        sent = sent_by(server, provider_on(server, "responses", **options), request(reasoning_effort=effort))
        assert sent.get("reasoning") == reasoning


class TestTheRequest:
    def test_chat_on_a_compatible_server(self, server: ScriptedServer) -> None:
        asked = request(system_prompt="Be kind.", stop="END", max_tokens=5, reasoning_effort="low")
        assert sent_by(server, provider_on(server), asked) == {
            "model": "gpt-test",
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Why is the sky blue?"},
            ],
            "stream": True,
            "stream_options": {"include_usage": True},
            "stop": ["END"],
            "max_tokens": 5,
            "reasoning_effort": "low",
        }

    def test_openai_s_own_host_has_newer_names(self) -> None:
        body = chat_body(request(), "gpt-test", limit=5, effort=None, at_vendor=True)
        assert body["max_completion_tokens"] == 5
        assert "max_tokens" not in body
        assert body["stream_options"] == {"include_usage": True, "include_obfuscation": False}
        body = responses_body(request(), "gpt-test", limit=5, effort=None, summary=True, at_vendor=True)
        assert (body["max_output_tokens"], body["stream_options"]) == (5, {"include_obfuscation": False})

    def test_a_conversation_is_sent_in_order(self, server: ScriptedServer) -> None:
        messages = [ModelMessage.user("a"), ModelMessage.assistant("b"), ModelMessage.user("c")]
        sent = sent_by(server, provider_on(server), ModelRequest(messages=messages))
        assert [message["content"] for message in sent["messages"]] == ["a", "b", "c"]

    @pytest.mark.parametrize(
        ("url", "path"),
        [("", "/v1/chat/completions"), ("responses", "/v1/responses"), ("chat", "/v1/chat/completions")],
    )
    def test_a_compatible_server_gets_chat_unless_told_otherwise(
        self, server: ScriptedServer, url: str, path: str
    ) -> None:
        sent_by(server, provider_on(server, url or "auto"))
        assert server.requests[-1].path == path

    def test_an_unknown_format(self) -> None:
        with pytest.raises(ConfigError, match="use one of auto, responses, chat"):
            OpenAIProvider("gpt-test", api_key=KEY, api="completions")


class TestFailures:
    def test_an_exhausted_quota_is_not_worth_a_retry(self, server: ScriptedServer) -> None:
        server.play(HttpError(429, "You exceeded your current quota", code="insufficient_quota"))
        error = ending(provider_on(server)).error
        assert error is not None
        assert (error.kind, error.retryable) == ("rate_limit", False)
        assert str(error).endswith("check the account's quota and its billing")

    def test_a_base_url_without_v1(self, server: ScriptedServer) -> None:
        server.routes["/chat/completions"] = HttpError(
            404, "Invalid URL (POST /chat/completions)", "invalid_request_error"
        )
        error = ending(OpenAIProvider("gpt-test", base_url=server.url, api_key=KEY)).error
        assert error is not None
        assert error.kind == "not_found"
        assert "base URL" in str(error)

    def test_a_code_is_more_precise_than_the_status(self, server: ScriptedServer) -> None:
        server.play(HttpError(400, "No.", code="context_length_exceeded"))
        error = ending(provider_on(server)).error
        assert error is not None
        assert error.kind == "context_length"
