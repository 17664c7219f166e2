"""What the exports say about a response and a conversation, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atlas_tui.citations import check
from atlas_tui.models.base import Attempt, ModelResponse
from atlas_tui.models.names import model_shown
from atlas_tui.store.values import Conversation, StoredResponse
from atlas_tui.text import one_line


def target_of(response: ModelResponse) -> str:
    """Who answered, visibly mock where no model was asked."""
    target = one_line(f"{response.provider}:{model_shown(response.model)}".strip(":"), 120)
    return f"{target} (mock)" if response.mock and response.provider != "mock" else target


def targets(conversation: Conversation) -> list[str]:
    """All who answered, in their order."""
    named = (target_of(stored.response) for turn in conversation.turns for stored in turn.responses)
    return list(dict.fromkeys(named))


def sources(conversation: Conversation) -> list[str]:
    """Where the passages stand that were sent along."""
    found = (
        (document.get("metadata") or {}).get("source") for turn in conversation.turns for document in turn.documents
    )
    return list(dict.fromkeys(one_line(str(source)) for source in found if source))


def remark(stored: StoredResponse) -> str:
    """Why an answer is not whole, and what was tried before it; empty for a plain answer."""
    parts = []
    if stored.state != "complete":
        reason = f" ({stored.error.replace('_', ' ')})" if stored.error else ""
        parts.append(one_line(f"{stored.state.capitalize()}{reason}: {stored.message}".rstrip(": ")))
    if stored.response.finish_reason == "length":
        parts.append("Cut at the limit of tokens")
    if len(stored.response.attempts) > 1:
        parts.append(one_line(f"Attempts: {', '.join(map(_words, stored.response.attempts))}", 1000))
    return " · ".join(parts)


def _words(attempt: Attempt) -> str:
    outcome = f"{attempt.error} ({attempt.message})" if attempt.error else "answered"
    return f"{attempt.why} {attempt.provider}:{attempt.model} {outcome}".lstrip()


def figures(response: ModelResponse, documents: Sequence[Mapping[str, Any]] = ()) -> str:
    """TTFT, tok/s, tokens and cost, and how well what it cites stands in the passages that were sent."""
    timing, usage, cost = response.timing, response.usage, response.cost
    about = "~" if usage.estimated else ""
    parts = [] if timing.ttft is None else [f"TTFT {timing.ttft:.2f} s"]
    parts += [] if timing.tokens_per_second is None else [f"{timing.tokens_per_second:.1f} tok/s"]
    parts.append(f"{about}{usage.input_tokens} in, {about}{usage.output_tokens} out")
    parts.append(f"{'~' if cost.estimated else ''}{cost}" if cost.known else "cost unknown")
    return " · ".join(filter(None, (*parts, str(check(response.content, documents)))))
