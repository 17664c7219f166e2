"""The wire formats of the services, byte for byte: Anthropic Messages, OpenAI Chat Completions, Ollama NDJSON.

One `Wire` object writes one stream. (`responses.py` has OpenAI's fourth format, the longest.) Text is written raw as
UTF-8, as the services do; a lone surrogate becomes a JSON escape. What the official SDKs' own models demand of each
event is checked in `test_wire.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from tests.servers.script import ErrorEvent, Reasoning, Script, Usage

NOT_UTF8 = "\ue0ff"
"""Stands for bytes that are not UTF-8 in a text given to `Wire.text`."""


def encode(value: object) -> str:
    """JSON without spaces and with raw non-ASCII characters."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def to_bytes(text: str) -> bytes:
    """UTF-8, with lone surrogates as the JSON escapes they can only be."""
    data = text.encode("utf-8", "backslashreplace")
    return data.replace(NOT_UTF8.encode(), b"\xff\xfe") if NOT_UTF8 in text else data


def sse(event: str | None, data: str) -> bytes:
    return to_bytes(f"event: {event}\ndata: {data}\n\n" if event else f"data: {data}\n\n")


class Wire(Protocol):
    """Writes one stream. Every method returns the bytes to send."""

    content_type: str

    def start(self) -> bytes: ...
    def text(self, text: str) -> bytes: ...
    def reasoning(self, step: Reasoning) -> bytes: ...
    def refusal(self, text: str) -> bytes: ...
    def json(self, value: object, event: str | None) -> bytes: ...
    def malformed(self) -> bytes: ...
    def error(self, step: ErrorEvent) -> bytes: ...
    def ping(self) -> bytes: ...
    def keep_alive(self) -> bytes: ...
    def finish(self, reason: str, terminal: bool) -> bytes: ...


class Sse:
    """What the SSE formats share."""

    content_type = "text/event-stream; charset=utf-8"

    def json(self, value: object, event: str | None) -> bytes:
        return sse(event, encode(value))

    def malformed(self) -> bytes:
        return b'data: {"choices":[{"delta":{"cont\n\n'

    def ping(self) -> bytes:
        return self.keep_alive()

    def keep_alive(self) -> bytes:
        return b": OPENROUTER PROCESSING\n\n"


class AnthropicWire(Sse):
    """`POST /v1/messages` with `stream: true`."""

    reasons = {"stop": "end_turn"}  # noqa: RUF012 - a table, never changed

    def __init__(self, request: Mapping[str, Any], script: Script) -> None:
        self.model = script.model or request.get("model", "unknown")
        self.usage = script.usage
        self.block: str | None = None
        self.index = -1

    def _usage(self, output: int) -> dict[str, Any]:
        usage = self.usage or Usage(0, 0)
        return {
            "input_tokens": usage.input - usage.cache_read - usage.cache_write,
            "cache_creation_input_tokens": usage.cache_write,
            "cache_read_input_tokens": usage.cache_read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": usage.cache_write,
                "ephemeral_1h_input_tokens": 0,
            },
            "output_tokens": output,
        }

    def start(self) -> bytes:
        message: dict[str, Any] = {
            "model": self.model,
            "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
            "type": "message",
            "role": "assistant",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {**self._usage(output=1), "service_tier": "standard"},
        }
        return sse("message_start", encode({"type": "message_start", "message": message}))

    def _open(self, kind: str) -> bytes:
        if self.block == kind:
            return b""
        closed = self._close()
        first = self.index < 0
        self.index += 1
        self.block = kind
        content = {
            "text": {"type": "text", "text": ""},
            "thinking": {"type": "thinking", "thinking": "", "signature": ""},
        }[kind]
        start = {"type": "content_block_start", "index": self.index, "content_block": content}
        opened = sse("content_block_start", encode(start))
        return closed + opened + (self.ping() if first else b"")

    def _close(self) -> bytes:
        if self.block is None:
            return b""
        signature = b""
        if self.block == "thinking":
            signature = self._delta('"signature_delta","signature":"EqQBCgIYAhIM1gbcDa9GJwZA2b3h"')
        self.block = None
        return signature + sse("content_block_stop", f'{{"type":"content_block_stop","index":{self.index} }}')

    def _delta(self, inner: str) -> bytes:
        return sse(
            "content_block_delta",
            f'{{"type":"content_block_delta","index":{self.index},"delta":{{"type":{inner}}}     }}',
        )

    def text(self, text: str) -> bytes:
        return self._open("text") + self._delta(f'"text_delta","text":{encode(text)}')

    def reasoning(self, step: Reasoning) -> bytes:
        return self._open("thinking") + self._delta(f'"thinking_delta","thinking":{encode(step.text)}')

    def refusal(self, text: str) -> bytes:
        return self.text(text)

    def malformed(self) -> bytes:
        return b'event: content_block_delta\ndata: {"type":"content_block_delta","ind\n\n'

    def error(self, step: ErrorEvent) -> bytes:
        details: dict[str, object] = {"details": None, "type": step.type, "message": step.message}
        body = {"type": "error", "error": details, "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy"}
        return sse("error", encode(body))

    def ping(self) -> bytes:
        return b'event: ping\ndata: {"type": "ping"}\n\n'

    def finish(self, reason: str, terminal: bool) -> bytes:
        closed = self._close()
        stop = self.reasons.get(reason, reason) if terminal else None
        delta: dict[str, Any] = {
            "stop_reason": stop,
            "stop_sequence": "END" if stop == "stop_sequence" else None,
        }
        if stop == "refusal":
            delta["stop_details"] = {"type": "refusal", "category": "cyber", "explanation": "Not this."}
        usage = self._usage(self.usage.output if self.usage else 0)
        if self.usage and self.usage.reasoning:
            usage["output_tokens_details"] = {"thinking_tokens": self.usage.reasoning}
        body = {"type": "message_delta", "delta": delta, "usage": usage}
        return closed + sse("message_delta", encode(body)) + sse("message_stop", '{"type":"message_stop"            }')


class ChatWire(Sse):
    """`POST /v1/chat/completions` with `stream: true`."""

    reasons = {"max_tokens": "length", "refusal": "stop", "stop_sequence": "stop"}  # noqa: RUF012

    def __init__(self, request: Mapping[str, Any], script: Script) -> None:
        model = encode(script.model or request.get("model", "unknown"))
        options = request.get("stream_options") or {}
        self.usage = script.usage if options.get("include_usage") else None
        created = int(datetime.now(UTC).timestamp())
        self.head = (
            f'{{"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion.chunk",'
            f'"created":{created},"model":{model},"service_tier":"default","system_fingerprint":"fp_44709d6fcb",'
        )
        self.tail = ',"usage":null' if self.usage else ""
        if options.get("include_obfuscation", True):
            self.tail += ',"obfuscation":"Uj4ZcTnRk2Qm"'
        self.tail += "}"

    def _chunk(self, delta: str, reason: str = "null") -> bytes:
        choice = f'"choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{reason}}}]'
        return sse(None, self.head + choice + self.tail)

    def start(self) -> bytes:
        return self._chunk('{"role":"assistant","content":"","refusal":null}')

    def text(self, text: str) -> bytes:
        return self._chunk(f'{{"content":{encode(text)}}}')

    def reasoning(self, step: Reasoning) -> bytes:
        return self._chunk(encode({step.field: step.text}))

    def refusal(self, text: str) -> bytes:
        return self._chunk(encode({"refusal": text}))

    def error(self, step: ErrorEvent) -> bytes:
        error = {"message": step.message, "type": step.type, "param": None, "code": step.code}
        return sse(None, encode({"error": error}))

    def finish(self, reason: str, terminal: bool) -> bytes:
        data = self._chunk("{}", encode(self.reasons.get(reason, reason))) if terminal else b""
        if usage := self.usage:
            counts = {
                "prompt_tokens": usage.input,
                "completion_tokens": usage.output,
                "total_tokens": usage.input + usage.output,
                "prompt_tokens_details": {
                    "cached_tokens": usage.cache_read,
                    "cache_write_tokens": usage.cache_write,
                    "audio_tokens": 0,
                },
                "completion_tokens_details": {
                    "reasoning_tokens": usage.reasoning,
                    "audio_tokens": 0,
                    "accepted_prediction_tokens": 0,
                    "rejected_prediction_tokens": 0,
                },
            }
            data += sse(None, f'{self.head}"choices":[],"usage":{encode(counts)}}}')
        return data + b"data: [DONE]\n\n"


class OllamaWire:
    """`POST /api/chat` with `stream: true`: one JSON object a line, as Go writes it."""

    content_type = "application/x-ndjson"
    reasons = {"max_tokens": "length", "refusal": "stop", "stop_sequence": "stop"}  # noqa: RUF012

    def __init__(self, request: Mapping[str, Any], script: Script) -> None:
        self.usage = script.usage
        self.head = f'{{"model":{encode(script.model or request.get("model", "unknown"))},"created_at":"'

    def _line(self, rest: str) -> bytes:
        created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"
        # Go's encoder escapes these five inside strings; they occur nowhere else in the line.
        rest = rest.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
        rest = rest.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        return to_bytes(f"{self.head}{created}{rest}\n")

    def start(self) -> bytes:
        return b""

    def text(self, text: str) -> bytes:
        return self._line(f'","message":{{"role":"assistant","content":{encode(text)}}},"done":false}}')

    def reasoning(self, step: Reasoning) -> bytes:
        message = f'{{"role":"assistant","content":"","thinking":{encode(step.text)}}}'
        return self._line(f'","message":{message},"done":false}}')

    def refusal(self, text: str) -> bytes:
        return self.text(text)

    def json(self, value: object, event: str | None) -> bytes:
        return to_bytes(encode(value) + "\n")

    def malformed(self) -> bytes:
        return b'{"model":"llama3","message":{"role":"assist\n'

    def error(self, step: ErrorEvent) -> bytes:
        return to_bytes(encode({"error": step.message}) + "\n")

    def ping(self) -> bytes:
        return self.keep_alive()

    def keep_alive(self) -> bytes:
        return self.text("")

    def finish(self, reason: str, terminal: bool) -> bytes:
        if not terminal:
            return b""
        counts: dict[str, int] = {"total_duration": 4_883_583_458, "load_duration": 1_334_875}
        if usage := self.usage:
            counts |= {
                "prompt_eval_count": usage.input,
                "prompt_eval_duration": 342_546_000,
                "eval_count": usage.output,
                "eval_duration": round(usage.eval_seconds * 1e9),
            }
        # A count of zero is left out.
        given = encode({name: value for name, value in counts.items() if value})[1:]
        reason = encode(self.reasons.get(reason, reason))
        return self._line(f'","message":{{"role":"assistant","content":""}},"done":true,"done_reason":{reason},{given}')
