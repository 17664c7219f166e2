"""The process that reads PDFs: files come on standard input, pages go as JSON lines to standard output.

A file is its length in 8 bytes and its bytes. For each page there is `{"page", "text", "headings"}`, and at the end
`{"pages"}` or `{"pages", "problem"}`.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from io import BytesIO
from typing import Any

from atlas_tui.retrieval.reading.blocks import heading

_MEMORY = 2_000_000_000
_CPU_SECONDS = 900
_DEPTH = 6
_LEADERS = re.compile(r"(?:[ \t]?\.){5,}")
_LIGATURES = {0xFB00 + number: letters for number, letters in enumerate(("ff", "fi", "fl", "ffi", "ffl", "st", "st"))}
"""Which many fonts have for one sign, and nobody asks for."""
_DIVIDED = re.compile(r"(?<=[^\W\d_])-\n(?=[^\W\d_])")


def main() -> None:
    """Read until no file comes any more."""
    _limit()
    logging.disable(logging.CRITICAL)
    while length := sys.stdin.buffer.read(8):
        data = sys.stdin.buffer.read(int.from_bytes(length, "big"))
        _limit_time()
        _read(data)


def _read(data: bytes) -> None:
    pages = 0
    try:
        from pypdf import PdfReader

        reader = PdfReader(BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            _say(pages=0, problem="encrypted: it needs a password")
            return
        bookmarks = _bookmarks(reader)
        path: list[str] = []
        for number, page in enumerate(reader.pages):
            path = bookmarks.get(number, path)
            text = _LEADERS.sub(" …", _DIVIDED.sub("", page.extract_text())).translate(_LIGATURES)
            pages = number + 1
            _say(page=pages, text=text, headings=path)
    except MemoryError:
        raise  # the process is of no use any more
    except Exception as error:  # noqa: BLE001 - whatever a damaged file can make pypdf raise
        _say(pages=pages, problem=f"a damaged PDF ({type(error).__name__})")
    else:
        _say(pages=pages)


def _bookmarks(reader: Any) -> dict[int, list[str]]:
    """By page index: the path of the last bookmark that leads to it. Without usable ones, nothing."""
    found: dict[int, list[str]] = {}

    def enter(entries: list[Any], path: list[str]) -> None:
        below = path
        for entry in entries:
            if isinstance(entry, list):
                if len(below) < _DEPTH:
                    enter(entry, below)
                continue
            below = [*path, heading(str(entry.title))]
            number = reader.get_destination_page_number(entry)
            if number is not None:
                found.setdefault(number, below)

    try:
        enter(reader.outline, [])
    except Exception:  # as above; the pages may still be whole
        logging.getLogger(__name__).debug("no bookmarks", exc_info=True)
    return found


def _say(**answer: Any) -> None:
    print(json.dumps(answer), flush=True)


def _limit() -> None:
    """So much memory and no more; a system that cannot limit it does without."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _limit_time() -> None:
    """If nobody is there any more to end this process, its own time does."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + _CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
