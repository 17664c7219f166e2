"""Every state in which a prompt can be kept waiting, to be stopped there."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from atlas_tui.budget import Account
from atlas_tui.config import Budget, RetrySettings
from atlas_tui.policy import Policy
from atlas_tui.retrieval import Document, KnowledgeBase
from atlas_tui.session import Session
from atlas_tui.store import Ledger
from tests.faults.providers import provider
from tests.servers.scripted import (
    Answer,
    Delta,
    Flood,
    HttpError,
    NoHeaders,
    Reasoning,
    Script,
    ScriptedServer,
    Stall,
    silent_url,
)

PATIENCE = 10.0
_HOUR = 3600.0


class Gate:
    """Where a call is held until the test is over."""

    def __init__(self) -> None:
        self._entered = threading.Semaphore(0)
        self._open = threading.Event()

    def pass_through(self) -> None:
        """Called by what is to be held."""
        held = self._open
        self._entered.release()
        held.wait()

    def reached(self) -> None:
        """Wait until one more is held."""
        if not self._entered.acquire(timeout=PATIENCE):
            raise TimeoutError("nobody came to the gate")

    def let_go(self) -> None:
        """Let all go that are held now."""
        held, self._open = self._open, threading.Event()
        held.set()


@dataclass(frozen=True)
class Waiting:
    """A session whose prompts come to a state and stay there."""

    session: Session
    reached: Callable[[], None]
    """Waits until the prompt that was just sent is in the state."""
    let_go: Callable[[], None] = lambda: None
    """Ends the call in which the last prompt was held: it does so by itself some time, when nobody waits any more."""


class _HeldLedger(Ledger):
    """A history that does not answer the question what the day has cost."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def today(self, **_: Any) -> Future[float]:
        self._gate.pass_through()
        answer: Future[float] = Future()
        answer.set_result(0.0)
        return answer


class _HeldKnowledge(KnowledgeBase):
    """Passages that are looked up for ever."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def search(self, query: str, k: int = 5, **_: Any) -> list[Document]:
        self._gate.pass_through()
        return []

    @property
    def notices(self) -> list[str]:
        return []


@contextmanager
def _looking_up(server: ScriptedServer, wire: str) -> Iterator[Waiting]:
    """The name of the host, which is held on the way to the system's resolver."""
    gate = Gate()
    _watch_look_ups()
    _HELD_HOSTS["slow.example"] = gate
    yield Waiting(Session(provider(wire, "http://slow.example")), gate.reached, gate.let_go)
    del _HELD_HOSTS["slow.example"]
    gate.let_go()


_HELD_HOSTS: dict[str, Gate] = {}


@cache
def _watch_look_ups() -> None:
    """Once a process: Python tells its auditors of each look-up, in the thread that makes it, and waits for them."""
    sys.addaudithook(_hold)


def _hold(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.getaddrinfo":
        return
    host = arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0]
    if gate := _HELD_HOSTS.get(host):
        gate.pass_through()
        raise socket.gaierror(socket.EAI_AGAIN, "the test is over")


@contextmanager
def _connecting(server: ScriptedServer, wire: str) -> Iterator[Waiting]:
    """Packets are swallowed; of that nobody hears, so the state begins with the request."""
    with silent_url() as url:
        yield Waiting(Session(provider(wire, url)), lambda: None)


@contextmanager
def _shaking_hands(server: ScriptedServer, wire: str) -> Iterator[Waiting]:
    """TLS with a server that waits for the rest of a request."""
    seen = 0

    def reached() -> None:
        nonlocal seen
        seen += 1
        server.wait_connection(seen, PATIENCE)

    yield Waiting(Session(provider(wire, server.url.replace("http:", "https:"))), reached)


@contextmanager
def _answering(server: ScriptedServer, wire: str, *, answer: Answer, deltas: int = 0) -> Iterator[Waiting]:
    """A server that has taken the request and sent so many deltas."""
    server.always(answer)
    seen = 0

    def reached() -> None:
        nonlocal seen
        seen += 1
        server.wait_request(seen, PATIENCE)
        if deltas:
            server.wait_sent(deltas, PATIENCE)

    yield Waiting(Session(provider(wire, server.url)), reached)


@contextmanager
def _backing_off(server: ScriptedServer, wire: str) -> Iterator[Waiting]:
    """An hour between two attempts, which begins when the length of the wait is drawn."""
    server.always(HttpError(529))
    drawn = threading.Semaphore(0)

    def jitter() -> float:
        drawn.release()
        return 1.0

    def reached() -> None:
        assert drawn.acquire(timeout=PATIENCE)

    patient = RetrySettings(first_wait=_HOUR, longest_wait=_HOUR, total_wait=2 * _HOUR, budget=1_000_000)
    yield Waiting(Session(provider(wire, server.url), policy=Policy(patient, jitter=jitter)), reached)


@contextmanager
def _searching(server: ScriptedServer, wire: str) -> Iterator[Waiting]:
    """Passages that are looked up for ever."""
    gate = Gate()
    yield Waiting(Session(provider(wire, server.url), knowledge=_HeldKnowledge(gate)), gate.reached, gate.let_go)
    gate.let_go()


@contextmanager
def _asking_the_price(server: ScriptedServer, wire: str) -> Iterator[Waiting]:
    """A budget for the day, and a history that does not say what the day has cost."""
    gate = Gate()
    account = Account(Budget(day=1.0), _HeldLedger(gate))
    yield Waiting(Session(provider(wire, server.url), account=account), gate.reached, gate.let_go)
    gate.let_go()


STATES: dict[str, Callable[[ScriptedServer, str], AbstractContextManager[Waiting]]] = {
    "retrieval": _searching,
    "budget check": _asking_the_price,
    "name look-up": _looking_up,
    "connecting": _connecting,
    "TLS handshake": _shaking_hands,
    "headers": partial(_answering, answer=NoHeaders()),
    "first token": partial(_answering, answer=Script([Stall()])),
    "thinking": partial(_answering, answer=Script([Reasoning("Hm."), Stall()]), deltas=1),
    "stalled stream": partial(_answering, answer=Script([Delta("Half an answer"), Stall()]), deltas=1),
    "flood": partial(_answering, answer=Script([Flood(10_000_000, "word ")]), deltas=2_000),
    "flood of lines": partial(_answering, answer=Script([Flood(10_000_000, "word\n\n")]), deltas=2_000),
    "backoff": _backing_off,
}
"""By name, on the way of a prompt; each is a context manager of a server and a wire format."""
