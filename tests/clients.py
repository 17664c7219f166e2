"""Clients of played providers."""

from __future__ import annotations

from typing import Any

from atlas_tui import QueryClient
from atlas_tui.config import Price
from atlas_tui.policy import Policy, RetrySettings
from atlas_tui.retrieval import KnowledgeBase
from tests.played import PlayedProvider

PRICES = {"played": Price(input=1.0, output=1_000_000.0)}
"""A dollar for each token of output."""


def client_of(provider: PlayedProvider, **options: Any) -> QueryClient:
    """A client that does not wait before it falls back or fails."""
    return QueryClient(provider, **{"knowledge": KnowledgeBase(), "policy": at_once(), **options})


def at_once() -> Policy:
    return Policy(RetrySettings(attempts=1))


def ignore(delta: str, full_text: str) -> None:
    """A callback that wants nothing."""
