"""The four time limits: to connect, to the first token, between tokens, in all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from atlas_tui.config import Timeouts
from atlas_tui.models.base import End
from tests.models.wires import WIRES, ending, make
from tests.servers.scripted import Answer, Delta, Flood, KeepAlive, NoHeaders, Ping, Script, ScriptedServer, Stall, Wait

LIMIT = 0.2
NONE = Timeouts(connect=None, first_token=None, between_tokens=None, total=None)


def limits(**seconds: float) -> Timeouts:
    """Only these limits."""
    return replace(NONE, **seconds)


def endings(url: str, timeout: Timeouts | float) -> Iterator[tuple[End, float]]:
    """What becomes of a request in each wire format, all at once, for they only wait; and the seconds it took."""

    def timed(wire: str) -> tuple[End, float]:
        begun = time.perf_counter()
        return ending(make(wire, url, timeout=timeout)), time.perf_counter() - begun

    with ThreadPoolExecutor(len(WIRES)) as pool:
        yield from pool.map(timed, WIRES)


@pytest.mark.parametrize(
    ("answer", "set_limits", "words"),
    [
        (NoHeaders(), limits(first_token=LIMIT), "no first token within 0.2 s"),
        (Script([Stall()]), limits(first_token=LIMIT), "no first token within 0.2 s"),
        (Script([Delta("Half"), Stall()]), limits(between_tokens=LIMIT), "nothing for 0.2 s"),
        (NoHeaders(), limits(total=LIMIT), "not done within 0.2 s"),
        (Script([Delta("Half"), Stall()]), limits(total=LIMIT), "not done within 0.2 s"),
        (Script([Flood(100_000, "Half ", rate=200)]), limits(total=LIMIT), "not done within 0.2 s"),
    ],
)
def test_each_limit_ends_it(server: ScriptedServer, answer: Answer, set_limits: Timeouts, words: str) -> None:
    for wire in WIRES:
        make(wire, server.url).list_models()  # imports the SDK
    server.always(answer)
    for end, spent in endings(server.url, set_limits):
        assert end.error is not None
        assert (end.error.kind, end.error.retryable) == ("timeout", True)
        assert words in str(end.error)
        assert LIMIT <= spent < LIMIT + 1
        assert end.response.content.startswith("Half") or not end.response.content
    server.wait_disconnect(len(WIRES), timeout=1)


def test_connecting(black_hole_url: str) -> None:
    for end, _ in endings(black_hole_url, limits(connect=LIMIT)):
        assert end.error is not None
        assert end.error.kind == "timeout"
        assert "could not be reached in time" in str(end.error)


def test_signs_of_life_are_no_silence(server: ScriptedServer) -> None:
    limit = 3 * LIMIT
    signs = [step for _ in range(3) for step in (Wait(limit * 0.4), Ping(), KeepAlive())]
    server.always(Script([*signs, Delta("Late, but here."), *signs, Delta(" All of it.")]))
    for end, _ in endings(server.url, limits(first_token=limit, between_tokens=limit)):
        assert end.error is None
        assert end.response.content == "Late, but here. All of it."


def test_no_limit_is_no_limit(server: ScriptedServer) -> None:
    server.always(Script([Wait(LIMIT), Delta("Late.")]))
    assert [end.error for end, _ in endings(server.url, NONE)] == [None] * len(WIRES)


def test_one_number_limits_the_whole(server: ScriptedServer) -> None:
    server.always(Script([Flood(100_000, "Half ", rate=200)]))
    for end, _ in endings(server.url, LIMIT):
        assert end.error is not None
        assert end.error.kind == "timeout"
