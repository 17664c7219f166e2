"""The program in a real terminal is gone at once when it is quit, whatever it waits for; the terminal is given back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.command import Terminal, settings
from tests.servers.scripted import (
    Answer,
    Delta,
    Flood,
    HttpError,
    NoHeaders,
    Script,
    ScriptedServer,
    Stall,
    silent_url,
)
from tests.tui.test_terminal import assert_restored

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
CTRL_Q = "\x11"
WAITING: dict[str, tuple[Answer, str]] = {
    "connecting": (NoHeaders(), "waiting"),
    "headers": (NoHeaders(), "waiting"),
    "stalled stream": (Script([Delta("Half an answer"), Stall()]), "Half an answer"),
    "flood": (Script([Flood(10_000_000, "word ")]), "word word"),
    "backoff": (HttpError(529, headers={"retry-after": "50"}), "again in"),
}
"""By state: what the server does, and what the screen then shows."""


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """What is closed after the test."""
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("state", WAITING)
def test_it_is_gone_at_once(server: ScriptedServer, opened: ExitStack, tmp_path: Path, state: str) -> None:
    answer, shown = WAITING[state]
    server.always(answer)
    url = opened.enter_context(silent_url()) if state == "connecting" else server.url
    config = settings(tmp_path, f'[providers.lab]\nkind = "openai"\nbase_url = "{url}/v1"\nmodel = "test-model"\n')
    here = Terminal("--config", config, "-p", "lab")
    opened.callback(here.close)
    here.shows("Ask anything", "lab:test-model")
    here.process.send("hi\r")
    here.shows(shown)
    begun = time.monotonic()
    here.process.send(CTRL_Q)
    assert here.end() == 0
    assert time.monotonic() - begun < 2.0  # 0.2 s on a quiet machine; `benchmarks.stop` measures it
    assert_restored(here)
