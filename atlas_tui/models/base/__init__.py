"""What every provider has in common: messages, requests, responses, usage, events, the cancel token, `Provider`."""

from __future__ import annotations

from atlas_tui.models.base.cancel import CancelToken, settle_cancel, undisturbed
from atlas_tui.models.base.events import (
    ALIVE,
    Counted,
    End,
    Event,
    FellBack,
    Finish,
    ReasoningDelta,
    Retrieved,
    RetryScheduled,
    Start,
    TextDelta,
    UsageUpdate,
    WireEvent,
    event_to_dict,
)
from atlas_tui.models.base.messages import ModelMessage, ModelRequest
from atlas_tui.models.base.provider import ModelInfo, Provider
from atlas_tui.models.base.response import Attempt, ModelResponse, Reason, Timing
from atlas_tui.models.base.tokens import MESSAGE_OVERHEAD, TokenCounter, estimate_tokens
from atlas_tui.models.base.worker import Emit, EventSource, EventStream, Sink, Worker, in_thread
from atlas_tui.pricing import CostEstimate, TokenUsage

__all__ = [
    "ALIVE",
    "MESSAGE_OVERHEAD",
    "Attempt",
    "CancelToken",
    "CostEstimate",
    "Counted",
    "Emit",
    "End",
    "Event",
    "EventSource",
    "EventStream",
    "FellBack",
    "Finish",
    "ModelInfo",
    "ModelMessage",
    "ModelRequest",
    "ModelResponse",
    "Provider",
    "Reason",
    "ReasoningDelta",
    "Retrieved",
    "RetryScheduled",
    "Sink",
    "Start",
    "TextDelta",
    "Timing",
    "TokenCounter",
    "TokenUsage",
    "UsageUpdate",
    "WireEvent",
    "Worker",
    "estimate_tokens",
    "event_to_dict",
    "in_thread",
    "settle_cancel",
    "undisturbed",
]
