"""The terminal as Textual writes to it, made to survive its own end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO


class _Enduring:
    """Takes text also when there is nobody any more who could read it.

    Textual's writer thread dies of the error that a closed terminal gives; what is still written then fills its
    queue, and the program waits for ever for room in it instead of ending.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._gone = False

    def write(self, text: str) -> int:
        """Write, unless the terminal has gone."""
        if not self._gone:
            try:
                return self._file.write(text)
            except OSError:
                self._gone = True
        return len(text)

    def flush(self) -> None:
        """Flush, unless the terminal has gone."""
        if not self._gone:
            try:
                self._file.flush()
            except OSError:
                self._gone = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def enduring_terminal() -> Iterator[None]:
    """While this lasts, Textual's drivers, which write to `sys.__stderr__`, outlive the terminal."""
    file = sys.__stderr__
    if file is None:
        yield
        return
    sys.__stderr__ = _Enduring(file)  # type: ignore[misc, assignment]
    try:
        yield
    finally:
        sys.__stderr__ = file  # type: ignore[misc]
