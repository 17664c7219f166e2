"""What the tests of the history share: stores that close, sessions that write, values to put in."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from atlas_tui.models.base import Attempt, CostEstimate, ModelResponse, Timing, TokenUsage
from atlas_tui.session import Session
from atlas_tui.store import Conversation, ConversationInfo, Journal, Store, StoredResponse, StoredTurn
from tests import played
from tests.played import PlayedProvider

PATIENCE = 30.0
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def session_of(store: Store, provider: PlayedProvider, **options: Any) -> Session:
    """A conversation that is written down, and does not wait before it falls back or fails."""
    return played.session_of(provider, **{"journal": Journal(store), **options})


def answer(text: str, **fields: Any) -> StoredResponse:
    """A complete response, with every figure set."""
    response = ModelResponse(
        content=text,
        reasoning="because",
        model="test-model",
        provider="played",
        usage=TokenUsage(11, 22, 3, 4, 5),
        finish_reason="stop",
        timing=Timing(0.25, 1.5, 42.0),
        request_id="request-1",
        complete=fields.get("state", "complete") == "complete",
        attempts=(
            Attempt("other", "m", "rate_limit", "slow down", 0.1),
            Attempt("played", "test-model", None, "", 1.5),
        ),
        pricer=lambda usage, model: CostEstimate(0.5, 0.2, 0.3),
    )
    return StoredResponse(response, **{"state": "complete", "created": NOON, **fields})


def conversation(*turns: tuple[str, str], number: str = "", title: str = "A title") -> Conversation:
    """A conversation of prompts and answers."""
    info = ConversationInfo(number, title, NOON, NOON, "played:test-model")
    return Conversation(info, [StoredTurn(prompt, NOON, [answer(text)]) for prompt, text in turns], "Be brief.")


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds of a history that others write: SQLite tells nobody, it has to be asked."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it never came to be"
        time.sleep(0.005)
