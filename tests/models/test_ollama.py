"""The Ollama provider, through the official client, against a scripted server and a real model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from atlas_tui.errors import ConfigError, ProviderError
from atlas_tui.models.base import End, ModelMessage, ModelRequest, ReasoningDelta, Start, TextDelta
from atlas_tui.models.ollama import OllamaProvider
from tests.models.ollama_calls import answer, asked, chats, failure, provider
from tests.servers.real_model import OLLAMA_MODEL
from tests.servers.scripted import (
    Body,
    Delta,
    Finish,
    Flood,
    HttpError,
    InvalidUtf8,
    NoUsage,
    RawBytes,
    Reasoning,
    Script,
    ScriptedServer,
    ServedModel,
    Usage,
    Wait,
)

pytestmark = pytest.mark.usefixtures("no_leaked_threads")


class TestAnswer:
    def test_text_reasoning_usage_and_reason_come_from_the_wire(self, server: ScriptedServer) -> None:
        script = Script([Reasoning("hm"), Delta("Hel"), Delta("lo"), Usage(100, 50)], model="llama3:8b")
        response = answer(server, script)
        assert (response.content, response.reasoning) == ("Hello", "hm")
        assert (response.usage.input_tokens, response.usage.output_tokens) == (100, 50)
        assert not response.usage.estimated
        assert (response.finish_reason, response.complete, response.model) == ("stop", True, "llama3:8b")
        assert str(response.cost) == "$0.000000"

    def test_events_come_in_order(self, server: ScriptedServer) -> None:
        server.play(Script([Reasoning("hm"), Delta("Hi")]))
        kinds = [type(event) for event in provider(server).stream(asked())]
        assert kinds[:3] == [Start, ReasoningDelta, TextDelta]
        assert kinds[-1] is End

    def test_a_cut_by_the_limit_is_told(self, server: ScriptedServer) -> None:
        assert answer(server, Script([Delta("x"), Finish("max_tokens")])).finish_reason == "length"

    def test_missing_counts_are_estimated(self, server: ScriptedServer) -> None:
        usage = answer(server, Script([Delta("some words"), NoUsage()])).usage
        assert usage.estimated
        assert usage.output_tokens > 0

    @pytest.mark.parametrize("shape", [{"split": 1}, {"crlf": True}, {"split": 2, "crlf": True}])
    def test_line_separators_inside_the_text_survive(self, server: ScriptedServer, shape: Any) -> None:
        text = "a\u0085b\u2028c\u2029d é â € 漢 😀 \x1f"
        assert answer(server, Script([Delta(text), Delta("!")], **shape)).content == f"{text}!"

    def test_a_raw_line_separator_survives(self, server: ScriptedServer) -> None:
        line = '{"model":"m","message":{"role":"assistant","content":"a\u2028b\u2029c"},"done":false}\n'
        assert answer(server, Script([RawBytes(line.encode())], split=1)).content == "a\u2028b\u2029c"

    def test_a_lone_surrogate_can_be_written(self, server: ScriptedServer) -> None:
        answer(server, Script([Delta("a\ud83db")])).content.encode()

    def test_bytes_that_are_no_text_are_replaced(self, server: ScriptedServer) -> None:
        assert "�" in answer(server, Script([InvalidUtf8()])).content

    def test_a_body_left_open_does_not_hold_the_answer_back(self, server: ScriptedServer) -> None:
        assert answer(server, Script([Delta("x")], leave_open=True)).complete
        server.wait_disconnect()

    def test_the_time_to_first_token_is_that_of_the_wire(self, server: ScriptedServer) -> None:
        response = answer(server, Script([Wait(0.1), Delta("x")]))
        assert response.timing.ttft is not None
        assert 0.1 <= response.timing.ttft < 1

    def test_the_rate_is_the_server_s_own(self, server: ScriptedServer) -> None:
        response = answer(server, Script([Delta("Hel"), Delta("lo"), Usage(5, 30, eval_seconds=2)]))
        assert response.timing.tokens_per_second == pytest.approx(15)

    def test_a_flood_arrives_whole(self, server: ScriptedServer) -> None:
        assert answer(server, Script([Flood(5000, "abc ")])).content == "abc " * 5000


class TestRequest:
    def test_the_whole_request_is_sent(self, server: ScriptedServer) -> None:
        request = ModelRequest(
            messages=[ModelMessage.user("One"), ModelMessage.assistant("Two"), ModelMessage.user("Three")],
            system_prompt="Be brief.",
            max_tokens=99,
            temperature=0.5,
            top_p=0.9,
            stop=["END"],
            extra={"format": "json", "options": {"seed": 7}},
        )
        answer(server, Script.text("x"), request=request, keep_alive="10m")
        (body,) = chats(server)
        assert [m["content"] for m in body["messages"]] == ["Be brief.", "One", "Two", "Three"]
        assert body["messages"][0]["role"] == "system"
        expected = {"num_ctx": 4096, "num_predict": 99, "temperature": 0.5, "top_p": 0.9, "stop": ["END"], "seed": 7}
        assert body["options"] == expected
        assert (body["format"], body["keep_alive"], body["stream"]) == ("json", "10m", True)
        assert (body["truncate"], body["shift"]) == (False, False)

    def test_an_unknown_field_is_refused_before_sending(self, server: ScriptedServer) -> None:
        error = failure(server, request=asked(extra={"fromat": "json"}))
        assert error.kind == "bad_request"
        assert "'fromat'" in str(error)
        assert "format, keep_alive" in str(error)
        assert not chats(server)

    @pytest.mark.parametrize(
        ("option", "effort", "sent"),
        [(None, None, None), (True, None, True), ("low", None, "low"), (True, "none", False), (None, "high", "high")],
    )
    def test_thinking_is_asked_for(self, server: ScriptedServer, option: Any, effort: str | None, sent: object) -> None:
        server.models = [ServedModel("llama3", capabilities=("completion", "thinking"))]
        answer(server, Script.text("x"), request=asked(reasoning_effort=effort), think=option)
        assert chats(server)[0].get("think") == sent

    def test_a_model_that_cannot_think_is_not_asked_to(self, server: ScriptedServer) -> None:
        answer(server, Script.text("x"), think=True)
        assert "think" not in chats(server)[0]

    def test_meaningless_options_are_refused(self) -> None:
        with pytest.raises(ConfigError, match="think = 'much'"):
            OllamaProvider("m", think="much")
        with pytest.raises(ConfigError, match="num_ctx = 0"):
            OllamaProvider("m", num_ctx=0)


class TestContext:
    """The server's default context is small, and it would cut a longer prompt in silence."""

    LONG = "word " * 6000  # about 6,900 tokens

    def size(self, server: ScriptedServer) -> int:
        return int(chats(server)[-1]["options"]["num_ctx"])

    def test_it_holds_the_prompt_and_an_answer(self, server: ScriptedServer) -> None:
        server.models = [ServedModel("llama3", context=131_072)]
        answer(server, Script.text("x"), request=asked(self.LONG, max_tokens=4000))
        assert self.size(server) == 16_384

    def test_it_is_at_most_the_model_s(self, server: ScriptedServer) -> None:
        server.models = [ServedModel("llama3", context=8192)]
        answer(server, Script.text("x"), request=asked(self.LONG, max_tokens=4000))
        assert self.size(server) == 8192
        # Less room is left than was asked for: the answer ends there, instead of the prompt being forgotten.
        assert 0 < chats(server)[0]["options"]["num_predict"] < 4000

    def test_a_prompt_that_cannot_fit_is_not_sent(self, server: ScriptedServer) -> None:
        server.models = [ServedModel("llama3", context=2048)]
        error = failure(server, request=asked(self.LONG))
        assert error.kind == "context_length"
        assert "llama3 takes at most 2048" in str(error)
        assert "about 6" in str(error)
        assert not chats(server)

    def test_it_does_not_shrink_what_is_loaded(self, server: ScriptedServer) -> None:
        server.models = [ServedModel("llama3", context=131_072)]
        loaded = {"models": [{"model": "llama3:latest", "context_length": 32_768}]}
        server.routes["/api/ps"] = Body(json.dumps(loaded).encode())
        answer(server, Script.text("x"))
        assert self.size(server) == 32_768

    def test_it_does_not_shrink_from_prompt_to_prompt(self, server: ScriptedServer) -> None:
        server.models = [ServedModel("llama3", context=131_072)]
        server.always(Script.text("x"))
        ours = provider(server)
        for text in (self.LONG, "short"):
            ours.generate(asked(text))
            assert self.size(server) == 16_384

    def test_a_refusal_because_of_an_estimate_too_low_is_followed_by_a_larger_one(self, server: ScriptedServer) -> None:
        runner = {"code": 400, "message": "request (5000 tokens) exceeds the available context size (4096 tokens)"}
        inner = json.dumps({"error": {**runner, "type": "exceed_context_size_error"}})
        server.models = [ServedModel("llama3", context=8192)]
        assert answer(server, HttpError(400, inner), Script.text("fits")).content == "fits"
        assert [body["options"]["num_ctx"] for body in chats(server)] == [4096, 8192]

        error = failure(server, HttpError(400, inner), HttpError(400, inner))
        assert error.kind == "context_length"
        assert "request (5000 tokens) exceeds" in str(error)
        assert "\\" not in str(error)

    def test_a_set_size_is_kept(self, server: ScriptedServer) -> None:
        answer(server, Script.text("x"), num_ctx=1000)
        assert self.size(server) == 1000
        error = failure(server, num_ctx=1000, request=asked(self.LONG))
        assert "num_ctx is set to 1000" in str(error)

    def test_the_window_is_known_once_the_server_was_asked(self, server: ScriptedServer) -> None:
        server.play(Script.text("x"))
        ours = provider(server)
        assert ours.context_window() is None
        ours.generate(asked())
        assert ours.context_window() == 8192


class TestModels:
    def test_they_are_listed_with_size_window_and_abilities(self, server: ScriptedServer) -> None:
        server.models = [
            ServedModel("qwen3:8b", 40_960, size=5_200_000_000, capabilities=("completion", "thinking")),
            ServedModel("nomic-embed-text:latest", 2048, size=274_000_000, capabilities=("embedding",)),
        ]
        first, second = provider(server).list_models()
        assert (first.id, first.context_window) == ("qwen3:8b", 40_960)
        assert first.detail == "8.0B, Q4_0, 5.2 GB, thinking"
        assert second.detail == "8.0B, Q4_0, 0.3 GB, embedding"

    def test_a_model_that_cannot_be_shown_is_listed_all_the_same(self, server: ScriptedServer) -> None:
        server.routes["/api/show"] = HttpError(500)
        assert [model.context_window for model in provider(server).list_models()] == [None, None]

    def test_the_default_is_the_first_that_can_chat(self, server: ScriptedServer) -> None:
        server.models = [ServedModel("embedder", capabilities=("embedding",)), ServedModel("chatter"), ServedModel("z")]
        server.play(Script.text("x"))
        ours = provider(server, None)
        assert ours.generate(asked()).model == "chatter"
        assert ours.model_name == "chatter"

    def test_a_server_without_models_says_how_to_get_one(self, server: ScriptedServer) -> None:
        server.models = []
        error = failure(server, model=None)
        assert error.kind == "not_found"
        assert "has no model: get one: `ollama pull llama3.2`" in str(error)

    def test_an_unknown_model_says_how_to_get_it(self, server: ScriptedServer) -> None:
        error = failure(server, model="gone:7b")
        assert error.kind == "not_found"
        assert "`ollama pull gone:7b`" in str(error)
        assert not error.retryable

    def test_a_server_that_says_nothing_about_a_model_can_still_be_asked(self, server: ScriptedServer) -> None:
        server.routes["/api/show"] = Body(b"{}")
        server.routes["/api/ps"] = HttpError(404)
        assert answer(server, Script.text("x")).content == "x"


@pytest.mark.real_model
class TestRealModel:
    def test_it_answers(self, real_ollama: str) -> None:
        ours = OllamaProvider(base_url=real_ollama)
        texts: list[str] = []
        request = asked("Say hello.", max_tokens=12, temperature=0.0)
        response = ours.stream_with_callback(request, lambda text, _: texts.append(text))
        assert ours.model_name == OLLAMA_MODEL
        assert response.complete
        assert "".join(texts) == response.content != ""
        assert response.timing.ttft is not None

    def test_a_stop_reaches_the_model(self, real_ollama: str) -> None:
        stream = OllamaProvider(base_url=real_ollama).stream(asked("Count to one thousand.", max_tokens=500))
        for event in stream:
            if isinstance(event, TextDelta):
                stream.close()
        with pytest.raises(ProviderError) as e:
            stream.response()
        assert e.value.kind == "cancelled"
        assert e.value.partial.content
