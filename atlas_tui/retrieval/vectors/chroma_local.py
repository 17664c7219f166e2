"""In the worker's process: Chroma on this machine's disk."""

from __future__ import annotations

import os
import shutil
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_tui.errors import AtlasError
from atlas_tui.retrieval.library import Collection, Library
from atlas_tui.retrieval.vectors.generations import Broken, Generations, ids_of, name_of
from atlas_tui.retrieval.worker import Answer, Line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = NDArray[np.int64]

_NAME = "atlas-vectors"
_BATCH = 5000
"""Records in one call: Chroma takes 5,461 at most, and large calls are the fast ones."""
_DEAD = 0.2
"""The share of deleted records from which on a copy is worth less than a new index."""
_SAME = 1e-3
"""The distance at which a vector counts as found."""


class Task:
    """Answers questions from one generation, or makes the next one."""

    def open(self, line: Line, root: str, **_: str) -> Answer:
        """Open the current generation; `generation` is None where there is none.

        Raises:
            Broken: it does not open or does not agree with what it should hold.
        """
        used = Generations(Path(root)).use()
        if used is None:
            return {"generation": None}
        folder, self._in_use = used
        try:
            self._collection = _opened(folder)
            _check(self._collection, ids_of(folder), probes=8, share=0.5)
        except BaseException as error:
            raise _broken(error) from error
        return {"generation": folder.name}

    def query(self, line: Line, vector: str, k: int) -> Answer:
        """The nearest `k` records to a vector (base64 of float32): chunk ids and cosines, best first."""
        import numpy as np

        question = np.frombuffer(b64decode(vector), "<f4")
        found = self._collection.query(query_embeddings=[question], n_results=k, include=["distances"])
        scores = [1.0 - distance for distance in found["distances"][0]]
        return {"ids": [int(id_) for id_ in found["ids"][0]], "scores": scores}

    def build(self, line: Line, root: str, library: str, collection: str, model: str) -> Answer:
        """Make the next generation from the library. What is done when the line is stopped is kept.

        Raises:
            Busy: another process makes one.
            Broken: what was made is not what it should be.
        """
        if hasattr(os, "nice"):
            os.nice(10)  # what the user looks at goes before it
        generations = Generations(Path(root))
        source = Library(Path(library))
        with generations.making() as folder:
            try:
                ids = _make(line, folder, generations.current(), source.collection(collection), model)
            except AtlasError:
                raise
            except BaseException as error:
                raise _broken(error) from error
            if ids is not None:
                generations.publish(folder, ids)
                _sweep(source, Path(root))
            return {"generation": folder.name if ids is not None else None}


def _sweep(library: Library, root: Path) -> None:
    """Remove the indexes of collections that are gone, and of embedders that were given up."""
    wanted = {name_of(info.name, info.embedder) for info in library.collections() if info.embedder}
    for folder in root.parent.iterdir():
        if folder.name not in wanted and folder != root and folder.is_dir():
            Generations(folder).abandon()


def _broken(error: BaseException) -> Broken:
    if isinstance(error, Broken):
        return error
    return Broken(f"Chroma's folder cannot be used ({type(error).__name__}: {error})")


def _client(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(str(folder / "chroma"), settings=Settings(anonymized_telemetry=False))


def _opened(folder: Path) -> Any:
    if not (folder / "chroma" / "chroma.sqlite3").is_file():
        raise Broken("Chroma's folder is incomplete")  # which Chroma would begin anew, empty
    return _client(folder).get_collection(_NAME, embedding_function=None)


def _make(line: Line, folder: Path, last: Path | None, collection: Collection, model: str) -> Ids | None:
    """Chroma's files in `folder`, with what the library has; the chunks in them, or None where nothing was done."""
    import numpy as np

    live = np.array(collection.vector_ids(model), np.int64)
    base = None
    have = np.empty(0, np.int64)
    if last is not None:
        have = ids_of(last)
        dead = np.setdiff1d(have, live, assume_unique=True)
        if dead.size <= _DEAD * have.size:
            try:
                shutil.copytree(last / "chroma", folder / "chroma")
                base = _opened(folder)
                _check(base, have, probes=8, share=0.5)
                for start in range(0, dead.size, _BATCH):
                    base.delete(ids=[str(id_) for id_ in dead[start : start + _BATCH].tolist()])
                have = np.setdiff1d(have, dead, assume_unique=True)
            except BaseException:  # noqa: BLE001 - whatever is wrong with the copy: all of it can be made anew
                base = None
                shutil.rmtree(folder / "chroma", ignore_errors=True)
    if base is None:
        have = np.empty(0, np.int64)
        base = _client(folder).create_collection(
            _NAME, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
    added = _add(line, base, collection, model, np.setdiff1d(live, have, assume_unique=True), live.size)
    if line.stopped.is_set() and not added.size:
        return None
    ids = np.union1d(have, added)
    _check(base, ids, probes=64, share=0.8)
    return ids


def _add(line: Line, target: Any, collection: Collection, model: str, new: Ids, total: int) -> Ids:
    import numpy as np

    added = [np.empty(0, np.int64)]
    done = total - new.size
    line.progress(done=done, total=total)
    for start in range(0, new.size, _BATCH):
        if line.stopped.is_set():
            break
        rows = collection.vectors_of(model, new[start : start + _BATCH].tolist())
        if not rows:  # they have left the library meanwhile
            continue
        matrix = np.frombuffer(b"".join(row[1] for row in rows), "<f4").reshape(len(rows), -1)
        target.add(ids=[str(row[0]) for row in rows], embeddings=matrix)
        added.append(np.array([row[0] for row in rows], np.int64))
        done += len(rows)
        line.progress(done=done, total=total)
    return np.sort(np.concatenate(added))


def _check(target: Any, ids: Ids, *, probes: int, share: float) -> None:
    """Compare the index with what it should hold: as many records, and vectors that find themselves.

    Raises:
        Broken: it is something else.
    """
    count = target.count()
    if count != ids.size:
        raise Broken(f"Chroma's folder holds {count} records in place of {ids.size}")
    if not ids.size:
        return
    sample = ids[:: max(1, ids.size // probes)][:probes].tolist()
    vectors = target.get(ids=[str(id_) for id_ in sample], include=["embeddings"])["embeddings"]
    if len(vectors) != len(sample):
        raise Broken("Chroma's folder lacks records")
    distances = target.query(query_embeddings=vectors, n_results=1, include=["distances"])["distances"]
    found = sum(1 for near in distances if near and near[0] < _SAME)
    if found < share * len(sample):
        raise Broken(f"of {len(sample)} vectors in Chroma's folder only {found} can be found")
