"""The history: SQLite in one file. `Store` lists, opens, searches and changes it; a session's `Journal` writes it.

What is here is imported at its first use: a program that keeps nothing pays nothing for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from atlas_tui.store.ids import made_at, new_id
    from atlas_tui.store.journal import Journal, Record
    from atlas_tui.store.spending import Ledger
    from atlas_tui.store.store import LAST, Store
    from atlas_tui.store.values import (
        Conversation,
        ConversationInfo,
        Hit,
        StoredResponse,
        StoredTurn,
        snapshot,
        unwritten,
    )

_HOME = {
    "LAST": "store",
    "Conversation": "values",
    "ConversationInfo": "values",
    "Hit": "values",
    "Journal": "journal",
    "Ledger": "spending",
    "Record": "journal",
    "Store": "store",
    "StoredResponse": "values",
    "StoredTurn": "values",
    "made_at": "ids",
    "new_id": "ids",
    "snapshot": "values",
    "unwritten": "values",
}
__all__ = [
    "LAST",
    "Conversation",
    "ConversationInfo",
    "Hit",
    "Journal",
    "Ledger",
    "Record",
    "Store",
    "StoredResponse",
    "StoredTurn",
    "made_at",
    "new_id",
    "snapshot",
    "unwritten",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
