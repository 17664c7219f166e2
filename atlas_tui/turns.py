"""The turns of a conversation, and what of them a model is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from atlas_tui.citations import context_form
from atlas_tui.models.base import End, ModelMessage, ModelResponse
from atlas_tui.retrieval import Document
from atlas_tui.store import new_id
from atlas_tui.text import redact

if TYPE_CHECKING:
    from atlas_tui.store import StoredTurn

MERGED, CHAT = 0, 1
"""The column of what a model has made of the columns' answers, and the one that a chat's answers count as; from 1 on
they are those that are compared."""


@dataclass(slots=True)
class Turn:
    """A prompt with its responses; retries and fallbacks are siblings in it, none is overwritten."""

    prompt: str
    responses: list[ModelResponse] = field(default_factory=list)
    documents: tuple[Document, ...] = ()
    """The passages that are sent with the prompt, to whomever it goes."""
    settled: bool = False
    """Its passages are found or chosen, be it none: no attempt at the turn looks for others."""
    chosen: ModelResponse | None = None
    """The sibling that the user has chosen or adopted; None leaves it to `response`. A new one takes that back."""
    id: int = field(default_factory=new_id, compare=False)
    """Its id in the history."""
    columns: dict[ModelResponse, int] = field(default_factory=dict)
    """The column of a comparison that each response came in; those of a chat, which are not here, count as column 1."""
    picked: dict[int, ModelResponse] = field(default_factory=dict, compare=False)
    """The sibling that stands in a column where that is not its last; a new response there takes it back."""

    @property
    def response(self) -> ModelResponse | None:
        """The response that stands in the conversation: the chosen one, else the last of the chat that says something,
        else, as in a comparison, that of the first column that has one."""
        return self.chosen or self.answer(CHAT) or _last_said(self.responses)

    def of(self, column: int) -> list[ModelResponse]:
        """The responses of one column, in the order in which they came."""
        return [response for response in self.responses if self.columns.get(response, CHAT) == column]

    def own(self, column: int) -> ModelResponse | None:
        """The response that a column shows of its own: the picked one, else the last that says something."""
        return self.picked.get(column) or _last_said(self.of(column))

    def answer(self, column: int | None) -> ModelResponse | None:
        """The response that stands in the thread of a column: the chosen one, else its own, else that of the first
        column that has one. Without a column it is the conversation's."""
        if column is None or self.chosen is not None:
            return self.response
        numbers = [column, *sorted({self.columns.get(response, CHAT) for response in self.responses} - {MERGED})]
        answers = [self.own(number) for number in numbers]
        said = (answer for answer in answers if answer is not None and answer.content.strip())
        return next(said, answers[0])

    def add(self, response: ModelResponse, column: int | None = None) -> None:
        """One more sibling. In a column it leaves the choice of another column's response alone."""
        if column is not None:
            self.columns[response] = column
        self.picked.pop(CHAT if column is None else column, None)
        self.responses.append(response)
        if column is None or (self.chosen is not None and self.columns.get(self.chosen, CHAT) == column):
            self.chosen = None

    def stored(self) -> StoredTurn:
        """The turn as it would be written down now."""
        from atlas_tui.store import StoredTurn, made_at, unwritten

        picked = list(self.picked.values())
        responses = [unwritten(each, self.columns.get(each, CHAT), picked=each in picked) for each in self.responses]
        chosen = next((each.id for each in responses if each.response is self.chosen), None)
        return StoredTurn(self.prompt, made_at(self.id), responses, self.documents, chosen)


def _last_said(responses: Sequence[ModelResponse]) -> ModelResponse | None:
    last = responses[-1] if responses else None
    return next((response for response in reversed(responses) if response.content.strip()), last)


def history(turns: Sequence[Turn], until: Turn, column: int | None = None) -> list[ModelMessage]:
    """The turns before one of them as a model is sent them: prompt and answer by turns, without exception.

    An answer goes as far as it came: what was cut or stopped is sent unmarked, as the model's own words, so that
    nothing of ours stands among them. A turn is left out with its prompt where nothing was answered: it failed, was
    stopped before the first word of the answer, or got as far as a thought. So is one that was refused, because what
    was refused once makes the service refuse what follows. Errors are no part of an answer, and are never sent.
    """
    messages: list[ModelMessage] = []
    for turn in turns:
        if turn is until:
            break
        answer = turn.answer(column)
        if answer is not None and answer.content.strip() and answer.finish_reason != "refused":
            messages += [ModelMessage.user(turn.prompt), ModelMessage.assistant(answer.content)]
    return messages


def reopened(stored: StoredTurn) -> Turn:
    """A turn of the history, to go on with."""
    chosen = next((entry.response for entry in stored.responses if entry.id == stored.chosen), None)
    documents = cast("tuple[Document, ...]", tuple(stored.documents))
    responses = [entry.response for entry in stored.responses]
    columns = {entry.response: entry.column for entry in stored.responses if entry.column != CHAT}
    picked = {entry.column: entry.response for entry in stored.responses if entry.picked}
    return Turn(stored.prompt, responses, documents, True, chosen, stored.id, columns, picked)


def answer_form(end: End, documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The one object of `ask --json`, and an answer of `compare --json`: the response and its context; with `error`
    if it failed."""
    form = {**end.response.to_dict(), "context": context_form(end.response.content, documents)}
    if end.error is not None:
        error = end.error.to_dict()
        form["error"] = {**error, "message": redact(error["message"])}
    return form
