"""In the worker's process: a Chroma server."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from atlas_tui.errors import AtlasError
from atlas_tui.models.base.transport import shown_url
from atlas_tui.retrieval.library import Collection, Library
from atlas_tui.retrieval.vectors.generations import Generations
from atlas_tui.retrieval.vectors.sharing import CHANGE, EMBEDDER, Sharing
from atlas_tui.retrieval.worker import Answer, Line
from atlas_tui.text import one_line


class Unreachable(AtlasError):
    """The server does not answer, or not as a Chroma server does."""

    kind = "unreachable"


class Task:
    """Answers questions from the server, or shares a collection with it.

    A generation is what both sides had at one time: `records`, the ids on the server, beside the chunks' `ids`, and
    `state`, from which the next meeting begins.
    """

    def open(self, line: Line, root: str, url: str, collection: str, **_: str) -> Answer:
        """Connect, for questions; `generation` is None before the first sharing.

        Raises:
            Unreachable: the server does not answer.
        """
        import numpy as np

        used = Generations(Path(root)).use()
        if used is None:
            return {"generation": None}
        folder, self._in_use = used
        records = json.loads((folder / "records").read_bytes())
        ids = np.frombuffer((folder / "ids").read_bytes(), "<i8").tolist()
        self._chunks = dict(zip(records, ids, strict=True))
        self._url = url
        with _asking(url):
            self._target = _found(_client(url), collection)
        return {"generation": None if self._target is None else folder.name}

    def query(self, line: Line, vector: str, k: int) -> Answer:
        """The nearest `k` records to a vector (base64 of float32): chunk ids and cosines, best first.

        Raises:
            Unreachable: the server does not answer.
        """
        import numpy as np

        question = np.frombuffer(b64decode(vector), "<f4")
        with _asking(self._url):
            found = self._target.query(query_embeddings=[question], n_results=k, include=["distances"])
        pairs = [
            (self._chunks[record], 1.0 - distance)
            for record, distance in zip(found["ids"][0], found["distances"][0], strict=True)
            if record in self._chunks  # what somebody else added since
        ]
        return {"ids": [id_ for id_, _ in pairs], "scores": [score for _, score in pairs]}

    def build(self, line: Line, root: str, url: str, library: str, collection: str, model: str | None) -> Answer:
        """Bring the library and the server to the same documents.

        Raises:
            Busy: another process of this user does so.
            Unreachable: the server does not answer.
            Mixed: another embedder made the server's collection.
        """
        generations = Generations(Path(root))
        source = Library(Path(library)).collection(collection)
        with generations.making() as folder, _asking(url):
            last = _last_state(generations)
            target = _shared_collection(_client(url), collection, model)
            if target is None or _unchanged(last, state := _state_of(target, source)):
                return {"generation": None}
            theirs = str(target.metadata[EMBEDDER])
            if source.embedder is None:
                source.set_embedder(theirs)
            # After a loss on either side nothing was removed on purpose: both give what they have.
            same = all(last.get(name) == state[name] for name in ("target", "file", "number"))
            sharing = Sharing(line, target, source, theirs, set(last["common"]) if same else set())
            common = sharing.run()
            now = _state_of(target, source)  # the library may have begun only now
            state |= {"file": now["file"], "number": now["number"]}
            if sharing.gave or sharing.took:
                # What somebody else changed meanwhile is not told from what was changed here: look once more.
                state["change"] = None
            _publish(generations, folder, sharing, common, state)
            return {"generation": folder.name}

    def news(self, line: Line, root: str, url: str, library: str, collection: str, **_: str) -> Answer:
        """Whether either side has changed since the last sharing.

        Raises:
            Unreachable: the server does not answer.
        """
        source = Library(Path(library)).collection(collection)
        with _asking(url):
            target = _found(_client(url), collection)
            last = _last_state(Generations(Path(root)))
            return {"news": target is None or not _unchanged(last, _state_of(target, source))}


class Mixed(AtlasError):
    """Another embedder made the server's collection."""

    kind = "mixed"


def name_on_server(collection: str) -> str:
    """A collection's name as Chroma allows it: 3 to 512 of letters, digits, `.`, `_` and `-`."""
    if re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,500}[a-zA-Z0-9]", collection):
        return collection
    plain = re.sub(r"[^a-zA-Z0-9]+", "-", collection).strip("-")[:100] or "atlas"
    return f"{plain}-{sha256(collection.encode('utf-8', 'replace')).hexdigest()[:8]}"


@contextmanager
def _asking(url: str) -> Iterator[None]:
    """Every failure to reach the server as one sentence."""
    import httpx
    from chromadb.errors import ChromaError

    try:
        yield
    except (httpx.HTTPError, OSError, ValueError, ChromaError) as error:
        words = one_line(str(error), 100)
        raise Unreachable(
            f"the Chroma server {shown_url(url)} does not answer as it should ({words}): check that it runs and"
            " ATLAS_DB_PATH; what this machine has is searched meanwhile"
        ) from error


def _client(url: str) -> Any:
    import chromadb
    from chromadb.config import Settings

    parts = urlsplit(url)
    secure = parts.scheme == "https"
    return chromadb.HttpClient(
        host=parts.hostname or "",
        port=parts.port or (443 if secure else 80),
        ssl=secure,
        settings=Settings(anonymized_telemetry=False),
    )


def _found(client: Any, collection: str) -> Any:
    """The server's collection, or None."""
    from chromadb.errors import NotFoundError

    try:
        return client.get_collection(name_on_server(collection), embedding_function=None)
    except NotFoundError:
        return None


def _shared_collection(client: Any, collection: str, model: str | None) -> Any:
    """The server's collection; None where it has none and there is nothing to begin one with.

    Raises:
        Mixed: another embedder made it.
    """
    if model is None:
        target = _found(client, collection)
        if target is None:
            return None
    else:
        target = client.get_or_create_collection(
            name_on_server(collection),
            embedding_function=None,
            metadata={EMBEDDER: model, CHANGE: "begun"},
            configuration={"hnsw": {"space": "cosine"}},
        )
    theirs = (target.metadata or {}).get(EMBEDDER)
    if theirs is None or (model is not None and theirs != model):
        maker = f"was embedded by {one_line(str(theirs), 60)}" if theirs else "was not made by Atlas"
        raise Mixed(
            f"the collection {one_line(collection, 60)!r} on the Chroma server {maker}: use that embedder, or another"
            " --collection"
        )
    return target


def _state_of(target: Any, source: Collection) -> dict[str, Any]:
    """By which a change of either side, or another side, is told."""
    try:
        file = source.file.stat().st_ino
    except FileNotFoundError:
        file = 0
    return {
        "target": str(target.id),
        "change": str((target.metadata or {}).get(CHANGE)),
        "file": file,
        "number": source.number,
        "generation": source.generation,
    }


def _unchanged(last: dict[str, Any], state: dict[str, Any]) -> bool:
    return all(last.get(name) == value for name, value in state.items())


def _last_state(generations: Generations) -> dict[str, Any]:
    folder = generations.current()
    try:
        state: dict[str, Any] = json.loads((folder / "state").read_bytes()) if folder else {}
    except (OSError, ValueError):
        return {}
    return state


def _publish(generations: Generations, folder: Path, sharing: Sharing, common: set[str], state: dict[str, Any]) -> None:
    import numpy as np

    pairs = sorted(
        (chunk.id, record)
        for group in sharing.groups()
        if group.key in common
        for chunk, record in zip(group.chunks, group.records, strict=True)
    )
    (folder / "records").write_text(json.dumps([record for _, record in pairs]))
    (folder / "state").write_text(json.dumps({**state, "common": sorted(common)}))
    generations.publish(folder, np.array([id_ for id_, _ in pairs], np.int64))
