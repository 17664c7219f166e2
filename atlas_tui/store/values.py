"""What the history holds, as values: listed conversations, opened ones, what a search finds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from weakref import WeakKeyDictionary

from atlas_tui.models.base import CostEstimate, ModelResponse
from atlas_tui.pricing import FREE
from atlas_tui.store.ids import at, made_at, new_id
from atlas_tui.text import one_line, redact, sound

State = Literal["streaming", "complete", "incomplete", "interrupted"]
"""Of a response: still coming (in a process that lives), whole, broken off or failed, or cut short by the end of its
process."""
_TITLE_LENGTH = 60


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A response as it was written down."""

    response: ModelResponse
    state: State
    created: datetime
    error: str | None = None
    """The kind of the failure; `interrupted` where the process ended; None for a complete answer."""
    message: str = ""
    """What the failure said."""
    id: int = field(default_factory=new_id)
    column: int = 1
    """The column of a comparison that it came in; 1 in a chat."""
    picked: bool = False
    """The user has chosen it among the answers of its column."""


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A prompt with its responses, in the order in which they came."""

    prompt: str
    created: datetime
    responses: Sequence[StoredResponse] = ()
    documents: Sequence[Mapping[str, Any]] = ()
    chosen: int | None = None
    """The id of the response that the user has chosen or adopted; None leaves it to `Turn.response`."""
    id: int = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class ConversationInfo:
    """A conversation in a list."""

    id: str
    title: str
    created: datetime
    updated: datetime
    target: str = ""
    """Whom its last prompt went to."""
    turns: int = 0
    cost: CostEstimate = FREE
    """Of all its responses; unknown if one of them is."""
    interrupted: bool = False
    """Its last response was cut short by the end of its process."""
    deleted: datetime | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """An opened conversation: everything in it."""

    info: ConversationInfo
    turns: Sequence[StoredTurn]
    system_prompt: str | None = None
    fallback: Sequence[str] | None = None
    """Whom to ask when one fails, be it nobody; None leaves that to the settings."""

    @property
    def rehearsed(self) -> bool:
        """The mock provider gave its last answer: who goes on with it would not expect a bill."""
        answers = [stored.response for turn in self.turns for stored in turn.responses]
        return bool(answers) and answers[-1].mock


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that a search found."""

    conversation: str
    title: str
    turn: int
    role: Literal["user", "assistant"]
    snippet: str
    """The words around it, in one line, cleaned."""
    marks: tuple[tuple[int, int], ...]
    """Where in the snippet the words stand: begin and end."""
    created: datetime


def title_of(prompt: str) -> str:
    """A title from the first words of a prompt."""
    lines = (one_line(line.strip(" \t#>*-=`~_|"), _TITLE_LENGTH + 1) for line in prompt[:5000].splitlines())
    title = next((line for line in lines if any(map(str.isalnum, line))), "") or one_line(prompt, _TITLE_LENGTH)
    if len(title) > _TITLE_LENGTH:
        head, _, _ = title[:_TITLE_LENGTH].rpartition(" ")
        title = (head if len(head) > _TITLE_LENGTH // 2 else title[: _TITLE_LENGTH - 1]).rstrip(" ,;:.") + "…"
    return title or "Untitled"


def storable(text: str) -> str:
    """Text as it may be written: without keys, and without lone surrogates, which no file takes."""
    return redact(sound(text))


def unwritten(response: ModelResponse, column: int = 1, *, picked: bool = False) -> StoredResponse:
    """A response as it would be written down now."""
    failed = response.attempts[-1] if response.attempts and not response.complete else None
    state: State = "complete" if response.complete else "incomplete"
    number = id_of(response) or new_id()
    kind, message = (failed.error, failed.message) if failed else (None, "")
    return StoredResponse(response, state, made_at(number), kind, message, number, column, picked)


def snapshot(
    conversation: str, turns: Sequence[StoredTurn], system_prompt: str | None, fallback: Sequence[str] | None
) -> Conversation:
    """A conversation from its turns, as if it had been opened."""
    responses = [stored.response for turn in turns for stored in turn.responses]
    last = responses[-1] if responses else None
    info = ConversationInfo(
        conversation,
        title_of(turns[0].prompt) if turns else "Untitled",
        created=turns[0].created if turns else at(time.time()),
        updated=at(time.time()),
        target=f"{last.provider}:{last.model}" if last else "",
        turns=len(turns),
        cost=sum((response.cost for response in responses), FREE),
    )
    return Conversation(info, turns, system_prompt, fallback)


# The ids of responses that are in the history: a response itself knows nothing of it.
_ids: WeakKeyDictionary[ModelResponse, int] = WeakKeyDictionary()


def remember(response: ModelResponse, number: int) -> None:
    """This response is in the history under this id."""
    _ids[response] = number


def id_of(response: ModelResponse) -> int | None:
    """The id of a response in the history, or None if it is not in it."""
    return _ids.get(response)
