"""Recordings: what came of prompts, with its timing, as JSON lines that the mock provider plays again.

One line says `recording`; then each answer has a line `answer` (who was asked what, in which column) and its events
in the form of `--events`, with `at`, the seconds since the answer was asked for. An answer is written when it has
ended, so its lines stand together and no key gets in that came in pieces.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, cast, get_args

from atlas_tui.config import private_opener
from atlas_tui.errors import ConfigError, Kind, ProviderError
from atlas_tui.models.base import (
    Counted,
    End,
    Event,
    Finish,
    ReasoningDelta,
    Sink,
    Start,
    TextDelta,
    TokenUsage,
    WireEvent,
    event_to_dict,
)
from atlas_tui.text import one_line, redact, sound

log = logging.getLogger(__name__)
VERSION = 1
"""Fields may be added to the form; none changes its meaning."""
_TEXT = {TextDelta, ReasoningDelta}


# Writing


class Recorder:
    """Writes a recording, of as many answers at the same time as one likes; a context manager.

    Raises:
        ConfigError: the file is there already, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._name = one_line(str(path))
        self.answers = 0
        """How many are in it."""
        self.problem: str | None = None
        """Why the recording broke off, and what to do, in a sentence. The answers come all the same."""
        try:
            self._file = open(path, "x", encoding="utf-8", opener=private_opener)  # noqa: SIM115 - closed by `close`
        except FileExistsError as error:
            raise ConfigError(f"the recording {self._name} is there already: name another file") from error
        except OSError as error:
            words = f"the recording {self._name} cannot be begun ({error.strerror}): check the folder"
            raise ConfigError(words) from error
        self._lock = threading.Lock()
        self._begun = perf_counter()
        self._write([{"type": "recording", "version": VERSION}])

    def sink(self, sink: Sink, *, target: str, prompt: str, column: int = 1) -> Sink:
        """Record one answer: a sink before the one that its events go to."""
        begun = perf_counter() - self._begun
        head = {"type": "answer", "target": target, "column": column, "prompt": redact(sound(prompt)), "begun": begun}
        return _Tape(self, sink, head)

    def close(self) -> None:
        """The recording is complete. What ends later is not in it."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, lines: Sequence[dict[str, Any]]) -> None:
        text = "".join(f"{redact(json.dumps(line, ensure_ascii=True, default=str))}\n" for line in lines)
        with self._lock:
            if self._file.closed:
                return
            try:
                self._file.write(text)
                self._file.flush()
                self.answers += lines[0]["type"] == "answer"
            except OSError as error:
                self.problem = f"the recording {self._name} broke off ({error.strerror}): make room and record it again"
                log.warning("%s", self.problem)
                with suppress(OSError):  # closing tries to write the same once more
                    self._file.close()


class _Tape:
    def __init__(self, recorder: Recorder, sink: Sink, head: dict[str, Any]) -> None:
        self._recorder = recorder
        self._sink = sink
        self._head = head
        self._begun = perf_counter()
        self._taken: list[tuple[float, Event]] = []

    def put(self, event: Event) -> None:
        self._taken.append((perf_counter() - self._begun, event))
        if type(event) is End:
            self._recorder._write([self._head, *map(_line, _without_keys(self._taken))])
        self._sink.put(event)

    def full(self) -> bool:
        return self._sink.full()


def _line(taken: tuple[float, Event]) -> dict[str, Any]:
    at, event = taken
    form = event_to_dict(event)
    if isinstance(event, End):  # its text is in the deltas
        form["response"] = {
            key: value for key, value in form["response"].items() if key not in ("content", "reasoning")
        }
    return {"at": round(at, 6), **form}


def _without_keys(taken: list[tuple[float, Event]]) -> list[tuple[float, Event]]:
    """The events, free of keys that stand across deltas: the deltas from the first such key to the last become one."""
    for kind in (TextDelta, ReasoningDelta):
        pieces = [(number, event.text) for number, (_, event) in enumerate(taken) if isinstance(event, kind)]
        text = "".join(piece for _, piece in pieces)
        redacted = redact(text)
        if redacted == text:
            continue
        head = _in_common(text, redacted)
        tail = _in_common(text[head:][::-1], redacted[head:][::-1])
        position = 0
        merged: dict[int, Event | None] = {}
        for number, piece in pieces:
            if position + len(piece) > head and position < len(text) - tail:
                first = position + len(piece) > head >= position
                begin = redacted[position : len(redacted) - tail] if first else ""
                end = max(0, position + len(piece) - (len(text) - tail))
                rest = begin + (piece[len(piece) - end :] if end else "")
                merged[number] = kind(rest) if rest else None
            position += len(piece)
        changed = [(at, merged.get(number, event)) for number, (at, event) in enumerate(taken)]
        taken = [(at, event) for at, event in changed if event is not None]
    return taken


def _in_common(one: str, other: str) -> int:
    """The length of the beginning that both share."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(one), len(other)))


# Reading


@dataclass(frozen=True, slots=True)
class Take:
    """What one request got: to be played again."""

    target: str
    prompt: str
    column: int
    events: tuple[tuple[float, WireEvent], ...]
    """With the seconds since the request."""
    duration: float
    """Seconds from the request to its ending."""
    error: ProviderError | None = None
    """How it failed; raise a `copy` of it, because an error belongs to one attempt."""


@dataclass(frozen=True)
class Recording:
    """Takes, in the order in which they were recorded."""

    takes: tuple[Take, ...]

    @property
    def prompts(self) -> list[str]:
        """Every prompt once, in order."""
        return list(dict.fromkeys(take.prompt for take in self.takes))

    @property
    def line_up(self) -> dict[int, str]:
        """The columns, each with whom it asked first."""
        first = {take.column: take.target for take in reversed(self.takes)}
        return dict(sorted(first.items()))


def read_recording(path: Path) -> Recording:
    """Read a recording; whoever wrote it, nothing in it is trusted. An answer without its ending is left out.

    Raises:
        ConfigError: it cannot be read, is none, or is damaged.
    """
    name = one_line(str(path))
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"the recording {name} cannot be read ({error.strerror}): name another file") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"the recording {name} is not UTF-8 text: record it again") from error
    number = 0
    takes: list[Take] = []
    answer: list[dict[str, Any]] = []
    try:
        for number, line in enumerate(lines, 1):
            form = json.loads(line)
            kind = form["type"]
            if number == 1 and (kind != "recording" or not 1 <= form["version"] <= VERSION):
                raise ValueError("no recording of this version")
            if kind == "answer":
                answer = [form]
            elif answer:
                answer.append(form)
                if kind == "end":
                    takes += _takes(answer)
                    answer = []
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        if number < len(lines) or not takes:  # the last line of a process that was killed may be half a line
            words = one_line(f"line {number}: {error}", 100)
            raise ConfigError(f"{name} is no recording of Atlas, or damaged ({words}): record it again") from error
    if not takes:
        raise ConfigError(f"the recording {name} has no answer: record it again")
    return Recording(tuple(takes))


def _takes(answer: Sequence[dict[str, Any]]) -> Iterator[Take]:
    """The requests of an answer: each retry and each fallback was one more."""
    head, *forms = answer
    target, prompt, column = _text(head["target"]), _text(head["prompt"]), int(head["column"])
    begun = 0.0
    events: list[tuple[float, WireEvent]] = []

    def take(ended: float, error: ProviderError | None) -> Take:
        played = tuple((max(0.0, at - begun), event) for at, event in events)
        return Take(target, prompt, column, played, max(0.0, ended - begun), error)

    for form in forms:
        at = float(form["at"])
        match form["type"]:
            case "start":
                events.append((at, Start("", _text(form["model"]), _optional(form["request_id"]))))
            case "text" | "reasoning":
                kind = TextDelta if form["type"] == "text" else ReasoningDelta
                events.append((at, kind(_text(form["text"]))))
            case "retry" | "fallback":
                delay = float(form.get("delay", 0.0))
                yield take(at, _error(form["error"], retry_after=delay or None))
                begun, events = at + delay, []
                target = _text(form["target"]) if form["type"] == "fallback" else target
            case "end":
                response = form["response"]
                timing = response["timing"]
                first = next((when for when, event in events if type(event) in _TEXT), None)
                # What the SDK took to be imported is no part of an answer's time, here as there.
                if first is not None and timing["ttft"] is not None:
                    begun = first - float(timing["ttft"])
                else:
                    begun = max(begun, at - float(timing["duration"]))
                ended = begun + float(timing["duration"])
                error = _error(form["error"]) if form["error"] else None
                usage = response["usage"]
                if not usage["estimated"]:
                    events.append((ended, Counted(_usage(usage))))
                if error is None or error.kind == "refused":
                    events.append((ended, Finish(_text(response["finish_reason"] or "stop"))))
                    error = None
                yield take(ended, error)


def copy(error: ProviderError, speed: float) -> ProviderError:
    """The failure of a take, to be raised; what it asks to wait passes at the speed of the replay."""
    after = error.retry_after
    return ProviderError(
        error.kind,
        error.message,
        status=error.status,
        request_id=error.request_id,
        retry_after=None if after is None else after / speed if speed else 0.0,
        retryable=error.retryable,
        remedy=error.remedy,
    )


def _error(form: dict[str, Any], retry_after: float | None = None) -> ProviderError:
    kind = form["kind"]
    if kind not in get_args(Kind):
        raise ValueError(f"the kind {kind!r}")
    status = form["status"]
    return ProviderError(
        cast(Kind, kind),
        _text(form["message"]),
        status=None if status is None else int(status),
        request_id=_optional(form["request_id"]),
        retry_after=retry_after,
        retryable=bool(form["retryable"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return sound(value)


def _optional(value: object) -> str | None:
    return None if value is None else _text(value)


def _count(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no number of tokens")
    return value


def _usage(form: dict[str, Any]) -> TokenUsage:
    return TokenUsage(
        _count(form["input_tokens"]),
        _count(form["output_tokens"]),
        _count(form["cache_read_tokens"]),
        _count(form["cache_write_tokens"]),
        _count(form["reasoning_tokens"]),
    )


class Player:
    """Gives the takes of a recording, one for each request."""

    def __init__(self, recording: Recording, target: str | None = None, column: int | None = None) -> None:
        chosen = [take for take in recording.takes if column in (None, take.column)]
        self._takes = [take for take in chosen if target in (None, take.target)] or chosen or list(recording.takes)
        self._played: dict[str, int] = {}

    def next(self, prompt: str) -> Take:
        """The next take of this prompt, or of any where it was not recorded; after the last comes the first."""
        fitting = [take for take in self._takes if take.prompt == prompt]
        key = prompt if fitting else ""
        takes = fitting or self._takes
        number = self._played.get(key, 0)
        self._played[key] = number + 1
        return takes[number % len(takes)]
