"""A comparison that was made turn by turn as a file, in the forms of a headless run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast, get_args

from atlas_tui.comparison.comparison import Column
from atlas_tui.comparison.page import to_html
from atlas_tui.comparison.report import to_csv, to_form, to_markdown
from atlas_tui.comparison.results import Answer, Question, Results
from atlas_tui.errors import Kind, ProviderError
from atlas_tui.models.base import End, ModelResponse
from atlas_tui.models.names import model_shown
from atlas_tui.store.export import free_name, write_new
from atlas_tui.turns import Turn, answer_form

_FORMS: dict[str, Callable[[Results], str]] = {
    "html": to_html,
    "md": to_markdown,
    "csv": to_csv,
    "json": lambda results: json.dumps(to_form(results), indent=2, default=str) + "\n",
}


def results_of(turns: Sequence[Turn], columns: Sequence[Column]) -> Results:
    """What the columns answered, each turn a question; the answer that stands in a column is the one that counts. A
    prompt that was asked again is a repetition."""
    asked: list[Question] = []
    answers: list[Answer] = []
    for turn in turns:
        question = Question(turn.prompt)
        found = [(place, turn.own(column.number)) for place, column in enumerate(columns, 1)]
        given = [(place, response) for place, response in found if response is not None]
        if not given:
            continue
        asked.append(question)
        for place, response in given:
            form = answer_form(End(response, _error(response)), turn.documents)
            target = f"{response.provider}:{model_shown(response.model)}".rstrip(":")
            answers.append(Answer(place, target, question, asked.count(question), form))
    return Results([column.target for column in columns], list(dict.fromkeys(asked)), answers)


def _error(response: ModelResponse) -> ProviderError | None:
    """Why it is not whole, as its last attempt says."""
    last = response.attempts[-1] if response.attempts else None
    if response.complete or last is None or last.error not in get_args(Kind):
        return None
    return ProviderError(cast(Kind, last.error), last.message, provider=last.provider, model=last.model)


def write(results: Results, place: str, folder: Path) -> Path:
    """Write them into a new file, and give its path.

    Args:
        place: the file, whose ending says the form: `.html`, `.md`, `.csv`, `.json`, else `.html`; empty takes a name
            from the first prompt.
        folder: where that one is.

    Raises:
        ConfigError: there is such a file already, or it cannot be written.
    """
    path = Path(os.path.expanduser(place)) if place else free_name(results.questions[0].prompt, folder, "html")
    write_new(path, _FORMS.get(path.suffix.lstrip(".").lower(), to_html)(results))
    return path
