"""The program in a real terminal: the first screen, an answer, and the terminal given back however it ends."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from atlas_tui.store import LAST, Store
from tests.command import QUICK, Terminal, settings

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
STALL = '[providers.mock]\ndelay_ms = 0\nsimulate_errors = true\nerror_type = "stall"\n'
SWITCHED_OFF = ["?1049", "?1000", "?1003", "?1006", "?2004"]
"""Alternate screen, mouse reports, bracketed paste: the modes that spoil a shell when they stay on."""

Open = Callable[..., Terminal]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Open]:
    opened: list[Terminal] = []

    def open_terminal(config: str = QUICK, *arguments: str, columns: int = 80, rows: int = 24) -> Terminal:
        opened.append(Terminal("--config", settings(tmp_path, config), *arguments, columns=columns, rows=rows))
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.close()


def assert_restored(here: Terminal) -> None:
    raw = here.raw.decode(errors="replace")
    for mode in SWITCHED_OFF:
        switches = re.findall(rf"\x1b\[{re.escape(mode)}([hl])", raw)
        assert switches[-1] == "l", f"mode {mode} stayed on"
    assert re.findall(r"\x1b\[\?25([hl])", raw)[-1] == "h", "the cursor stayed hidden"
    assert raw.count("\x1b[<u") >= raw.count("\x1b[>1u"), "the keyboard protocol stayed on"
    local_flags = termios.tcgetattr(here.process.child_fd)[3]
    assert local_flags & termios.ECHO
    assert local_flags & termios.ICANON


def test_from_the_first_screen_to_the_shell(terminal: Open) -> None:
    here = terminal()
    here.shows("◆ Atlas", "Ask anything", "mock:mock-standard")
    here.process.send("Why is the sky blue?\r")
    here.shows("ollama needs none", "✓ done", "tok")
    here.process.send("\x11")
    assert here.end() == 0
    assert_restored(here)


def test_a_paste_with_newlines_is_not_sent(terminal: Open) -> None:
    here = terminal()
    here.shows("Ask anything")
    here.process.send("\x1b[200~first line\nsecond line\n\x1b[201~")
    here.shows("first line", "second line", "○ ready")
    here.process.send("\x03\x03")
    assert here.end() == 0


def test_quitting_in_the_middle_of_an_answer_takes_under_a_second(terminal: Open) -> None:
    here = terminal(STALL)
    here.shows("Ask anything")
    here.process.send("hi\r")
    here.shows("rehearsed answer", "streaming")
    begun = time.monotonic()
    here.process.send("\x11")
    assert here.end() == 0
    assert time.monotonic() - begun < 5.0  # 0.2 s on a quiet machine
    assert_restored(here)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_leaves_the_terminal_as_it_was(terminal: Open, number: signal.Signals, status: int) -> None:
    here = terminal(STALL)
    here.shows("Ask anything")
    here.process.send("hi\r")
    here.shows("rehearsed answer", "streaming")
    os.kill(here.process.pid, number)
    assert here.end() == status
    assert_restored(here)


@pytest.mark.parametrize("attempt", range(3))
def test_a_terminal_that_is_closed_ends_the_program(terminal: Open, attempt: int) -> None:
    """Nothing can be written any more: the program must not wait until it can. (It is a race, hence three times.)"""
    here = terminal(STALL)
    here.shows("Ask anything")
    here.process.send("a question\r")
    here.shows("rehearsed answer", "streaming")
    here.process.ptyproc.fileobj.close()
    here.process.closed = here.process.ptyproc.closed = True
    assert here.process.wait() == 129
    store = Store()
    turns = store.conversation(LAST).turns
    assert store.close()
    assert "rehearsed answer" in turns[0].responses[0].response.content


def test_what_was_stopped_by_a_signal_is_in_the_history(terminal: Open) -> None:
    here = terminal(STALL)
    here.shows("Ask anything")
    here.process.send("a question\r")
    here.shows("rehearsed answer", "streaming")
    os.kill(here.process.pid, signal.SIGTERM)
    assert here.end() == 143
    store = Store()
    turns = store.conversation(LAST).turns
    assert store.close()
    assert turns[0].prompt == "a question"
    assert "rehearsed answer" in turns[0].responses[0].response.content


def test_the_prompt_goes_to_the_editor_and_comes_back(
    terminal: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf " from the editor" >> "$1"\nstat -c %a "$1" > "$0.mode"\n')
    editor.chmod(stat.S_IRWXU)
    monkeypatch.setenv("EDITOR", str(editor))
    here = terminal()
    here.shows("Ask anything")
    here.process.send("a draft\x07")
    here.shows("a draft from the editor")
    here.process.send("\x11")
    assert here.end() == 0
    assert (tmp_path / "editor.mode").read_text() == "600\n"
    assert_restored(here)


def test_an_unknown_theme_or_key_is_one_sentence(terminal: Open) -> None:
    here = terminal('[keys]\nretry = "ctrl+q"\n')
    assert here.end() == 2
    assert "gives Ctrl+Q to both 'retry' and 'quit'" in " ".join(here.lines)
    assert b"\x1b[?1049h" not in here.raw


def test_a_defect_gives_the_terminal_back_and_prints_no_traceback(terminal: Open, tmp_path: Path) -> None:
    """Whatever fails inside, the terminal is usable and no local variable, such as a key, is printed."""
    here = Terminal(
        "-c",
        "import sys\n"
        "from atlas_tui.cli import main\n"
        "from atlas_tui.tui.screens.chat import ChatScreen\n"
        "def fail(self, message): secret = 'local-value'; raise ValueError('a defect')\n"
        "ChatScreen.on_prompt_sent = fail\n"
        "sys.exit(main(['-p', 'mock']))\n",
        program=sys.executable,
    )
    here.shows("Ask anything")
    here.process.send("hi\r")
    assert here.end() == 1
    assert_restored(here)
    assert "Atlas itself failed" in here.raw.decode()
    assert "local-value" not in here.raw.decode()
    assert "Traceback" not in here.raw.decode()


def test_the_first_screen_needs_nothing_that_answers() -> None:
    """What is loaded when the first screen has been painted, in a process of its own; the garbage collector, which
    rests until then, is on again."""
    program = """
import asyncio, gc, sys
gc.disable()
from atlas_tui.config import Config
from atlas_tui.tui.app import AtlasApp
from atlas_tui.tui.opening import Opening

HEAVY = "anthropic openai ollama genai_prices chromadb sqlite3 httpx markdown_it pygments.lexers".split()
OURS = "session policy store citations models.base models.factory tui.screens.chat.conversation".split()
OURS += [f"tui.widgets.{name}" for name in ("markdown_log", "context", "find_bar")]

class Seen(Opening):
    def open(self):
        print("loaded:", *(name for name in HEAVY if name in sys.modules))
        return super().open()

async def main():
    app = AtlasApp(Seen(Config(default_provider="openai", history=False)))
    loaded = {name for name in OURS if f"atlas_tui.{name}" in sys.modules}
    print("ours:", *loaded)
    async with app.run_test(size=(120, 40)) as pilot:
        painted = "".join(strip.text for strip in app.screen._compositor.render_strips())
        print("Ask anything" in painted)
        while not app.chat.opened:
            await pilot.pause(0.01)
        print("collector:", gc.isenabled())

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    said = sorted(done.stdout.split("\n")[:4])
    assert said == ["True", "collector: True", "loaded:", "ours:"], done.stdout + done.stderr
