"""Chroma behind the index: one process that answers, another that makes the next generation."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from atlas_tui.config import make_private_folder
from atlas_tui.retrieval.values import Scored
from atlas_tui.retrieval.vectors.generations import Generations, ids_of
from atlas_tui.retrieval.worker import Answer, Worker, WorkerDied

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_OPENING = 60.0
"""Seconds that opening may take: importing Chroma on a slow machine, and reading half a million vectors."""
_ASKING = 5.0
"""Seconds that a question may take: usually a few thousandths; above it exact search is the faster way."""
_BATCHING = 600.0
"""Seconds between two signs of life of a process that builds."""


class Engine:
    """Chroma, in a folder or on a server.

    Args:
        task: the module of the worker's process, `chroma_local` or `chroma_server`.
        root: the folder of the generations.
        values: what the task's `build` and `open` are told besides `root`.
        remote: others write there too, so it must be asked for news.
    """

    def __init__(self, task: str, root: Path, values: Answer, *, remote: bool = False) -> None:
        self.remote = remote
        self._task = f"atlas_tui.retrieval.vectors.{task}"
        self._values = {"root": str(root), **values}
        self._generations = Generations(root)
        self._opened: Path | None = None
        self._worker: Worker | None = None
        self._builder: Worker | None = None
        self._spare: Worker | None = None
        self._workers: set[Worker] = set()
        self._lock = threading.Lock()
        self._closed = False

    @property
    def changed(self) -> bool:
        """Whether another generation than the one that is open should be read."""
        return self._generations.current() != self._opened

    def open(self) -> NDArray[np.int64] | None:
        """Have the current generation answer; the chunks in it, or None where there is none.

        Raises:
            WorkerDied: the process ended.
            WorkerFailed: it cannot be opened; of kind `broken`, it never will.
        """
        current = self._generations.current()
        if current is None:
            return None
        with self._lock:
            spare, self._spare = self._spare, None
        worker = spare if spare is not None and spare.alive else self._start()
        try:
            answer = worker.call("open", timeout=_OPENING, **self._values)
            number = answer["generation"]
            opened = None if number is None else self._generations.root / number
            ids = None if opened is None else ids_of(opened)
        except BaseException:
            self._end(worker)
            raise
        if opened is None:
            self._end(worker)
            return None
        with self._lock:
            old, self._worker, self._opened = self._worker, worker, opened
        self._end(old)
        if self._closed:
            raise WorkerDied("the index is closed")
        return ids

    def query(self, vector: bytes, k: int) -> list[Scored]:
        """The `k` nearest of what is open.

        Raises:
            WorkerDied: the process ended or does not answer.
            WorkerFailed: Chroma could not.
        """
        worker = self._worker
        if worker is None:
            raise WorkerDied("Chroma is not open")
        answer = worker.call("query", timeout=_ASKING, vector=b64encode(vector).decode(), k=k)
        return [Scored(id_, score) for id_, score in zip(answer["ids"], answer["scores"], strict=True)]

    def news(self) -> bool:
        """Whether what is open, on a server, should be shared again.

        Raises:
            WorkerDied: the process ended or does not answer.
            WorkerFailed: the server does not answer.
        """
        worker = self._worker
        return worker is None or bool(worker.call("news", timeout=_OPENING, **self._values)["news"])

    def build(self, progress: Callable[[int, int], None]) -> None:
        """Make the next generation, and wait for it.

        Raises:
            WorkerDied: the process ended.
            WorkerFailed: it could not; of kind `busy`, another process does just now.
        """
        worker = self._builder = self._start()
        try:
            worker.call(
                "build",
                timeout=_BATCHING,
                progress=lambda sofar: progress(sofar["done"], sofar["total"]),
                **self._values,
            )
        except BaseException:
            if not self._closed:
                self._end(worker)
            raise
        finally:
            self._builder = None
        if self.remote:
            self._spare = worker  # Chroma is imported there: it can answer as well
        else:
            self._end(worker)  # it runs with a low priority, and holds much memory

    def stop_building(self) -> None:
        """Have `build` end soon with what is done."""
        if builder := self._builder:
            builder.stop()

    def lost(self) -> None:
        """What answered does so no more."""
        with self._lock:
            worker, self._worker, self._opened = self._worker, None, None
            spare, self._spare = self._spare, None
        self._end(worker)
        self._end(spare)

    def discard(self) -> None:
        """Have nobody read the current generation any more: it is broken."""
        with suppress(OSError):
            if current := self._generations.current():
                self._generations.discard(current)

    def close(self) -> None:
        """End the processes; the one that builds ends by itself, with what it has."""
        with self._lock:
            self._closed = True
            workers = list(self._workers)
        for worker in workers:
            if worker is self._builder:
                worker.release()
            else:
                self._end(worker)

    def _start(self) -> Worker:
        with self._lock:
            if self._closed:
                raise WorkerDied("the index is closed")
            worker = Worker(self._task, make_private_folder(self._generations.root))
            self._workers.add(worker)
            return worker

    def _end(self, worker: Worker | None) -> None:
        if worker is not None:
            worker.close()
            self._workers.discard(worker)
