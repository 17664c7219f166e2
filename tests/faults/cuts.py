"""Answers that are cut at any byte, then closed, reset or left hanging: what must be made of each can be computed.

A case follows from its number alone: the wire format, the framing of the body, the text, where it is cut, and how.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from atlas_tui.config import RetrySettings, Timeouts
from atlas_tui.models.base import CancelToken, Emit, End, EventStream, TextDelta
from atlas_tui.policy import Policy
from atlas_tui.session import Session
from tests.faults.providers import WIRES, provider
from tests.models.wires import request
from tests.servers.script import Answer, Delta, Finish, KeepAlive, Raw, Reasoning, Script, ServedModel, Step
from tests.servers.scripted import Request, ScriptedServer
from tests.servers.tape import Framing, Tape, in_pieces, record

SILENCE = 0.5
"""Seconds of silence after which a request is given up."""
SLACK = 5.0
"""Seconds that a machine with other work may take besides."""
AT_ONCE = 8
"""Requests at a time."""
_FRAMINGS: tuple[Framing, ...] = ("chunked", "length", "until closed")
_LETTERS = ["abcdefghijklmnop", "ß", "é", "λ", "日", "本", "🙂", "👩\u200d🚀", "\u2028", "\x85", "<", '"', "\\", "\n"]


@dataclass(frozen=True)
class Case:
    """One answer and its end."""

    number: int
    wire: str
    framing: Framing
    text: str
    tape: Tape
    cut: int
    then: str
    answer: Raw

    @property
    def model(self) -> str:
        """Its model, by which the server knows it."""
        return f"case-{self.number}"

    def __str__(self) -> str:
        return (
            f"case {self.number}: {self.wire}, {self.framing}, {self.cut} of {len(self.tape.data)} bytes, {self.then}"
        )


def case(number: int) -> Case:
    """The case of this number."""
    dice = random.Random(number)
    wire, framing = dice.choice(WIRES), dice.choice(_FRAMINGS)
    steps = _steps(dice)
    tape = record(wire, steps, framing=framing, dice=dice, crlf=dice.random() < 0.2)
    size = len(tape.data)
    # A whole response now and then, and many cuts where it hurts: in the head, and around the terminal event.
    cut = dice.choice(
        (size, dice.randrange(len(tape.head)), dice.randrange(3 * size // 4, size), *dice.sample(range(size), 4))
    )
    then = dice.choice(("close", "close", "close", "reset", "reset", "stall"))
    answer = Raw(in_pieces(tape.data[:cut], dice), then)  # type: ignore[arg-type]
    text = "".join(step.text for step in steps if isinstance(step, Delta))
    return Case(number, wire, framing, text, tape, cut, then, answer)


def _steps(dice: random.Random) -> list[Step]:
    steps: list[Step] = [Reasoning("Well. ")] * dice.randrange(3)
    for number in range(dice.randrange(1, 24)):
        # Each word is another, so that none can be mistaken for a repetition of an earlier one.
        steps.append(Delta(f" w{number}" + "".join(dice.choices(_LETTERS, k=dice.randrange(5)))))
        if dice.random() < 0.1:
            steps.append(KeepAlive())
    return [*steps, Finish()]


def problems_of(case: Case, server: ScriptedServer) -> list[str]:
    """What is wrong with what one request to one target makes of the case."""
    limits = Timeouts(connect=SLACK, first_token=SILENCE, between_tokens=SILENCE, total=None)
    begun = time.monotonic()
    with provider(case.wire, server.url, case.model, timeout=limits).stream(request()) as stream:
        *events, end = stream
    spent = time.monotonic() - begun
    assert isinstance(end, End)
    shown = "".join(event.text for event in events if isinstance(event, TextDelta))
    arrived, whole = case.tape.text(case.cut), case.tape.complete(case.cut)
    kinds = {"close": {"connection", "truncated"}, "reset": {"connection"}, "stall": {"timeout"}}[case.then]
    checks = {
        f"complete is {end.response.complete}": end.response.complete is whole,
        f"text {end.response.content!r} is not {arrived!r}": end.response.content == arrived,
        f"shown {shown!r} is not {arrived!r}": shown == arrived,
        f"the error is {end.error!r}": end.error is None if whole else end.error is not None,
        f"the kind is {end.error.kind if end.error else None}": whole or (end.error and end.error.kind) in kinds,
        f"the error does not hold it ({end.error!r})": end.error is None or end.error.partial is end.response,
        f"it took {spent:.1f} s": spent < SILENCE + SLACK,
    }
    return [f"{case}: {words}" for words, holds in checks.items() if not holds]


def problems_of_joining(case: Case, server: ScriptedServer) -> list[str]:
    """What is wrong with the whole answer after a session has retried, or continued what had broken off."""
    limits = Timeouts(connect=SLACK, first_token=SILENCE, between_tokens=SILENCE, total=None)
    asked = provider(case.wire, server.url, case.model, timeout=limits)
    session = Session(asked, policy=Policy(RetrySettings(first_wait=0.0)))
    turn = session.add_turn("Why is the sky blue?")
    shown, end = _run(partial(session.run, turn))
    if not end.response.complete:
        shown, end = _run(partial(session.run, turn, extend=end.response))
    content = end.response.content
    checks = {
        f"it did not become complete: {end.error!r}": end.response.complete,
        f"shown {shown!r} is not {content!r}": shown == content,
        f"joined {content!r} is not {case.text!r}": content == case.text,
    }
    return [f"{case}: {words}" for words, holds in checks.items() if not holds]


def _run(run: Any) -> tuple[str, End]:
    async def source(emit: Emit, cancel: CancelToken) -> End:
        end: End = await run(emit, cancel)
        return end

    with EventStream(source) as stream:
        *events, end = stream
    assert isinstance(end, End)
    return "".join(event.text for event in events if isinstance(event, TextDelta)), end


class Cutter:
    """Answers each model with its case; with `once` a second request gets what is missing, whole."""

    def __init__(self, cases: Iterable[Case], *, once: bool) -> None:
        self._cases = {case.model: case for case in cases}
        self._asked: set[str] = set()
        self._once = once
        self.models = [ServedModel(name) for name in self._cases]

    def __call__(self, asked: Request) -> Answer:
        case = self._cases[asked.model]
        if not self._once or asked.model not in self._asked:
            self._asked.add(asked.model)
            return case.answer
        messages = asked.json.get("messages") or asked.json["input"]
        said = next((message["content"] for message in messages if message["role"] == "assistant"), "")
        dice = random.Random(-case.number)
        steps: list[Step] = [Delta(piece) for piece in _split(case.text[len(said) :], dice)]
        return Raw((record(case.wire, [*steps, Finish()], framing="chunked", dice=dice).data,))


def _split(text: str, dice: random.Random) -> list[str]:
    pieces = []
    while text:
        size = dice.randrange(1, 12)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


@cache
def _loaded() -> None:
    """What a process imports at its first requests takes longer than the limits here allow, on a busy machine."""
    with ScriptedServer() as server:
        server.always(Script([Delta("ready")]))
        for wire in WIRES:
            assert provider(wire, server.url).generate(request()).cost is not None


def problems(numbers: Iterable[int], *, joining: bool = False) -> list[str]:
    """What is wrong with these cases."""
    _loaded()
    cases = [case(number) for number in numbers]
    cutter = Cutter(cases, once=joining)
    with ScriptedServer() as server, ThreadPoolExecutor(AT_ONCE) as pool:
        server.models = cutter.models
        server.always(cutter)
        judge = partial(problems_of_joining if joining else problems_of, server=server)
        return [problem for found in pool.map(judge, cases) for problem in found]
