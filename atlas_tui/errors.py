"""The errors of Atlas, and the one table of what each kind of failure means.

AtlasError                what happened and what to do, in one sentence
├── ConfigError           a setting, an option or an argument is wrong
└── ProviderError         a request failed; `kind` says how, `partial` holds what had arrived
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

Kind = Literal[
    "auth",
    "permission",
    "not_found",
    "bad_request",
    "context_length",
    "rate_limit",
    "overloaded",
    "server",
    "connection",
    "timeout",
    "truncated",
    "protocol",
    "refused",
    "budget",
    "cancelled",
]


class KindRule(NamedTuple):
    """What follows from a kind of failure."""

    retryable: bool
    """The same request may succeed when it is sent again."""
    remedy: str
    """What the user can do about it, as a clause that ends a sentence."""


KINDS: dict[Kind, KindRule] = {
    "auth": KindRule(False, "check the API key"),
    "permission": KindRule(False, "check the account's access and its billing"),
    "not_found": KindRule(False, "check the model name and the base URL (`atlas-tui models` lists models)"),
    "bad_request": KindRule(False, "change the request or choose another model"),
    "context_length": KindRule(False, "shorten it or choose a model with a larger context window"),
    "rate_limit": KindRule(True, "wait a moment, then retry"),
    "overloaded": KindRule(True, "wait a moment, then retry or fall back to another provider"),
    "server": KindRule(True, "retry, or fall back to another provider"),
    "connection": KindRule(True, "check the network and the base URL, then retry"),
    "timeout": KindRule(True, "retry, or raise the timeout"),
    "truncated": KindRule(True, "retry, or continue from what has arrived"),
    "protocol": KindRule(False, "check that the base URL is that of a model API"),
    "refused": KindRule(False, "rephrase the prompt or choose another model"),
    "budget": KindRule(False, "raise the cost limit"),
    "cancelled": KindRule(False, "send it again when you are ready"),
}
assert set(KINDS) == set(get_args(Kind))


class AtlasError(Exception):
    """Any error that Atlas raises on purpose; `str(error)` is one sentence for a user."""


class ConfigError(AtlasError):
    """A setting, an option or an argument is wrong; nothing was sent anywhere."""


class ProviderError(AtlasError):
    """A request to a provider failed, was stopped or ended before its end."""

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        provider: str = "",
        model: str = "",
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        retryable: bool | None = None,
        remedy: str | None = None,
        partial: Any = None,
    ) -> None:
        super().__init__(kind, message)  # what another process makes it anew from
        self.kind: Kind = kind
        self.message = message
        self.provider = provider
        self.model = model
        self.status = status
        """The HTTP status, or None where no answer came."""
        self.request_id = request_id
        """The provider's own id of the request, for its support."""
        self.retry_after = retry_after
        """Seconds that the server asks to wait before the next request."""
        self.retryable = KINDS[kind].retryable if retryable is None else retryable
        self.remedy = remedy or KINDS[kind].remedy
        """What the user can do about it, as a clause that ends a sentence."""
        self.partial = partial
        """The `ModelResponse` so far: nothing that was received is lost."""

    def __str__(self) -> str:
        text = self.message.rstrip(". ")
        return text if self.remedy in text else f"{text}: {self.remedy}"

    def to_dict(self) -> dict[str, Any]:
        """The error as it stands in `--json`, in events and in the history."""
        return {
            "kind": self.kind,
            "message": str(self),
            "provider": self.provider,
            "model": self.model,
            "status": self.status,
            "request_id": self.request_id,
            "retry_after": self.retry_after,
            "retryable": self.retryable,
        }
