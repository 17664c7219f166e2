"""The matrix, seen on the chat screen: the card, the partial answer, and that the screen stays usable."""

from __future__ import annotations

import pytest

from atlas_tui.config import RetrySettings
from atlas_tui.policy import Policy
from tests.faults.conftest import Place
from tests.faults.providers import NAMES, WIRES, provider
from tests.faults.table import FAULTS, Fault
from tests.models.wires import KEY
from tests.servers.scripted import Script, ScriptedServer
from tests.tui.driving import Driver, driving

pytestmark = pytest.mark.usefixtures("no_leaked_threads", "nothing_logged")


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
async def test_a_fault(server: ScriptedServer, place: Place, fault: Fault) -> None:
    """At one provider after the other, in one conversation."""
    url = place(fault)
    policy = Policy(RetrySettings(attempts=2, first_wait=0.0, cooldown=0.0, budget=100))
    async with driving(provider("chat", url), policy=policy) as user:
        for wire in (wire for wire in WIRES if wire not in fault.not_for):
            server.always(fault.answer)
            user.session.provider = provider(wire, url, timeout=fault.limits)
            await meets(user, fault.at(wire), wire)
            server.always(Script.text("All is well", " again."))
            user.session.provider = provider(wire, server.url)
            if len(fault.arrives) > 20_000:  # which is more than fits into the context of the server's model
                await user.press("ctrl+n")
            before = len(user.finished)
            await user.ask("And now?")
            await user.answered(before + 1)
            await user.shows("All is well again.")
            await user.press("ctrl+n")
            await user.shows("Ask anything")


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
