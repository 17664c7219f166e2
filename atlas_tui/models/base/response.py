"""What is answered: the response, whole or so far, with its usage, cost and timing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any, Literal

from atlas_tui.models.base.messages import ModelRequest
from atlas_tui.models.base.tokens import TokenCounter
from atlas_tui.pricing import UNKNOWN_COST, CostEstimate, TokenUsage

Reason = Literal["backoff", "retry_after", "fallback", "cooldown", "user", "continued"]
"""Why an attempt was made that is not simply the first: after a wait of our own, or after one that the server asked
for; because the target before it had failed, or had failed a moment ago; because the user wished it now; to go on
with an answer that broke off."""
Pricer = Callable[[TokenUsage, str], CostEstimate]
"""The cost of a usage with the model that the response named."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long an answer took, in seconds on the worker's own clock: drawing it is no part of it."""

    ttft: float | None = None
    """Time to first token: from the request to the first delta, of reasoning or of the answer."""
    duration: float = 0.0
    """From the request to the ending."""
    tokens_per_second: float | None = None
    """Output tokens per second since the first."""

    def to_dict(self) -> dict[str, float | None]:
        """The fields by name."""
        return {
            "ttft": self.ttft,
            "duration": self.duration,
            "tokens_per_second": self.tokens_per_second,
        }


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to one target; a response may be the last of several."""

    provider: str
    model: str
    error: str | None = None
    """The kind of the failure, or None for the attempt that answered."""
    message: str = ""
    duration: float = 0.0
    """Seconds from the request to its ending."""
    waited: float = 0.0
    """Seconds that were waited before it."""
    reason: str | None = None
    """Why it was made, a `Reason`; None for the first one."""

    @property
    def why(self) -> str:
        """What came before it, in words: `after 7.0 s, as the server asked`; empty for the first one."""
        after = f"after {self.waited:.1f} s"
        match self.reason:
            case "backoff":
                return after
            case "retry_after":
                return f"{after}, as the server asked"
            case "user":
                return f"{after}, by hand" if self.waited else "by hand"
            case "fallback":
                return "as the fallback"
            case "cooldown":
                return "in the place of a target that had just failed"
            case "continued":
                return "to continue"
        return ""

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return {
            "provider": self.provider,
            "model": self.model,
            "error": self.error,
            "message": self.message,
            "duration": self.duration,
            "waited": self.waited,
            "reason": self.reason,
        }


_PLAIN = ("content", "reasoning", "model", "provider", "finish_reason", "request_id", "complete", "mock")
"""The fields that are the same in a form."""
_PIECES = 1024
"""Pieces of a text after which they are joined: by themselves they take ten times the room."""


class _GrowingText:
    """Text that is appended to often and read seldom."""

    __slots__ = ("_pieces", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._pieces: list[str] = []

    def append(self, text: str) -> None:
        self._pieces.append(text)
        if len(self._pieces) >= _PIECES:
            str(self)

    def __str__(self) -> str:
        if self._pieces:
            self._text += "".join(self._pieces)
            self._pieces.clear()
        return self._text


class ModelResponse:
    """An answer: whole when `complete`, else what has arrived so far."""

    __slots__ = (
        "__weakref__", "_content", "_correction", "_cost", "_counted", "_counter", "_priced", "_pricer", "_reasoning",
        "_usage", "attempts", "complete", "estimated_input", "finish_reason", "mock", "model", "provider", "request_id",
        "timing",
    )  # fmt: skip

    def __init__(
        self,
        *,
        content: str = "",
        reasoning: str = "",
        model: str = "",
        provider: str = "",
        usage: TokenUsage | None = None,
        cost: CostEstimate | None = None,
        finish_reason: str | None = None,
        timing: Timing = Timing(),
        request_id: str | None = None,
        complete: bool = False,
        attempts: tuple[Attempt, ...] = (),
        mock: bool = False,
        pricer: Pricer | None = None,
    ) -> None:
        self._content = _GrowingText(content)
        self._reasoning = _GrowingText(reasoning)
        self.model = model
        """The model as the provider named it; it can differ from the alias that was asked for."""
        self.provider = provider
        self.finish_reason = finish_reason
        """Why the model ended: `stop`, `length`, `refused`, `tool`, or the provider's own word; None if unknown."""
        self.timing = timing
        self.request_id = request_id
        self.complete = complete
        """True only if the provider's own ending was seen."""
        self.attempts = attempts
        self.mock = mock
        """True where no model was asked: the mock provider played the target."""
        self._usage = usage
        self._cost = cost
        self._priced: TokenUsage | None = usage if cost else None
        self._pricer = pricer
        self.estimated_input = 0
        """Tokens of the request by the plain estimate, before any correction."""
        self._correction = 1.0
        self._counter = TokenCounter()
        self._counted = 0 if usage is None else usage.output_tokens  # a usage that comes with a text counts that text
        if usage is None:
            self._counter.add(reasoning + content)

    @classmethod
    def begin(
        cls,
        request: ModelRequest,
        provider: str,
        model: str,
        *,
        mock: bool,
        pricer: Pricer | None = None,
        correction: float = 1.0,
    ) -> ModelResponse:
        """An empty answer to a request, to be filled delta by delta; its estimates of tokens are multiplied by
        `correction`."""
        response = cls(provider=provider, model=model, mock=mock, pricer=pricer)
        response.estimated_input = request.estimated_tokens()
        response._correction = correction
        return response

    @property
    def content(self) -> str:
        """The answer; never any of the reasoning."""
        return str(self._content)

    @property
    def reasoning(self) -> str:
        """The thinking text, where the provider shows it."""
        return str(self._reasoning)

    def append(self, text: str) -> None:
        """The next delta of the answer."""
        self._content.append(text)
        self._counter.add(text)

    def append_reasoning(self, text: str) -> None:
        """The next delta of the reasoning."""
        self._reasoning.append(text)
        self._counter.add(text)

    def follow(self, first: ModelResponse, *, cut: int = 0, glue: str = "") -> None:
        """Make this the continuation of an earlier response: its text, then this one's from `cut` on.

        Usage and cost stay those of this request alone; the earlier one has its own. Its attempts come first.
        """
        self._content = _GrowingText(first.content + glue + self.content[cut:])
        self._reasoning = _GrowingText("\n\n".join(filter(None, (first.reasoning, self.reasoning))))
        self.attempts = first.attempts + self.attempts

    @property
    def usage(self) -> TokenUsage:
        """The provider's own count where it has come, else an estimate from the text so far."""
        if self._usage is not None and not self._usage.estimated:
            return self._usage
        known = self._usage or TokenUsage()
        return TokenUsage(
            known.input_tokens or round(self.estimated_input * self._correction),
            self._counted + round(self._counter.count() * self._correction),
            known.cache_read_tokens,
            known.cache_write_tokens,
            known.reasoning_tokens,
            estimated=True,
        )

    @usage.setter
    def usage(self, usage: TokenUsage) -> None:
        self._usage = usage

    @property
    def cost(self) -> CostEstimate:
        """The cost of `usage`; the first one imports the price table."""
        usage = self.usage
        if self._priced != usage:
            self._cost = self._pricer(usage, self.model) if self._pricer else UNKNOWN_COST
            self._priced = usage
        return self._cost or UNKNOWN_COST

    def set_cost(self, cost: CostEstimate) -> None:
        """The cost as the provider itself billed it."""
        self._cost, self._priced = cost, self.usage

    @property
    def tried(self) -> str:
        """The attempts that failed before the last one, in words: `2 × anthropic: rate limit, 1 × openai: server`."""
        failed = [(attempt.provider, attempt.error) for attempt in self.attempts[:-1] if attempt.error]
        groups = ((len(list(group)), who, error) for (who, error), group in groupby(failed))
        return ", ".join(f"{count} × {who}: {error.replace('_', ' ')}" for count, who, error in groups)

    def to_dict(self) -> dict[str, Any]:
        """The stable form of `--json`: every field by name."""
        return {
            "content": self.content,
            "reasoning": self.reasoning,
            "model": self.model,
            "provider": self.provider,
            "usage": self.usage.to_dict(),
            "cost": self.cost.to_dict(),
            "finish_reason": self.finish_reason,
            "timing": self.timing.to_dict(),
            "request_id": self.request_id,
            "complete": self.complete,
            "attempts": [attempt.to_dict() for attempt in self.attempts],
            "mock": self.mock,
        }

    @classmethod
    def from_dict(cls, form: Mapping[str, Any]) -> ModelResponse:
        """What `to_dict` gave. Raises LookupError or TypeError where the form is another."""
        usage, cost = TokenUsage(**form["usage"]), form["cost"]
        return cls(
            **{name: form[name] for name in _PLAIN},
            usage=usage,
            cost=CostEstimate(cost["total"], cost["input"], cost["output"]),
            timing=Timing(**form["timing"]),
            attempts=tuple(Attempt(**attempt) for attempt in form["attempts"]),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """For another process: the figures as they stand, without the provider that prices them."""
        plain = {name: getattr(self, name) for name in (*_PLAIN, "usage", "cost", "timing", "attempts")}
        return partial(ModelResponse, **plain), ()

    def __repr__(self) -> str:
        return (
            f"ModelResponse({self.provider}:{self.model}, {len(self.content)} characters, "
            f"complete={self.complete}, finish_reason={self.finish_reason!r})"
        )
