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
from typing import TYPE_CHECKING

from atlas_tui.errors import AtlasError, ConfigError
from atlas_tui.models.base import CancelToken
from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.values import Scored
from atlas_tui.retrieval.vectors.engine import Engine
from atlas_tui.retrieval.vectors.exact import HELD, ExactVectors
from atlas_tui.retrieval.worker import WorkerDied, WorkerFailed
from atlas_tui.text import one_line

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
        embedder: the name of the one that embeds the questions; None where none will be asked.
        engine_for: makes Chroma for the vectors of a model; None for exact search alone.
        at_least: vectors below which Chroma is not worth its process.
        held: bytes of vectors that are held in memory at most.
    """

    def __init__(
        self,
        collection: Collection,
        embedder: str | None,
        engine_for: Callable[[str | None], Engine | None],
        *,
        at_least: int = 0,
        held: int = HELD,
    ) -> None:
        self.notice = ""
        """See `VectorIndex`."""
        self._collection = collection
        self._embedder = embedder
        self._engine_for = engine_for
        self._at_least = at_least
        self._held = held
        self._lock = threading.RLock()
        self._generation = -1
        self._model: str | None = None
        """The embedder of the vectors with the number of dimensions; None while there are none."""
        self._hurried = False
        """Only what is new in the library was looked at yet, not what has gone."""
        self._live: Ids | None = None
        self._exact: ExactVectors | None = None
        self._engine = engine_for(None)
        self._known: Ids | None = None
        """The chunks in Chroma; None while it does not answer."""
        self._deaths = 0
        self._looked = 0.0
        self._tending = threading.Lock()
        self._again = False
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def searched_by(self) -> str:
        """What answers now, for a person: `Chroma` or `exact search`."""
        return "Chroma" if self._known is not None else "exact search"

    # Questions

    def query(self, vector: bytes, k: int, *, allowed: set[int] | None = None) -> list[Scored]:
        """See `VectorIndex`."""
        self._catch_up()
        hits = self._search(vector, k, allowed)
        if self._hurried and self._model and hits:
            there = self._collection.vectors_of(self._model, [hit.id for hit in hits])
            if len(there) < len(hits):  # some have left the library, and kept others out
                with self._lock:
                    self._see()
                hits = self._search(vector, k, allowed)
        return hits

    def _search(self, vector: bytes, k: int, allowed: set[int] | None) -> list[Scored]:
        import numpy as np

        with self._lock:
            model, live, known, exact, engine = self._model, self._live, self._known, self._exact, self._engine
        if exact is None or live is None or model is None or not live.size:
            return []
        if len(vector) != int(model.rpartition(":")[2]) * 4:
            raise AtlasError(f"the question's vector is not of {model}: ask with the embedder of the collection")
        question = np.frombuffer(vector, "<f4")
        wanted = None
        if allowed is not None:
            wanted = np.intersect1d(live, np.array(sorted(allowed), np.int64), assume_unique=True)
            if known is not None and wanted.size <= _FEW:
                return exact.of(wanted, question, k)
        hits = exact.best(question, k, wanted)
        if known is not None and engine is not None:
            try:
                hits += self._ask(engine, exact, vector, k, live if wanted is None else wanted, known)
            except (WorkerDied, WorkerFailed) as error:
                self._lost(engine, known, error)
                with self._lock:
                    return self._exact.best(question, k, wanted) if self._exact else []
        hits.sort(key=lambda hit: -hit.score)
        return hits[:k]

    def _ask(self, engine: Engine, exact: ExactVectors, vector: bytes, k: int, wanted: Ids, known: Ids) -> list[Scored]:
        """Chroma's nearest among the wanted chunks: more are asked for than needed, as some will be others."""
        import numpy as np

        within = np.intersect1d(wanted, known, assume_unique=True)
        number = min(k, within.size)
        if not number:
            return []
        if within.size == known.size:
            return engine.query(vector, number)
        asked = min(known.size, _MOST, int(number * known.size / within.size * 3) + 10)
        found = engine.query(vector, asked)
        kept = set(within[np.isin(within, [hit.id for hit in found])].tolist())
        found = [hit for hit in found if hit.id in kept]
        return found if len(found) >= number else exact.of(within, np.frombuffer(vector, "<f4"), k)

    def _catch_up(self) -> None:
        """See what the library has, at the least what is new at its end; the rest follows behind."""
        import numpy as np

        with self._lock:
            generation = self._collection.generation
            if generation == self._generation:
                if not self._due():
                    return
            elif self._live is None or self._collection.embedder != self._model:
                self._see()
            elif self._model is not None:
                last = int(self._live[-1]) if self._live.size else 0
                new = [id_ for id_, _ in self._collection.vectors(self._model, last, _BEHIND)]
                self._generation, self._hurried = generation, True
                if len(new) == _BEHIND:
                    self._see()
                elif new:
                    self._live = np.concatenate([self._live, np.array(new, np.int64)])
                    self._hold()
        self.refresh()

    def _see(self) -> None:
        """Take what the library has now.

        Raises:
            ConfigError: its vectors are another embedder's.
        """
        import numpy as np

        self._adopt()
        self._generation, self._hurried = self._collection.generation, False
        self._live = np.array(self._collection.vector_ids(self._model) if self._model else [], np.int64)
        self._hold()

    def _adopt(self) -> None:
        """Turn to the vectors that count now.

        Raises:
            ConfigError: they are another embedder's.
        """
        model = self._collection.embedder
        if model == self._model:
            return
        if model and self._embedder and model.rpartition(":")[0] != self._embedder:
            raise mixed(self._collection.name, model, self._embedder)
        if self._engine is not None:
            self._engine.close()
        self._model, self._live, self._known = model, None, None
        self._engine = self._engine_for(model)
        self._exact = ExactVectors(self._collection, model, limit=self._held) if model else None

    def _hold(self) -> None:
        import numpy as np

        if self._exact is not None and self._live is not None:
            lacking = self._live if self._known is None else np.setdiff1d(self._live, self._known, assume_unique=True)
            self._exact = self._exact.holding(lacking)

    def _due(self) -> bool:
        """Whether Chroma should be looked after although the library has not changed."""
        engine, since = self._engine, time.monotonic() - self._looked
        if engine is None or self._thread is not None or self._deaths >= _LIVES:
            return False
        return since > _NEWS if engine.remote else since > 1 and engine.changed

    def _lost(self, engine: Engine, known: Ids, error: AtlasError) -> None:
        """A question got no answer from Chroma: it is answered without, and Chroma started again behind."""
        with self._lock:
            if self._engine is not engine or self._known is not known:
                return  # another question has said so, and it may have been opened again since
            self._failed(engine, error)
            self._hold()
        if not engine.remote and self._deaths < _LIVES:
            self.refresh()

    def _failed(self, engine: Engine, error: AtlasError) -> None:
        log.warning("Chroma does not answer: %s", error)
        with self._lock:
            self._known = None
            if engine.remote:
                self.notice = str(error)  # it is asked again after a while
            else:
                self._deaths += 1
                if self._deaths >= _LIVES:
                    self.notice = f"Chroma fails ({error}): vectors are searched without it, which is slower for many"
        engine.lost()

    def _fine(self) -> None:
        """Chroma has what it should have; but a question may have lost it for good in the meantime."""
        with self._lock:
            if self._deaths < _LIVES:
                self.notice = ""

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

        def say(done: int, total: int) -> None:
            progress(done, total)
            if cancel.cancelled:
                self._stop_building()

        self._deaths = 0
        cancel.on_cancel(self._stop_building)
        try:
            with self._tending:
                self._tend(say)
        finally:
            cancel.forget(self._stop_building)
        if self.notice:
            raise AtlasError(self.notice)

    def _stop_building(self) -> None:
        if engine := self._engine:
            engine.stop_building()

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
        """Bring everything to the library's state: what is held here, and Chroma where it is worth it.

        Raises:
            AtlasError: the library cannot be read, or its vectors are another embedder's.
        """
        self._looked = time.monotonic()
        with self._lock:
            self._adopt()
        made = False
        while (engine := self._engine) is not None and not self._closed and self._deaths < _LIVES:
            if not self._worth_it():
                break
            try:
                if engine.changed or self._known is None:
                    self._open(engine)
            except (WorkerDied, WorkerFailed) as error:
                if self._closed:
                    return
                self._failed(engine, error)
                if engine.remote:
                    break
                if getattr(error, "kind", "") == "broken" or self._deaths >= _LIVES:
                    engine.discard()  # it is made anew from the library
                continue
            with self._lock:
                self._see()
            if self._engine is not engine:
                continue
            if made or not self._make(engine, progress):
                return
            made = True
        with self._lock:
            self._see()

    def _make(self, engine: Engine, progress: Progress) -> bool:
        """Make the next generation if that is due; whether it was, and should be opened."""
        try:
            if not (engine.news() if engine.remote else self._behind()):
                self._fine()
                return False
            engine.build(progress)
        except (WorkerDied, WorkerFailed) as error:
            # Of kind `busy`: another process's work, which is found later, is ours.
            if not self._closed and getattr(error, "kind", "") != "busy":
                self._not_made(error)
            return False
        self._fine()
        return True

    def _not_made(self, error: AtlasError) -> None:
        log.warning("Chroma's index could not be made: %s", error)
        with self._lock:
            if self._engine is not None and self._engine.remote:
                self.notice = str(error)
                return
            self._deaths += 1
            self.notice = f"Chroma's index could not be made ({error}): vectors are searched without it"

    def _worth_it(self) -> bool:
        if not self._at_least or self._model is None:
            return True
        return len(self._collection.vectors(self._model, 0, self._at_least)) >= self._at_least

    def _open(self, engine: Engine) -> None:
        known = engine.open()
        with self._lock:
            if self._engine is engine:
                self._known = known
                self._hold()

    def _behind(self) -> bool:
        """Whether Chroma lacks, or has too many, so many chunks that the next generation is worth making."""
        import numpy as np

        if self._live is None or self._known is None:
            return self._live is not None and bool(self._live.size)
        differing = np.setxor1d(self._live, self._known, assume_unique=True).size
        return bool(differing >= max(_BEHIND, _BEHIND_SHARE * self._live.size))


def mixed(collection: str, have: str, other: str) -> ConfigError:
    """That vectors of two embedders cannot be compared, and what to do."""
    return ConfigError(
        f"the collection {one_line(collection, 60)!r} was embedded by {have.rpartition(':')[0]}, not by {other}: use"
        f" that one, or embed all of it again with `atlas-tui index --embedder {other}`"
    )
