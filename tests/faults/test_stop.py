"""A stop ends a prompt in whatever state it is, in the library and on the screen.

How fast it does is measured by `python -m benchmarks.stop`; here is no clock but that of the test's own patience.
"""

from __future__ import annotations

import asyncio

import pytest

from atlas_tui.budget import Account
from atlas_tui.config import Budget, Price
from atlas_tui.models.base import CostEstimate, End, FellBack, TextDelta, TokenUsage
from atlas_tui.models.base.worker import call_in_worker
from atlas_tui.session import Session
from tests.faults.providers import WIRES, provider
from tests.faults.waiting import STATES, Gate
from tests.played import PlayedProvider, says
from tests.servers.scripted import ScriptedServer
from tests.tui.driving import driving

pytestmark = pytest.mark.usefixtures("no_leaked_threads", "nothing_logged")
HAS_TEXT = {"stalled stream": "Half an answer", "flood": "word ", "flood of lines": "word\n\n"}


@pytest.fixture(scope="module", autouse=True)
def imported() -> None:
    """Everything that requests import: an import cannot be stopped, and its thread lives on to its end."""
    for wire in WIRES:
        call_in_worker(provider(wire, "http://127.0.0.1:9").prepare)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("state", STATES)
def test_a_stop_in_the_library(server: ScriptedServer, state: str, wire: str) -> None:
    with STATES[state](server, wire) as waiting, waiting.session.stream("Why is the sky blue?") as stream:
        waiting.reached()
        stream.close()
        *events, end = stream
        assert isinstance(end, End)
        assert end.error is not None
        assert (end.error.kind, end.error.retryable) == ("cancelled", False)
        shown = "".join(event.text for event in events if isinstance(event, TextDelta))
        assert shown == end.response.content
        assert not end.response.complete
        if state in HAS_TEXT and shown:
            piece = HAS_TEXT[state]
            assert piece * (len(shown) // len(piece)) == shown
        assert waiting.session.turns[-1].responses == [end.response]


@pytest.mark.parametrize("state", STATES)
async def test_a_stop_on_the_screen(server: ScriptedServer, state: str) -> None:
    with STATES[state](server, "anthropic") as waiting:
        async with driving(session=waiting.session) as user:
            await user.ask("Why is the sky blue?")
            await asyncio.to_thread(waiting.reached)
            await user.press("escape")
            end = (await user.answered()).end
            assert end.error is not None
            assert end.error.kind == "cancelled"
            await user.shows("stopped")
            assert user.session.turns[0].responses == [end.response]


class Priced(PlayedProvider):
    """A provider whose first price is looked up as long as the gate holds."""

    gate: Gate | None = None

    def cost_of_usage(self, usage: TokenUsage, model: str) -> CostEstimate:
        gate, self.gate = self.gate, None
        if gate is not None:
            gate.pass_through()
        return CostEstimate(0.0, estimated=True)


def test_fall_back_now_while_the_price_is_looked_up() -> None:
    """Nothing has been sent then, so there is no request whose end could be waited for."""
    gate = Gate()
    first, second = Priced(says("never")), Priced(says("The ", "second."), name="second")
    first.gate = gate
    session = Session(first, fallback=[second], account=Account(Budget(answer=1.0)))
    with session.stream("Why is the sky blue?") as stream:
        gate.reached()
        session.steering.fall_back_now()
        *events, end = stream
    gate.let_go()
    assert isinstance(end, End)
    assert end.error is None
    assert end.response.content == "The second."
    assert [attempt.error for attempt in end.response.attempts] == ["cancelled", None]
    assert [type(event) for event in events].count(FellBack) == 1
    assert (len(first.requests), len(second.requests)) == (0, 1)


@pytest.mark.parametrize("state", sorted(STATES.keys() - {"connecting"}))
def test_fall_back_now_in_every_state(server: ScriptedServer, state: str) -> None:
    """But one: nothing says when a connection has begun to be made."""
    with STATES[state](server, "anthropic") as waiting:
        session = waiting.session
        free = {"second": Price(0.0, 0.0)}
        session.fallback = [PlayedProvider(says("The ", "second."), name="second", prices=free)]
        with session.stream("Why is the sky blue?") as stream:
            waiting.reached()
            session.steering.fall_back_now()
            if state in ("retrieval", "budget check"):
                waiting.let_go()  # the next target needs what is looked up as well
            *events, end = stream
        assert server.requests == [] or state not in ("retrieval", "budget check")
        assert isinstance(end, End)
        assert (end.error, end.response.content) == (None, "The second.")
        assert [(event.target, event.reason) for event in events if isinstance(event, FellBack)] == [
            ("second:test-model", "user")
        ]
        left = session.turns[-1].responses[:-1]
        assert [response.content[:4] for response in left if response.content] == (
            [HAS_TEXT[state][:4]] if state in HAS_TEXT and left and left[0].content else []
        )
