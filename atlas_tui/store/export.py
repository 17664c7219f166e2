"""A conversation as a file: Markdown and HTML to read, JSON to keep and to take in again."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from atlas_tui.citations import check
from atlas_tui.citations import sources as places
from atlas_tui.config import private_opener
from atlas_tui.errors import ConfigError
from atlas_tui.models.base import Attempt, CostEstimate, ModelResponse, Timing, TokenUsage
from atlas_tui.store.html import to_html
from atlas_tui.store.ids import new_conversation_id
from atlas_tui.store.summary import figures, remark, sources, target_of, targets
from atlas_tui.store.values import (
    Conversation,
    ConversationInfo,
    StoredResponse,
    StoredTurn,
    storable,
    title_of,
)
from atlas_tui.text import clean, one_line, redact

VERSION = 1
"""Of the JSON form; fields may be added to it, none changes its meaning."""
_KEY = "atlas_conversation"
_STATES = ("complete", "incomplete", "interrupted", "streaming")
_TITLE = 200
_NAME = 60
_LARGE = 2.0**53
T = TypeVar("T", TokenUsage, CostEstimate, Timing)


def to_markdown(conversation: Conversation) -> str:
    """The conversation as Markdown, with a front matter: title, date, targets, cost, attempts, sources."""
    return "\n".join([*_front_matter(conversation), "", transcript(conversation)])


def transcript(conversation: Conversation) -> str:
    """The conversation as Markdown, to be read at once."""
    return "\n".join(_body(conversation))


def _front_matter(conversation: Conversation) -> Iterator[str]:
    info = conversation.info
    attempts = sum(len(stored.response.attempts) for turn in conversation.turns for stored in turn.responses)
    fields = {
        "title": one_line(info.title, _TITLE),
        "id": one_line(info.id),
        "date": info.created.isoformat(timespec="seconds"),
        "targets": targets(conversation),
        "cost": info.cost.total if info.cost.known else "unknown",
        "attempts": attempts,
        "sources": sources(conversation),
    }
    yield "---"
    for name, value in fields.items():
        # What JSON quotes YAML takes too, so nothing in a title is taken for YAML.
        yield f"{name}: {value if name == 'date' else json.dumps(value, ensure_ascii=False)}"
    yield "---"


def _body(conversation: Conversation) -> Iterator[str]:
    yield f"# {one_line(conversation.info.title, _TITLE)}\n"
    if conversation.system_prompt:
        yield f"## System prompt\n\n{block(conversation.system_prompt)}\n"
    for turn in conversation.turns:
        yield f"## You\n\n{block(turn.prompt)}\n"
        yield from (f"- {line}" for line in places(turn.documents))
        if turn.documents:
            yield ""
        for number, stored in enumerate(turn.responses, 1):
            of = f" ({number} of {len(turn.responses)})" if len(turn.responses) > 1 else ""
            yield f"## {target_of(stored.response)}{of}\n"
            if stored.response.reasoning:
                yield "**Reasoning**\n\n" + "\n".join(f"> {line}" for line in _lines(stored.response.reasoning)) + "\n"
            if stored.response.content:
                yield f"{block(stored.response.content)}\n"
            if said := remark(stored):
                yield f"> **{said}**\n"
            yield f"*{figures(stored.response, turn.documents)}*\n"


def _lines(text: str) -> list[str]:
    return clean(redact(text)).splitlines()


def block(text: str) -> str:
    """Foreign Markdown that cannot swallow what follows: a code fence left open is closed."""
    fence = ""
    for line in _lines(text):
        mark = line.strip()
        run = mark[: len(mark) - len(mark.lstrip(mark[:1]))] if mark[:1] in ("`", "~") else ""
        if not fence and len(run) >= 3 and (run[0] == "~" or "`" not in mark[len(run) :]):
            fence = run
        elif fence and run[:1] == fence[0] and len(run) >= len(fence) and mark == run:
            fence = ""
    body = clean(redact(text)).rstrip()
    return f"{body}\n{fence}" if fence else body


# JSON


def to_json(conversation: Conversation) -> str:
    """The conversation as one JSON object, which `from_json` takes in again."""
    info = conversation.info
    form = {
        _KEY: VERSION,
        "id": info.id,
        "title": info.title,
        "created": info.created.isoformat(),
        "updated": info.updated.isoformat(),
        "target": info.target,
        "fallback": None if conversation.fallback is None else list(conversation.fallback),
        "system_prompt": conversation.system_prompt,
        "turns": [_turn_form(turn) for turn in conversation.turns],
    }
    return redact(json.dumps(form, ensure_ascii=True, indent=2, default=str)) + "\n"


def _turn_form(turn: StoredTurn) -> dict[str, Any]:
    numbers = [stored.id for stored in turn.responses]
    return {
        "prompt": turn.prompt,
        "created": turn.created.isoformat(),
        "documents": [dict(document) for document in turn.documents],
        "chosen": numbers.index(turn.chosen) if turn.chosen in numbers else None,
        "responses": [_response_form(stored, turn.documents) for stored in turn.responses],
    }


def _response_form(stored: StoredResponse, documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    form = stored.response.to_dict()
    return {
        **form,
        **check(stored.response.content, documents).to_dict(),
        "cost": {**form["cost"], "estimated": stored.response.cost.estimated},
        "created": stored.created.isoformat(),
        "state": stored.state,
        "column": stored.column,
        "picked": stored.picked,
        "error": {"kind": stored.error, "message": stored.message} if stored.error else None,
    }


def from_json(text: str) -> Conversation:
    """Read what `to_json` wrote; whoever wrote it, nothing in it is trusted.

    Raises:
        ConfigError: it is something else, or damaged.
    """
    try:
        form = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the file is not JSON ({one_line(str(error), 100)}): export it again") from error
    version = form.get(_KEY) if isinstance(form, dict) else None
    if version is None:
        raise ConfigError(
            "the file is no conversation of Atlas: export one with `atlas-tui history export --format json`"
        )
    if not isinstance(version, int) or version > VERSION:
        raise ConfigError("the conversation was exported by a newer Atlas: update Atlas to import it")
    try:
        return _conversation(form)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        words = one_line(f"{type(error).__name__}: {error}", 100)
        raise ConfigError(f"the conversation in the file is damaged ({words}): export it again") from error


def _conversation(form: dict[str, Any]) -> Conversation:
    turns = [_turn(turn) for turn in form["turns"]]
    title = one_line(_text(form["title"]), _TITLE) or (title_of(turns[0].prompt) if turns else "Untitled")
    number = _text(form["id"]).lower()
    info = ConversationInfo(
        id=number if number.isascii() and number.isalnum() and len(number) <= 32 else new_conversation_id(),
        title=title,
        created=_time(form["created"]),
        updated=_time(form["updated"]),
        target=_text(form["target"]),
        turns=len(turns),
    )
    system_prompt, fallback = form.get("system_prompt"), form["fallback"]
    return Conversation(
        info,
        turns,
        None if system_prompt is None else _text(system_prompt),
        None if fallback is None else [_text(name) for name in fallback],
    )


def _turn(form: dict[str, Any]) -> StoredTurn:
    responses = [_response(response) for response in form["responses"]]
    chosen = form.get("chosen")
    documents = [
        {**document, "content": _text(document["content"]), "metadata": dict(document.get("metadata") or {})}
        for document in form["documents"]
    ]
    number = None if chosen is None else responses[int(_number(chosen))].id
    return StoredTurn(_text(form["prompt"]), _time(form["created"]), responses, documents, number)


def _response(form: dict[str, Any]) -> StoredResponse:
    state, error, timing = form["state"], form["error"], form["timing"]
    if state not in _STATES:
        raise ValueError(f"the state {state!r}")
    cost = form["cost"]
    response = ModelResponse(
        content=_text(form["content"]),
        reasoning=_text(form["reasoning"]),
        model=_text(form["model"]),
        provider=_text(form["provider"]),
        usage=_checked(TokenUsage(**form["usage"]), int, unknown=False),
        finish_reason=_optional(form["finish_reason"]),
        timing=_checked(Timing(**timing), float),
        request_id=_optional(form["request_id"]),
        complete=state == "complete",
        attempts=tuple(map(_attempt, form["attempts"])),
        mock=bool(form["mock"]),
        pricer=lambda usage, model: paid,
    )
    paid = _checked(CostEstimate(cost["total"], cost["input"], cost["output"], bool(cost["estimated"])), float)
    kind, message = (_text(error["kind"]), _text(error["message"])) if error else (None, "")
    column = int(_number(form.get("column", 1)))
    picked = bool(form.get("picked", False))
    return StoredResponse(response, state, _time(form["created"]), kind, message, column=column, picked=picked)


def _attempt(form: dict[str, Any]) -> Attempt:
    return Attempt(
        _text(form["provider"]),
        _text(form["model"]),
        _optional(form["error"]),
        _text(form["message"]),
        _number(form["duration"]),
        _number(form.get("waited", 0.0)),
        _optional(form.get("reason")),
    )


def _checked(value: T, kind: Callable[[float], float], *, unknown: bool = True) -> T:
    """A value whose every field is a number of this kind or, where it may be unknown, None."""
    for field in dataclasses.fields(value):
        figure = getattr(value, field.name)
        if not (unknown and figure is None) and kind(_number(figure)) != figure:
            raise ValueError(f"{field.name} is {figure!r}")
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float) or not 0 <= value < _LARGE:
        raise ValueError(f"{value!r} is no such number")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return storable(value)


def _optional(value: object) -> str | None:
    return None if value is None else _text(value)


def _time(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


EXPORTS: dict[str, Callable[[Conversation], str]] = {"md": to_markdown, "json": to_json, "html": to_html}
"""The forms by the ending of their files."""


def write(conversation: Conversation, path: Path, form: str | None = None) -> None:
    """Write a conversation into a new file, for its owner alone.

    Args:
        form: one of `EXPORTS`; None takes the one that the file's name ends in, else Markdown.

    Raises:
        ConfigError: there is such a file already, or it cannot be written.
    """
    ending = path.suffix.lstrip(".").lower()
    form = form or (ending if ending in EXPORTS else "html" if ending == "htm" else "md")
    write_new(path, EXPORTS[form](conversation))


def write_new(path: Path, text: str) -> None:
    """Write a text into a new file, for its owner alone.

    Raises:
        ConfigError: there is such a file already, or it cannot be written.
    """
    name = one_line(str(path))
    try:
        with open(path, "x", encoding="utf-8", opener=private_opener) as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"{name} exists: choose another name or remove it first") from None
    except OSError as error:
        raise ConfigError(f"{name} cannot be written ({error.strerror}): choose another") from error


def free_name(title: str, folder: Path, ending: str = "md") -> Path:
    """Where in a folder what has this title can be written: `why-is-the-sky-blue.md`."""
    words = "".join(c if c.isalnum() else " " for c in one_line(title, _TITLE)).lower().split()
    stem = "-".join(words)[:_NAME].strip("-") or "conversation"
    names = (folder / f"{stem}{'' if number == 1 else f'-{number}'}.{ending}" for number in itertools.count(1))
    return next(path for path in names if not path.exists())
