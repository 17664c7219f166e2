"""The matrix, seen on the chat screen: the card, the partial answer, and that the screen stays usable."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from atlas_tui.config import RetrySettings
from atlas_tui.models.base import Provider
from atlas_tui.policy import Policy
from tests.faults.conftest import Place
from tests.faults.providers import NAMES, provider
from tests.faults.table import FAULTS, Fault
from tests.models.wires import KEY
from tests.servers.scripted import Script, ScriptedServer
from tests.tui.driving import Driver, driving

pytestmark = pytest.mark.usefixtures("no_leaked_threads", "nothing_logged")


AT_A_TIME = 8
"""Faults that one running program meets: to start it takes longer than to ask."""
GROUPS = [FAULTS[first : first + AT_A_TIME] for first in range(0, len(FAULTS), AT_A_TIME)]


@pytest.mark.parametrize("faults", GROUPS, ids=[", ".join(fault.name for fault in faults) for faults in GROUPS])
async def test_faults(server: ScriptedServer, place: Place, faults: Sequence[Fault]) -> None:
    """Each at one provider after the other; after each fault, at one of them, the conversation goes on."""
    policy = Policy(RetrySettings(attempts=2, first_wait=0.0, cooldown=0.0, budget=100))
    async with driving(provider("chat", server.url), policy=policy, size=(80, 24)) as user:
        for number, fault in enumerate(faults):
            url = place(fault)
            recovers = fault.wires[number % len(fault.wires)]
            for wire in fault.wires:
                server.always(fault.response)
                user.session.provider = provider(wire, url, timeout=fault.limits)
                try:
                    await meets(user, fault.at(wire), wire)
                    if wire == recovers:
                        await goes_on(user, fault, provider(wire, server.url), server)
                    await user.press("ctrl+n")
                    await user.shows("Ask anything")
                except BaseException as error:
                    error.add_note(f"{fault.name}, at {wire}")
                    raise


async def goes_on(user: Driver, fault: Fault, healthy: Provider, server: ScriptedServer) -> None:
    """The conversation does, when the provider has recovered."""
    server.always(Script.text("All is well", " again."))
    user.session.provider = healthy
    if len(fault.arrives) > 20_000:  # which is more than fits into the context of the server's model
        await user.press("ctrl+n")
    before = len(user.finished)
    await user.ask("And now?")
    await user.answered(before + 1)
    await user.shows("All is well again.")


async def meets(user: Driver, fault: Fault, wire: str) -> None:
    """Ask, and look at what becomes of it."""
    before = len(user.finished)
    await user.ask("Why is the sky blue?")
    end = (await user.answered(before + 1)).end
    response = user.session.turns[-1].responses[-1]
    assert end.response is response
    assert (response.content, response.reasoning) == (fault.arrives, fault.thought)
    assert response.complete is (fault.kind is None)
    assert len(response.attempts) == fault.attempts
    assert (end.error.kind if end.error else None) == fault.kind
    shown = [fault.arrives[:60].split("\u2028")[0].strip(), "Reasoning" if fault.thought else ""]
    if fault.kind is not None:
        shown.append(f"{NAMES[wire]}: {fault.kind.replace('_', ' ')}")
        if fault.arrives:
            shown.append("◌ incomplete")
    await user.shows(*filter(None, shown))
    assert KEY not in user.screen
    assert all(line.isprintable() for line in user.lines)
