"""Answers over HTTP: the events, the page, who is let in."""

from __future__ import annotations

import importlib.util
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from atlas_tui import ProviderError, QueryClient
from atlas_tui.config import Timeouts
from atlas_tui.markup import rendered
from atlas_tui.models.base import (
    CancelToken,
    Counted,
    Emit,
    End,
    EventStream,
    FellBack,
    ModelResponse,
    ReasoningDelta,
    TextDelta,
    TokenUsage,
)
from atlas_tui.policy import Policy, RetrySettings
from atlas_tui.retrieval import KnowledgeBase
from atlas_tui.web import create_app, frames
from tests.browser import QUESTION, asked, events, events_in, got
from tests.played import HANG, PlayedProvider, Step, says


def _example() -> ModuleType:
    file = Path(__file__).parent.parent / "examples" / "web_sse.py"
    spec = importlib.util.spec_from_file_location("web_sse", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


example = _example()


def client_of(*answers: list[Step], **options: Any) -> tuple[QueryClient, PlayedProvider]:
    provider = PlayedProvider(*answers, **options)
    return QueryClient(provider, knowledge=KnowledgeBase(), policy=Policy(RetrySettings(attempts=1))), provider


@contextmanager
def flask_server(client: QueryClient, keep_alive: float) -> Iterator[int]:
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, example.flask_app(client, keep_alive), threaded=True)
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
    with served(create_app(client, keep_alive=keep_alive)) as port:
        yield port


@contextmanager
def served(app: Any) -> Iterator[int]:
    import uvicorn

    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
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


def said(response: HTTPResponse) -> Iterator[tuple[str, Any]]:
    """The events without those that only count."""
    return (each for each in events(response) if each[0] not in ("start", "usage"))


def shown(told: Iterable[tuple[str, Any]]) -> str:
    """What the page shows of these events in the end, as its script puts it together."""
    done = rest = ""
    for name, data in told:
        if name == "fallback":
            done = rest = ""
        elif name == "html":
            done = data["whole"] if "whole" in data else done + data["done"]
            rest = data.get("open", "")
    return done + rest


class TestStream:
    @both
    def test_streams_every_event_and_then_done(self, serve: Serve) -> None:
        counted = Counted(TokenUsage(7, 3))
        client, provider = client_of([ReasoningDelta("Hm. "), *says("Because ", "of\n\n", "air.", counted=counted)])
        with serve(client, 5.0) as port, asked(port, QUESTION) as response:
            assert response.status == 200
            assert response.headers["Content-Type"].startswith("text/event-stream")
            assert response.headers["Cache-Control"] == "no-store"
            (first, start), *middle, (last, end) = events(response)
        assert (first, start["provider"], start["model"]) == ("start", "played", "test-model")
        told = [each for each in middle if each[0] != "usage"]
        texts = [("text", {"text": text}) for text in ("Because ", "of\n\n", "air.")]
        assert told == [("reasoning", {"text": "Hm. "}), *texts]
        assert last == "done"
        answer = end["response"]
        assert (answer["content"], answer["complete"], answer["finish_reason"]) == ("Because of\n\nair.", True, "stop")
        assert (answer["usage"]["input_tokens"], answer["usage"]["output_tokens"]) == (7, 3)
        assert answer["cost"] == {"total": None, "input": None, "output": None, "known": False}
        assert provider.requests[0].messages[0].content == "Why is the sky blue?"

    @both
    def test_a_delta_is_sent_when_it_comes_and_not_at_the_end(self, serve: Serve) -> None:
        client, provider = client_of([TextDelta("now"), HANG])
        with serve(client, 5.0) as port, asked(port, QUESTION) as response:
            assert next(said(response)) == ("text", {"text": "now"})
            assert not provider.closed.is_set()

    @both
    def test_a_failure_is_an_event_after_what_had_arrived(self, serve: Serve) -> None:
        client, _ = client_of([TextDelta("Half"), ProviderError("overloaded", "the server is busy")])
        with serve(client, 5.0) as port, asked(port, QUESTION) as response:
            text, (name, data) = said(response)
        assert (text, name) == (("text", {"text": "Half"}), "error")
        assert (data["kind"], data["retryable"]) == ("overloaded", True)
        assert "the server is busy" in data["message"]
        assert (data["response"]["content"], data["response"]["complete"]) == ("Half", False)

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
                assert next(said(response)) == ("text", {"text": "Half"})
                assert not provider.closed.is_set()
            assert provider.closed.wait(5)
        assert client.last_response is not None
        assert client.last_response.content == "Half"

    def test_one_waiting_stream_keeps_nobody_else_waiting(self) -> None:
        client, _ = client_of([TextDelta("Half"), HANG], says("Quick."))
        with starlette_server(client, 5.0) as port, asked(port, QUESTION) as silent:
            assert next(said(silent)) == ("text", {"text": "Half"})
            with asked(port, QUESTION) as other:
                assert [name for name, _ in said(other)] == ["text", "done"]

    @both
    def test_silence_is_filled_with_comments(self, serve: Serve) -> None:
        client, _ = client_of([HANG], timeout=Timeouts(first_token=0.5))
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
    def test_has_a_page_in_which_nothing_foreign_runs(self, serve: Serve) -> None:
        client, _ = client_of(says("x"))
        with serve(client, 5.0) as port:
            response, page = got(port, "GET", "/")
        assert response.headers["Content-Type"].startswith("text/html")
        policy = response.headers["Content-Security-Policy"]
        nonce = policy.partition("script-src 'nonce-")[2].partition("'")[0]
        assert policy.startswith("default-src 'none'")
        assert page.count(f'nonce="{nonce}"') == 2
        assert "innerHTML" not in page


class TestHtml:
    @both
    def test_the_answer_comes_as_html_and_nothing_in_it_acts(self, serve: Serve) -> None:
        client, _ = client_of(
            says("# So\n\nIt **is", "** <script>x</script> [a](javascript:b)\n\n", "[c](https://d.example)")
        )
        with serve(client, 5.0) as port, asked(port, QUESTION, path="/stream?html") as response:
            told = list(events(response))
        names = [name for name, _ in told]
        assert "text" not in names
        assert names[-1] == "done"
        assert shown(told) == rendered(told[-1][1]["response"]["content"])
        assert "<h1>So</h1>\n<p>It <strong>is</strong> &lt;script&gt;" in shown(told)
        assert shown(told).count("href=") == 1

    def test_it_comes_while_the_answer_comes(self) -> None:
        client, provider = client_of([TextDelta("One\n\n*now*"), HANG])
        with starlette_server(client, 60.0) as port, asked(port, QUESTION, path="/stream?html") as response:
            told = next(each for each in said(response) if each[0] == "html")
            assert told == ("html", {"done": "", "open": "<p>One</p>\n<p><em>now</em></p>\n"})
            assert not provider.closed.is_set()

    def test_many_deltas_are_few_pieces(self) -> None:
        client, _ = client_of(says(*(f"word{number} " for number in range(5000))))
        with starlette_server(client, 5.0) as port, asked(port, QUESTION, path="/stream?html") as response:
            told = list(events(response))
        assert len([name for name, _ in told if name == "html"]) < 500
        assert shown(told).endswith("word4999</p>\n")

    def test_what_was_given_up_for_another_target_goes(self) -> None:
        async def source(emit: Emit, _: CancelToken) -> End:
            busy = ProviderError("overloaded", "busy")
            for event in (TextDelta("One\n\nHalf"), FellBack(busy, "other:model", "user"), TextDelta("*Whole*")):
                await emit(event)
            return End(ModelResponse(provider="other", model="model"))

        told = list(events_in(frames(EventStream(source), html=True)))
        assert shown(told) == "<p><em>Whole</em></p>\n"


class TestWhoIsLetIn:
    @pytest.mark.parametrize(
        "headers",
        [{"Host": "evil.example"}, {"Host": "evil.example:8000"}, {"Host": ""}, {"Origin": "http://evil.example"}],
    )
    def test_a_page_from_elsewhere_gets_no_answer(self, headers: dict[str, str]) -> None:
        client, provider = client_of(says("secret"))
        with starlette_server(client, 5.0) as port:
            response, text = got(port, "POST", "/stream", QUESTION, Content_Type="application/json", **headers)
        assert response.status in (400, 403)
        assert "secret" not in text
        assert provider.requests == []

    def test_its_own_page_is_answered(self) -> None:
        client, _ = client_of(says("hello"))
        with starlette_server(client, 5.0) as port:
            own = {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"}
            response, text = got(port, "POST", "/stream", QUESTION, Content_Type="application/json", **own)
        assert response.status == 200
        assert "hello" in text

    @pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", "Bearer tok\u00e9n", "Basic right"])
    def test_a_token_that_is_asked_for_must_be_right(self, given: str) -> None:
        client, provider = client_of(says("hello"))
        with served(create_app(client, token="right")) as port:
            headers = {"Content_Type": "application/json", "Authorization": given}
            response, text = got(port, "POST", "/stream", QUESTION, **headers)
            assert (response.status, provider.requests) == (401, [])
            assert "atlas-tui serve" in text
            headers["Authorization"] = "Bearer right"
            assert got(port, "POST", "/stream", QUESTION, **headers)[0].status == 200

    @pytest.mark.parametrize("pieces", [False, True])
    def test_a_query_of_megabytes_is_refused(self, pieces: bool) -> None:
        client, provider = client_of(says("hello"))
        body = json.dumps({"query": "x" * 4_000_001}).encode()
        with starlette_server(client, 5.0) as port:
            sent = [body] if pieces else body  # in pieces it comes without its length
            response, text = got(port, "POST", "/stream", sent, Content_Type="application/json")
        assert (response.status, provider.requests) == (413, [])
        assert "larger than 4,000,000 bytes" in text
