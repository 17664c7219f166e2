"""A turn as it stands in the transcript, and the words that are said about its answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atlas_tui.citations import check
from atlas_tui.errors import ProviderError
from atlas_tui.models.base import ModelResponse
from atlas_tui.text import one_line
from atlas_tui.tui.widgets import figures

if TYPE_CHECKING:
    from atlas_tui.turns import Turn

_MARKS = re.compile(r"[\\`*_{}\[\]()#+\-.!|<>~$&:]")


@dataclass
class Exchange:
    """A turn as it stands in the log."""

    number: int
    turn: Turn
    column: int | None = None
    """The column of a comparison whose answers are shown; None in a chat."""
    error: ProviderError | None = None
    """Why the last one failed."""
    looked_at: ModelResponse | None = None
    """A failed sibling that is shown in the place of the answer, but does not stand in the conversation."""

    @property
    def answer(self) -> ModelResponse | None:
        """The response that stands here: in a column its own, else the one that it takes up from others."""
        if self.column is None:
            return self.turn.response
        return self.turn.own(self.column) or self.turn.answer(self.column)

    @property
    def shown(self) -> ModelResponse | None:
        """The response that is seen."""
        return self.looked_at or self.answer

    @property
    def siblings(self) -> list[ModelResponse]:
        """The responses, failed ones too, in the order in which they came."""
        return self.turn.responses if self.column is None else self.turn.of(self.column)

    def number_of(self, response: ModelResponse) -> int:
        """Which of the siblings it is, from 1; 0 if it is none."""
        return next((n for n, sibling in enumerate(self.siblings, 1) if sibling is response), 0)

    @property
    def prompt_key(self) -> str:
        """The prompt's key in the log."""
        return f"prompt-{self.number}"

    @property
    def answer_key(self) -> str:
        """The answer's key in the log."""
        return f"answer-{self.number}"

    @property
    def attempts_key(self) -> str:
        """The key of the list of attempts."""
        return f"attempts-{self.number}"

    @property
    def error_key(self) -> str:
        """The key of the card that says why there is no answer."""
        return f"error-{self.number}"

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all its messages."""
        return self.prompt_key, self.answer_key, self.error_key, self.attempts_key


def outcome(exchange: Exchange, response: ModelResponse) -> tuple[str, str]:
    """The line below an answer, and its state as the log knows it."""
    kind = response.attempts[-1].error if response.attempts and not response.complete else None
    state = "complete" if response.complete else "stopped" if kind in (None, "cancelled") else "incomplete"
    parts = [kind.replace("_", " ")] if kind and state == "incomplete" else []
    if response.content or response.reasoning:
        parts.append(figures.footer(response))
    elif state == "stopped":
        parts.append("before the first token")
    elif state == "incomplete":  # opened again: the card that said why was not kept, its words were
        parts.append(one_line(response.attempts[-1].message, 160))
    if response.finish_reason == "length":
        parts.append("cut at the token limit")
    if tried := response.tried:
        parts.append(f"after {one_line(tried, 160)}")
    if evidence := str(check(response.content, exchange.turn.documents)):
        parts.append(evidence)
    if len(exchange.siblings) > 1:
        parts.append(f"{exchange.number_of(response)} of {len(exchange.siblings)}")
    return " · ".join(parts), state


def story(response: ModelResponse) -> str:
    """Every request that was made for a response, and how it ended: Markdown."""
    lines = []
    for number, attempt in enumerate(response.attempts, 1):
        target = f"{attempt.provider}:{figures.model(attempt.model)}" if attempt.model else attempt.provider
        words = literal(one_line(target, 100))
        if attempt.why:
            words += f" · {literal(attempt.why)}"
        if attempt.duration is not None:
            words += f" · {figures.seconds(attempt.duration)}"
        if attempt.error:
            kind, message = attempt.error.replace("_", " "), one_line(attempt.message, 300)
            words += f" · **{literal(kind)}**" + (f": {literal(message)}" if message else "")
        else:
            words += " · answered"
        lines.append(f"{number}. {words}")
    return "\n".join(lines)


def heading(provider: str, model: str, *, mock: bool) -> str:
    """The line above an answer."""
    target = one_line(f"{provider}:{figures.model(model)}" if model else provider, 100)
    return f"{target} · mock" if mock and provider != "mock" else target


def literal(text: str) -> str:
    """Foreign text so that Markdown takes none of it for a mark."""
    return _MARKS.sub(lambda mark: f"&#{ord(mark[0])};", text)
