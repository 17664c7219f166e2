"""Filling in: what is embedded, by whom, and what an interruption leaves."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from atlas_tui.errors import AtlasError, ConfigError, Kind, ProviderError
from atlas_tui.models.base import CancelToken
from atlas_tui.retrieval.filling import fill
from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.values import Chunk
from tests.retrieval.shelf import EMBEDDER, MODEL, Plain, shelf, state, vector_of


def worded(folder: Path, texts: Sequence[str]) -> Collection:
    """Chunks without vectors."""
    collection = shelf(folder)
    collection.replace(state("doc.md"), [Chunk(text) for text in texts])
    return collection


TEXTS = [f"text {n}" for n in range(150)]


class Failing(Plain):
    """Fails at some texts, or a number of times."""

    def __init__(self, kind: Kind, *, texts: str = "", times: int = 10**9, after: int = 0) -> None:
        super().__init__()
        self.kind: Kind = kind
        self.bad = texts
        self.times = times
        self.after = after

    def embed(self, texts: Sequence[str], *, question: bool = False) -> list[bytes]:
        hit = any(self.bad in text for text in texts) if self.bad else len(self.texts) >= self.after
        if hit and self.times:
            self.times -= 1
            raise ProviderError(self.kind, "the server says no", retry_after=0.0)
        return super().embed(texts)


def test_every_chunk_gets_the_vector_of_its_text(tmp_path: Path) -> None:
    collection = worded(tmp_path, TEXTS)
    seen: list[tuple[int, int]] = []
    filled = fill(collection, Plain(), progress=lambda done, total: seen.append((done, total)))
    assert (filled.embedder, filled.embedded, filled.refused, filled.complete) == (MODEL, 150, 0, True)
    assert collection.embedder == MODEL
    vectors = dict(collection.vectors(MODEL))
    for stored in collection.chunks(collection.ids()):
        assert vectors[stored.id] == vector_of(stored.chunk.text)
    assert seen[0] == (0, 150)
    assert seen[-1] == (150, 150)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_what_has_a_vector_is_not_embedded_again(tmp_path: Path) -> None:
    collection = worded(tmp_path, TEXTS)
    fill(collection, Plain())
    collection.replace(state("more.md"), [Chunk("text 7"), Chunk("something new")])
    again = Plain()
    fill(collection, again)
    assert again.texts == ["something new"]


def test_an_interruption_keeps_what_is_done_and_the_next_time_does_the_rest(tmp_path: Path) -> None:
    collection = worded(tmp_path, TEXTS)
    cancel = CancelToken()
    first = Plain()

    def stop(done: int, total: int) -> None:
        if done:
            cancel.cancel()

    filled = fill(collection, first, cancel=cancel, progress=stop)
    assert not filled.complete
    assert 0 < filled.embedded < 150
    second = Plain()
    assert fill(collection, second).complete
    assert len(second.texts) == 150 - filled.embedded
    assert len(collection.vector_ids(MODEL)) == 150


def test_a_cancel_does_not_wait_for_what_is_being_embedded(tmp_path: Path) -> None:
    class Slow(Plain):
        released = threading.Event()
        after = 64

        def embed(self, texts: Sequence[str], *, question: bool = False) -> list[bytes]:
            if len(self.texts) > self.after:
                cancel.cancel()
                assert self.released.wait(20)
            return super().embed(texts)

    collection = worded(tmp_path, TEXTS)
    cancel, slow = CancelToken(), Slow()
    filled = fill(collection, slow, cancel=cancel)
    assert (filled.embedded, filled.complete) == (64, False)
    assert not slow.released.is_set()
    slow.released.set()
    assert len(collection.vector_ids(MODEL)) == 64
    assert fill(collection, Plain()).embedded == 86


def test_a_killed_process_leaves_what_it_had_embedded(tmp_path: Path) -> None:
    collection = worded(tmp_path, TEXTS)
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from tests.retrieval.shelf import *\n"
        "from atlas_tui.retrieval.filling import fill\n"
        "def die(done, total):\n"
        "    if done: os.kill(os.getpid(), signal.SIGKILL)\n"
        "fill(shelf(Path(sys.argv[1])), Plain(), progress=die)\n"
    )
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=Path(__file__).parents[2])
    assert run.returncode == -9
    kept = len(collection.vector_ids(MODEL))
    assert kept == 64
    rest = Plain()
    fill(collection, rest)
    assert len(rest.texts) == 150 - kept


def test_two_embedders_are_not_mixed_unless_all_is_embedded_again(tmp_path: Path) -> None:
    collection = worded(tmp_path, TEXTS)
    fill(collection, Plain())
    other = Plain("other:model", 8)
    with pytest.raises(ConfigError, match=r"was embedded by test:model, not by other:model.*--embedder other:model"):
        fill(collection, other)
    assert other.texts == []
    filled = fill(collection, other, change=True)
    assert (filled.embedder, filled.embedded) == ("other:model:8", 150)
    assert collection.embedder == "other:model:8"
    assert len(collection.vector_ids("other:model:8")) == 150
    back = Plain()
    fill(collection, back, change=True)
    assert len(back.texts) == 1, "its vectors were still there: one text tells their size"
    assert collection.embedder == MODEL


def test_a_model_that_changed_its_size_is_refused_and_can_be_taken_anew(tmp_path: Path) -> None:
    collection = worded(tmp_path, TEXTS)
    fill(collection, Plain())
    collection.replace(state("more.md"), [Chunk("something new")])
    with pytest.raises(AtlasError, match="another size"):
        fill(collection, Plain(dimensions=8))
    assert fill(collection, Plain(dimensions=8), change=True).embedded == 151


def test_two_processes_do_not_embed_a_text_twice(tmp_path: Path) -> None:
    collection = worded(tmp_path, TEXTS)
    embedders = [Plain(), Plain()]
    ready = threading.Barrier(2)

    def run(embedder: Plain) -> None:
        ready.wait()
        fill(shelf(tmp_path), embedder)

    threads = [threading.Thread(target=run, args=(embedder,)) for embedder in embedders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(collection.vector_ids(MODEL)) == 150
    # Each may have embedded one text to learn the size of the vectors.
    assert len(embedders[0].texts) + len(embedders[1].texts) <= 152


def test_a_server_that_is_busy_is_asked_again(tmp_path: Path) -> None:
    collection = worded(tmp_path, TEXTS)
    assert fill(collection, Failing("rate_limit", times=3)).embedded == 150


def test_a_server_that_stays_down_ends_it_with_what_is_done(tmp_path: Path) -> None:
    collection = worded(tmp_path, TEXTS)
    with pytest.raises(ProviderError, match="says no"):
        fill(collection, Failing("connection", after=60))
    assert len(collection.vector_ids(MODEL)) == 64
    assert fill(collection, Plain()).complete


def test_a_wrong_key_is_not_tried_again(tmp_path: Path) -> None:
    embedder = Failing("auth")
    with pytest.raises(ProviderError):
        fill(worded(tmp_path, TEXTS), embedder)
    assert embedder.times == 10**9 - 1


def test_a_text_that_the_embedder_refuses_is_passed_over_and_counted(tmp_path: Path) -> None:
    collection = worded(tmp_path, [*TEXTS, "a bad one"])
    filled = fill(collection, Failing("bad_request", texts="bad"))
    assert (filled.embedded, filled.refused, filled.complete) == (150, 1, True)
    assert len(collection.vector_ids(MODEL)) == 150


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    collection = worded(tmp_path, TEXTS)
    (tmp_path / f"{collection.file.name}.filling").mkdir()
    with pytest.raises(AtlasError, match=r"cannot be written \(Is a directory\)"):
        fill(collection, Plain())


def test_an_empty_collection_needs_no_embedder(tmp_path: Path) -> None:
    embedder = Plain(EMBEDDER)
    assert fill(shelf(tmp_path), embedder).embedder == ""
    assert embedder.texts == []
