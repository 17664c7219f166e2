"""Retrieval: passages from the user's own documents.

What is here is imported at its first use: a program that asks without passages pays nothing for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from atlas_tui.retrieval.knowledge import KnowledgeBase
    from atlas_tui.retrieval.values import Document

_HOME = {"Document": "values", "KnowledgeBase": "knowledge"}
__all__ = ["Document", "KnowledgeBase"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
