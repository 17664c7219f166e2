"""The history: SQLite in one file. `Store` lists, opens, searches and changes it; a session's `Journal` writes it."""

from __future__ import annotations

from atlas_tui.store.journal import Journal, Record
from atlas_tui.store.store import LAST, Store
from atlas_tui.store.values import (
    Conversation,
    ConversationInfo,
    Hit,
    StoredResponse,
    StoredTurn,
    made_at,
    new_id,
    snapshot,
    unwritten,
)

__all__ = [
    "LAST",
    "Conversation",
    "ConversationInfo",
    "Hit",
    "Journal",
    "Record",
    "Store",
    "StoredResponse",
    "StoredTurn",
    "made_at",
    "new_id",
    "snapshot",
    "unwritten",
]
