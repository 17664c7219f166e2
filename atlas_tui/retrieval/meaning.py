"""The search by meaning: the embedder that made a collection's vectors, with their index. It fails without a sound."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, InvalidStateError
from concurrent.futures import wait as futures
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from atlas_tui.config import load_config
from atlas_tui.errors import AtlasError
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
_KEPT = 8
"""Questions whose vectors are kept."""
Looked = Callable[[], list[Scored]]
"""Waits for what was looked for."""


class _Late(AtlasError):
    """The vector of a question is not there yet: the next one may be."""


class _Questions:
    """The vectors of the last questions, and of those that are just being embedded: a prompt that is sent is often the
    one that was looked for while it was typed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[str, Future[bytes]] = {}

    def ask(self, embedder: Embedder, question: str) -> Future[bytes]:
        """Have a question embedded, in a thread."""
        with self._lock:
            answer = self._asked.pop(question, None)
            if answer is None or (answer.done() and answer.exception() is not None):
                answer = Future()
                work = partial(_embed, embedder, question, answer)
                threading.Thread(target=work, name="atlas-question", daemon=True).start()
            self._asked[question] = answer
            while len(self._asked) > _KEPT:
                del self._asked[next(iter(self._asked))]
            return answer


@dataclass(frozen=True, slots=True)
class _Opened:
    """What answers questions to the vectors of one embedder; both None where nothing can."""

    made_by: str | None
    embedder: Embedder | None = None
    index: VectorIndex | None = None
    waits: bool = False
    """The settings want no question to be hurried."""
    questions: _Questions = field(default_factory=_Questions)

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
        once: there is one question.
    """

    def __init__(self, place: str, served: bool, config: Config | None, patience: float, once: bool = False) -> None:
        self._place = place
        self._served = served
        self._config = config
        self._patience = patience
        self._once = once
        self._hastened: Future[None] = Future()
        self._lock = threading.Lock()
        self._opened: _Opened | None = None
        self._notices: list[str] = []
        self.late = ""
        """Why the last search went without meaning, where the next one may have it."""

    @property
    def notices(self) -> list[str]:
        """Why passages are found by words alone, or more slowly."""
        opened = self._opened
        notice = opened.index.notice if opened and opened.index else ""
        told = any(notice in each for each in self._notices)
        return [*self._notices, *([] if told or not notice else [notice]), *([self.late] if self.late else [])]

    def look(
        self,
        collection: Collection,
        question: str,
        k: int,
        *,
        within: Sequence[str] | None,
        wait: bool,
        hurry: float | None = None,
    ) -> Looked:
        """Begin to look for the `k` chunks that are nearest in meaning. What is given waits for them: best first, none
        while that cannot be said.

        Args:
            wait: for an embedder that still loads, and for what a server has.
            hurry: seconds after which the question's vector is left out, for this time; a model that still loads is
                waited for besides, until `hasten`.
        """
        self.late = ""
        begun, patience = monotonic(), _LOADING if wait else self._patience
        try:
            opened = self._open(collection)
            if opened.index is not None and self._served and wait and not collection.generation:
                from atlas_tui.models.base import CancelToken

                opened.index.build(lambda done, total: None, CancelToken())
                opened = self._open(collection)
            embedder, index = opened.embedder, opened.index
            if embedder is None or index is None:
                return list
            waits = opened.waits
            hurry = None if waits else hurry
            if not (wait or waits or hurry is not None or embedder.ready()):
                embedder.warm()
                raise _Late(f"{embedder.name} is still loading")
            vector = opened.questions.ask(embedder, question[:_READ])
        except AtlasError as error:
            self._tell(error)
            return list

        def looked() -> list[Scored]:
            try:
                hastened = Future[None]() if waits else self._hastened
                loaded = self._loaded(embedder, [vector, hastened], begun + patience)
                until = begun + patience if hurry is None else max(begun, loaded) + hurry
                if embedder.ready():
                    futures([vector], timeout=max(0.0, until - monotonic()))
                if not vector.done():
                    if hastened.done() and not embedder.ready():
                        raise _Late(f"{embedder.name} is still loading (`wait = true` under [retrieval] waits for it)")
                    if hurry is not None:
                        raise _Late(f"{embedder.name} took longer than {hurry * 1000:.0f} ms")
                    raise AtlasError(f"the embedder {embedder.name} has not answered within {patience:g} s")
                allowed = None if within is None else collection.ids(within)
                return index.query(vector.result(), k, allowed=allowed)
            except AtlasError as error:
                self._tell(error)
                return []

        return looked

    def _loaded(self, embedder: Embedder, either: list[Future[Any]], until: float) -> float:
        """Wait for an embedder that still loads, until either has come; when that was, 0 where there was nothing to
        wait for."""
        if embedder.ready():
            return 0.0
        futures(either, timeout=max(0.0, until - monotonic()), return_when=FIRST_COMPLETED)
        return monotonic()

    def hasten(self) -> None:
        """No longer wait for an embedder that still loads."""
        with suppress(InvalidStateError):  # the columns of a comparison do it at the same time
            self._hastened.set_result(None)

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
                vectors = config.retrieval.vectors
                index = open_index(collection, self._place, embedder, vectors=vectors, once=self._once)
                self._opened = _Opened(made_by, embedder, index, config.retrieval.wait)
                index.refresh()
            return self._opened

    def _tell(self, error: AtlasError) -> None:
        sentence = f"passages are found by words alone: {error}"
        if isinstance(error, _Late):
            self.late = sentence
            return
        with self._lock:
            if sentence in self._notices:
                return
            self._notices.append(sentence)
        log.warning("%s", sentence, exc_info=error)


def _embed(embedder: Embedder, question: str, answer: Future[bytes]) -> None:
    try:
        [vector] = embedder.embed([question], question=True)
        answer.set_result(vector)
    except Exception as error:  # noqa: BLE001 - handed on to whoever waits
        answer.set_exception(error)
