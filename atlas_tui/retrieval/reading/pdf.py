"""PDF: the text of each page, read by a process of its own.

A PDF is a program of a kind: it can be made to run for ever or to fill any memory, by accident too. So pypdf runs in
a process that can be ended at any moment; it stays for the next file, and ends with ours.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

from atlas_tui.retrieval.reading import plain
from atlas_tui.retrieval.reading.blocks import Block, Reading, Unreadable
from atlas_tui.text import sound

_FILE_SECONDS = 600.0
_TEXT_LIMIT = 50_000_000
_TICK = 0.1


class PdfReader:
    """Reads PDFs, one after another. Made cheaply: the process starts with the first file.

    Args:
        page_seconds: after this time without another page the rest of the file is given up.
    """

    def __init__(self, page_seconds: float) -> None:
        self._page_seconds = page_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def read(self, data: bytes, cancelled: Callable[[], bool] = lambda: False) -> Reading:
        """The pages' paragraphs, under the bookmarks that lead to them.

        What came before a page that never ends is kept, and the reading's notice says so.

        Raises:
            Unreadable: no page can be read, or `cancelled` has become true.
        """
        self._ask(data)
        blocks: list[Block] = []
        pages = size = 0
        end = monotonic() + _FILE_SECONDS
        problem = ""
        while True:
            answer = self._next(min(end, monotonic() + self._page_seconds), cancelled)
            if "page" not in answer:
                pages, problem = answer.get("pages", pages), answer.get("problem", "")
                break
            pages = answer["page"]
            size += len(answer["text"])
            blocks += _page_blocks(answer)
            if size > _TEXT_LIMIT:
                self.close()
                problem = "it unpacks to too much text"
                break
        if problem and not blocks:
            raise Unreadable(problem)
        if not blocks:
            raise Unreadable("a PDF without text: pictures of pages, it seems")
        return Reading(blocks, f"only its first {pages} pages are read: {problem}" if problem else "")

    def close(self) -> None:
        """End the process."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._process = None

    def _ask(self, data: bytes) -> None:
        for _ in range(2):
            process = self._process or self._start()
            assert process.stdin is not None
            with suppress(OSError):  # it has died since the last file
                process.stdin.write(len(data).to_bytes(8, "big") + data)
                process.stdin.flush()
                return
            self.close()
        raise Unreadable("the process that reads PDFs does not start")

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "atlas_tui.retrieval.reading.pages"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl+C is ours to handle
        )
        self._answers = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(self._process, self._answers), name="pdf", daemon=True).start()
        return self._process

    def _next(self, until: float, cancelled: Callable[[], bool]) -> dict[str, Any]:
        while True:
            with suppress(queue.Empty):
                answer = self._answers.get(timeout=_TICK)
                if "ended" in answer:
                    self.close()
                return answer
            if cancelled():
                self.close()
                return {"problem": "interrupted"}
            if monotonic() > until:
                self.close()
                return {"problem": f"a page took more than {self._page_seconds:g} s"}


def _listen(process: subprocess.Popen[bytes], answers: queue.SimpleQueue[dict[str, Any]]) -> None:
    assert process.stdout is not None
    with suppress(ValueError, OSError):  # closed meanwhile
        for line in process.stdout:
            answers.put(json.loads(line))
    answers.put({"ended": True, "problem": "a damaged PDF: reading it fails or takes too much memory"})


def _page_blocks(answer: dict[str, Any]) -> list[Block]:
    text = sound(answer["text"]).replace("\0", "\ufffd")
    headings = tuple(map(sound, answer["headings"]))
    return [Block(block.text, headings, page=answer["page"]) for block in plain.read(text)]
