"""What headless runs gave: answers in the form of `ask --json`, and what they say about each target together."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from typing import Any

from atlas_tui.comparison.race import RaceRow, ranked, row_of
from atlas_tui.models.base import CostEstimate, ModelResponse

_RESAMPLES = 1000
_DRAWS = 200_000
"""The most values that one interval may draw."""
_SEED = 20
"""Intervals are drawn, but the same figures always give the same ones."""


@dataclass(frozen=True)
class Question:
    """A prompt of a run."""

    prompt: str
    reference: str | None = None
    """What a right answer holds."""


@dataclass(frozen=True)
class Answer:
    """What one target answered to one question, at one repetition."""

    column: int
    target: str
    """Who was asked."""
    question: Question
    repetition: int
    """From 1."""
    form: Mapping[str, Any]
    """The response in the form of `ask --json`, with `error` where it failed."""

    @property
    def key(self) -> tuple[int, str, str, int]:
        """What makes it another answer than the others of a run."""
        return self.column, self.target, self.question.prompt, self.repetition

    @cached_property
    def response(self) -> ModelResponse:
        """The answer itself."""
        return ModelResponse.from_dict(self.form)

    @property
    def content(self) -> str:
        """The text."""
        return self.response.content

    @property
    def complete(self) -> bool:
        """It is whole."""
        return self.response.complete

    @property
    def error(self) -> Mapping[str, Any] | None:
        """How it failed, or None."""
        return self.form.get("error")

    @property
    def matches(self) -> bool | None:
        """Whether the reference answer stands in it, whatever the case and the white space; None without one."""
        reference = self.question.reference
        return None if reference is None else _folded(reference) in _folded(self.content)

    @cached_property
    def row(self) -> RaceRow:
        """Its figures."""
        error = (str(self.error["kind"]), str(self.error["message"])) if self.error else None
        return replace(row_of(self.column, self.response, error), target=self.target)


@dataclass(frozen=True, slots=True)
class Figure:
    """A quantile, with the interval in which it lies in 95 of 100 cases; None where there are too few answers."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some figures, and what 95 of 100 of them do not exceed."""

    p50: Figure
    p95: Figure


@dataclass(frozen=True)
class Summary:
    """A target's answers together. Times in seconds; None where no answer has the figure."""

    column: int
    target: str
    answers: int
    failed: int
    ttft: Spread | None
    rate: Spread | None
    total: Spread | None
    tokens: int
    cost: CostEstimate
    """Of all of them, failed ones too."""
    attempts: int
    matched: int | None
    """How many hold the reference answer; None without references."""
    first: int
    """How many races it has won."""
    errors: Mapping[str, int]
    """How often each kind of failure."""
    mock: bool


@dataclass(frozen=True)
class Results:
    """All answers of a run, in the order of questions, repetitions and columns."""

    targets: Sequence[str]
    questions: Sequence[Question]
    answers: Sequence[Answer]
    unasked: int = 0
    """Answers that were planned and not asked for."""

    @property
    def failed(self) -> bool:
        """An answer is not whole, or was not asked for."""
        return self.unasked > 0 or not all(answer.complete for answer in self.answers)

    @cached_property
    def summaries(self) -> list[Summary]:
        """One for each column."""
        won = self._races_won()
        return [
            _summary(column, target, [answer for answer in self.answers if answer.column == column], won)
            for column, target in enumerate(self.targets, 1)
        ]

    def races(self, question: Question) -> list[list[Answer]]:
        """The answers to a question, each repetition in its order of finish."""
        found = [answer for answer in self.answers if answer.question == question]
        races = []
        for repetition in sorted({answer.repetition for answer in found}):
            by_column = {answer.column: answer for answer in found if answer.repetition == repetition}
            rows = ranked([answer.row for answer in by_column.values()])
            races.append([by_column[row.column] for row in rows])
        return races

    def _races_won(self) -> Mapping[int, int]:
        won: dict[int, int] = {}
        for question in self.questions:
            for race in self.races(question):
                if len(race) > 1 and race[0].complete:
                    won[race[0].column] = won.get(race[0].column, 0) + 1
        return won


def _summary(column: int, target: str, answers: Sequence[Answer], won: Mapping[int, int]) -> Summary:
    rows = [answer.row for answer in answers]
    whole = [answer.row for answer in answers if answer.complete]
    errors: dict[str, int] = {}
    for answer in answers:
        if not answer.complete:
            kind = str(answer.error["kind"]) if answer.error else "incomplete"
            errors[kind] = errors.get(kind, 0) + 1
    matches = [answer.matches for answer in answers if answer.matches is not None]
    known = all(row.cost.known for row in rows)
    return Summary(
        column,
        target,
        len(answers),
        sum(errors.values()),
        ttft=spread(row.ttft for row in whole),
        rate=spread(row.rate for row in whole),
        total=spread(row.total for row in whole),
        tokens=sum(row.tokens or 0 for row in rows),
        cost=CostEstimate(sum(row.cost.total or 0.0 for row in rows)) if known else CostEstimate(),
        attempts=sum(row.attempts for row in rows),
        matched=sum(matches) if matches else None,
        first=won.get(column, 0),
        errors=errors,
        mock=any(row.mock for row in rows),
    )


def spread(values: Iterable[float | None]) -> Spread | None:
    """p50 and p95 with their intervals, by the bootstrap: the same figures drawn again and again, with replacement."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    if len(known) == 1:
        return Spread(Figure(known[0]), Figure(known[0]))
    drawn = random.Random(_SEED)
    times = max(100, min(_RESAMPLES, _DRAWS // len(known)))
    samples = [sorted(drawn.choices(known, k=len(known))) for _ in range(times)]

    def figure(share: float) -> Figure:
        found = sorted(quantile(sample, share) for sample in samples)
        return Figure(quantile(known, share), quantile(found, 0.025), quantile(found, 0.975))

    return Spread(figure(0.5), figure(0.95))


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which this share of the ordered values lies, between two of them by their distance."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = ceil(place)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
