"""The Ollama provider, through the official client, against a scripted server and a real model."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import Any

import ollama
import pytest

from atlas_tui.config import Timeouts
from atlas_tui.errors import ConfigError, ProviderError
from atlas_tui.models.base import (
    End,
    EventStream,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ReasoningDelta,
    Start,
    TextDelta,
)
from atlas_tui.models.ollama import OllamaProvider
from atlas_tui.models.ollama.connection import server_url
from tests.servers.real_model import OLLAMA_MODEL
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
    MalformedLine,
    NoHeaders,
    NoUsage,
    RawBytes,
    Reasoning,
    Redirect,
    Request,
    Reset,
    Script,
    ScriptedServer,
    ServedModel,
    Stall,
    Usage,
    Wait,
)

pytestmark = pytest.mark.usefixtures("no_leaked_threads")


def asked(text: str = "Hi", **fields: Any) -> ModelRequest:
    return ModelRequest(messages=[ModelMessage.user(text)], **fields)


def provider(server: ScriptedServer, model: str | None = "llama3", **options: Any) -> OllamaProvider:
    return OllamaProvider(model, base_url=server.url, **options)


def answer(
    server: ScriptedServer, *answers: Answer, request: ModelRequest | None = None, **options: Any
) -> ModelResponse:
    server.play(*answers)
    return provider(server, **options).generate(request or asked())


def failure(
    server: ScriptedServer, *answers: Answer, request: ModelRequest | None = None, **options: Any
) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        answer(server, *answers, request=request, **options)
    return caught.value


def chats(server: ScriptedServer) -> list[Any]:
    return [request.json for request in server.requests if request.path == "/api/chat"]


def drain(stream: EventStream) -> End:
    *_, end = stream
    assert isinstance(end, End)
    return end


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


class TestFailure:
    @pytest.mark.parametrize(
        ("status", "kind", "retryable"),
        [
            (400, "bad_request", False),
            (401, "auth", False),
            (403, "permission", False),
            (429, "rate_limit", True),
            (500, "server", True),
            (503, "overloaded", True),
        ],
    )
    def test_by_status(self, server: ScriptedServer, status: int, kind: str, retryable: bool) -> None:
        error = failure(server, HttpError(status, "the reason", headers={"retry-after": "7"}))
        assert (error.kind, error.status, error.retryable, error.retry_after) == (kind, status, retryable, 7)
        assert "the reason" in str(error)
        assert len(chats(server)) == 1

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("llama runner process has terminated", "server"),
            ("the input length exceeds the context length", "context_length"),
            ("server busy, please try again. maximum pending requests exceeded", "overloaded"),
            ("model 'x' not found", "not_found"),
            ("unauthorized", "auth"),
            ("context deadline exceeded", "timeout"),
            ("too many requests", "rate_limit"),
        ],
    )
    def test_by_text_inside_a_stream(self, server: ScriptedServer, text: str, kind: str) -> None:
        error = failure(server, Script([Delta("half"), ErrorEvent("", text)]))
        assert (error.kind, error.status, error.partial.content) == (kind, None, "half")
        assert text[:20] in str(error)

    def test_too_little_memory_is_not_worth_a_retry(self, server: ScriptedServer) -> None:
        error = failure(server, HttpError(500, "model requires more system memory (5.6 GiB) than is available (3 GiB)"))
        assert not error.retryable
        assert "choose a smaller model" in str(error)

    def test_a_dead_server(self, dead_url: str) -> None:
        ours = OllamaProvider("llama3", base_url=dead_url)
        for ask in (lambda: ours.generate(asked()), ours.list_models):
            with pytest.raises(
                ProviderError, match=f"does not answer at {dead_url}: start it with `ollama serve`"
            ) as e:
                ask()
            assert e.value.kind == "connection"
        assert ours.unreachable() == f"Ollama does not answer at {dead_url}: start it with `ollama serve`"

    def test_a_living_server_is_not_called_unreachable(self, server: ScriptedServer) -> None:
        assert provider(server).unreachable() is None
        assert OllamaProvider("m", base_url="http://ollama.example").unreachable() is None

    def test_a_host_that_swallows_packets(self, black_hole_url: str) -> None:
        ours = OllamaProvider("llama3", base_url=black_hole_url, timeout=Timeouts(connect=0.2))
        with pytest.raises(ProviderError) as e:
            ours.generate(asked())
        assert e.value.kind == "timeout"

    @pytest.mark.parametrize(
        ("ending", "kind"),
        [
            (Reset(), "connection"),
            (CutBody(), "connection"),
            (EndWithoutTerminal(), "truncated"),
            (MalformedLine(), "protocol"),
            (RawBytes(b'{"model":"m","message":{"ro'), "truncated"),
            (Json([1, 2]), "protocol"),
            (Json({"model": "m"}), "protocol"),
            (Json({"message": {"role": "assistant", "content": 5}}), "protocol"),
        ],
    )
    def test_a_stream_that_breaks_keeps_what_had_come(self, server: ScriptedServer, ending: Any, kind: str) -> None:
        error = failure(server, Script([Delta("half an "), Delta("answer"), ending, EndWithoutTerminal()]))
        assert (error.kind, error.partial.content, error.partial.complete) == (kind, "half an answer", False)
        assert error.partial.usage.estimated

    @pytest.mark.parametrize(
        ("given", "kind"),
        [
            (HtmlPage(), "protocol"),
            (EmptyBody(204), "protocol"),
            (EmptyBody(), "truncated"),
            (JsonErrorWith200("broken"), "server"),
            (Body(b'"a string"', 500), "server"),
            (Body(b"[1]", 500), "server"),
            (Body(b"<html>nginx</html>", 502, "text/html"), "server"),
            (Body(b"x" * 5_000_000, 500, "text/plain"), "server"),
            (Hangup(), "connection"),
            (Hangup(reset=True), "connection"),
            (Script([Delta("x")], headers={"content-encoding": "gzip"}), "protocol"),
        ],
    )
    def test_no_stream_at_all(self, server: ScriptedServer, given: Answer, kind: str) -> None:
        error = failure(server, given)
        assert error.kind == kind
        assert len(str(error)) < 500
        assert "<html>" not in str(error)

    def test_a_compressed_answer_is_read(self, server: ScriptedServer) -> None:
        assert answer(server, Script([Delta("packed")], gzip=True)).content == "packed"
        assert server.requests[-1].headers["accept-encoding"] == "identity"

    def test_a_redirect_is_not_followed(self, server: ScriptedServer) -> None:
        with ScriptedServer() as other:
            error = failure(server, Redirect(f"{other.url}/api/chat"))
            assert error.kind == "protocol"
            assert other.url in str(error)
            assert not other.requests

    @pytest.mark.parametrize(
        ("given", "limits"),
        [
            (NoHeaders(), Timeouts(first_token=0.2)),
            (Script([Stall()]), Timeouts(first_token=0.2)),
            (Script([Delta("x"), Stall()]), Timeouts(between_tokens=0.2)),
            (Script([Flood(100_000, rate=100)]), Timeouts(total=0.2)),
        ],
    )
    def test_silence_ends(self, server: ScriptedServer, given: Answer, limits: Timeouts) -> None:
        assert failure(server, given, timeout=limits).kind == "timeout"
        server.wait_disconnect()


class TestCancel:
    @pytest.mark.parametrize(
        "given", [NoHeaders(), Script([Stall()]), Script([Delta("x"), Stall()]), Script([Flood(10**9)])]
    )
    def test_it_closes_the_connection_at_once(self, server: ScriptedServer, given: Answer) -> None:
        server.play(given)
        stream = provider(server).stream(asked())
        server.wait_request()
        if isinstance(given, Script) and given.steps != [Stall()]:
            server.wait_sent()
        reader = threading.Thread(target=drain, args=(stream,))
        reader.start()
        cancelled = time.monotonic()
        stream.close()
        gone = server.wait_disconnect(timeout=2)
        reader.join(2)
        assert gone.disconnected is not None
        assert gone.disconnected - cancelled < 0.5
        with pytest.raises(ProviderError, match="stopped") as e:
            stream.response()
        assert e.value.kind == "cancelled"

    def test_while_connecting(self, black_hole_url: str) -> None:
        stream = OllamaProvider("llama3", base_url=black_hole_url).stream(asked())
        stream.close()
        end = drain(stream)
        assert end.error is not None
        assert end.error.kind == "cancelled"


class TestSecrets:
    def test_the_key_is_sent_and_never_shown(self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OLLAMA_API_KEY", "very-secret-key")
        error = failure(server, HttpError(401, "wrong key: {key}"))
        assert {request.api_key for request in server.requests} == {"very-secret-key"}
        assert error.kind == "auth"
        assert "very-secret-key" not in str(error)
        assert "very-secret-key" not in repr(error.__cause__)

    def test_it_is_not_for_servers_of_another_name(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OLLAMA_API_KEY", "very-secret-key")
        server.always(Script.text("x"))
        provider(server, name="lab").generate(asked())
        assert {request.api_key for request in server.requests} == {""}
        provider(server, name="lab", api_key="lab-key-1234").generate(asked())
        assert server.requests[-1].api_key == "lab-key-1234"


class TestAddress:
    @pytest.mark.parametrize(
        ("host", "url"),
        [
            ("", "http://127.0.0.1:11434"),
            ("box", "http://box:11434"),
            ("box:99", "http://box:99"),
            (":99", "http://127.0.0.1:99"),
            ("0.0.0.0", "http://127.0.0.1:11434"),
            ("http://box", "http://box:80"),
            ("https://box/", "https://box:443"),
            ("https://box:99/path/", "https://box:99/path"),
            ("[::1]:99", "http://[::1]:99"),
        ],
    )
    def test_what_the_variable_may_hold(self, host: str, url: str) -> None:
        assert server_url(host) == url

    @pytest.mark.parametrize("host", ["ftp://box", "box:port", "http://[::1"])
    def test_what_is_no_address(self, host: str) -> None:
        with pytest.raises(ConfigError):
            server_url(host)

    def test_the_variable_is_honoured_and_an_option_wins(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, dead_url: str
    ) -> None:
        server.always(Script.text("x"))
        monkeypatch.setenv("OLLAMA_HOST", server.url.removeprefix("http://"))
        assert OllamaProvider("llama3").generate(asked()).complete
        monkeypatch.setenv("OLLAMA_HOST", dead_url)
        assert provider(server).generate(asked()).complete

    def test_a_proxy_is_not_asked_for_this_machine(
        self, server: ScriptedServer, dead_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", dead_url)
        assert answer(server, Script.text("x")).complete

    def test_a_proxy_is_asked_for_another_machine(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def to_the_proxy(request: Request) -> Answer:
            return Script.text("by proxy")

        server.always(to_the_proxy)
        monkeypatch.setenv("HTTP_PROXY", server.url)
        with pytest.raises(ProviderError):
            OllamaProvider("llama3", base_url="http://ollama.example:11434").generate(asked())
        # Through a proxy the whole address stands in the request line.
        assert server.requests[0].path == "http://ollama.example:11434/api/show"


def test_every_error_of_the_package_is_mapped() -> None:
    errors = [cls for cls in vars(ollama).values() if isinstance(cls, type) and issubclass(cls, Exception)]
    assert len(errors) >= 2
    for cls in errors:
        mapped = OllamaProvider("m")._classify(cls("something"))
        assert mapped is not None, cls
        assert mapped.kind in ("server", "bad_request")


def test_the_package_is_imported_at_the_first_request_only() -> None:
    code = (
        "import sys; from atlas_tui.models.factory import create_provider; create_provider('ollama', 'm');"
        "print(sorted({'ollama', 'httpx', 'httpx2', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_proxy_that_keeps_the_package_from_loading_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:1")
    code = (
        "from atlas_tui.models.base import *; from atlas_tui.models.ollama import OllamaProvider;"
        "request = ModelRequest(messages=[ModelMessage.user('Hi')]);"
        "print(list(OllamaProvider('m').stream(request))[-1].error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "the ollama package cannot be loaded" in done.stdout
    assert done.stdout.rstrip().endswith("check the proxy variables")


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
