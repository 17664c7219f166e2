"""Settings: the file, overridden by the environment, overridden by flags; and the places on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from atlas_tui.pricing import Price


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Time limits of a request, in seconds; None means no limit."""

    connect: float | None = 10.0
    """To reach the server."""
    first_token: float | None = 300.0
    """From the request to the first sign of an answer; a local model may have to load first."""
    between_tokens: float | None = 120.0
    """Silence inside an answer."""
    total: float | None = 3600.0
    """The whole request."""

    @classmethod
    def within(cls, seconds: float) -> Timeouts:
        """Every limit so low that the whole request ends within `seconds`."""
        base = cls()
        return cls(
            min(base.connect or seconds, seconds),
            min(base.first_token or seconds, seconds),
            min(base.between_tokens or seconds, seconds),
            seconds,
        )


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One provider's table, `[providers.NAME]`."""

    kind: str
    """Which wire format it speaks: `anthropic`, `openai`, `ollama` or `mock`."""
    base_url: str | None = None
    api_key_env: str | None = None
    """The environment variable that holds the key."""
    api_key_cmd: str | None = None
    """A command that prints the key (a password manager's, say); run at the first request."""
    model: str | None = None
    """The default model."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What else `create_provider` takes for this kind (`api`, `num_ctx`, `keep_alive`, `delay_ms` …)."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, each with its default."""

    default_provider: str = "mock"
    default_model: str | None = None
    max_tokens: int | None = None
    system_prompt: str | None = None
    theme: str | None = None
    fallback: tuple[str, ...] = ()
    """Targets to fall back to, in order."""
    max_cost: float | None = None
    """US dollars that one answer may cost at most."""
    collection_name: str | None = None
    db_path: str | None = None
    timeouts: Timeouts = Timeouts()
    providers: Mapping[str, ProviderConfig] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    """The user's own prices by target."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Key bindings by the id of the action."""


def load_config() -> Config:
    """The settings in force."""
    return Config()
