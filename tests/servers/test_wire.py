"""The scripted streams against the official SDKs: each event must satisfy the SDK's own model, validated strictly."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import ollama
import pytest
from anthropic.types import RawMessageStreamEvent
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from tests.servers.responses import ResponsesWire
from tests.servers.script import Delta, ErrorEvent, Finish, Reasoning, Script, Usage
from tests.servers.wire import AnthropicWire, ChatWire, OllamaWire, Wire

USAGE = Usage(input=100, output=50, cache_read=60, cache_write=10, reasoning=20)
SCRIPT = Script([Reasoning("hm "), Reasoning("so"), Delta("Hel"), Delta("lo <b>&\u2028"), Finish("max_tokens"), USAGE])
REQUEST = {"model": "some-model", "stream": True, "stream_options": {"include_usage": True}}


def events(body: bytes) -> Iterable[tuple[str | None, str]]:
    for block in body.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if line)
        if lines and lines["data"] not in ("[DONE]", '{"type": "ping"}'):
            yield lines.get("event"), lines["data"]


def body_of(wire: Wire) -> bytes:
    data = wire.start()
    for step in SCRIPT.stream:
        match step:
            case Delta():
                data += wire.text(step.text)
            case Reasoning():
                data += wire.reasoning(step)
            case Finish():
                data += wire.refusal("No.") + wire.finish(step.reason, step.terminal)
    return data


@pytest.mark.parametrize(
    ("make", "model"),
    [
        (AnthropicWire, RawMessageStreamEvent),
        (ChatWire, ChatCompletionChunk),
        (ResponsesWire, ResponseStreamEvent),
    ],
)
def test_every_event_has_the_fields_that_the_sdk_demands(make: Callable[..., Wire], model: Any) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seen = [(name, adapter.validate_json(data)) for name, data in events(body_of(make(REQUEST, SCRIPT)))]
    assert len(seen) >= 6
    for name, event in seen:
        if name is not None:
            assert getattr(event, "type", None) == name


def test_ollama_lines_have_the_fields_that_the_sdk_demands() -> None:
    data = body_of(OllamaWire(REQUEST, SCRIPT))
    assert b"\\u003cb\\u003e\\u0026\\u2028" in data
    lines = [ollama.ChatResponse.model_validate_json(line) for line in data.splitlines()]
    assert "".join(line.message.content or "" for line in lines) == "Hello <b>&\u2028No."
    assert (lines[-1].done, lines[-1].done_reason, lines[-1].prompt_eval_count, lines[-1].eval_count) == (
        True,
        "length",
        100,
        50,
    )


def test_responses_numbers_its_events_and_closes_what_it_opens() -> None:
    seen = [json.loads(data) for _, data in events(body_of(ResponsesWire(REQUEST, SCRIPT)))]
    assert [event["sequence_number"] for event in seen] == list(range(len(seen)))
    kinds = [event["type"] for event in seen]
    assert kinds.count("response.output_item.added") == kinds.count("response.output_item.done") == 3
    output = seen[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["reasoning", "message", "message"]
    assert output[1]["content"][0]["text"] == "Hello <b>&\u2028"


@pytest.mark.parametrize("make", [AnthropicWire, ChatWire, ResponsesWire, OllamaWire])
def test_odd_characters_reach_the_wire_as_services_send_them(make: Callable[..., Wire]) -> None:
    wire = make(REQUEST, SCRIPT)
    data = wire.text("a\u0085b\ud83dc é")
    assert b"a\xc2\x85b\\ud83dc \xc3\xa9" in data


def test_an_error_in_a_responses_stream_can_be_a_failed_response() -> None:
    wire = ResponsesWire(REQUEST, SCRIPT)
    ((name, data),) = events(wire.error(ErrorEvent("server_error", "it broke", failed=True)))
    assert name == "response.failed"
    assert json.loads(data)["response"]["error"] == {"code": "server_error", "message": "it broke"}
