"""Rows of the tables from values, and values from rows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from atlas_tui.models.base import Attempt, CostEstimate, ModelResponse, Timing, TokenUsage
from atlas_tui.store.ids import at
from atlas_tui.store.values import Conversation, ConversationInfo, StoredResponse, StoredTurn, remember, storable
from atlas_tui.text import clean, redact

if TYPE_CHECKING:
    import sqlite3

_FIGURES = (
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "usage_estimated",
    "cost", "cost_input", "cost_output", "cost_estimated",
)  # fmt: skip
_RESPONSE = (
    "state", "provider", "model", "mock", "content", "reasoning", "finish_reason", "request_id",
    "error_kind", "error_message", *_FIGURES, "ttft", "duration", "tokens_per_second",
)  # fmt: skip
_INFO = """
    SELECT id, title, created, updated, target, deleted,
        (SELECT count(*) FROM turns WHERE conversation = c.id),
        (SELECT json_array(sum(cost), sum(cost_input), sum(cost_output), max(cost_estimated), count(*) - count(cost))
            FROM responses WHERE turn IN (SELECT id FROM turns WHERE conversation = c.id)),
        (SELECT state FROM responses WHERE turn = (SELECT max(id) FROM turns WHERE conversation = c.id)
            ORDER BY id DESC LIMIT 1)
    FROM (SELECT * FROM conversations {where}) c
"""


def figures(usage: TokenUsage, cost: CostEstimate) -> dict[str, Any]:
    """The columns of a usage and its cost."""
    values = (
        usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.cache_write_tokens,
        usage.reasoning_tokens, usage.estimated, cost.total, cost.input, cost.output, cost.estimated,
    )  # fmt: skip
    return dict(zip(_FIGURES, values, strict=True))


def ending(response: ModelResponse, error: str | None, message: str, state: str | None = None) -> dict[str, Any]:
    """The columns of a response that has ended."""
    timing = response.timing
    return {
        "state": state or ("complete" if response.complete else "incomplete"),
        "owner": None,
        "provider": response.provider,
        "model": response.model,
        "mock": response.mock,
        "content": response.content,
        "reasoning": response.reasoning,
        "finish_reason": response.finish_reason,
        "request_id": response.request_id,
        "error_kind": error,
        "error_message": redact(message) or None,
        **figures(response.usage, response.cost),
        "ttft": timing.ttft,
        "duration": timing.duration,
        "tokens_per_second": timing.tokens_per_second,
    }


def update(connection: sqlite3.Connection, number: int, columns: Mapping[str, Any]) -> None:
    """Change these columns of a response."""
    names = ", ".join(f"{name} = ?" for name in columns)
    connection.execute(f"UPDATE responses SET {names} WHERE id = ?", (*columns.values(), number))


def add_attempts(connection: sqlite3.Connection, number: int, attempts: Iterable[Attempt]) -> None:
    """The next attempts of a response."""
    connection.executemany(
        "INSERT INTO attempts (response, provider, model, error, message, duration, waited, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(number, a.provider, a.model, a.error, redact(a.message), a.duration, a.waited, a.reason) for a in attempts],
    )


def interrupt(connection: sqlite3.Connection, number: int) -> None:
    """The process that wrote this response has ended: what had come of it is kept."""
    content, reasoning = _come(connection, number)
    provider, model = connection.execute("SELECT provider, model FROM responses WHERE id = ?", (number,)).fetchone()
    message = "Atlas was ended while the answer came"
    update(
        connection,
        number,
        {
            "state": "interrupted", "owner": None, "content": content, "reasoning": reasoning,
            "error_kind": "interrupted", "error_message": message,
        },
    )  # fmt: skip
    add_attempts(connection, number, [Attempt(provider, model, "interrupted", message)])
    connection.execute("DELETE FROM pieces WHERE response = ?", (number,))


def insert(connection: sqlite3.Connection, conversation: Conversation) -> None:
    """A whole conversation, which must not be there yet."""
    info = conversation.info
    connection.execute(
        "INSERT INTO conversations (id, title, created, updated, system_prompt, target, fallback)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            info.id, storable(info.title), info.created.timestamp(), info.updated.timestamp(),
            conversation.system_prompt and storable(conversation.system_prompt), storable(info.target),
            chain(conversation.fallback),
        ),
    )  # fmt: skip
    for turn in conversation.turns:
        connection.execute(
            "INSERT INTO turns (id, conversation, created, prompt, documents, chosen) VALUES (?, ?, ?, ?, ?, ?)",
            (turn.id, info.id, turn.created.timestamp(), storable(turn.prompt), documents(turn.documents), turn.chosen),
        )
        for stored in turn.responses:
            row = ending(stored.response, stored.error, stored.message, stored.state) | {"copied": True}
            row |= {key: storable(value) for key, value in row.items() if isinstance(value, str)}
            names = ", ".join(("id", "turn", "created", "column_number", "picked", *row))
            marks = ", ".join("?" * (len(row) + 5))
            connection.execute(
                f"INSERT INTO responses ({names}) VALUES ({marks})",
                (stored.id, turn.id, stored.created.timestamp(), stored.column, stored.picked, *row.values()),
            )
            add_attempts(connection, stored.id, stored.response.attempts)


def chain(targets: Sequence[str] | None) -> str:
    """The column of a conversation's fallback targets."""
    return json.dumps(None if targets is None else list(targets))


def documents(found: Sequence[Mapping[str, Any]]) -> str:
    """The column of a turn's passages."""
    return storable(json.dumps([dict(document) for document in found], ensure_ascii=False, default=str))


def infos(connection: sqlite3.Connection, where: str, *values: object) -> list[ConversationInfo]:
    """The conversations that fit."""
    return [_info(row) for row in connection.execute(_INFO.format(where=where), values)]


def _info(row: tuple[Any, ...]) -> ConversationInfo:
    number, title, created, updated, target, deleted, turns, money, state = row
    total, cost_in, cost_out, estimated, unknown = json.loads(money)
    known = CostEstimate(total or 0.0, cost_in or 0.0, cost_out or 0.0, bool(estimated))
    return ConversationInfo(
        number, clean(title), at(created), at(updated), clean(target), turns,
        CostEstimate() if unknown else known, state == "interrupted", None if deleted is None else at(deleted),
    )  # fmt: skip


def load(connection: sqlite3.Connection, info: ConversationInfo) -> Conversation:
    """All of a conversation: one read a table, in the order of its index, whatever its length."""
    system_prompt, fallback = connection.execute(
        "SELECT system_prompt, fallback FROM conversations WHERE id = ?", (info.id,)
    ).fetchone()
    responses = _responses(connection, info.id)
    turns = [
        StoredTurn(prompt, at(created), responses.get(number, ()), _documents(found), chosen, number)
        for number, created, prompt, found, chosen in connection.execute(
            "SELECT id, created, prompt, documents, chosen FROM turns WHERE conversation = ? ORDER BY id", (info.id,)
        )
    ]
    return Conversation(info, turns, system_prompt, json.loads(fallback))


def _documents(column: str) -> Sequence[Mapping[str, Any]]:
    return () if column == "[]" else json.loads(column)  # most turns have none


def _responses(connection: sqlite3.Connection, conversation: str) -> dict[int, list[StoredResponse]]:
    of_conversation = "FROM turns t JOIN responses r ON r.turn = t.id"
    attempts: defaultdict[int, list[Attempt]] = defaultdict(list)
    for number, *fields in connection.execute(
        f"SELECT response, a.provider, a.model, error, message, a.duration, waited, reason {of_conversation}"
        " JOIN attempts a ON a.response = r.id WHERE conversation = ? ORDER BY t.id, r.id, a.id",
        (conversation,),
    ):
        attempts[number].append(Attempt(*fields))
    found: defaultdict[int, list[StoredResponse]] = defaultdict(list)
    for turn, *row in connection.execute(
        f"SELECT turn, r.id, r.created, column_number, picked, {', '.join(_RESPONSE)} {of_conversation}"
        " WHERE conversation = ? ORDER BY t.id, r.id",
        (conversation,),
    ):
        found[turn].append(_response(connection, row, attempts))
    return found


def _response(
    connection: sqlite3.Connection, row: Sequence[Any], attempts: Mapping[int, Sequence[Attempt]]
) -> StoredResponse:
    (number, created, column, picked, state, provider, model, mock, content, reasoning, finish_reason, request_id, kind,
     message, tokens_in, tokens_out, read, written, thought, usage_estimated, total, cost_in, cost_out, cost_estimated,
     ttft, duration, rate) = row  # fmt: skip
    if state == "streaming":
        content, reasoning = _come(connection, number)
    response = ModelResponse(
        content=content,
        reasoning=reasoning,
        model=model,
        provider=provider,
        usage=TokenUsage(tokens_in, tokens_out, read, written, thought, bool(usage_estimated)),
        cost=CostEstimate(total, cost_in, cost_out, bool(cost_estimated)),
        finish_reason=finish_reason,
        timing=Timing(ttft, duration, rate),
        request_id=request_id,
        complete=state == "complete",
        attempts=tuple(attempts.get(number, ())),
        mock=bool(mock),
    )
    remember(response, number)
    return StoredResponse(response, state, at(created), kind, message or "", number, column, bool(picked))


def _come(connection: sqlite3.Connection, number: int) -> tuple[str, str]:
    """What has come so far of a response that grows: the answer, and the reasoning."""
    texts: tuple[list[str], list[str]] = ([], [])
    for reasoning, text in connection.execute(
        "SELECT reasoning, text FROM pieces WHERE response = ? ORDER BY id", (number,)
    ):
        texts[reasoning].append(text)
    return "".join(texts[0]), "".join(texts[1])
