"""`atlas-tui ask` in a terminal: the line of state, the reasoning, and a screen without remains."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.command import QUICK, Terminal, run, settings
from tests.servers.scripted import Delta, HttpError, Script, ScriptedServer, Stall, Wait

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
HALF = "Half of an answer that goes on, and then falls silent at"
OLLAMA = ("hi", "-p", "ollama", "-m", "test-model")

Open = Callable[..., Terminal]


@pytest.fixture
def terminal() -> Iterator[Open]:
    opened: list[Terminal] = []

    def open_terminal(*arguments: str, columns: int = 80, rows: int = 24) -> Terminal:
        opened.append(Terminal("ask", *arguments, columns=columns, rows=rows))
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.close()


@pytest.fixture
def served(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    """The server that `-p ollama` reaches; without a script it stalls after half of an answer."""
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    server.always(Script([Delta(HALF), Stall()]))
    return server


def is_state(line: str) -> bool:
    return bool(re.match(r"(waiting|thinking|answering|no token for \d+ s) · \d+\.\d s", line))


def bare(lines: list[str]) -> str:
    """The text without white space, wherever its rows break."""
    return "".join("".join(lines).split())


class TestTheLineOfState:
    @pytest.mark.parametrize("columns", [len(HALF) // 2, len(HALF) - 1, len(HALF), 200])
    def test_it_stands_below_the_answer(self, terminal: Open, served: ScriptedServer, columns: int) -> None:
        """Also where the answer fills its row to the margin."""
        here = terminal(*OLLAMA, columns=columns)
        here.wait(lambda lines: bare(lines[:-1]) == bare([HALF]) and is_state(lines[-1]))

    def test_the_answer_goes_on_where_it_was(self, terminal: Open, served: ScriptedServer) -> None:
        """The line was drawn while the cursor hung at the margin, and while it stood in the middle of a row."""
        steps = [Delta(text) for text in ("1" * 20, "23", "4" * 18, "5\n東", "6" * 20, "7\t8", "\n9")]
        served.play(Script([each for step in steps for each in (step, Wait(0.25))]))
        here = terminal(*OLLAMA, columns=20)
        assert here.end() == 0
        assert here.raw.count(b"answering") > len(steps)
        assert here.lines[:6] == ["1" * 20, "23" + "4" * 18, "5", "東" + "6" * 18, "667     8", "9"]

    def test_ctrl_c_leaves_the_answer_and_the_reason(self, terminal: Open, served: ScriptedServer) -> None:
        here = terminal(*OLLAMA, columns=100)
        here.wait(lambda lines: HALF in lines and is_state(lines[-1]))
        here.process.send("typed meanwhile\x03")
        assert here.end() == 130
        answer, figures, reason = here.lines
        assert answer == HALF
        assert figures.startswith("ollama:test-model · TTFT")
        assert figures.endswith("incomplete")
        assert reason.startswith("atlas-tui: interrupted (what had arrived is on stdout)")

    @pytest.mark.parametrize(("columns", "rows"), [(80, 24), (33, 10), (80, 6)])
    def test_nothing_of_it_remains(self, terminal: Open, tmp_path: Path, columns: int, rows: int) -> None:
        """Drawn ever again between deltas, over rows that wrap and a screen that scrolls."""
        slow = settings(tmp_path, "[providers.mock]\ndelay_ms = 3\n")
        here = terminal("Größe 東京都 👍 of things?", "-m", "mock-basic", "--config", slow, columns=columns, rows=rows)
        assert here.end() == 0
        assert b"answering" in here.raw
        assert not any(map(is_state, here.lines))
        piped = run("ask", "Größe 東京都 👍 of things?", "-m", "mock-basic", "--config", slow)
        expected, shown = bare([piped.out]), bare(here.lines)
        assert expected[-40:] in shown
        if rows > 20:
            assert shown.startswith(expected)

    def test_behind_a_pipe_the_terminal_belongs_to_the_reader(self, tmp_path: Path) -> None:
        slow = settings(tmp_path, "[providers.mock]\ndelay_ms = 3\n")
        command = f"'{sys.executable}' -m atlas_tui ask hi --config '{slow}' | head -n 1; echo over"
        here = Terminal("-c", command, program="bash")
        assert here.end() == 0
        assert b"waiting" in here.raw
        answer, over = here.lines[0], here.lines[-1]
        assert answer.startswith("This is a rehearsed answer")
        assert over == "over"
        assert b"TTFT" not in here.raw


class TestWhatAPersonSees:
    def test_reasoning_is_dim_and_apart(self, terminal: Open, tmp_path: Path) -> None:
        here = terminal("hi", "-m", "mock-advanced", "--max-tokens", "40", "--config", settings(tmp_path, QUICK))
        assert here.end() == 0
        pieces = re.findall(r"\x1b\[2m(.*?)\x1b\[22m", here.raw.decode(), re.DOTALL)
        dim = "".join(piece for piece in pieces if not is_state(piece))
        assert "The user asks about hi. No model is behind this" in dim
        assert "This is a" not in dim
        answer = next(line for line in here.lines if "This is a" in line)
        assert "The user" not in answer

    def test_retries_are_told_and_counted_down(self, terminal: Open, served: ScriptedServer) -> None:
        served.play(HttpError(429, message="slow down", headers={"retry-after": "1"}), Script.text("ok"))
        here = terminal(*OLLAMA, columns=200)
        here.wait(lambda lines: bool(lines) and lines[-1].startswith("retrying in 1 s"))
        assert here.end() == 0
        told, answer, _ = here.lines
        assert "slow down" in told
        assert told.endswith("attempt 2 in 1.0 s")
        assert answer == "ok"

    def test_the_figures_end_it(self, terminal: Open, tmp_path: Path) -> None:
        here = terminal("hi", "-m", "mock-basic", "--config", settings(tmp_path, QUICK), columns=100)
        assert here.end() == 0
        assert re.fullmatch(
            r"mock:mock-basic · TTFT [\d.]+ s( · [\d.]+ tok/s)? · 1 in, \d+ out · \$0\.000000 · [\d.]+ s",
            here.lines[-1],
        )

    def test_quiet_is_only_the_answer(self, terminal: Open, tmp_path: Path) -> None:
        here = terminal("hi", "-m", "mock-advanced", "-q", "--config", settings(tmp_path, QUICK))
        assert here.end() == 0
        assert b"\x1b" not in here.raw
        assert b"The user asks" not in here.raw
        assert b"TTFT" not in here.raw

    def test_no_color_and_a_dumb_terminal(
        self, terminal: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        quick = settings(tmp_path, QUICK)
        monkeypatch.setenv("NO_COLOR", "1")
        plain = terminal("hi", "-m", "mock-basic", "--config", quick)
        assert plain.end() == 0
        assert b"\x1b[2m" not in plain.raw
        assert b"TTFT" in plain.raw
        monkeypatch.setenv("TERM", "dumb")
        dumb = terminal("hi", "-m", "mock-basic", "--config", quick)
        assert dumb.end() == 0
        assert b"\x1b" not in dumb.raw

    def test_a_prompt_is_not_waited_for(self, terminal: Open) -> None:
        here = terminal()
        assert here.end() == 2
        assert here.lines[0].startswith("atlas-tui: the prompt is empty")


def test_the_chat_opens_with_the_collection_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "bridges.md").write_text("# Bridges\n\nThe oldest bridge of iron crosses the Severn.\n")
    assert run("index", str(tmp_path), "--collection", "bridges").status == 0
    chat, refused = (Terminal("--collection", name, columns=110) for name in ("bridges", "tunnels"))
    try:
        chat.shows("Ask anything")
        chat.process.send("What does the bridge of iron cross?")
        chat.shows("bridges.md")
        refused.shows("there is no collection 'tunnels'")
        assert refused.end() == 2
    finally:
        chat.close()
        refused.close()


def test_who_waits_for_an_input_that_never_ends_is_told(tmp_path: Path) -> None:
    """As where a shell's input is an open connection: nobody knows that there is more to come."""
    config = settings(tmp_path, QUICK)
    command = f"sleep 60 | {sys.executable} -m atlas_tui ask Hello --config {config}"
    shell = Terminal("-c", command, program="sh", columns=120)
    try:
        shell.shows("waiting for the end of standard input, which follows the prompt (`< /dev/null` gives none)")
    finally:
        shell.close()
