"""The index that knowledge bases ask: Chroma for what it has, exact search for the rest.

Chroma's generations never change and are made behind, so there is always something that Chroma does not know yet,
and something that it still knows. What it lacks is held here and compared exactly; what has left the library is left
out. While Chroma is not there, because it is still loading, has crashed, or is not installed, everything is compared
exactly. So each question sees what the library holds, and only the time that it takes differs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from atlas_tui.errors import AtlasError
from atlas_tui.models.base import CancelToken
from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.values import Scored
from atlas_tui.retrieval.vectors.engine import Engine
from atlas_tui.retrieval.vectors.exact import HELD, ExactVectors
from atlas_tui.retrieval.worker import WorkerDied, WorkerFailed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = NDArray[np.int64]

log = logging.getLogger(__name__)
_LIVES = 2
"""Times that Chroma's process may end by itself before exact search takes over for good."""
_BEHIND = 1000
"""Chunks that Chroma may lack, or have too many, before the next generation is made; from 20,000 on a share."""
_BEHIND_SHARE = 0.05
_FEW = 4096
"""Allowed chunks up to which comparing them exactly is faster than asking Chroma for more and leaving out."""
_MOST = 1000
"""Records that Chroma is asked for at most."""
_NEWS = 30.0
"""Seconds between two looks at a server, where others write too."""
Progress = Callable[[int, int], None]


class LayeredIndex:
    """See `VectorIndex`.

    Args:
        collection: the library's.
        model: the embedder of the vectors, with the number of dimensions at the end.
        engine: Chroma; None for exact search alone.
        at_least: vectors below which Chroma is not worth its process.
        held: bytes of vectors that are held in memory at most.
    """

    def __init__(
        self, collection: Collection, model: str, engine: Engine | None, *, at_least: int = 0, held: int = HELD
    ) -> None:
        self.notice = ""
        """See `VectorIndex`."""
        self._collection = collection
        self._model = model
        self._dimensions = int(model.rpartition(":")[2])
        self._engine = engine
        self._at_least = at_least
        self._exact = ExactVectors(collection, model, self._dimensions, limit=held)
        self._lock = threading.RLock()
        self._generation = -1
        self._live: Ids | None = None
        self._known: Ids | None = None
        """The chunks in Chroma; None while it does not answer."""
        self._deaths = 0
        self._looked = 0.0
        self._tending = threading.Lock()
        self._again = False
        self._thread: threading.Thread | None = None
        self._closed = False

    # Questions

    def query(self, vector: bytes, k: int, *, allowed: set[int] | None = None) -> list[Scored]:
        """See `VectorIndex`."""
        import numpy as np

        if len(vector) != self._dimensions * 4:
            raise AtlasError(f"the question's vector is not of {self._model}: ask with the embedder of the collection")
        self._catch_up()
        with self._lock:
            live, known, exact = self._live, self._known, self._exact
        assert live is not None
        question = np.frombuffer(vector, "<f4")
        wanted = None if allowed is None else np.array(sorted(allowed), np.int64)
        if wanted is not None:
            wanted = np.intersect1d(live, wanted, assume_unique=True)
            if known is not None and wanted.size <= _FEW:
                return exact.of(wanted, question, k)
        hits = exact.best(question, k, wanted)
        if known is not None:
            try:
                hits += self._ask(vector, k, live if wanted is None else wanted, known)
            except (WorkerDied, WorkerFailed) as error:
                self._lost(error)
                return self._exact.best(question, k, wanted)
        hits.sort(key=lambda hit: -hit.score)
        return hits[:k]

    def _ask(self, vector: bytes, k: int, wanted: Ids, known: Ids) -> list[Scored]:
        """Chroma's nearest among the wanted chunks: more are asked for than needed, as some will be others."""
        import numpy as np

        assert self._engine is not None
        within = np.intersect1d(wanted, known, assume_unique=True)
        number = min(k, within.size)
        if not number:
            return []
        asked = number
        if within.size < known.size:
            asked = min(known.size, _MOST, int(number * known.size / within.size * 1.5) + 10)
        found = self._engine.query(vector, asked)
        if within.size < known.size:
            kept = set(within[np.isin(within, [hit.id for hit in found])].tolist())
            found = [hit for hit in found if hit.id in kept]
        if len(found) < number and within.size != known.size:
            return self._exact.of(within, np.frombuffer(vector, "<f4"), k)
        return found[:k]

    def _catch_up(self) -> None:
        """See what the library has, at the least what is new at its end; the rest follows behind."""
        import numpy as np

        with self._lock:
            generation = self._collection.generation
            if self._live is None:
                self._see(generation)
            elif generation != self._generation:
                last = int(self._live[-1]) if self._live.size else 0
                new = [id_ for id_, _ in self._collection.vectors(self._model, last, _BEHIND)]
                self._generation = generation
                if new:
                    self._live = np.concatenate([self._live, np.array(new, np.int64)])
                    self._hold()
            elif not self._due():
                return
        self.refresh()

    def _see(self, generation: int) -> None:
        import numpy as np

        self._live = np.array(self._collection.vector_ids(self._model), np.int64)
        self._generation = generation
        self._hold()

    def _hold(self) -> None:
        import numpy as np

        assert self._live is not None
        known = self._known
        self._exact.hold(self._live if known is None else np.setdiff1d(self._live, known, assume_unique=True))

    def _due(self) -> bool:
        """Whether Chroma should be looked after although the library has not changed."""
        if self._engine is None or self._thread is not None:
            return False
        return self._engine.remote and time.monotonic() - self._looked > _NEWS

    def _lost(self, error: AtlasError) -> None:
        with self._lock:
            if self._known is None:
                return  # another question has said so
            self._known = None
            self._count_death(error)
            assert self._engine is not None
            self._engine.lost()
            self._hold()
        if self._deaths < _LIVES:
            self.refresh()

    def _count_death(self, error: AtlasError) -> None:
        self._deaths += 1
        log.warning("Chroma does not answer: %s", error)
        if self._deaths >= _LIVES:
            self.notice = f"Chroma does not answer ({error}): vectors are searched without it, which is slower"

    # Behind

    def refresh(self) -> None:
        """See `VectorIndex`."""
        with self._lock:
            self._again = True
            if self._closed or self._thread is not None:
                return
            self._thread = threading.Thread(target=self._run, name="atlas-vectors", daemon=True)
            self._thread.start()

    def build(self, progress: Progress, cancel: CancelToken) -> None:
        """See `VectorIndex`."""
        with self._lock:
            self._deaths = 0
        if self._engine is not None:
            cancel.on_cancel(self._engine.stop_building)
        try:
            with self._tending:
                self._tend(progress)
        finally:
            if self._engine is not None:
                cancel.forget(self._engine.stop_building)
        if self.notice:
            raise AtlasError(self.notice)

    def close(self) -> None:
        """See `VectorIndex`."""
        with self._lock:
            self._closed = True
            self._known = None
            thread = self._thread
        if self._engine is not None:
            self._engine.close()
        if thread is not None and thread is not threading.current_thread():
            thread.join(3.0)

    def _run(self) -> None:
        while True:
            with self._lock:
                if self._closed or not self._again:
                    self._thread = None
                    return
                self._again = False
            try:
                with self._tending:
                    self._tend(lambda done, total: None)
            except AtlasError as error:
                self.notice = str(error)
            except Exception:
                log.exception("the index of vectors could not be looked after")

    def _tend(self, progress: Progress) -> None:
        """Bring everything to the library's state: what is held here, and Chroma where it is worth it."""
        self._looked = time.monotonic()
        engine = self._engine
        if engine is not None and not self._worth_it():
            engine = None
        while engine is not None and not self._closed and self._deaths < _LIVES:
            try:
                if engine.changed or self._known is None:
                    self._open(engine)
                with self._lock:
                    self._see(self._collection.generation)
                if engine.remote or self._behind():
                    engine.build(progress)
                    if engine.changed:
                        self._open(engine)
                self.notice = ""
                break
            except WorkerFailed as error:
                if error.kind == "busy":  # its work is ours: the next look finds it done
                    break
                if error.kind == "unreachable":
                    self.notice = str(error)
                    self._forget(engine)
                    break
                log.warning("the index of vectors is made anew: %s", error)
                self._forget(engine)
                engine.discard()
                self._count_death(error)
            except WorkerDied as error:
                if self._closed:
                    return
                self._forget(engine)
                self._count_death(error)
                if self._deaths >= _LIVES:
                    engine.discard()  # it may be its folder that ends the process
        with self._lock:
            self._see(self._collection.generation)

    def _worth_it(self) -> bool:
        if not self._at_least:
            return True
        return len(self._collection.vectors(self._model, 0, self._at_least)) >= self._at_least

    def _open(self, engine: Engine) -> None:
        known = engine.open()
        with self._lock:
            self._known = known
            if self._live is not None:
                self._hold()

    def _forget(self, engine: Engine) -> None:
        with self._lock:
            self._known = None
        with suppress(AtlasError):
            engine.lost()

    def _behind(self) -> bool:
        """Whether Chroma lacks, or has too many, so many chunks that the next generation is worth making."""
        import numpy as np

        assert self._live is not None
        if self._known is None:
            return bool(self._live.size)
        differing = np.setxor1d(self._live, self._known, assume_unique=True).size
        return bool(differing >= max(_BEHIND, _BEHIND_SHARE * self._live.size))
