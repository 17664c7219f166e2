"""Headless runs: many questions to several targets, again and again, so many at a time, within a limit of cost."""

from __future__ import annotations

import json
import queue
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from atlas_tui.comparison.results import Answer, Question, Results
from atlas_tui.config import private_opener, read_text
from atlas_tui.errors import AtlasError, ConfigError, Kind
from atlas_tui.models.base import End, Event, Provider, Sink, Worker
from atlas_tui.models.recording import Recorder
from atlas_tui.policy import Policy
from atlas_tui.session import Session
from atlas_tui.text import one_line, redact, sound
from atlas_tui.turns import Turn, answer_form

_FORM = "atlas_runs"
_VERSION = 1
_HOPELESS: frozenset[Kind] = frozenset({"auth", "permission", "not_found"})
"""Failures that every further question to the target would meet too: it is not asked again."""


@dataclass(frozen=True, slots=True)
class Job:
    """One answer that is to be had."""

    column: int
    target: str
    question: Question
    repetition: int


@dataclass(frozen=True)
class Plan:
    """What is asked, of whom, how often."""

    targets: Sequence[str]
    questions: Sequence[Question]
    repeat: int = 1
    settings: Mapping[str, Any] | None = None
    """What else decides about the answers: a run that goes on must have the same."""

    def jobs(self) -> Iterator[Job]:
        """All of it: each question to every target, then the next, then all of them again."""
        for repetition in range(1, self.repeat + 1):
            for question in self.questions:
                for column, target in enumerate(self.targets, 1):
                    yield Job(column, target, question, repetition)


class Kept:
    """The answers of a run in a file, one a line, written as they come: a run that ended early goes on from there.

    Args:
        path: the file.
        plan: what is asked.
        resume: go on with the file, if it is there; else it must not be.

    Raises:
        ConfigError: the file is there, belongs to another run, or cannot be written.
    """

    def __init__(self, path: Path, plan: Plan, *, resume: bool) -> None:
        self._name = one_line(str(path))
        settings = json.loads(json.dumps({"targets": list(plan.targets), **(plan.settings or {})}, default=str))
        self.answers: list[Answer] = []
        """What the file had."""
        try:
            there = path.is_file() and path.stat().st_size > 0
            if there and not resume:
                raise ConfigError(f"{self._name} is there already: name another file, or go on with it (--resume)")
            if there:
                self._read(path.read_text(encoding="utf-8"), settings)
                _cut_half_a_line(path)
            self._file = open(path, "a", encoding="utf-8", opener=private_opener)  # noqa: SIM115 - closed by `close`
            if not there:
                self._write({_FORM: _VERSION, "settings": settings})
        except OSError as error:
            raise ConfigError(f"{self._name} cannot be written ({error.strerror}): name another file") from error
        except UnicodeDecodeError as error:
            raise self._damaged(1) from error

    def add(self, answer: Answer) -> None:
        """Write an answer down.

        Raises:
            AtlasError: it cannot be written.
        """
        form = {
            "column": answer.column,
            "target": answer.target,
            "prompt": sound(answer.question.prompt),
            "reference": answer.question.reference,
            "repetition": answer.repetition,
            "response": answer.form,
        }
        try:
            self._write(form)
        except OSError as error:
            with suppress(OSError):  # closing tries to write the same once more
                self._file.close()
            words = f"{self._name} broke off ({error.strerror}): make room, then go on with it (--resume)"
            raise AtlasError(words) from error

    def close(self) -> None:
        """Nothing more is written."""
        self._file.close()

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, form: Mapping[str, Any]) -> None:
        self._file.write(redact(json.dumps(form, ensure_ascii=True, default=str)) + "\n")
        self._file.flush()

    def _read(self, text: str, settings: Mapping[str, Any]) -> None:
        head, *lines = text[: text.rfind("\n") + 1].splitlines() or [""]
        try:
            begun = json.loads(head)
            before = begun["settings"]
            if begun[_FORM] != _VERSION:
                raise ValueError
        except (ValueError, LookupError, TypeError) as error:
            raise self._damaged(1) from error
        other = [name for name in sorted({*before, *settings}) if before.get(name) != settings.get(name)]
        if other:
            raise ConfigError(
                f"{self._name} belongs to a run with other settings ({', '.join(other)}): use those, or another file"
            )
        for number, line in enumerate(lines, 2):
            try:
                form = json.loads(line)
                question = Question(form["prompt"], form["reference"])
                answer = Answer(form["column"], form["target"], question, form["repetition"], form["response"])
                _ = answer.row  # every figure is there
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                raise self._damaged(number) from error
            self.answers.append(answer)

    def _damaged(self, line: int) -> ConfigError:
        return ConfigError(f"{self._name} holds no answers of a run, or is damaged (line {line}): name another file")


def _cut_half_a_line(path: Path) -> None:
    """A killed process may have left half an answer at the end, after which nothing can be written."""
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with open(path, "r+b") as file:
            file.truncate(whole)


class Runs:
    """Has a plan's jobs done. Made in one thread; `stop` may be called from any, and in a signal handler.

    Args:
        plan: what is asked.
        create: makes the provider of a column; called once for each request at a time.
        session: makes the conversation that a question begins, with what is common to all.
        policy: makes a target's patience.
        concurrency: how many requests at a time; the targets share them evenly.
        kept: where answers are written; what it has is not asked again, except what failed.
        recorder: records all that comes.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        create: Callable[[int, str], Provider],
        session: Callable[[Provider], Session],
        policy: Callable[[], Policy] = Policy,
        concurrency: int | None = None,
        kept: Kept | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self.plan = plan
        self._create = create
        self._session = session
        self._kept = kept
        self._recorder = recorder
        columns = range(1, len(plan.targets) + 1)
        self._limit = concurrency or len(plan.targets)
        self._share = ceil(self._limit / len(plan.targets))
        self._policies = {column: policy() for column in columns}
        # The first of each is made now: a missing key is found before anything is sent.
        self._idle: dict[int, list[Provider]] = {
            column: [create(column, target)] for column, target in zip(columns, plan.targets, strict=True)
        }
        self._asked: dict[Question, tuple[Session, Turn]] = {}
        self._done: dict[tuple[int, str, str, int], Answer] = {}
        self._inbox: queue.SimpleQueue[tuple[Job, End]] = queue.SimpleQueue()
        self._running: dict[Job, tuple[Worker, Provider]] = {}
        self._hopeless: set[int] = set()
        self._stopped = False
        for answer in kept.answers if kept else ():
            if answer.complete:
                self._done[answer.key] = answer
        self._pending = [job for job in plan.jobs() if _key(job) not in self._done]
        self.planned = len(self._done) + len(self._pending)

    @property
    def answers(self) -> list[Answer]:
        """The answers so far."""
        return list(self._done.values())

    @property
    def results(self) -> Results:
        """The answers so far, in the order of the plan."""
        jobs = list(self.plan.jobs())
        answers = [self._done[_key(job)] for job in jobs if _key(job) in self._done]
        return Results(self.plan.targets, self.plan.questions, answers, len(jobs) - len(answers))

    def run(self, tick: Callable[[], None] = lambda: None, every: float | None = None) -> Results:
        """Do all of it; `tick` is called after each answer and, if wished, every so many seconds.

        Raises:
            AtlasError: an answer cannot be written into `kept`; what it has stays there.
        """
        try:
            while self._launch() or self._running:
                try:
                    job, end = self._inbox.get(timeout=every)
                except queue.Empty:
                    pass  # nothing has ended meanwhile: only the tick is due
                else:
                    self._take(job, end)
                tick()
        finally:
            self._cancel()
            for worker, _ in self._running.values():
                worker.join(1.0)
        return self.results

    def stop(self) -> None:
        """Ask nothing more and stop what runs; what has come stays."""
        self._stopped = True
        self._cancel()

    def _cancel(self) -> None:
        for worker, _ in list(self._running.values()):
            worker.cancel()

    def _launch(self) -> bool:
        """Start what may run now; whether anything waits."""
        busy = Counter(job.column for job in self._running)
        for job in list(self._pending):
            if self._stopped or len(self._running) >= self._limit:
                break
            if busy[job.column] < self._share and job.column not in self._hopeless:
                busy[job.column] += 1
                self._pending.remove(job)
                self._start(job)
        if self._stopped:  # perhaps while one was being started
            self._cancel()
        return bool(self._running)

    def _start(self, job: Job) -> None:
        idle = self._idle[job.column]
        provider = idle.pop() if idle else self._create(job.column, job.target)
        if job.question not in self._asked:
            # All answers to a question share its turn, and with it the passages that were found for it.
            session = self._session(provider)
            self._asked[job.question] = session, session.add_turn(job.question.prompt)
        session, turn = self._asked[job.question]
        thread = session.thread(job.column, provider, (), self._policies[job.column])
        sink: Sink = _Mailbox(job, self._inbox)
        if self._recorder is not None:
            sink = self._recorder.sink(sink, target=job.target, prompt=job.question.prompt, column=job.column)
        self._running[job] = thread.start(turn, sink), provider

    def _take(self, job: Job, end: End) -> None:
        _, provider = self._running.pop(job)
        self._idle[job.column].append(provider)
        session, turn = self._asked[job.question]
        answer = Answer(job.column, job.target, job.question, job.repetition, answer_form(end, turn.documents))
        self._done[answer.key] = answer
        if self._kept is not None:
            self._kept.add(answer)
        kind = end.error.kind if end.error is not None else None
        # A limit on single answers may leave room for others; any other limit is one for all that follows.
        spent = kind == "budget" and session.account.budget.answer is None
        if kind in _HOPELESS or spent:
            self._hopeless.add(job.column)


class _Mailbox:
    """Waits for the ending alone: what comes before is in it."""

    def __init__(self, job: Job, inbox: queue.SimpleQueue[tuple[Job, End]]) -> None:
        self._job = job
        self._inbox = inbox

    def put(self, event: Event) -> None:
        if type(event) is End:
            self._inbox.put((self._job, event))

    def full(self) -> bool:
        return False


def _key(job: Job) -> tuple[int, str, str, int]:
    return job.column, job.target, job.question.prompt, job.repetition


def read_questions(path: Path) -> list[Question]:
    """Prompts from a file: one a line, or JSON lines with `prompt` and, if known, `reference`.

    Raises:
        ConfigError: it cannot be read, holds none, or one twice.
    """
    name = one_line(str(path))
    lines = read_text(path, "the file of prompts").split("\n")  # JSON has other line separators inside its texts
    found: dict[str, Question] = {}
    first: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        question = _question(line.strip(), f"line {number} of {name}")
        if question.prompt in found:
            raise ConfigError(
                f"line {number} of {name} is the prompt of line {first[question.prompt]} again: use --repeat"
            )
        found[question.prompt], first[question.prompt] = question, number
    if not found:
        raise ConfigError(f"{name} holds no prompt: write one a line")
    return list(found.values())


def _question(line: str, where: str) -> Question:
    if not line.startswith("{"):
        return Question(line)
    try:
        form = json.loads(line)
    except ValueError:
        return Question(line)  # a prompt that begins with a brace
    prompt, reference = form.get("prompt"), form.get("reference")
    if not isinstance(prompt, str) or not prompt.strip():
        raise ConfigError(f'{where} has no prompt: write {{"prompt": "...", "reference": "..."}}')
    if reference is not None and not isinstance(reference, str):
        raise ConfigError(f"{where}: the reference must be text")
    return Question(sound(prompt), None if reference is None else sound(reference))
