"""OpenAI's Responses format: the only one with reasoning summaries and with some of its models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from atlas_tui.models.base import (
    Counted,
    Finish,
    ModelRequest,
    Provider,
    ReasoningDelta,
    Start,
    TextDelta,
    WireEvent,
)
from atlas_tui.models.base.transport import as_text, reported_error
from atlas_tui.models.openai.chat import usage_of

_INCOMPLETE = {"max_output_tokens": "length", "content_filter": "refused"}


def responses_body(
    request: ModelRequest, model: str, *, limit: int | None, effort: str | None, summary: bool, at_vendor: bool
) -> Any:
    """The request body. The service keeps no copy of the conversation; it has no stop texts."""
    body: dict[str, Any] = {"model": model, "input": request.turns(), "stream": True, "store": False}
    if at_vendor:
        body["stream_options"] = {"include_obfuscation": False}
    if system := request.system_text():
        body["instructions"] = system
    for field in ("temperature", "top_p"):
        if (value := getattr(request, field)) is not None:
            body[field] = value
    if limit:
        body["max_output_tokens"] = limit
    if effort:
        body["reasoning"] = {"effort": effort} | ({"summary": "auto"} if summary and effort != "none" else {})
    return {**body, **request.extra}


class ResponseReader:
    """Reads the events of one response."""

    def __init__(self, provider: Provider, request_id: str | None, limit: int | None) -> None:
        self._provider = provider
        self._request_id = request_id
        self._limit = limit
        self._refused = False
        self._messages = 0

    def read(self, event: dict[str, Any]) -> Sequence[WireEvent]:
        """What one event says."""
        match event.get("type"):
            case "response.output_text.delta":
                return (TextDelta(as_text(event["delta"])),)
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                return (ReasoningDelta(as_text(event["delta"])),)
            case "response.reasoning_summary_part.added" if event.get("summary_index"):
                return (ReasoningDelta("\n\n"),)
            case "response.output_item.added" if event["item"].get("type") == "message":
                # Some models comment on what they are about to do in a message before the answer's.
                self._messages += 1
                return (TextDelta("\n\n"),) if self._messages > 1 else ()
            case "response.refusal.delta":
                self._refused = True
                return (TextDelta(as_text(event["delta"])),)
            case "response.created":
                return (Start(self._provider.name, event["response"].get("model") or "", self._request_id),)
            case "response.completed" | "response.incomplete":
                return self._ending(event["response"])
            case "response.failed":
                raise reported_error(self._provider, event["response"], self._request_id)
            case "error":
                raise reported_error(self._provider, event, self._request_id)
            case None if event.get("error"):
                raise reported_error(self._provider, event, self._request_id)
        return ()

    def _ending(self, response: dict[str, Any]) -> Sequence[WireEvent]:
        usage = usage_of(response.get("usage") or {}, "input", "output")
        details = response.get("incomplete_details")
        reason = "stop"
        if details:
            reason = _INCOMPLETE.get(details["reason"], as_text(details["reason"]))
        elif self._limit and usage.output_tokens >= self._limit:
            reason = "length"  # llama.cpp says "completed" also where the limit cut the answer
        counted = (Counted(usage),) if usage.total_tokens else ()
        return (*counted, Finish("refused" if self._refused else reason))
