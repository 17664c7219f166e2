"""The matrix, seen by a program that uses the library."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from atlas_tui import create_query_client
from atlas_tui.config import RetrySettings
from atlas_tui.errors import ProviderError
from atlas_tui.policy import Policy
from tests.faults.conftest import Place
from tests.faults.providers import NAMES, WIRES
from tests.faults.table import FAULTS, WIRE_OF, Fault
from tests.models.wires import KEY
from tests.servers.scripted import ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaked_threads", "nothing_logged")


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_fault(server: ScriptedServer, place: Place, fault: Fault) -> None:
    """At all providers at once."""
    url = place(fault)
    with ThreadPoolExecutor(len(WIRES)) as pool:
        cells = {wire: pool.submit(meets, fault.at(wire), wire, url) for wire in fault.wires}
    for wire, cell in cells.items():
        try:
            cell.result()
        except AssertionError as error:
            error.add_note(f"at {wire}")
            raise
        if fault.place == "the server":
            row = fault.at(wire)
            asked = [
                exchange for exchange in server.exchanges if exchange.answer and WIRE_OF[exchange.request.path] == wire
            ]
            assert len(asked) == (row.sent or row.attempts), wire


def meets(fault: Fault, wire: str, url: str) -> None:
    """Ask, and look at what becomes of it."""
    options: dict[str, Any] = {"api": wire} if NAMES[wire] == "openai" else {}
    client = create_query_client(
        NAMES[wire],
        "test-model",
        base_url=url if wire in ("anthropic", "ollama") else f"{url}/v1",
        api_key=KEY,
        timeout=fault.limits,
        policy=Policy(RetrySettings(attempts=2, first_wait=0.0)),
        **options,
    )
    pieces: list[str] = []
    error: ProviderError | None = None
    begun = time.monotonic()
    try:
        answer = client.query_streaming("Why is the sky blue?", lambda piece, _: pieces.append(piece))
    except ProviderError as raised:
        error, answer = raised, raised.partial.content
    spent = time.monotonic() - begun

    response = client.last_response
    assert response is not None
    assert "".join(pieces) == answer == response.content == fault.arrives
    assert response.reasoning == fault.thought
    assert response.complete is (fault.kind is None)
    assert fault.attempts * (fault.limits.total or 0.0) <= spent < fault.patience
    assert (error.kind if error else None) == fault.kind
    assert len(response.attempts) == fault.attempts
    if error is not None:
        assert error.partial is response
        assert error.retryable is fault.worth_a_try
        assert (error.provider, error.model) == (NAMES[wire], "test-model")
        assert KEY not in str(error)
        assert str(error).isprintable(), "one line, and nothing that a terminal would obey"
        assert len(str(error)) < 600
