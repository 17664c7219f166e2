"""The examples, run as a reader would run them."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from atlas_tui import ProviderError, QueryClient
from atlas_tui.config import Timeouts
from atlas_tui.models.base import Counted, ReasoningDelta, TextDelta, TokenUsage
from atlas_tui.policy import Policy, RetrySettings
from atlas_tui.retrieval import KnowledgeBase
from tests.played import HANG, PlayedProvider, Step, says

EXAMPLES = Path(__file__).parent.parent / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


streaming = load("streaming_example")
web = load("web_sse")


@pytest.fixture
def no_delay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mock answers at once, by a setting of the user's."""
    settings = tmp_path / "config.toml"
    settings.write_text("[providers.mock]\ndelay_ms = 0\n")
    monkeypatch.setenv("ATLAS_CONFIG", str(settings))


@pytest.mark.usefixtures("no_delay")
class TestStreamingExample:
    @pytest.mark.parametrize(
        ("name", "model", "cost"),
        [
            ("anthropic", "claude-3-7-sonnet-20250219", r"0\.0\d+"),
            ("openai", "gpt-4.1", r"0\.0\d+"),
            ("ollama", "llama3", r"0\.000000"),
            ("mock", "mock-standard", r"0\.000000"),
        ],
    )
    def test_any_provider_can_be_played(
        self, name: str, model: str, cost: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert streaming.main(["--provider", name, "--mock"]) == 0
        out = capsys.readouterr().out
        assert re.search(r"no model was asked\. \[\d+ tokens so far\]", out)
        assert re.search(
            rf"\n\nModel: {model}\nProvider: {name}\nLength: \d+ characters\n"
            rf"Tokens: \d+ input, \d+ output\nCost: \${cost}\nFinish reason: stop\n$",
            out,
        )

    def test_is_the_mock_provider_without_arguments(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert streaming.main([]) == 0
        assert "The mock provider (mock-standard)" in capsys.readouterr().out

    def test_takes_a_model(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert streaming.main(["-p", "openai", "-m", "gpt-4o", "--mock"]) == 0
        assert "Model: gpt-4o\n" in capsys.readouterr().out

    def test_the_client_retrieves_streams_and_counts(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert streaming.main(["-p", "client"]) == 0
        first, second = capsys.readouterr().out.split("A callback that counts")
        assert "Passages found in the knowledge base: 0" in first
        assert re.search(r"\n\nLength: \d+ characters\nTokens: \d+ input, \d+ output\nCost: \$0\.000000\n", first)
        assert re.search(r"\n    \[\d+ tokens, \d+ words, \d+ tokens/s\]\n", second)
        assert re.search(r"Counted while streaming: about \d+ tokens, \d+ words\nSpeed: [\d.]+ tokens/s\n$", second)

    def test_all_goes_on_when_providers_fail_and_says_why(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, dead_url: str
    ) -> None:
        monkeypatch.setenv("OLLAMA_HOST", dead_url)
        assert streaming.main(["-p", "all"]) == 0
        out, err = capsys.readouterr()
        assert "Provider: mock\n" in out
        told = err.strip().splitlines()[::2]
        assert [line.partition(": ")[0] for line in told] == ["anthropic failed", "openai failed", "ollama failed"]
        assert "ANTHROPIC_API_KEY" in told[0]
        assert "OPENAI_API_KEY" in told[1]
        assert dead_url in told[2]

    def test_a_failure_alone_is_one_sentence_and_exit_status_1(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert streaming.main(["-p", "anthropic"]) == 1
        assert capsys.readouterr().err.count("\n") == 2

    def test_a_stream_that_breaks_off_is_asked_again_the_regular_way(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = tmp_path / "failing.toml"
        settings.write_text('[providers.mock]\ndelay_ms = 0\nsimulate_errors = 1\nerror_type = "truncated"\n')
        monkeypatch.setenv("ATLAS_CONFIG", str(settings))
        streaming.demonstrate_client()
        out = capsys.readouterr().out
        broken, regular = re.split(r"\n\nThe stream failed after \d+ characters: .*\n.*\n\n", out)
        shown = broken.partition("knowledge base: 0\n\n")[2]
        assert shown
        assert regular.startswith(shown)

    def test_what_a_model_writes_is_cleaned_before_it_is_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        handler = streaming.StreamingHandler()
        hostile = "\x1b]0;owned\x07\x9b2J\u202e\n"
        streaming.type_out(hostile, hostile)
        handler.stream_callback(hostile, hostile)
        assert capsys.readouterr().out == "␛]0;owned␇2J\n" * 2

    def test_runs_as_a_script(self) -> None:
        done = subprocess.run(
            [sys.executable, EXAMPLES / "streaming_example.py", "-p", "everything"],
            capture_output=True,
            text=True,
            timeout=30,
            env=os.environ | {"PYTHONWARNINGS": "error"},
        )
        assert done.returncode == 2
        assert "'anthropic', 'openai', 'ollama', 'mock', 'all', 'client'" in done.stderr


def client_of(*answers: list[Step], **options: Any) -> tuple[QueryClient, PlayedProvider]:
    provider = PlayedProvider(*answers, **options)
    return QueryClient(provider, knowledge=KnowledgeBase(), policy=Policy(RetrySettings(attempts=1))), provider


@contextmanager
def flask_server(client: QueryClient, keep_alive: float) -> Iterator[int]:
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, web.flask_app(client, keep_alive), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="flask")
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@contextmanager
def starlette_server(client: QueryClient, keep_alive: float) -> Iterator[int]:
    import uvicorn

    config = uvicorn.Config(web.starlette_app(client, keep_alive), log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],), name="uvicorn")
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
        assert not thread.is_alive()


Serve = Callable[[QueryClient, float], Any]
both = pytest.mark.parametrize("serve", [flask_server, starlette_server], ids=["flask", "starlette"])


@contextmanager
def asked(port: int, body: bytes, content_type: str = "application/json") -> Iterator[HTTPResponse]:
    """A browser's request; leaving the block closes its connection."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/stream", body, {"Content-Type": content_type})
        with connection.getresponse() as response:
            yield response
    finally:
        connection.close()


def events(response: HTTPResponse) -> Iterator[tuple[str, Any]]:
    """The server-sent events of a response, comments left out, as they come."""
    name = ""
    for line in iter(response.readline, b""):
        field, _, value = line.decode().rstrip("\n").partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


QUESTION = json.dumps({"query": "Why is the sky blue?"}).encode()


class TestWebExample:
    @both
    def test_streams_text_and_then_done(self, serve: Serve) -> None:
        counted = Counted(TokenUsage(7, 3))
        client, provider = client_of([ReasoningDelta("Hm. "), *says("Because ", "of\n\n", "air.", counted=counted)])
        with serve(client, 5.0) as port, asked(port, QUESTION) as response:
            assert response.status == 200
            assert response.headers["Content-Type"].startswith("text/event-stream")
            assert response.headers["Cache-Control"] == "no-store"
            *texts, (last, data) = events(response)
        assert texts == [("text", {"text": text}) for text in ("Because ", "of\n\n", "air.")]
        assert (last, data["provider"], data["model"], data["finish_reason"]) == (
            "done", "played", "test-model", "stop",
        )  # fmt: skip
        assert (data["usage"]["input_tokens"], data["usage"]["output_tokens"]) == (7, 3)
        assert data["cost"] == {"total": None, "input": None, "output": None, "known": False}
        assert provider.requests[0].messages[0].content == "Why is the sky blue?"

    @both
    def test_a_delta_is_sent_when_it_comes_and_not_at_the_end(self, serve: Serve) -> None:
        client, provider = client_of([TextDelta("now"), HANG])
        with serve(client, 5.0) as port, asked(port, QUESTION) as response:
            assert next(events(response)) == ("text", {"text": "now"})
            assert not provider.closed.is_set()

    @both
    def test_a_failure_is_an_event_after_what_had_arrived(self, serve: Serve) -> None:
        client, _ = client_of([TextDelta("Half"), ProviderError("overloaded", "the server is busy")])
        with serve(client, 5.0) as port, asked(port, QUESTION) as response:
            text, (name, data) = events(response)
        assert (text, name) == (("text", {"text": "Half"}), "error")
        assert (data["kind"], data["retryable"]) == ("overloaded", True)
        assert "the server is busy" in data["message"]

    @both
    def test_what_a_model_writes_is_cleaned(self, serve: Serve) -> None:
        client, _ = client_of(says("\x1b[2J", "a\u202eb", "</script>"))
        with serve(client, 5.0) as port, asked(port, QUESTION) as response:
            texts = [data["text"] for name, data in events(response) if name == "text"]
        assert texts == ["␛[2J", "ab", "</script>"]

    @both
    def test_the_request_is_cancelled_when_the_browser_leaves_a_silent_stream(self, serve: Serve) -> None:
        client, provider = client_of([TextDelta("Half"), HANG])
        # Starlette is told of it; Flask's server learns it by a keep-alive that it cannot send.
        keep_alive = 0.02 if serve is flask_server else 60.0
        with serve(client, keep_alive) as port:
            with asked(port, QUESTION) as response:
                assert next(events(response)) == ("text", {"text": "Half"})
                assert not provider.closed.is_set()
            assert provider.closed.wait(5)
        assert client.last_response is not None
        assert client.last_response.content == "Half"

    def test_one_waiting_stream_keeps_nobody_else_waiting(self) -> None:
        client, _ = client_of([TextDelta("Half"), HANG], says("Quick."))
        with starlette_server(client, 5.0) as port, asked(port, QUESTION) as silent:
            assert next(events(silent)) == ("text", {"text": "Half"})
            with asked(port, QUESTION) as other:
                assert [name for name, _ in events(other)] == ["text", "done"]

    @both
    def test_silence_is_filled_with_comments(self, serve: Serve) -> None:
        client, _ = client_of([HANG], timeout=Timeouts(first_token=0.2))
        with serve(client, 0.02) as port, asked(port, QUESTION) as response:
            body = response.read().decode()
        assert body.count(": still waiting\n\n") > 1
        assert body.endswith("\n\n")
        assert '"kind": "timeout"' in body

    @both
    @pytest.mark.parametrize(
        ("body", "content_type", "reason"),
        [
            (b'{"query": "  "}', "application/json", "empty"),
            (b'{"question": "?"}', "application/json", "JSON object"),
            (b"[]", "application/json", "JSON object"),
            (b'{"query": 3}', "application/json", "text"),
            (b"{", "application/json; charset=utf-8", "JSON object"),
            (QUESTION, "text/plain", "application/json"),
            (b"query=x", "application/x-www-form-urlencoded", "application/json"),
        ],
    )
    def test_a_wrong_request_is_told_so_and_nobody_is_asked(
        self, serve: Serve, body: bytes, content_type: str, reason: str
    ) -> None:
        client, provider = client_of(says("never"))
        with serve(client, 5.0) as port, asked(port, body, content_type) as response:
            assert response.status == 400
            assert reason in json.load(response)["message"]
        assert provider.requests == []

    @both
    def test_has_a_page_to_try_it(self, serve: Serve) -> None:
        client, _ = client_of(says("x"))
        with serve(client, 5.0) as port:
            connection = HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/")
            response = connection.getresponse()
            page = response.read().decode()
            connection.close()
        assert response.headers["Content-Type"].startswith("text/html")
        assert "<form>" in page
        assert "innerHTML" not in page

    @pytest.mark.parametrize("server", ["flask", "starlette"])
    def test_a_framework_that_is_not_there_is_named_in_one_sentence(self, server: str, tmp_path: Path) -> None:
        for name in ("flask", "starlette", "uvicorn"):
            (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError('no {name}', name='{name}')\n")
        done = subprocess.run(
            [sys.executable, EXAMPLES / "web_sse.py", "--server", server, "--mock", "--port", "0"],
            capture_output=True,
            text=True,
            timeout=30,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert re.fullmatch(r"\w+ is not installed: run `pip install [\w ]+`\n", done.stderr)
        assert server in done.stderr

    def test_a_provider_without_a_key_is_told_before_anything_is_served(self) -> None:
        done = subprocess.run(
            [sys.executable, EXAMPLES / "web_sse.py", "-p", "anthropic"], capture_output=True, text=True, timeout=30
        )
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert "ANTHROPIC_API_KEY" in done.stderr
