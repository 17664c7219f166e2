"""The terminal as Textual reads from it: its end is the end of the program, and no key comes out of a paste."""

from __future__ import annotations

import os
import re
import selectors
import signal
from codecs import getincrementaldecoder
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from atlas_tui.text import clean

_AT_ONCE = 4096
"""Bytes that one read takes."""
_LOOK = 0.1
"""Seconds after which it is seen that the input is no longer wanted, and that an escape was the key of that name."""
_alt_letter = re.compile("\x1b([ac-eg-z])")
"""With b and f it knows them: they are the way of some terminals to go by words."""
_wordy = re.compile("\x1b\\[(\\d*)(?::\\d*)*(?:(;\\d*)(:\\d)?)?((?:;[\\d:]*)?[A-Z~u])")
"""A key in kitty's protocol: its number, its modifiers, whether it repeats (2) or is released (3), its text."""
_ENTERS = (("\x1b\r", "\x1b[13;3u"), ("\x1b[27;3;13~", "\x1b[13;3u"), ("\x1b[27;2;13~", "\x1b[13;2u"))


class TerminalDriver(LinuxDriver):
    """Textual's driver, with an input that can end, that may hold any bytes, and whose pastes are only text.

    A terminal that is closed without a signal that ends the program (nobody leads its session, or the signal goes
    astray) reads as an input at its end for ever: Textual's own loop then runs at full speed until it is killed.
    """

    def run_input_thread(self) -> None:
        """Read keys and pastes until the driver wants no more, or there are no more."""
        parser, pastes = XTermParser(self._debug), Pastes()
        # What is no text, pasted from a terminal of another encoding, is no reason to end.
        decode = getincrementaldecoder("utf-8")("replace").decode
        # Not the default one: where that is `kqueue` it takes no terminals.
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(_LOOK):
                    data = self._read()
                    if not data:
                        self._hang_up()
                        break
                    if text := pastes.feed(decode(data)):  # for the parser no text would be the end
                        try:
                            self._handle(parser.feed(as_known(text)))
                        except ValueError:  # what looks like a key, and has a number that none has: no reason to end
                            parser = XTermParser(self._debug)
                self._handle(parser.tick())

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, _AT_ONCE)
        except OSError:  # some systems say so that the terminal has gone
            return b""

    def _handle(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.process_message(message)

    def _hang_up(self) -> None:
        with suppress(RuntimeError):  # the loop has closed: the program is ending
            self._loop.call_soon_threadsafe(partial(self._app.exit, return_code=128 + signal.SIGHUP))


def as_known(text: str) -> str:
    """What was typed, in the forms that Textual's parser knows: a letter with Alt, Enter with Alt or Shift.

    Most terminals send Alt as an escape before the key. Of Enter the parser then makes Enter alone: what was to be a
    new line would be sent. Of a letter it waits whether more follows, and if that is an escape too (the next such key,
    an arrow, the mouse that moves) it types `^` and the letter. Others send Enter in the form of xterm's
    `modifyOtherKeys`, which it takes for no key. Where kitty's protocol says more of a key than was asked for (what it
    is without Shift, that it repeats, or is released), the parser fails.
    """
    if "\x1b" not in text:
        return text
    for form, name in _ENTERS:
        text = text.replace(form, name)
    if ":" in text:
        text = _wordy.sub(_plainly, text)
    return _alt_letter.sub(lambda found: f"\x1b[{ord(found[1])};3u", text)


def _plainly(key: re.Match[str]) -> str:
    number, modifiers, event, rest = key.groups("")
    return "" if event == ":3" else f"\x1b[{number}{modifiers}{rest}"


class Pastes:
    """What is typed and pasted, piece by piece, with no escape left in a paste but that of its end.

    Textual's parser reads escape sequences in a paste too: one that it does not know becomes keys, so that text which
    holds one could be sent, or run a command, by being pasted. Most terminals take escapes out; not all do. (A paste
    that holds its own end only the terminal can tell from two.)
    """

    def __init__(self) -> None:
        self._inside = False
        self._held = ""  # the beginning, perhaps, of the mark that ends the paste
        self._tail = ""  # the last of what was typed: the mark that begins a paste can come in two pieces

    def feed(self, text: str) -> str:
        """The next piece; empty while all of it may belong to the end of a paste."""
        parts: list[str] = []
        while text:
            part, text = self._pasted(text) if self._inside else self._typed(text)
            parts.append(part)
        return "".join(parts)

    def _typed(self, text: str) -> tuple[str, str]:
        known = len(self._tail)
        before, mark, _ = (self._tail + text).partition(BRACKETED_PASTE_START)
        self._inside = bool(mark)
        self._tail = "" if mark else before[1 - len(BRACKETED_PASTE_START) :]
        end = len(before + mark) - known
        return text[:end], text[end:]

    def _pasted(self, text: str) -> tuple[str, str]:
        before, mark, after = (self._held + text).partition(BRACKETED_PASTE_END)
        self._inside, self._held = not mark, ""
        if not mark:
            sizes = range(len(BRACKETED_PASTE_END) - 1, 0, -1)
            size = next((size for size in sizes if before.endswith(BRACKETED_PASTE_END[:size])), 0)
            before, self._held = before[: len(before) - size], before[len(before) - size :]
        return before.replace("\x1b", clean("\x1b")) + mark, after
