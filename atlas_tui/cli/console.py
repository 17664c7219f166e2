"""stdout and stderr of a command, and the one line of state that lives below the answer on a terminal.

Where both streams are the same terminal, the answer and the line of state must not mix. While the cursor stands in
the answer, the line is drawn on the row below it, and the cursor goes back to where the answer continues. So text
that stays on its row is written without touching the line: nothing flickers.
"""

from __future__ import annotations

import os
import stat
import sys
import traceback
import unicodedata
from contextlib import suppress
from types import TracebackType
from typing import Any, TextIO

from atlas_tui.text import clean, one_line, several_lines

_CLEAR_ROW = "\r\x1b[2K"
# Index moves down in the same column and scrolls at the bottom (line feed would depend on the terminal's mode).
_ROW_BELOW = "\x1bD\x1b[A\x1b7\x1b[B" + _CLEAR_ROW
_CLEAR_BELOW = "\x1b7\x1b[B" + _CLEAR_ROW
_BACK = "\x1b8"
_DIM, _STRONG, _PLAIN = "\x1b[2m", "\x1b[1m", "\x1b[22m"
_MESSAGE_LIMIT = 1000


def complain(message: str, error: BaseException | None = None) -> None:
    """One line on stderr, with the traceback of `error` before it if there is one; where stderr takes nothing, the exit
    status still says it."""
    if sys.stderr is None:
        return
    with suppress(OSError):
        if error is not None:
            print(several_lines("".join(traceback.format_exception(error))), file=sys.stderr, end="")
        print(f"atlas-tui: {one_line(message, _MESSAGE_LIMIT)}", file=sys.stderr, flush=True)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether it is one; a stream that the caller closed is None."""
    return stream is not None and stream.isatty()


class Console:
    """Writes an answer to stdout and everything about it to stderr; all of it is cleaned here."""

    def __init__(self, *, quiet: bool = False) -> None:
        # A stream that the caller closed (`2>&-`) is None.
        self._out: TextIO = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - open as long as the process
        self._err: TextIO = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
        for stream in (self._out, self._err):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")  # a terminal that is not UTF-8 gets "?", not a crash
        dumb = os.environ.get("TERM", "") in ("", "dumb")
        self.live = _in_foreground(self._err) and not dumb and not quiet
        """True where state is shown; behind a pipe only until the answer begins."""
        self._piped = _is_pipe(self._out)
        self.interactive = self._err.isatty() and not self._piped and not quiet
        """True where a person reads stderr, and no pager or filter behind a pipe writes to the same terminal."""
        self._same_terminal = self.live and self._out.isatty()
        self._styled = self.live and not os.environ.get("NO_COLOR")
        self._column = 0
        self._last = ""
        self._drawn: str | None = None
        self._below = False
        self._open_line = False
        self._reasoning = False
        self._modes: Any = None

    def __enter__(self) -> Console:
        if self.live and not self._piped:  # a pager sets the modes that it needs
            self._modes = _stop_echo(self._err.fileno())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # the reader of stdout may be why it ends
            self._hide()
            self._err.flush()
        self.give_back()

    def give_back(self) -> None:
        """The terminal echoes again what is typed. Also called at a signal, because a second one ends the process."""
        if self._modes is not None:
            import termios

            with suppress(termios.error):  # the terminal has gone
                termios.tcsetattr(self._err.fileno(), termios.TCSANOW, self._modes)
            self._modes = None

    def answer(self, text: str) -> None:
        """A piece of the answer, or of its JSON form."""
        self._end_reasoning()
        text = clean(text)
        if self._same_terminal:
            self._make_way(text)
        elif self._piped and self.live:
            # From now on the terminal belongs to the reader of the pipe.
            self._hide()
            self._err.flush()
            self.live = False
        self._out.write(text)
        if text:
            self._open_line = not text.endswith("\n")

    def strong(self, text: str) -> None:
        """A piece of the answer that stands out, where a person reads it."""
        if not (self._styled and self._out.isatty()):
            self.answer(text)
            return
        self._out.write(_STRONG)
        self.answer(text)
        self._out.write(_PLAIN)

    def reasoning(self, text: str) -> None:
        """A piece of the reasoning; shown only where a person watches."""
        if not self.live:
            return
        if not self._reasoning:
            self._begin_row()
        self._reasoning = True
        text = clean(text)
        self._make_way(text)
        self._err.write(self._dimmed(text))

    def state(self, line: str) -> None:
        """Write out what has come and draw the line of state anew."""
        self._out.flush()
        if self.live:
            self._draw(line)
        self._err.flush()

    def note(self, line: str, *, dim: bool = False) -> None:
        """A line on stderr that stays."""
        self._end_reasoning()
        self._begin_row()
        self._out.flush()
        self._err.write(self._dimmed(one_line(line, _MESSAGE_LIMIT), dim) + "\n")
        self._err.flush()

    def finish(self) -> None:
        """The answer is over: its last line ends, the line of state goes."""
        self._end_reasoning()
        self._hide()
        self._err.flush()
        if self._open_line:
            self._out.write("\n")
            self._open_line, self._column = False, 0
        self._out.flush()

    def _end_reasoning(self) -> None:
        if self._reasoning:
            self._hide()
            self._err.write("\n\n" if self._column else "\n")
            self._err.flush()
            self._reasoning, self._column = False, 0

    def _begin_row(self) -> None:
        """What comes next on stderr begins a row, also in the middle of an answer."""
        self._hide()
        if self._column:
            self._out.flush()
            self._err.write("\n")
            self._column = 0

    def _make_way(self, text: str) -> None:
        """Before `text` goes to the terminal: the line of state goes if the text would run into it."""
        width = self._width()
        may_wrap = self._column + 2 * len(text) >= width  # no character takes more than two cells
        if self._drawn is not None and (not self._below or may_wrap or "\n" in text or "\t" in text):
            self._hide()
        self._err.flush()
        self._column = _column_after(self._column, text, width)
        self._last = text[-1:] or self._last

    def _hide(self) -> None:
        if self._drawn is not None:
            if self._below:
                self._out.flush()
            self._err.write(_CLEAR_BELOW + self._way_back() if self._below else _CLEAR_ROW)
            self._drawn = None

    def _draw(self, line: str) -> None:
        width = self._width()
        if self._column >= width and not self._last.isascii():
            return
        line = _cut(clean(line), width - 1)
        below = self._column > 0
        if line == self._drawn and below == self._below:
            return
        self._below = below
        move, back = (_ROW_BELOW, self._way_back()) if below else (_CLEAR_ROW, "")
        self._err.write(move + self._dimmed(line) + back)
        self._drawn = line

    def _way_back(self) -> str:
        """From the row below to where the answer continues."""
        width = self._width()
        if self._column < width:
            return _BACK
        # A cursor that hangs at the margin comes to hang there again only if the last character is written again.
        return f"{_BACK}\x1b[{width}G{self._dimmed(self._last, self._reasoning)}"

    def _dimmed(self, text: str, dim: bool = True) -> str:
        return f"{_DIM}{text}{_PLAIN}" if dim and self._styled else text

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._err.fileno()).columns or 80
        except OSError:
            return 80


def _is_pipe(stream: TextIO) -> bool:
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _in_foreground(stream: TextIO) -> bool:
    """Whether the stream is a terminal that this process may draw on; a job in the background may not."""
    if not stream.isatty():
        return False
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (AttributeError, OSError):  # a platform without job control, or a terminal that is not ours to control
        return True


def _stop_echo(terminal: int) -> Any:
    """Keep what is typed meanwhile, and `^C`, out of the answer; what gives the terminal its modes back, or None."""
    try:
        import termios
    except ImportError:
        return None
    with suppress(termios.error):
        modes = termios.tcgetattr(terminal)
        quiet = [*modes[:3], modes[3] & ~termios.ECHO, *modes[4:]]
        termios.tcsetattr(terminal, termios.TCSANOW, quiet)
        return modes
    return None


def _column_after(column: int, text: str, width: int) -> int:
    """The cursor's column after a text; `width` means that it hangs at the margin."""
    newline = text.rfind("\n")
    if newline >= 0:
        column, text = 0, text[newline + 1 :]
    if text.isascii() and "\t" not in text:
        column += len(text)
        return column if column <= width else (column - 1) % width + 1
    for character in text:
        if character == "\t":
            column = min(width - 1, column // 8 * 8 + 8)
            continue
        cells = _cells(character)
        column = cells if column + cells > width else column + cells
    return column


def _cut(text: str, width: int) -> str:
    """As much of the text as fits into so many cells."""
    while sum(map(_cells, text)) > width:
        text = text[:-1]
    return text


def _cells(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return 0 if unicodedata.category(character) in ("Mn", "Me", "Cf") else 1
