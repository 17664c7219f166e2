"""OpenAI's Responses stream, byte for byte: `POST /v1/responses` with `stream: true`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.servers.script import ErrorEvent, Reasoning, Script
from tests.servers.wire import Sse, encode, sse

INCOMPLETE = {"max_tokens": "max_output_tokens", "content_filter": "content_filter"}


class ResponsesWire(Sse):
    """Every event is numbered; output items (a reasoning, a message) are opened and closed around their
    deltas."""

    def __init__(self, request: Mapping[str, Any], script: Script) -> None:
        self.request = request
        self.model = script.model or request.get("model", "unknown")
        self.usage = script.usage
        self.created = int(datetime.now(UTC).timestamp())
        self.number = 0
        self.output: list[dict[str, Any]] = []
        self.open: str | None = None
        self.pieces: list[str] = []

    def _event(self, event: str, rest: str) -> bytes:
        """`rest` is the inside of the JSON object without `type` and `sequence_number`."""
        data = f'{{"type":"{event}","sequence_number":{self.number},{rest}}}'
        self.number += 1
        return sse(event, data)

    def _response(self, status: str, **fields: object) -> str:
        usage = None
        if status in ("completed", "incomplete") and self.usage:
            usage = {
                "input_tokens": self.usage.input,
                "input_tokens_details": {
                    "cached_tokens": self.usage.cache_read,
                    "cache_write_tokens": self.usage.cache_write,
                },
                "output_tokens": self.usage.output,
                "output_tokens_details": {"reasoning_tokens": self.usage.reasoning},
                "total_tokens": self.usage.input + self.usage.output,
            }
        body = {
            "id": "resp_67c9fdcecf488190bdd9a0409de3a1ec07b8b0ad4e5eb654",
            "object": "response",
            "created_at": self.created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "instructions": self.request.get("instructions"),
            "max_output_tokens": self.request.get("max_output_tokens"),
            "metadata": {},
            "model": self.model,
            "output": self.output,
            "parallel_tool_calls": True,
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None},
            "service_tier": "default",
            "store": self.request.get("store", True),
            "temperature": 1.0,
            "text": {"format": {"type": "text"}, "verbosity": "medium"},
            "tool_choice": "auto",
            "tools": [],
            "top_logprobs": 0,
            "top_p": 1.0,
            "truncation": "disabled",
            "usage": usage,
            "user": None,
        }
        return encode({**body, **fields})

    def start(self) -> bytes:
        body = self._response("in_progress")
        created = self._event("response.created", f'"response":{body}')
        return created + self._event("response.in_progress", f'"response":{body}')

    def _place(self) -> str:
        """Where a delta belongs: the item, its place in the output, its part."""
        index = len(self.output)
        part = "summary_index" if self.open == "reasoning" else "content_index"
        return f'"item_id":"{self._item_id()}","output_index":{index},"{part}":0'

    def _item_id(self) -> str:
        return f"{'rs' if self.open == 'reasoning' else 'msg'}_67c9fdcf37fc8190ba82116e33fb28c5{len(self.output):02}"

    def _item(self, status: str, text: str | None = None) -> dict[str, Any]:
        if self.open == "reasoning":
            parts = [] if text is None else [{"type": "summary_text", "text": text}]
            return {"id": self._item_id(), "type": "reasoning", "summary": parts}
        item = {"id": self._item_id(), "type": "message", "status": status, "role": "assistant"}
        return {**item, "content": [] if text is None else [self._part(text)]}

    def _part(self, text: str) -> dict[str, Any]:
        if self.open == "refusal":
            return {"type": "refusal", "refusal": text}
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}

    def _open(self, kind: str) -> bytes:
        if self.open == kind:
            return b""
        closed = self._close()
        self.open = kind
        added = f'"output_index":{len(self.output)},"item":{encode(self._item("in_progress"))}'
        data = closed + self._event("response.output_item.added", added)
        if kind == "reasoning":
            part = encode({"type": "summary_text", "text": ""})
            return data + self._event("response.reasoning_summary_part.added", f'{self._place()},"part":{part}')
        part = encode(self._part(""))
        return data + self._event("response.content_part.added", f'{self._place()},"part":{part}')

    def _close(self) -> bytes:
        if self.open is None:
            return b""
        text = "".join(self.pieces)
        place, said = self._place(), encode(text)
        if self.open == "reasoning":
            part = encode({"type": "summary_text", "text": text})
            data = self._event("response.reasoning_summary_text.done", f'{place},"text":{said}')
            data += self._event("response.reasoning_summary_part.done", f'{place},"part":{part}')
        elif self.open == "refusal":
            data = self._event("response.refusal.done", f'{place},"refusal":{said}')
            data += self._event("response.content_part.done", f'{place},"part":{encode(self._part(text))}')
        else:
            data = self._event("response.output_text.done", f'{place},"text":{said},"logprobs":[]')
            data += self._event("response.content_part.done", f'{place},"part":{encode(self._part(text))}')
        item = self._item("completed", text)
        data += self._event("response.output_item.done", f'"output_index":{len(self.output)},"item":{encode(item)}')
        self.output.append(item)
        self.open = None
        self.pieces = []
        return data

    def text(self, text: str) -> bytes:
        opened = self._open("message")
        self.pieces.append(text)
        delta = f'{self._place()},"delta":{encode(text)},"logprobs":[],"obfuscation":"Uj4ZcTnRk2Qm"'
        return opened + self._event("response.output_text.delta", delta)

    def reasoning(self, step: Reasoning) -> bytes:
        opened = self._open("reasoning")
        self.pieces.append(step.text)
        delta = f'{self._place()},"delta":{encode(step.text)}'
        return opened + self._event("response.reasoning_summary_text.delta", delta)

    def refusal(self, text: str) -> bytes:
        opened = self._open("refusal")
        self.pieces.append(text)
        return opened + self._event("response.refusal.delta", f'{self._place()},"delta":{encode(text)}')

    def malformed(self) -> bytes:
        return b'event: response.output_text.delta\ndata: {"type":"response.output_te\n\n'

    def error(self, step: ErrorEvent) -> bytes:
        code = encode(step.code or step.type)
        message = encode(step.message)
        if step.failed:
            error = {"code": step.code or step.type, "message": step.message}
            return self._event("response.failed", f'"response":{self._response("failed", error=error)}')
        return self._event("error", f'"code":{code},"message":{message},"param":null')

    def finish(self, reason: str, terminal: bool) -> bytes:
        closed = self._close()
        if not terminal:
            return closed
        if why := INCOMPLETE.get(reason):
            body = self._response("incomplete", incomplete_details={"reason": why})
            return closed + self._event("response.incomplete", f'"response":{body}')
        return closed + self._event("response.completed", f'"response":{self._response("completed")}')
