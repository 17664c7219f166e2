"""What leaves a comparison: JSON and CSV for programs, Markdown to read. (The page is in `page`.)"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from atlas_tui.comparison.differences import agreement
from atlas_tui.comparison.judgement import Standing
from atlas_tui.comparison.race import RaceRow, ranked
from atlas_tui.comparison.results import Answer, Figure, Results, Spread, Summary
from atlas_tui.models.base import CostEstimate
from atlas_tui.store.export import block
from atlas_tui.text import clean, one_line, redact

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the beginning of a formula."""
_ANSWER = (
    "question", "prompt", "repetition", "target", "place", "state", "ttft", "total", "tokens_per_second",
    "input_tokens", "output_tokens", "words", "cost", "attempts", "finish_reason", "error", "matches", "content",
)  # fmt: skip
_STANDING = ("rank", "target", "rating", "low", "high", "wins", "losses", "ties", "both_bad", "votes")


# JSON


def to_form(results: Results) -> dict[str, Any]:
    """`{"prompt", "responses", "summary"}`, ready for JSON. A response has the form of `ask --json`, with who was
    asked, the repetition, its place in the race and its words besides."""
    questions = results.questions
    places = _places(results)
    return {
        "prompt": questions[0].prompt if len(questions) == 1 else None,
        "prompts": [{"prompt": question.prompt, "reference": question.reference} for question in questions],
        "responses": [
            {
                **answer.form,
                "target": answer.target,
                "column": answer.column,
                "prompt": answer.question.prompt,
                "repetition": answer.repetition,
                "place": places.get(answer.key),
                "words": answer.row.words,
                "matches": answer.matches,
            }
            for answer in results.answers
        ],
        "summary": [_summary_form(summary) for summary in results.summaries],
        "unasked": results.unasked,
    }


def _summary_form(summary: Summary) -> dict[str, Any]:
    return {
        "target": summary.target,
        "column": summary.column,
        "answers": summary.answers,
        "failed": summary.failed,
        "errors": dict(summary.errors),
        "first": summary.first,
        "ttft": _spread_form(summary.ttft),
        "tokens_per_second": _spread_form(summary.rate),
        "total": _spread_form(summary.total),
        "output_tokens": summary.tokens,
        "cost": summary.cost.to_dict(),
        "attempts": summary.attempts,
        "matched": summary.matched,
        "mock": summary.mock,
    }


def _spread_form(spread: Spread | None) -> dict[str, Any] | None:
    if spread is None:
        return None
    return {"p50": _figure_form(spread.p50), "p95": _figure_form(spread.p95)}


def _figure_form(figure: Figure) -> dict[str, float | None]:
    return {"value": figure.value, "low": figure.low, "high": figure.high}


def standings_form(standings: Sequence[Standing]) -> dict[str, Any]:
    """The leaderboard, ready for JSON."""
    return {"leaderboard": [{name: getattr(standing, name) for name in _STANDING} for standing in standings]}


# CSV


def to_csv(results: Results) -> str:
    """One line for each answer. No cell can be taken for a formula."""
    places = _places(results)
    numbers = {question: number for number, question in enumerate(results.questions, 1)}

    def cells(answer: Answer) -> Iterator[object]:
        row, usage = answer.row, answer.response.usage
        yield from (numbers[answer.question], answer.question.prompt, answer.repetition, answer.target)
        yield from (places.get(answer.key), row.state, row.ttft, row.total, row.rate)
        yield from (usage.input_tokens, usage.output_tokens, row.words, row.cost.total, row.attempts)
        yield from (answer.response.finish_reason, answer.error["message"] if answer.error else None)
        yield from (answer.matches, answer.content)

    return _csv(_ANSWER, map(cells, results.answers))


def standings_csv(standings: Sequence[Standing]) -> str:
    """The leaderboard, one line for each target."""
    return _csv(_STANDING, ([getattr(standing, name) for name in _STANDING] for standing in standings))


def _csv(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else value
    text = clean(redact(value))
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


# Markdown


def to_markdown(results: Results) -> str:
    """The summary, then each question with its race and the texts."""
    return "\n".join(_body(results)) + "\n"


def _body(results: Results) -> Iterator[str]:
    if len(results.answers) > len(results.targets):
        yield "# Summary\n"
        yield from _table(SUMMARY_HEAD, map(summary_cells, results.summaries))
        yield ""
    if results.unasked:
        yield f"**{results.unasked} answers were not asked for.**\n"
    for question in results.questions:
        yield f"# {title(question.prompt)}\n"
        if question.prompt.strip() != title(question.prompt):
            yield f"{block(question.prompt)}\n"
        for number, race in enumerate(results.races(question), 1):
            if number > 1:
                yield f"## Repetition {number}\n"
            yield from _table(RACE_HEAD, map(race_cells, placed(race)))
            yield ""
            if len(race) > 1:
                yield f"*Agreement of the whole answers: {agreed(race)}*\n"
            for answer in race:
                yield f"## {one_line(answer.target)}\n"
                if answer.content.strip():
                    yield f"{block(answer.content)}\n"
                if answer.error:
                    yield f"> **{one_line(answer.error['message'])}**\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' if name in _WORDS else '---:' for name in head)} |"
    for row in rows:
        yield f"| {' | '.join(map(_inert, row))} |"


def _inert(cell: str) -> str:
    """Foreign words in a cell: no cell ends in them, no link and no markup begins."""
    return cell.replace("<", "&lt;").replace("|", "&#124;").replace("[", "\\[")


_WORDS = {"target", "state"}
RACE_HEAD = ("place", "target", "TTFT", "total", "tok/s", "tokens", "words", "cost", "attempts", "state")
SUMMARY_HEAD = ("target", "answers", "failed", "TTFT p50", "TTFT p95", "tok/s p50", "tok/s p95", "tokens", "cost")


def race_cells(row: RaceRow) -> tuple[str, ...]:
    """A row of the race in words."""
    reason = f": {one_line(row.reason, 160)}" if row.state == "failed" and row.reason else ""
    return (
        str(row.place or "–"),
        one_line(row.target) + _mock(row.mock, row.target),
        seconds(row.ttft),
        seconds(row.total),
        rate(row.rate),
        "–" if row.tokens is None else f"{'~' if row.tokens_estimated else ''}{row.tokens}",
        str(row.words),
        dollars(row.cost),
        str(row.attempts),
        row.state + reason,
    )


def summary_cells(summary: Summary) -> tuple[str, ...]:
    """A target's summary in words; intervals after each figure."""
    return (
        one_line(summary.target) + _mock(summary.mock, summary.target),
        str(summary.answers),
        str(summary.failed),
        *(_interval(summary.ttft, name, seconds) for name in ("p50", "p95")),
        *(_interval(summary.rate, name, rate) for name in ("p50", "p95")),
        str(summary.tokens),
        dollars(summary.cost),
    )


def placed(race: Sequence[Answer]) -> list[RaceRow]:
    """The rows of a race in their order."""
    return ranked([answer.row for answer in race])


def agreed(race: Sequence[Answer]) -> str:
    """The agreement of the whole answers, in words."""
    texts = [answer.content for answer in race if answer.complete]
    return f"{agreement(texts):.0%}" if len(texts) > 1 else "–"


def title(prompt: str) -> str:
    """A prompt as a heading."""
    return one_line(prompt, 120)


def seconds(value: float | None) -> str:
    """A time."""
    return "–" if value is None else f"{value:.2f} s" if value < 100 else f"{value:.0f} s"


def rate(value: float | None) -> str:
    """Tokens per second."""
    return "–" if value is None else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def dollars(cost: CostEstimate) -> str:
    """A cost."""
    return str(cost) if cost.known else "unknown"


def _interval(spread: Spread | None, name: str, words: Callable[[float], str]) -> str:
    if spread is None:
        return "–"
    figure: Figure = getattr(spread, name)
    if figure.low is None or figure.high is None:
        return words(figure.value)
    return f"{words(figure.value)} ({words(figure.low)} to {words(figure.high)})"


def _mock(mock: bool, target: str) -> str:
    return " (mock)" if mock and not target.startswith("mock:") else ""


def _places(results: Results) -> dict[tuple[int, str, str, int], int]:
    return {
        answer.key: row.place
        for question in results.questions
        for race in results.races(question)
        for answer, row in zip(race, placed(race), strict=True)
        if row.place is not None
    }
