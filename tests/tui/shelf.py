"""Conversations that were kept, and the list of them on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from atlas_tui.models.base import Attempt, CostEstimate, ModelResponse, Provider, Timing, TokenUsage
from atlas_tui.pricing import FREE
from atlas_tui.session import Session
from atlas_tui.store import Conversation, ConversationInfo, Journal, Store, StoredResponse, StoredTurn
from atlas_tui.tui.screens.conversations import Conversations
from tests.tui.driving import Driver, once

NOW = datetime(2025, 11, 12, 15, 0, tzinfo=UTC)


def session_of(store: Store, provider: Provider, fallback: Sequence[Provider] = ()) -> Session:
    return Session(provider, policy=once(), journal=Journal(store), fallback=fallback)


def kept(
    store: Store,
    title: str,
    turns: Sequence[tuple[str, str]],
    *,
    ago: timedelta = timedelta(),
    interrupted: bool = False,
    cost: float = 0.01,
) -> str:
    """Put a conversation into the history; gives its id."""
    when = NOW - ago
    stored: list[StoredTurn] = []
    for prompt, answer in turns:
        last = interrupted and len(stored) == len(turns) - 1
        response = ModelResponse(
            content=answer,
            provider="played",
            model="test-model",
            usage=TokenUsage(10, 20),
            timing=Timing(0.2, 1.2, 20.0),
            complete=not last,
            finish_reason="" if last else "stop",
            attempts=(Attempt("played", "test-model", "interrupted" if last else None),),
            pricer=lambda usage, model: CostEstimate(cost, 0.0, cost),
        )
        answers = [StoredResponse(response, "interrupted" if last else "complete", when)]
        stored.append(StoredTurn(prompt, when, answers))
    info = ConversationInfo("", title, when, when, "played:test-model", len(turns), FREE)
    return store.add(Conversation(info, stored)).id


async def listed(user: Driver, *texts: str) -> Conversations:
    """Open the list and wait for its lines."""
    await user.press("f2")
    await user.shows(*texts)
    screen = user.app.screen
    assert isinstance(screen, Conversations)
    return screen


def said(store: Store) -> str:
    return store.conversation("last").turns[-1].responses[-1].response.content
