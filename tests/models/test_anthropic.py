"""What is Anthropic's own: the Messages format, its options, its environment; and a real model behind it."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from typing import Any

import pytest

from atlas_tui.errors import ConfigError, ProviderError
from atlas_tui.models.anthropic import AnthropicProvider
from atlas_tui.models.base import ModelMessage, ModelRequest, TokenUsage
from atlas_tui.models.factory import create_provider
from tests.models.wires import KEY, ending, events_of, request, text_of
from tests.servers.script import Step
from tests.servers.scripted import (
    Body,
    Delta,
    EndWithoutTerminal,
    ErrorEvent,
    Finish,
    HttpError,
    Json,
    NoUsage,
    Script,
    ScriptedServer,
    ServedModel,
    Usage,
)


def provider_on(server: ScriptedServer, model: str | None = "claude-test", **options: Any) -> AnthropicProvider:
    return AnthropicProvider(model, base_url=server.url, **{"api_key": KEY, **options})


def sent_by(server: ScriptedServer, provider: AnthropicProvider, asked: ModelRequest | None = None) -> Any:
    """The body of the request that the server gets."""
    server.play(Script.text("ok"))
    assert ending(provider, asked).error is None
    return server.requests[-1].json


class TestTheStream:
    @pytest.mark.parametrize(
        ("said", "reason"),
        [
            ("stop", "stop"),
            ("stop_sequence", "stop"),
            ("max_tokens", "length"),
            ("model_context_window_exceeded", "length"),
            ("tool_use", "tool"),
            ("pause_turn", "pause_turn"),
        ],
    )
    def test_finish_reasons(self, server: ScriptedServer, said: str, reason: str) -> None:
        server.play(Script([Delta("a"), Finish(said)]))
        assert ending(provider_on(server)).response.finish_reason == reason

    def test_a_refusal_is_an_error_that_keeps_the_text(self, server: ScriptedServer) -> None:
        server.play(Script([Delta("I will not"), Finish("refusal")]))
        end = ending(provider_on(server))
        assert end.error is not None
        assert (end.error.kind, end.error.partial.content) == ("refused", "I will not")
        assert end.response.finish_reason == "refused"

    def test_a_refusal_gives_the_reason_that_came_with_it(self, server: ScriptedServer) -> None:
        details = {"type": "refusal", "category": "cyber", "explanation": "It could\x1b[2J help an attack."}
        stop = {"stop_reason": "refusal", "stop_details": details}
        server.play(Script([Json({"type": "message_delta", "delta": stop, "usage": {"output_tokens": 3}})]))
        error = ending(provider_on(server)).error
        assert error is not None
        assert "refused to answer (cyber: It could␛[2J help an attack): rephrase" in str(error)

    def test_the_input_is_known_before_the_end(self, server: ScriptedServer) -> None:
        server.play(Script([Delta("a"), Usage(100, 7, cache_read=60, cache_write=30), EndWithoutTerminal()]))
        usage = ending(provider_on(server)).response.usage
        assert (usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens) == (100, 60, 30)
        assert usage.estimated, "the first output count is a placeholder"
        assert usage.output_tokens >= 1

    def test_counts_replace_and_do_not_add(self, server: ScriptedServer) -> None:
        delta = {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 5}}
        server.play(Script([Delta("a"), Json(delta, "message_delta"), Usage(10, 8)]))
        assert ending(provider_on(server)).response.usage == TokenUsage(10, 8)

    def test_a_stop_reason_is_an_ending_even_if_the_last_event_is_lost(self, server: ScriptedServer) -> None:
        last = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}}
        server.play(Script([Delta("All."), Json(last, "message_delta"), EndWithoutTerminal()]))
        end = ending(provider_on(server))
        assert end.error is None
        assert (end.response.finish_reason, end.response.usage.output_tokens) == ("stop", 3)

    def test_a_message_that_stops_without_a_reason_is_whole(self, server: ScriptedServer) -> None:
        server.play(Script([Delta("All."), Finish(terminal=False)]))
        assert ending(provider_on(server)).response.complete

    def test_blocks_that_are_no_text_are_left_out(self, server: ScriptedServer) -> None:
        hidden = {"type": "redacted_thinking", "data": "x"}
        steps: list[Step] = [
            Json({"type": "content_block_start", "content_block": hidden}),
            Json({"type": "content_block_delta", "delta": {"type": "signature_delta", "signature": "y"}}),
            Json({"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": "{"}}),
            Json({"type": "content_block_start", "content_block": {"type": "text", "text": "Hel"}}),
            Json({"type": "something_new"}),
            Delta("lo"),
        ]
        server.play(Script(steps))
        assert text_of(events_of(provider_on(server))) == "Hello"

    @pytest.mark.parametrize(
        ("type_", "kind", "retryable"),
        [
            ("overloaded_error", "overloaded", True),
            ("rate_limit_error", "rate_limit", True),
            ("api_error", "server", True),
            ("timeout_error", "timeout", True),
            ("authentication_error", "auth", False),
            ("invalid_request_error", "bad_request", False),
            ("something_new", "server", True),
        ],
    )
    def test_error_events_by_type(self, server: ScriptedServer, type_: str, kind: str, retryable: bool) -> None:
        server.play(Script([Delta("a"), ErrorEvent(type_, "No.")]))
        error = ending(provider_on(server)).error
        assert error is not None
        assert (error.kind, error.retryable, error.status) == (kind, retryable, None)

    @pytest.mark.parametrize(
        "event",
        [
            {"type": "content_block_delta"},
            {"type": "content_block_delta", "delta": 3},
            {"type": "content_block_delta", "delta": {"text": ["no"]}},
            {"type": "message_start", "message": None},
            {"type": "message_delta", "delta": []},
            {"type": "message_delta", "delta": {}, "usage": "many"},
        ],
    )
    def test_events_of_another_form(self, server: ScriptedServer, event: dict[str, Any]) -> None:
        server.play(Script([Delta("kept"), Json(event)]))
        end = ending(provider_on(server))
        assert end.error is not None
        assert end.error.kind == "protocol"
        assert "unknown form" in str(end.error)
        assert end.response.content == "kept"

    def test_odd_counts_are_no_counts(self, server: ScriptedServer) -> None:
        odd = {"type": "message_delta", "delta": {}, "usage": {"output_tokens": "many", "input_tokens": -4}}
        server.play(Script([Delta("a"), NoUsage(), Json(odd)]))
        assert ending(provider_on(server)).response.usage.estimated

    def test_an_empty_account_is_no_bad_request(self, server: ScriptedServer) -> None:
        server.play(HttpError(400, "Your credit balance is too low to access the Anthropic API."))
        error = ending(provider_on(server)).error
        assert error is not None
        assert error.kind == "permission"
        assert "billing" in str(error)

    def test_a_spend_limit_is_not_worth_a_retry(self, server: ScriptedServer) -> None:
        details = {"error_code": "enforced_spend_limit_reached"}
        body = {"type": "error", "error": {"type": "rate_limit_error", "message": "Limit.", "details": details}}
        server.play(HttpError(429, body=json.dumps(body).encode()))
        error = ending(provider_on(server)).error
        assert error is not None
        assert (error.kind, error.retryable) == ("rate_limit", False)
        assert "billing" in str(error)


class TestTheRequest:
    def test_the_plainest(self, server: ScriptedServer) -> None:
        assert sent_by(server, provider_on(server)) == {
            "model": "claude-test",
            "messages": [{"role": "user", "content": "Why is the sky blue?"}],
            "stream": True,
            "max_tokens": 16384,
        }

    def test_system_messages_and_stops(self, server: ScriptedServer) -> None:
        asked = ModelRequest(
            messages=[ModelMessage.system("Be brief."), ModelMessage.user("Hi")], system_prompt="Be kind.", stop=["END"]
        )
        sent = sent_by(server, provider_on(server), asked)
        assert sent["system"] == "Be kind.\n\nBe brief."
        assert [message["role"] for message in sent["messages"]] == ["user"]
        assert sent["stop_sequences"] == ["END"]

    def test_a_beginning_to_continue_has_no_space_at_its_end(self, server: ScriptedServer) -> None:
        asked = ModelRequest(messages=[ModelMessage.user("Hi"), ModelMessage.assistant("Once upon \n")])
        assert sent_by(server, provider_on(server, "claude-haiku-4-5"), asked)["messages"][-1]["content"] == "Once upon"

    @pytest.mark.parametrize(
        ("options", "effort", "fields"),
        [
            ({"thinking": False}, None, {"thinking": {"type": "disabled"}}),
            ({"thinking": True}, None, {"thinking": {"type": "adaptive", "display": "summarized"}}),
            (
                {"thinking": 2048},
                None,
                {"thinking": {"type": "enabled", "budget_tokens": 2048}, "max_tokens": 2048 + 8192},
            ),
            (
                {"effort": "low"},
                "high",
                {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "high"}},
            ),
            ({"effort": "high"}, "none", {"thinking": {"type": "disabled"}}),
        ],
    )
    def test_thinking(
        self, server: ScriptedServer, options: dict[str, Any], effort: str | None, fields: dict[str, Any]
    ) -> None:
        sent = sent_by(server, provider_on(server, **options), request(reasoning_effort=effort))
        assert {name: sent[name] for name in fields} == fields
        assert ("output_config" in sent) == ("output_config" in fields)

    def test_a_conversation_is_cached_from_its_second_turn_on(self, server: ScriptedServer) -> None:
        asked = ModelRequest(messages=[ModelMessage.user("a"), ModelMessage.assistant("b"), ModelMessage.user("c")])
        provider = provider_on(server, cache=True)
        assert sent_by(server, provider, asked)["cache_control"] == {"type": "ephemeral"}
        assert "cache_control" not in sent_by(server, provider)
        assert "cache_control" not in sent_by(server, provider_on(server), asked), "another server may not know it"

    @pytest.mark.parametrize("thinking", ["much", 1000, -1, 0.5])
    def test_an_option_without_meaning(self, thinking: Any) -> None:
        with pytest.raises(ConfigError, match="thinking"):
            AnthropicProvider("claude-test", api_key=KEY, thinking=thinking)

    def test_a_retired_model_is_asked_without_a_warning(self, server: ScriptedServer) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            sent_by(server, provider_on(server, "claude-3-7-sonnet-20250219"))
        assert [str(warning.message) for warning in caught if "deprecated" in str(warning.message)] == []


class TestTheEnvironment:
    def test_without_a_key_it_says_what_to_do(self) -> None:
        with pytest.raises(ProviderError) as caught:
            create_provider("anthropic")
        assert caught.value.kind == "auth"
        assert str(caught.value) == (
            "no API key for anthropic: set ANTHROPIC_API_KEY, or use mock or ollama, which need none"
        )

    def test_the_check_can_be_put_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SKIP_API_KEY_CHECK", "true")
        provider = create_provider("anthropic")
        with pytest.raises(ProviderError, match="set ANTHROPIC_API_KEY"):
            provider.generate(request())

    @pytest.mark.parametrize("variable", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"])
    def test_its_variables(self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
        monkeypatch.setenv(variable, "variable-key-123456")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Team: blue")
        sent_by(server, AnthropicProvider("claude-test"))
        assert server.requests[0].api_key == "variable-key-123456"
        assert server.requests[0].headers["x-team"] == "blue"

    def test_a_server_of_another_name_gets_none_of_them(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "variable-key-123456")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Team: blue\nAuthorization: Bearer other-key-123456")
        sent_by(server, AnthropicProvider("claude-test", name="local", base_url=f"{server.url}/v1"))
        assert "variable-key" not in str(server.requests[0].headers)
        assert "other-key" not in str(server.requests[0].headers)
        assert "x-team" not in server.requests[0].headers

    @pytest.mark.parametrize("url", ["localhost:8080", "ftp://host", "http://", "/v1"])
    def test_what_is_no_address(self, url: str) -> None:
        with pytest.raises(ConfigError, match="base URL"):
            AnthropicProvider("claude-test", api_key=KEY, base_url=url)

    def test_a_proxy_is_not_asked_for_this_machine(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        sent_by(server, provider_on(server))

    def test_the_package_is_imported_at_the_first_request_only(self) -> None:
        program = (
            "import sys; from atlas_tui.models.anthropic import AnthropicProvider; "
            "AnthropicProvider('m', api_key='k' * 20); "
            "sys.exit([m for m in ('anthropic', 'httpx2', 'pydantic', 'genai_prices') if m in sys.modules] or 0)"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


class TestModels:
    def test_they_come_with_their_limits(self, server: ScriptedServer) -> None:
        server.models = [ServedModel("claude-haiku-4-5", context=200_000, max_output=64_000)]
        (model,) = provider_on(server).list_models()
        assert (model.id, model.name) == ("claude-haiku-4-5", "Claude Haiku 4 5")
        assert (model.context_window, model.max_output) == (200_000, 64_000)

    def test_an_end_of_life_is_told(self, server: ScriptedServer) -> None:
        body = b'{"data": [{"id": "claude-old", "deprecated_at": "2026-01-02T00:00:00Z", "retires_at": "2026-11-30"}]}'
        server.routes["/v1/models"] = Body(body)
        (model,) = provider_on(server).list_models()
        assert model.detail == "deprecated since 2026-01-02, retires 2026-11-30"

    @pytest.mark.parametrize("body", [b"<html>", b"[]", b"7"])
    def test_what_is_no_list(self, server: ScriptedServer, body: bytes) -> None:
        server.routes["/v1/models"] = Body(body)
        with pytest.raises(ProviderError, match="where a model list should be"):
            provider_on(server).list_models()

    def test_a_rejected_key(self, server: ScriptedServer) -> None:
        server.routes["/v1/models"] = HttpError(401, "bad key {key}")
        with pytest.raises(ProviderError, match="rejects the API key") as caught:
            provider_on(server).list_models()
        assert (caught.value.kind, caught.value.provider) == ("auth", "anthropic")
        assert KEY not in str(caught.value)


@pytest.mark.real_model
class TestARealModel:
    def test_no_model_has_to_be_named(self, real_model: str) -> None:
        provider = AnthropicProvider(name="local", base_url=real_model, max_tokens=3)
        assert provider.generate(request()).complete
        assert provider.model_name in [model.id for model in provider.list_models()]
