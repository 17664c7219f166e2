"""Filling in: vectors for the chunks that have none yet, behind the words that can be searched at once.

    filled = fill(collection, embedder, progress=bar, cancel=token)
    index.build(bar, token)            # or index.refresh(), to have it done behind

Whatever stops it, what was embedded is kept, and the next time goes on from there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from atlas_tui.config import make_private_folder
from atlas_tui.errors import AtlasError, Kind, ProviderError
from atlas_tui.locks import lock
from atlas_tui.models.base import CancelToken
from atlas_tui.retrieval.embedders import Embedder
from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.stopping import Stop, Stopped
from atlas_tui.retrieval.vectors.layered import mixed
from atlas_tui.text import one_line

_BATCH = 64
"""Texts between two commits: a second or two on a slow machine."""
_ATTEMPTS = 5
_LONGEST_WAIT = 60.0
"""Seconds that a server may ask to wait; above it the filling stops with what it has."""
_POLL = 0.2
_TEXT_AT_FAULT: tuple[Kind, ...] = ("bad_request", "context_length", "refused")
"""Failures that other texts may not share."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Filled:
    """What a filling did."""

    embedder: str
    """Which made the vectors, with the number of dimensions; empty where there was nothing to embed."""
    embedded: int = 0
    refused: int = 0
    """Texts that the embedder did not take; words find them."""
    complete: bool = True
    """Nothing is left; False after a cancel."""


def fill(
    collection: Collection,
    embedder: Embedder,
    *,
    progress: Progress = lambda done, total: None,
    cancel: CancelToken | None = None,
    change: bool = False,
) -> Filled:
    """Embed what has no vector yet. Only one process at a time does so in a library; another waits for it.

    Args:
        collection: the library's.
        embedder: the one that made the collection's vectors so far, or the first.
        progress: called with texts done and texts in all.
        cancel: stops it at once; what is being embedded just then is left to the next time.
        change: from now on this embedder counts, and all of the collection is embedded again if another one did.

    Raises:
        ConfigError: another embedder made the collection's vectors, and `change` was not asked for.
        AtlasError: the embedder fails, or the library cannot be written; what was done is kept.
    """
    stop = Stop(cancel)
    try:
        have = collection.embedder
        if have and not change and have.rpartition(":")[0] != embedder.name:
            raise mixed(collection.name, have, embedder.name)
        with _alone(collection, stop):
            return _Filling(collection, embedder, progress, stop, change).run()
    finally:
        stop.forget()


@contextmanager
def _alone(collection: Collection, stop: Stop) -> Iterator[None]:
    """Nobody pays twice for a text. Raises AtlasError where the folder cannot be written."""
    path = collection.file.with_name(f"{collection.file.name}.filling")
    try:
        make_private_folder(path.parent)
        file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise AtlasError(f"{one_line(str(path.parent))} cannot be written ({error.strerror}): check it") from error
    try:
        while True:
            try:
                lock(file)
                break
            except OSError:
                if stop.within(_POLL):
                    break
        yield
    finally:
        os.close(file)


class _Filling:
    def __init__(
        self, collection: Collection, embedder: Embedder, progress: Progress, stop: Stop, change: bool
    ) -> None:
        self._collection = collection
        self._embedder = embedder
        self._progress = progress
        self._stop = stop
        self._change = change
        self._name = ""
        self._done = self._refused = 0

    def run(self) -> Filled:
        """See `fill`."""
        try:
            self._fill()
        except Stopped:
            return self._filled(complete=False)
        return self._filled(complete=True)

    def _filled(self, *, complete: bool) -> Filled:
        return Filled(self._name, self._done - self._refused, self._refused, complete)

    def _fill(self) -> None:
        model = self._model()
        if model is None:
            return
        self._name = model
        total = len(self._collection.ids()) - len(self._collection.vector_ids(model))
        after = ""
        while missing := self._collection.missing(model, _BATCH, after):
            self._progress(self._done, max(total, self._done))
            vectors = self._embed([text for _, text in missing])
            kept = {key: vector for (key, _), vector in zip(missing, vectors, strict=True) if vector is not None}
            if any(len(vector) != _size(model) for vector in kept.values()):
                raise AtlasError(f"{self._embedder.name} gives vectors of another size than before: {_ANEW}")
            self._collection.add_vectors(model, kept)
            self._done += len(missing)
            after = missing[-1][0]
        self._progress(self._done, self._done)

    def _model(self) -> str | None:
        """Under which name the vectors are kept, and the collection told so; None where there is nothing to embed."""
        have = self._collection.embedder
        if have and have.rpartition(":")[0] == self._embedder.name and not self._change:
            return have
        first = self._collection.missing("", 1)  # nothing has a vector of no model
        if not first:
            return None
        (vector,) = self._embed([first[0][1]])
        if vector is None:
            raise AtlasError(f"{self._embedder.name} does not take texts: choose another embedder")
        model = f"{self._embedder.name}:{len(vector) // 4}"
        if model != have:
            self._collection.set_embedder(model)
        return model

    def _embed(self, texts: Sequence[str]) -> Sequence[bytes | None]:
        """The vectors of the texts; None for one that the embedder does not take."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._stop.during(partial(self._embedder.embed, texts))
            except ProviderError as error:
                if error.kind in _TEXT_AT_FAULT and len(texts) > 1:
                    return [vector for text in texts for vector in self._embed([text])]
                if error.kind in _TEXT_AT_FAULT and self._collection.embedder:
                    self._refused += 1
                    return [None]
                wait = error.retry_after if error.retry_after is not None else 2.0 ** (attempt - 1)
                if not error.retryable or attempt == _ATTEMPTS or wait > _LONGEST_WAIT:
                    raise
                if self._stop.within(wait):
                    raise Stopped from error
        raise AssertionError("the last attempt returns or raises")


_ANEW = "embed all of it again with `atlas-tui index --embedder`"


def _size(model: str) -> int:
    return int(model.rpartition(":")[2]) * 4
