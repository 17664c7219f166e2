"""The four time limits: to connect, to the first token, between tokens, in all."""

from __future__ import annotations

import time

import pytest

from atlas_tui.config import Timeouts
from tests.models.wires import WIRES, ending, make
from tests.servers.scripted import Answer, Delta, Flood, KeepAlive, NoHeaders, Ping, Script, ScriptedServer, Stall, Wait

pytestmark = pytest.mark.parametrize("wire", WIRES)
LIMIT = 0.2
NONE = Timeouts(connect=None, first_token=None, between_tokens=None, total=None)


def limits(**seconds: float) -> Timeouts:
    """Only these limits."""
    return Timeouts(**{"connect": None, "first_token": None, "between_tokens": None, "total": None, **seconds})


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
def test_each_limit_ends_it(
    server: ScriptedServer, wire: str, answer: Answer, set_limits: Timeouts, words: str
) -> None:
    make(wire, server.url).list_models()  # imports the SDK
    server.play(answer)
    begun = time.perf_counter()
    end = ending(make(wire, server.url, timeout=set_limits))
    spent = time.perf_counter() - begun
    assert end.error is not None
    assert (end.error.kind, end.error.retryable) == ("timeout", True)
    assert words in str(end.error)
    assert LIMIT <= spent < LIMIT + 1
    assert end.response.content.startswith("Half") or not end.response.content
    server.wait_disconnect(timeout=1)


def test_connecting(black_hole_url: str, wire: str) -> None:
    end = ending(make(wire, black_hole_url, timeout=limits(connect=LIMIT)))
    assert end.error is not None
    assert end.error.kind == "timeout"
    assert "could not be reached in time" in str(end.error)


def test_signs_of_life_are_no_silence(server: ScriptedServer, wire: str) -> None:
    limit = 3 * LIMIT
    signs = [step for _ in range(3) for step in (Wait(limit * 0.4), Ping(), KeepAlive())]
    server.play(Script([*signs, Delta("Late, but here."), *signs, Delta(" All of it.")]))
    end = ending(make(wire, server.url, timeout=limits(first_token=limit, between_tokens=limit)))
    assert end.error is None
    assert end.response.content == "Late, but here. All of it."


def test_no_limit_is_no_limit(server: ScriptedServer, wire: str) -> None:
    server.play(Script([Wait(LIMIT), Delta("Late.")]))
    assert ending(make(wire, server.url, timeout=NONE)).error is None


def test_one_number_limits_the_whole(server: ScriptedServer, wire: str) -> None:
    server.play(Script([Flood(100_000, "Half ", rate=200)]))
    end = ending(make(wire, server.url, timeout=LIMIT))
    assert end.error is not None
    assert end.error.kind == "timeout"
