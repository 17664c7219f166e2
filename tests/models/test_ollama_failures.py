"""What the Ollama provider makes of failures, stops and secrets."""

from __future__ import annotations

import threading
import time
from typing import Any

import ollama
import pytest

from atlas_tui.config import Timeouts
from atlas_tui.errors import ProviderError
from atlas_tui.models.ollama import OllamaProvider
from tests.models.ollama_calls import answer, asked, chats, drain, failure, provider
from tests.servers.scripted import (
    Answer,
    Body,
    CutBody,
    Delta,
    EmptyBody,
    EndWithoutTerminal,
    ErrorEvent,
    Flood,
    Hangup,
    HtmlPage,
    HttpError,
    Json,
    JsonErrorWith200,
    MalformedLine,
    NoHeaders,
    RawBytes,
    Redirect,
    Reset,
    Script,
    ScriptedServer,
    Stall,
)

pytestmark = pytest.mark.usefixtures("no_leaked_threads")


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


def test_every_error_of_the_package_is_mapped() -> None:
    errors = [cls for cls in vars(ollama).values() if isinstance(cls, type) and issubclass(cls, Exception)]
    assert len(errors) >= 2
    for cls in errors:
        mapped = OllamaProvider("m")._classify(cls("something"))
        assert mapped is not None, cls
        assert mapped.kind in ("server", "bad_request")
