"""The settings as values, each with its default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PROVIDER_KINDS = ("anthropic", "openai", "ollama", "mock")
"""The wire formats; each is also a provider that needs no table."""


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
class RetrySettings:
    """How patient Atlas is; times in seconds."""

    attempts: int = 4
    """Requests to one target for one prompt, the first included."""
    first_wait: float = 0.5
    """The longest first wait; it doubles with each attempt."""
    longest_wait: float = 8.0
    """The longest wait that Atlas chooses by itself."""
    longest_retry_after: float = 60.0
    """The longest wait that a server may ask for; above it the prompt falls back or fails at once."""
    total_wait: float = 120.0
    """All waiting for one prompt."""
    budget: int = 10
    """Retries that an outage may use up; every answer gives a tenth of one back. A rate limit uses up none."""
    cooldown: float = 30.0
    """How long a target that failed for good is asked last."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that may be spent, in US dollars; None means no limit. A limit also stops an answer that runs."""

    answer: float | None = None
    """On the answer to one prompt, with all its attempts."""
    conversation: float | None = None
    """On a conversation: all its answers, replaced and failed ones too."""
    day: float | None = None
    """From midnight to midnight, local time, on everything in the history and on what runs now."""
    warn: float = 0.8
    """The share of a limit from which on a warning is due, from 0 to 1."""

    @property
    def limited(self) -> bool:
        """Whether there is any limit to keep."""
        return not (self.answer is None and self.conversation is None and self.day is None)


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """How passages are found by their meaning, besides their words."""

    embedder: str | None = None
    """`minilm`, `ollama:MODEL`, `openai:MODEL`, a configured provider's, or `none`; None takes what is at hand on this
    machine."""
    vectors: str = "auto"
    """Where vectors are searched: `chroma`, `exact`, or `auto`: Chroma where it is installed and there are many."""
    context: bool = False
    """Whether the chat sends passages along from the beginning."""
    wait: bool = False
    """Whether a prompt waits until its passages are found by their meaning too, as while a model still loads on this
    machine; else words alone find them meanwhile."""


@dataclass(frozen=True, slots=True)
class Price:
    """A price that the user set, in US dollars per million tokens; None where the input's holds."""

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None


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
    budget: Budget = Budget()
    collection_name: str | None = None
    db_path: str | None = None
    retrieval: RetrievalSettings = RetrievalSettings()
    history: bool = True
    """Whether conversations are kept on disk."""
    timeouts: Timeouts = Timeouts()
    retries: RetrySettings = RetrySettings()
    providers: Mapping[str, ProviderConfig] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    """The user's own prices by target."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Key bindings by the id of the action."""
