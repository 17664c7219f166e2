"""The search by meaning: the embedder that made a collection's vectors, with their index. It fails without a sound."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from atlas_tui.config import load_config
from atlas_tui.errors import AtlasError
from atlas_tui.models.base import CancelToken
from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.values import Scored

if TYPE_CHECKING:
    from atlas_tui.config import Config
    from atlas_tui.retrieval.embedders import Embedder
    from atlas_tui.retrieval.vectors import VectorIndex

log = logging.getLogger(__name__)
_READ = 8000
"""Characters of a question that are embedded: more than most models read."""
_LOADING = 30.0
"""Seconds for a question that is to wait for its vector."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """What answers questions to the vectors of one embedder; both None where nothing can."""

    made_by: str | None
    embedder: Embedder | None = None
    index: VectorIndex | None = None

    def close(self) -> None:
        for part in (self.index, self.embedder):
            if part is not None:
                part.close()


class Meaning:
    """Opened at the first question to a collection that has vectors. What is missing is a notice, never an error.

    Args:
        place: the folder of the library, or the URL of a Chroma server.
        served: whether it is a server, where others may have indexed what is not here yet.
        config: the settings; None loads the user's.
        patience: seconds that a question waits for its vector, unless it is to wait for it.
    """

    def __init__(self, place: str, served: bool, config: Config | None, patience: float) -> None:
        self._place = place
        self._served = served
        self._config = config
        self._patience = patience
        self._lock = threading.Lock()
        self._opened: _Opened | None = None
        self._notices: list[str] = []

    @property
    def notices(self) -> list[str]:
        """Why passages are found by words alone, or more slowly."""
        opened = self._opened
        notice = opened.index.notice if opened and opened.index else ""
        told = any(notice in each for each in self._notices)
        return list(self._notices) if told or not notice else [*self._notices, notice]

    def search(
        self, collection: Collection, question: str, k: int, *, within: Sequence[str] | None, wait: bool
    ) -> list[Scored]:
        """The `k` chunks that are nearest in meaning, best first; none while that cannot be said.

        Args:
            wait: for an embedder that still loads, and for what a server has.
        """
        try:
            opened = self._open(collection)
            if opened.index is not None and self._served and wait and not collection.generation:
                opened.index.build(lambda done, total: None, CancelToken())
                opened = self._open(collection)
            if opened.embedder is None or opened.index is None:
                return []
            if not (wait or opened.embedder.ready()):
                opened.embedder.warm()
                return []
            vector = _embed(opened.embedder, question[:_READ], _LOADING if wait else self._patience)
            return opened.index.query(vector, k, allowed=None if within is None else collection.ids(within))
        except AtlasError as error:
            self._tell(error)
            return []

    def warm(self, collection: Collection) -> None:
        """Begin to load what a question needs, behind."""
        try:
            embedder = self._open(collection).embedder
            if embedder is not None:
                embedder.warm()
        except AtlasError as error:
            self._tell(error)

    def close(self) -> None:
        """End what runs behind; the next question begins it again."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def _open(self, collection: Collection) -> _Opened:
        made_by = collection.embedder
        with self._lock:
            if self._opened is not None and self._opened.made_by == made_by:
                return self._opened
            if self._opened is not None:
                self._opened.close()
            self._opened = _Opened(made_by)  # what cannot be opened is not tried at every question
            if made_by is not None or self._served:
                from atlas_tui.retrieval.embedders import embedder_for
                from atlas_tui.retrieval.vectors import open_index

                config = self._config or load_config()
                # The maker of vectors is named with their number of dimensions.
                embedder = embedder_for(made_by.rpartition(":")[0], config) if made_by else None
                index = open_index(collection, self._place, embedder, vectors=config.retrieval.vectors)
                self._opened = _Opened(made_by, embedder, index)
                index.refresh()
            return self._opened

    def _tell(self, error: AtlasError) -> None:
        sentence = f"passages are found by words alone: {error}"
        with self._lock:
            if sentence in self._notices:
                return
            self._notices.append(sentence)
        log.warning("%s", sentence, exc_info=error)


def _embed(embedder: Embedder, question: str, patience: float) -> bytes:
    """The question's vector.

    Raises:
        AtlasError: there is none, or none within `patience` seconds.
    """
    answers: SimpleQueue[bytes | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            [vector] = embedder.embed([question], question=True)
            answers.put(vector)
        except Exception as error:  # noqa: BLE001 - handed on to whoever waits
            answers.put(error)

    threading.Thread(target=ask, name="atlas-question", daemon=True).start()
    try:
        answer = answers.get(timeout=patience)
    except Empty:
        raise AtlasError(f"the embedder {embedder.name} has not answered within {patience:g} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer
