"""`atlas-tui compare`: the comparison screen, or without a terminal, and with an output flag, a headless run."""

from __future__ import annotations

import argparse
import gc
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from atlas_tui.budget import Account
from atlas_tui.cli.console import Console, complain, is_terminal
from atlas_tui.cli.forms import to_json
from atlas_tui.cli.interruption import Interruption
from atlas_tui.cli.knowledge import passages, with_documents
from atlas_tui.cli.progress import bar, clock
from atlas_tui.cli.prompt import as_text, read_prompt
from atlas_tui.cli.tables import table
from atlas_tui.comparison.judgement import leaderboard
from atlas_tui.comparison.report import standings_csv, standings_form, to_csv, to_form, to_markdown
from atlas_tui.comparison.results import Question, Results
from atlas_tui.comparison.runs import Kept, Plan, Runs, read_questions
from atlas_tui.config import Config, ProviderConfig, Timeouts
from atlas_tui.errors import AtlasError, ConfigError
from atlas_tui.models.base import Provider
from atlas_tui.models.factory import create_provider, split_target
from atlas_tui.models.mock import MockProvider
from atlas_tui.models.recording import Recorder, Recording, read_recording
from atlas_tui.policy import Policy
from atlas_tui.session import Session
from atlas_tui.store import Ledger, Store
from atlas_tui.store.judgements import Judgements
from atlas_tui.text import counted, one_line

T = TypeVar("T")
_TICK = 0.2
"""Seconds between two drawings of the progress."""
_DOT = " · "
_NO_MODEL = "a comparison has several models: name each with its provider (-p PROVIDER:MODEL)"


def compare(options: argparse.Namespace, config: Config) -> int:
    """Compare, and give the exit status.

    Raises:
        AtlasError: nothing could be sent.
    """
    if options.leaderboard:
        return _leaderboard(options)
    if _on_screen(options):
        return _screen(options, config)
    if options.model is not None:
        raise ConfigError(_NO_MODEL)
    replayed = read_recording(Path(options.replay)) if options.replay else None
    line_up = _line_up(options, replayed)
    questions = _questions(options, replayed)
    return _headless(line_up, questions, replayed, options, config)


def _on_screen(options: argparse.Namespace) -> bool:
    """Whether there is a person to look, and nothing is asked for that only a run without a screen does."""
    files = options.prompts or options.out or options.resume
    headless = options.form or files or options.repeat > 1
    return not headless and is_terminal(sys.stdin) and is_terminal(sys.stdout)


def _screen(options: argparse.Namespace, config: Config) -> int:
    """Open the comparison screen; with a prompt it starts at once, without targets it has those of the last time. A
    recording is played there with its own prompts.

    Raises:
        AtlasError: one of the targets cannot be asked, or there is a recording already; nothing was drawn.
    """
    if options.model is not None:
        raise ConfigError(_NO_MODEL)
    replayed = read_recording(Path(options.replay)) if options.replay else None
    if replayed is not None:
        config = _playing(replayed, options, config)
    named = bool(replayed or options.provider or options.line_up)
    targets = [_provider(target, options, config) for target in _line_up(options, replayed)] if named else []
    prompt = as_text(" ".join(options.prompt), "prompt").strip()
    prompts = [prompt] if prompt else replayed.prompts if replayed else []
    config = replace(
        with_documents(options, config),
        system_prompt=_system_prompt(options, config),
        max_tokens=options.max_tokens or config.max_tokens,
        timeouts=config.timeouts if options.timeout is None else Timeouts.within(options.timeout),
        budget=config.budget if options.max_cost is None else replace(config.budget, conversation=options.max_cost),
    )
    gc.disable()  # as for the chat, see `cli.main`
    from atlas_tui.tui.app import run
    from atlas_tui.tui.opening import Compared

    line_up: Sequence[str | Provider] = [target.target for target in targets]
    if replayed is not None:
        line_up = [_player(column, target, options) for column, target in replayed.line_up.items()]
    with Recorder(Path(options.record)) if options.record else nullcontext() as recorder:
        compared = Compared(line_up, prompts, options.temperature, recorder)
        status = run(config, target=targets[0].target if targets else None, mock=options.mock, compared=compared)
    _say_what_is_missing(recorder)
    if recorder is not None and not recorder.answers:
        Path(options.record).unlink()  # nothing was asked: the name is free again
    return status


def _player(column: int, target: str, options: argparse.Namespace) -> Provider:
    """Who plays a column of the recording, and that alone: a target may have been asked in several."""
    name, model = split_target(target)
    return MockProvider(model, name=name, recording=options.replay, speed=options.speed, column=column)


def _say_what_is_missing(recorder: Recorder | None) -> None:
    """Say why a recording broke off, if it did."""
    if recorder is not None and recorder.problem is not None:
        complain(recorder.problem)


def _playing(recording: Recording, options: argparse.Namespace, config: Config) -> Config:
    """The settings with the mock provider in the place of all that were recorded."""
    played = {"recording": options.replay, "speed": options.speed}
    names = {split_target(take.target)[0] for take in recording.takes}
    return replace(
        config, providers={**config.providers, **{name: ProviderConfig("mock", options=played) for name in names}}
    )


def _system_prompt(options: argparse.Namespace, config: Config) -> str | None:
    return config.system_prompt if options.system is None else as_text(options.system, "system prompt")


def _provider(target: str, options: argparse.Namespace, config: Config) -> Provider:
    return create_provider(target, mock=options.mock, config=config)


def _line_up(options: argparse.Namespace, replayed: Recording | None) -> list[str]:
    """The targets as they were named."""
    if replayed is not None:
        if options.provider:
            raise ConfigError("--replay plays the targets of the recording: leave -p out")
        return list(replayed.line_up.values())
    if options.line_up is not None:
        if options.provider:
            raise ConfigError("--line-up and -p exclude each other: give one of them")
        return _from_store(lambda judgements: list(judgements.line_up(options.line_up).targets))
    if not options.provider:
        raise ConfigError("nothing to compare: give two targets or more (-p A -p B), or --line-up NAME")
    return list(options.provider)


def _questions(options: argparse.Namespace, replayed: Recording | None) -> list[Question]:
    if options.prompts is not None:
        if options.prompt or replayed is not None:
            raise ConfigError("--prompts gives the prompts: leave PROMPT and --replay out")
        return read_questions(Path(options.prompts))
    if replayed is not None and not options.prompt:
        return [Question(prompt) for prompt in replayed.prompts]
    return [Question(read_prompt(options.prompt))]


def _headless(
    line_up: Sequence[str],
    questions: Sequence[Question],
    replayed: Recording | None,
    options: argparse.Namespace,
    config: Config,
) -> int:
    settings: dict[str, Any] = {} if options.timeout is None else {"timeout": options.timeout}

    def create(column: int, _: str) -> Provider:
        if replayed is not None:
            return _player(*list(replayed.line_up.items())[column - 1], options)
        return create_provider(line_up[column - 1], mock=options.mock, config=config, **settings)

    common = {
        "system_prompt": _system_prompt(options, config),
        "max_tokens": options.max_tokens,
        "temperature": options.temperature,
    }
    targets = [create(column, target).target for column, target in enumerate(line_up, 1)]
    plan = Plan(
        targets,
        questions,
        options.repeat,
        {**common, "context": options.collection or bool(options.context), "mock": options.mock},
    )
    budget = replace(config.budget, conversation=options.max_cost)
    store = Store() if budget.day is not None else None
    account = Account(budget, Ledger(store), together="run")
    knowledge = passages(options, config)
    if knowledge is not None and not knowledge.collections() and not knowledge.served:
        complain("no passage goes along: nothing is indexed yet (`atlas-tui index PATH`)")
    kept = _kept(plan, options)
    recorder = Recorder(Path(options.record)) if options.record else None
    console = Console()
    try:
        runs = Runs(
            plan,
            create=create,
            session=lambda provider: Session(provider, knowledge=knowledge, account=account, **common),
            policy=lambda: Policy(config.retries),
            concurrency=options.concurrency,
            kept=kept,
            recorder=recorder,
        )
        with Interruption() as interruption, console:
            interruption.cancels(console.give_back, runs.stop)
            results = _run(runs, console)
        notices = knowledge.notices if knowledge is not None else []
    finally:
        for file in (kept, recorder, knowledge, store):
            if file is not None:
                file.close()
    console.answer(_written(results, options))
    console.finish()
    for notice in notices:
        complain(notice)
    _say_what_is_missing(recorder)
    return _status(results, interruption, options)


def _kept(plan: Plan, options: argparse.Namespace) -> Kept | None:
    if options.resume:
        return Kept(Path(options.resume), plan, resume=True)
    return Kept(Path(options.out), plan, resume=False) if options.out else None


def _run(runs: Runs, console: Console) -> Results:
    begun, before = monotonic(), len(runs.answers)

    def tick() -> None:
        console.state(_progress(runs, before, monotonic() - begun))

    tick()
    results = runs.run(tick, _TICK if console.live else None)
    console.finish()
    return results


def _progress(runs: Runs, before: int, elapsed: float) -> str:
    answers = runs.answers
    done, planned = len(answers), runs.planned
    parts = [bar(done / max(1, planned)), f"{done} of {planned} answers"]
    failed = sum(not answer.complete for answer in answers)
    if failed:
        parts.append(f"{failed} failed")
    parts.append(f"${sum(answer.row.cost.total or 0.0 for answer in answers):.4f}")
    if before < done < planned:
        parts.append(f"{clock(elapsed / (done - before) * (planned - done))} left")
    return _DOT.join(parts)


def _written(results: Results, options: argparse.Namespace) -> str:
    if options.form == "json":
        return to_json(to_form(results))
    if options.form == "csv":
        return to_csv(results)
    if options.form == "html":
        from atlas_tui.comparison.page import to_html

        return to_html(results)
    return to_markdown(results)


def _status(results: Results, interruption: Interruption, options: argparse.Namespace) -> int:
    """Say which targets failed, if any did, and give the exit status."""
    if interruption.signal is not None and results.failed:
        file = options.resume or options.out
        remedy = f"go on with --resume {one_line(file)}" if file else "with --out FILE a run can be gone on with"
        complain(f"interrupted after {counted(len(results.answers), 'answer')}: {remedy}")
        return 128 + interruption.signal
    for summary in results.summaries:
        if summary.failed:
            errors = [answer.error for answer in results.answers if answer.column == summary.column and answer.error]
            words = Counter(str(error["message"]) for error in errors).most_common(1)
            why = f" ({words[0][0]})" if words else ""
            count = f"{summary.failed} of {summary.answers} answers" if summary.answers > 1 else "the answer"
            complain(f"{one_line(summary.target)}: {count} failed{why}")
    if results.unasked:
        complain(f"not asked for {counted(results.unasked, 'answer')}, because their target cannot be asked any more")
    return 1 if results.failed else 0


def _leaderboard(options: argparse.Namespace) -> int:
    votes = _from_store(lambda judgements: judgements.votes())
    standings = leaderboard(votes, options.topic)
    console = Console()
    if options.form == "json":
        console.answer(to_json(standings_form(standings)))
    elif options.form == "csv":
        console.answer(standings_csv(standings))
    elif options.form is not None:
        raise ConfigError("the leaderboard leaves as text, --json or --csv")
    elif not standings:
        about = f" on {one_line(options.topic)!r}" if options.topic is not None else ""
        complain(f"there is no vote{about} yet: vote in the comparison screen (v)")
    else:
        rows = [("RANK", "TARGET", "RATING", "95 %", "WON", "LOST", "TIED", "BOTH BAD")]
        rows += [
            (
                str(each.rank), one_line(each.target), f"{each.rating:.0f}", f"{each.low:.0f} to {each.high:.0f}",
                str(each.wins), str(each.losses), str(each.ties), str(each.both_bad),
            )
            for each in standings
        ]  # fmt: skip
        console.answer(table(rows))
    console.finish()
    return 0


def _from_store(ask: Callable[[Judgements], T]) -> T:
    store = Store()
    try:
        if not store.durable():
            raise AtlasError(" ".join(store.notices))
        return ask(Judgements(store))
    finally:
        store.close()
