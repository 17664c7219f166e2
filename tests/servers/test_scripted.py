"""The scripted server itself, through the official SDKs and through bare sockets."""

from __future__ import annotations

import asyncio
import gc
import http.client
import json
import socket
import struct
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import anthropic
import httpx
import httpx2
import ollama
import openai
import pytest

from tests.servers.player import Player
from tests.servers.scripted import (
    Body,
    CutBody,
    Delta,
    EmptyBody,
    EndWithoutTerminal,
    ErrorEvent,
    Exchange,
    Finish,
    Flood,
    Hangup,
    HtmlPage,
    HttpError,
    InvalidUtf8,
    KeepAlive,
    NoHeaders,
    NoUsage,
    Ping,
    Reasoning,
    Redirect,
    Request,
    Reset,
    Script,
    ScriptedServer,
    ServedModel,
    Stall,
    Usage,
    scripted_process,
)

HELLO = Script([Reasoning("hm"), Delta("Hel"), KeepAlive(), Ping(), Delta("lo"), Usage(100, 50, 60, 10, 20)])
SERVICES = ["messages", "chat", "responses", "ollama"]
Reading = tuple[str, str | None, tuple[int, int] | None]
"""Text, finish reason, and (input, output) tokens."""
KEY = "sk-test-1234"
PROMPT: Any = [{"role": "user", "content": "Hi"}]


def ask_messages(url: str) -> Reading:
    text, reason, usage = "", None, None
    with anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=0) as client:
        event: Any
        for event in client.messages.create(model="m", max_tokens=9, messages=PROMPT, stream=True):
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                text += event.delta.text
            if event.type == "message_delta":
                reason = event.delta.stop_reason
                counts = event.usage
                cached = counts.cache_read_input_tokens + counts.cache_creation_input_tokens
                usage = (counts.input_tokens + cached, counts.output_tokens)
    return text, reason, usage


def ask_chat(url: str) -> Reading:
    text, reason, usage = "", None, None
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client:
        for chunk in client.chat.completions.create(
            model="m", messages=PROMPT, stream=True, stream_options={"include_usage": True}
        ):
            if chunk.choices:
                text += chunk.choices[0].delta.content or ""
                reason = chunk.choices[0].finish_reason or reason
            if chunk.usage:
                usage = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
    return text, reason, usage


def ask_responses(url: str) -> Reading:
    text, reason, usage = "", None, None
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client:
        event: Any
        for event in client.responses.create(model="m", input="Hi", stream=True):
            if event.type == "response.output_text.delta":
                text += event.delta
            if event.type in ("response.completed", "response.incomplete"):
                reason = event.response.status
                if event.response.usage:
                    usage = (event.response.usage.input_tokens, event.response.usage.output_tokens)
    return text, reason, usage


def ask_ollama(url: str) -> Reading:
    text, reason, usage = "", None, None
    with ollama.Client(url, timeout=5) as client:
        for line in client.chat("m", PROMPT, stream=True):
            text += line.message.content or ""
            if line.done:
                reason = line.done_reason
                if line.eval_count is not None:
                    usage = (line.prompt_eval_count or 0, line.eval_count)
    return text, reason, usage


ASK = {"messages": ask_messages, "chat": ask_chat, "responses": ask_responses, "ollama": ask_ollama}


def ask(server: ScriptedServer, service: str) -> Reading:
    """Ask by the service's own SDK."""
    return ASK[service](server.url)


REASONS = {"messages": "end_turn", "chat": "stop", "responses": "completed", "ollama": "stop"}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("shape", [{}, {"split": 1}, {"crlf": True}, {"gzip": True}, {"gzip": True, "split": 3}])
def test_an_answer_arrives_whole_however_its_bytes_are_cut(server: ScriptedServer, service: str, shape: Any) -> None:
    steps = [*HELLO.steps, Delta(" é漢")]
    server.play(Script(steps, **shape))
    assert ask(server, service) == ("Hello é漢", REASONS[service], (100, 50))
    assert len(server.exchanges[0].sent) == 4
    assert server.exchanges[0].disconnected is None


@pytest.mark.parametrize("service", SERVICES)
def test_the_end_may_be_missing(server: ScriptedServer, service: str) -> None:
    server.play(Script([Delta("half"), EndWithoutTerminal()]))
    assert ask(server, service) == ("half", None, None)


@pytest.mark.parametrize("service", SERVICES)
def test_usage_may_be_missing(server: ScriptedServer, service: str) -> None:
    server.play(Script([Delta("x"), NoUsage()]))
    text, _, usage = ask(server, service)
    assert text == "x"
    assert usage is None or usage == (0, 0)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("ending", [Reset(), CutBody()])
def test_a_broken_connection_is_an_error(server: ScriptedServer, service: str, ending: Reset | CutBody) -> None:
    server.play(Script([Delta("half"), ending]))
    broken = (openai.APIConnectionError, httpx.TransportError, httpx2.TransportError)
    with pytest.raises(broken):
        ask(server, service)


def test_errors_have_the_service_s_own_form(server: ScriptedServer) -> None:
    server.always(HttpError(429, "slow down, {key}", headers={"retry-after": "7"}))
    with pytest.raises(anthropic.RateLimitError) as a:
        ask(server, "messages")
    assert a.value.type == "rate_limit_error"
    assert a.value.request_id == "req_000001"
    assert "sk-test-1234" in str(a.value)
    with pytest.raises(openai.RateLimitError) as o:
        ask(server, "chat")
    assert (o.value.code, o.value.response.headers["retry-after"]) == ("rate_limit_exceeded", "7")
    with pytest.raises(ollama.ResponseError, match="slow down") as r:
        ask(server, "ollama")
    assert r.value.status_code == 429


def test_errors_inside_a_stream(server: ScriptedServer) -> None:
    server.always(Script([Delta("x"), ErrorEvent("overloaded_error", "too busy")]))
    with pytest.raises(anthropic.APIStatusError) as a:
        ask(server, "messages")
    assert (a.value.status_code, a.value.type) == (200, "overloaded_error")
    with pytest.raises(openai.APIError, match="too busy"):
        ask(server, "chat")
    with pytest.raises(ollama.ResponseError, match="too busy"):
        ask(server, "ollama")


def test_invalid_utf8_is_really_invalid(server: ScriptedServer) -> None:
    server.play(Script([InvalidUtf8()]))
    with pytest.raises(UnicodeDecodeError):
        ask(server, "chat")


@pytest.mark.parametrize("answer", [HtmlPage(), EmptyBody(), EmptyBody(204)])
def test_pages_and_empty_bodies_give_no_event(server: ScriptedServer, answer: Body) -> None:
    server.play(answer)
    assert ask(server, "messages") == ("", None, None)


def test_a_redirect_carries_the_request_to_another_place(server: ScriptedServer) -> None:
    with ScriptedServer() as other:
        other.always(Script.text("elsewhere"))
        server.play(Redirect(f"{other.url}/v1/messages"))
        assert ask(server, "messages")[0] == "elsewhere"
        assert other.requests[0].json["messages"] == [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize("reset", [False, True])
def test_a_hangup_is_no_answer(server: ScriptedServer, reset: bool) -> None:
    server.play(Hangup(reset))
    with pytest.raises(anthropic.APIConnectionError):
        ask(server, "messages")


@pytest.mark.parametrize(
    "answer", [Script([Delta("x"), Stall()]), Script([Delta("x"), Finish()], leave_open=True), NoHeaders()]
)
def test_a_leaving_client_is_noticed_at_once(server: ScriptedServer, answer: Script | NoHeaders) -> None:
    server.play(answer)
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port)) as client:
        body = b'{"model":"m","stream":true}'
        client.sendall(b"POST /api/chat HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        server.wait_request()
        if not isinstance(answer, NoHeaders):
            server.wait_sent()
        left = time.monotonic()
    exchange = server.wait_disconnect(timeout=2)
    assert exchange.disconnected is not None
    assert exchange.disconnected - left < 0.5


def test_a_listing_does_not_hide_the_stream_before_it(server: ScriptedServer) -> None:
    server.play(Script([Delta("x"), Stall()]))
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port)) as client:
        client.sendall(b"POST /api/chat HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}")
        server.wait_request()
        assert httpx.get(f"{server.url}/v1/models").status_code == 200
        assert server.wait_sent().request.path == "/api/chat"


def test_stopping_ends_every_stall() -> None:
    with ScriptedServer() as server:
        server.play(Script([Stall()]))
        parts = urlsplit(server.url)
        client = socket.create_connection((parts.hostname, parts.port))
        client.sendall(b"POST /api/chat HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}")
        server.wait_request()
    with client:
        client.settimeout(2)
        data = b"".join(iter(lambda: client.recv(4096), b""))
    assert data.startswith(b"HTTP/1.1 200")


def test_a_connection_made_while_it_stops_is_not_leaked() -> None:
    for _ in range(20):
        with ScriptedServer() as server:
            parts = urlsplit(server.url)
            socket.create_connection((parts.hostname, parts.port)).close()
    # What leaked would warn when it is collected, and warnings are errors.
    gc.collect()


async def test_nothing_more_is_written_when_the_client_has_left(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        _, writer = await asyncio.open_connection(*listener.getsockname())
        left, _ = listener.accept()
    left.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    left.close()
    request = Request("POST", "/v1/chat/completions", {}, b'{"model": "test-model", "stream": true}', 0.0)
    player = Player(writer, Exchange(request, "req_1"), threading.Condition())
    with pytest.raises(ConnectionError):
        await player.play(Script([Delta("Many small pieces")], split=1))
    assert player.lost
    assert caplog.messages == []  # asyncio would complain of those that still write
    writer.close()


def test_lists_of_models_in_every_format(server: ScriptedServer) -> None:
    server.models = [ServedModel("llama3:latest", context=4096, extra={"max_model_len": 4096})]
    with anthropic.Anthropic(base_url=server.url, api_key="k") as a:
        (model,) = a.models.list(limit=100)
        assert (model.id, model.max_input_tokens, model.lifecycle) == ("llama3:latest", 4096, "active")
        assert a.messages.count_tokens(model="m", messages=[]).input_tokens == 42
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="k") as o:
        (entry,) = o.models.list()
        assert (entry.id, entry.model_extra) == ("llama3:latest", {"max_model_len": 4096})
    with ollama.Client(server.url) as client:
        assert client.list().models[0].model == "llama3:latest"
        shown = client.show("llama3")
        assert shown.modelinfo
        assert shown.modelinfo["llama.context_length"] == 4096
        assert client.ps().models[0].context_length == 4096
        with pytest.raises(ollama.ResponseError, match="model 'gone' not found"):
            client.show("gone")


def test_a_route_wins_over_everything(server: ScriptedServer) -> None:
    server.routes["/api/tags"] = HttpError(500, "broken")
    with ollama.Client(server.url) as client, pytest.raises(ollama.ResponseError, match="broken"):
        client.list()


def test_an_unexpected_request_says_so(server: ScriptedServer) -> None:
    with pytest.raises(openai.APIStatusError, match="no answer is queued for request 1"):
        ask(server, "chat")


def test_connections_are_kept_and_requests_recorded(server: ScriptedServer) -> None:
    server.always(lambda request: Script.text(request.model))
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    for name in ("one", "two"):
        body = json.dumps({"model": name, "stream": True})
        connection.request("POST", "/api/chat", body, {"Authorization": "Bearer secret"})
        assert json.loads(connection.getresponse().read().splitlines()[0])["message"]["content"] == name
    connection.close()
    assert [(r.model, r.api_key, r.path) for r in server.requests] == [
        ("one", "secret", "/api/chat"),
        ("two", "secret", "/api/chat"),
    ]
    assert server.connections == 1


def test_dead_and_silent_addresses(dead_url: str, black_hole_url: str) -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get(dead_url)
    with pytest.raises(httpx.ConnectTimeout):
        httpx.get(black_hole_url, timeout=0.2)


def test_a_flood_keeps_its_rate_and_counts_its_deltas(server: ScriptedServer) -> None:
    server.play(Script([Flood(2000, "x", rate=10_000), Usage(1, 2000)]))
    begun = time.monotonic()
    assert ask(server, "ollama") == ("x" * 2000, "stop", (1, 2000))
    assert time.monotonic() - begun >= 0.19
    assert len(server.exchanges[0].sent) == 2000


def test_the_server_runs_as_a_process_of_its_own() -> None:
    with scripted_process("--flood", "3", "--text", "ab ", "--reasoning", "1", "--model", "m1") as url:
        answer = httpx.post(f"{url}/api/chat", json={"model": "m1", "stream": True})
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert [line["message"]["content"] for line in lines] == ["", "ab ", "ab ", "ab ", ""]
        assert lines[-1]["eval_count"] == 4
        assert httpx.get(f"{url}/api/tags").json()["models"][0]["name"] == "m1"
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
