"""What comes from the terminal: pastes without keys in them, bytes that are no text, and its end."""

from __future__ import annotations

import os
import pty
import select
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser

from atlas_tui.store import LAST, Store
from atlas_tui.text import clean
from atlas_tui.tui.driver import Pastes, as_known
from tests.command import COMMAND, QUICK, Terminal, settings

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
STALL = '[providers.mock]\ndelay_ms = 0\nsimulate_errors = true\nerror_type = "stall"\n'
BEGIN, END = "\x1b[200~", "\x1b[201~"


def fed(text: str, cuts: list[int]) -> str:
    """The text as it leaves when it comes in pieces."""
    pastes = Pastes()
    places = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    return "".join(pastes.feed(text[begin:end]) for begin, end in pairwise(places))


class TestPastes:
    def test_what_is_typed_comes_at_once_and_as_it_is(self) -> None:
        pastes = Pastes()
        for piece in ("a", "\x1b", "[", "20", "1~", "\x1b[A", "\x1b[200", "x", "é\r"):
            assert pastes.feed(piece) == piece

    def test_an_escape_in_a_paste_is_shown(self) -> None:
        assert fed(f"\x1b[A{BEGIN}one \x1b[B two\x1b{END}\x1b[C", []) == f"\x1b[A{BEGIN}one ␛[B two␛{END}\x1b[C"

    @given(
        st.lists(st.sampled_from(["a", "\x1b", "[", "2", "0", "1", "~", BEGIN, END, "\r"]), max_size=30),
        st.lists(st.integers(0, 120), max_size=12),
    )
    def test_pieces_change_nothing_and_nothing_is_lost(self, parts: list[str], cuts: list[int]) -> None:
        text = "".join(parts) + END
        came = fed(text, cuts)
        assert came == fed(text, [])
        assert came.replace("␛", "\x1b") == text
        for paste in came.split(BEGIN)[1:]:
            assert "\x1b" not in paste.partition(END)[0]


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("\x1bt", ["alt+t"]),
        ("\x1bt\x1bv\x1b[A", ["alt+t", "alt+v", "up"]),
        ("\x1bo\x1b[<35;5;5M", ["alt+o", "move"]),
        ("\x1bb\x1bf\x1b\x7f", ["ctrl+left", "ctrl+right", "ctrl+w"]),
        ("\x1b[1;3C\x1bOP\x1bOp", ["alt+right", "f1", "0"]),
        ("a\x1b\r\r", ["a", "alt+enter", "enter"]),
        ("\x1b[97;5:1u\x1b[97;5:2u\x1b[97;5:3ub", ["ctrl+a", "ctrl+a", "b"]),
        ("\x1b[111:79;4u\x1b[97;;97:98u\x1b[1;1:2A\x1b[1;1:3A", ["alt+shift+o", "a", "b", "up"]),
        (":\x1b[A\x1b[1;5F:\x1b[3~", ["colon", "up", "ctrl+end", "colon", "delete"]),
    ],
)
def test_keys_with_alt_are_known_at_once_whatever_follows(typed: str, keys: list[str]) -> None:
    told = list(XTermParser().feed(as_known(typed)))
    assert [each.key if isinstance(each, events.Key) else "move" for each in told] == keys


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal("--config", settings(tmp_path, QUICK))
    yield terminal
    terminal.close()


@pytest.mark.parametrize("hostile", ["\x1b]0;a title that is far too long for a key\r", "\x1b\r", "\x1b[13~\x11\r"])
def test_no_key_comes_out_of_a_paste(here: Terminal, hostile: str) -> None:
    """Neither what the parser gives up on, nor what it knows, nor a lone escape does anything."""
    here.shows("Ask anything")
    here.process.send(f"{BEGIN}pasted {hostile}{END}")
    here.shows("pasted " + clean(hostile).splitlines()[0])
    here.process.send(" typed")
    here.shows(" typed", "○ ready")  # nothing was sent
    assert not Store().conversations()
    here.process.send("\x03\x03")
    assert here.end() == 0


@pytest.mark.parametrize("key", ["\x1b\r", "\x1b[27;3;13~", "\x1b[27;2;13~", "\x1b[13;2u", "\n"])
def test_enter_with_alt_or_shift_begins_a_new_line_as_terminals_send_it(here: Terminal, key: str) -> None:
    here.shows("Ask anything")
    here.process.send("first")
    here.shows("first")
    here.process.send(f"{key}second")
    here.shows("▌ first", "▌ second", "○ ready")
    assert not Store().conversations()
    here.process.send("\x03\x03")
    assert here.end() == 0


def test_what_is_no_key_does_no_harm(here: Terminal) -> None:
    here.shows("Ask anything")
    here.process.send("\x1b[99999999u")
    here.process.send("still here")
    here.shows("still here")
    here.process.send("\x11")
    assert here.end() == 0


def test_bytes_that_are_no_text_do_no_harm(here: Terminal) -> None:
    here.shows("Ask anything")
    here.process.send(b"caf\xe9 au lait")
    here.shows("caf\ufffd au lait")
    here.process.send("\x11")
    assert here.end() == 0


def test_an_input_at_its_end_ends_the_program(tmp_path: Path) -> None:
    """A terminal that nobody's session has sends no signal when it is closed."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "--config", settings(tmp_path, STALL)], stdin=slave, stdout=slave, stderr=slave,
        start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    try:
        read_until(master, "sk anything")  # of "Ask", the cursor may stand on the first letter already
        os.write(master, b"a question\r")
        read_until(master, "rehearsed")
        os.close(master)
        assert process.wait(20) == 129
    finally:
        process.kill()
        process.wait()
    store = Store()
    turns = store.conversation(LAST).turns
    assert store.close()
    assert "rehearsed answer" in turns[0].responses[0].response.content
    assert turns[0].responses[0].state == "incomplete"


def read_until(master: int, text: str) -> None:
    seen = b""
    while text.encode() not in seen:
        assert select.select([master], [], [], 30)[0], seen
        seen += os.read(master, 65536)
