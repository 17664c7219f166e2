"""What is asked: messages and requests."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from atlas_tui.errors import ConfigError
from atlas_tui.models.base.tokens import MESSAGE_OVERHEAD, estimate_tokens

Role = Literal["user", "assistant", "system"]
GO_ON = (
    "Your answer broke off. Continue it exactly where it stopped: repeat nothing, add no preface, and keep its format."
)
"""What a model is told that does not go on from an unfinished message of its own by itself."""


@dataclass(frozen=True, slots=True)
class ModelMessage:
    """One message of a conversation as a model sees it."""

    role: Role
    content: str

    @classmethod
    def user(cls, text: str) -> ModelMessage:
        """A message of the user."""
        return cls("user", text)

    @classmethod
    def assistant(cls, text: str) -> ModelMessage:
        """An answer of the model, given back as history."""
        return cls("assistant", text)

    @classmethod
    def system(cls, text: str) -> ModelMessage:
        """An instruction that stands above the conversation."""
        return cls("system", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One request, the same for every provider; what a provider cannot honour it leaves out.

    Raises:
        ConfigError: the messages are none.
    """

    messages: Sequence[ModelMessage]
    max_tokens: int | None = None
    """The most tokens to write; None leaves it to the provider's own setting."""
    system_prompt: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: str | Sequence[str] = ()
    """The text at which the model stops, or several."""
    reasoning_effort: str | None = None
    """How much the model is to think, in the provider's own words (`low`, `medium`, `high` …)."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the provider's own request body, sent as they are."""

    def __post_init__(self) -> None:
        if not all(isinstance(message, ModelMessage) for message in self.messages):
            raise ConfigError("messages are made with ModelMessage.user(text), .assistant(text) and .system(text)")

    def stops(self) -> list[str]:
        """The texts at which the model stops."""
        return [self.stop] if isinstance(self.stop, str) else list(self.stop)

    def estimated_tokens(self) -> int:
        """About how many tokens it has."""
        texts = [self.system_prompt or "", *(message.content for message in self.messages)]
        return sum(estimate_tokens(text) + MESSAGE_OVERHEAD for text in texts if text)

    def system_text(self) -> str | None:
        """The system prompt and every system message, in order, as one text; None where there is none."""
        parts = [self.system_prompt] if self.system_prompt else []
        parts += [message.content for message in self.messages if message.role == "system"]
        return "\n\n".join(parts) or None

    def turns(self) -> list[dict[str, str]]:
        """The messages without the system's, as every provider's wire format writes them: an empty one is left out,
        and those of one role that follow each other are one, because many models insist on roles that alternate."""
        turns: list[dict[str, str]] = []
        for message in self.messages:
            if message.role == "system" or not message.content.strip():
                continue
            if turns and turns[-1]["role"] == message.role:
                turns[-1]["content"] += f"\n\n{message.content}"
            else:
                turns.append({"role": message.role, "content": message.content})
        return turns

    def closed(self) -> ModelRequest:
        """The same for a model that refuses to go on from a message of its own: where one is the last, it is told
        to continue it."""
        said = [message for message in self.messages if message.role != "system" and message.content.strip()]
        if not said or said[-1].role != "assistant":
            return self
        return dataclasses.replace(self, messages=[*self.messages, ModelMessage.user(GO_ON)])
