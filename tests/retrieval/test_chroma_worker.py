"""Chroma on this machine's disk: in a process of its own, beside exact search, and expendable."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from atlas_tui.errors import AtlasError
from atlas_tui.models.base import CancelToken
from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.vectors import VectorIndex, open_index
from atlas_tui.retrieval.vectors.generations import Busy, Generations, name_of
from tests.retrieval.processes import PATIENCE, ends, workers
from tests.retrieval.shelf import MODEL, Plain, put, shelf, texts, truth, vector_of

pytestmark = pytest.mark.xdist_group("chroma")
CHUNKS = 6000
"""More than one call of Chroma's takes."""


def quiet(done: int, total: int) -> None:
    pass


def opened(collection: Collection, folder: Path) -> VectorIndex:
    return open_index(collection, str(folder), Plain(), vectors="chroma")


def built(collection: Collection, folder: Path) -> VectorIndex:
    index = opened(collection, folder)
    index.build(quiet, CancelToken())
    assert index.searched_by == "Chroma"
    return index


def generations(folder: Path) -> Generations:
    return Generations(folder / "chroma" / name_of("docs", MODEL))


def current(folder: Path) -> Path:
    found = generations(folder).current()
    assert found is not None
    return found


def agrees(index: VectorIndex, collection: Collection, questions: int = 5, k: int = 5) -> None:
    """The index finds what plain arithmetic finds."""
    for number in range(questions):
        vector = vector_of(f"question {number}")
        assert [hit.id for hit in index.query(vector, k)] == truth(collection, vector, k)


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    before = workers()
    yield
    assert all(map(ends, workers() - before)), "a process was left behind"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with many chunks, whose Chroma is built; tests copy it."""
    folder = tmp_path_factory.mktemp("large")
    collection = shelf(folder, CHUNKS)
    built(collection, folder).close()
    return folder


@pytest.fixture
def copied(large: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    subprocess.run(["cp", "-r", str(large), str(folder)], check=True)
    return folder


def test_chroma_and_exact_search_together_find_what_the_library_holds(copied: Path) -> None:
    collection = shelf(copied)
    index = built(collection, copied)
    agrees(index, collection)
    vector = vector_of("question 0")
    for within in (["doc3.md"], [f"doc{n}.md" for n in range(0, 60, 2)], [f"doc{n}.md" for n in range(55)]):
        allowed = collection.ids(within)
        hits = index.query(vector, 10, allowed=allowed)
        assert [hit.id for hit in hits] == truth(collection, vector, 10, allowed)
    put(collection, "new.md", ["brand new"])
    hit = index.query(vector_of("brand new"), 1)[0]
    assert texts(collection, [hit.id]) == ["brand new"]
    assert hit.score == pytest.approx(1, abs=1e-5)
    assert texts(collection, [index.query(vector_of("text 250"), 1)[0].id]) == ["text 250"]
    collection.remove(["doc2.md"])
    agrees(index, collection)
    assert index.query(vector_of("text 250"), 1)[0].score < 0.99
    index.build(quiet, CancelToken())
    assert current(copied).name == "1", "so few changes are not worth another generation"
    assert index.searched_by == "Chroma"
    agrees(index, collection)
    index.close()


def test_one_process_makes_the_next_generation_and_nobody_reads_where_it_writes(copied: Path) -> None:
    collection = shelf(copied)
    reader, writer = built(collection, copied), opened(collection, copied)
    for number in range(60, 72):
        put(collection, f"doc{number}.md", [f"more {number} {n}" for n in range(100)])
    collection.remove([f"doc{number}.md" for number in range(3)])
    root = generations(copied)
    abandoned = copied / "chroma" / "0123456789ab"  # of an embedder that was given up
    (abandoned / "4").mkdir(parents=True)
    (abandoned / "4" / "ids").touch()
    (abandoned / "current").write_text("4")
    with root.making():
        with pytest.raises(Busy), Generations(root.root).making():
            pass
        writer.build(quiet, CancelToken())
        assert current(copied).name == "1"
        agrees(writer, collection)
    writer.build(quiet, CancelToken())
    assert not abandoned.exists()
    after = current(copied)
    assert after.name != "1"
    agrees(writer, collection)
    assert reader.searched_by == "Chroma"
    agrees(reader, collection)
    reader.build(quiet, CancelToken())
    agrees(reader, collection)
    assert current(copied) == after, "there was nothing left to do"
    reader.close()
    writer.close()


def test_a_kill_in_the_middle_of_questions_is_not_noticed_and_the_second_ends_chroma(copied: Path) -> None:
    collection = shelf(copied)
    index = built(collection, copied)
    vector = vector_of("question 1")
    wanted = truth(collection, vector, 5)
    answers: list[list[int]] = []
    answered = threading.Condition()
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            answer = [hit.id for hit in index.query(vector, 5)]
            with answered:
                answers.append(answer)
                answered.notify_all()

    def comes(condition: Callable[[], bool]) -> bool:
        """Wait for it, while questions are asked."""
        with answered:
            return answered.wait_for(condition, PATIENCE)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    killed: set[int] = set()
    for _ in range(2):
        assert comes(lambda: index.searched_by == "Chroma"), "it did not come back"
        (pid,) = workers() - killed
        killed.add(pid)
        os.kill(pid, signal.SIGKILL)
        enough = len(answers) + 50
        assert comes(lambda enough=enough: len(answers) > enough), "no answers after the kill"  # type: ignore[misc]
    # Whoever finds out turns to exact search first, and says so a moment later.
    assert comes(lambda: "slower" in index.notice), "nobody was told that exact search has taken over"
    stop.set()
    for thread in threads:
        thread.join()
    assert all(answer == wanted for answer in answers)
    assert index.searched_by == "exact search"
    index.close()


def killed_while_it_adds(index: VectorIndex) -> bool:
    """Build, and kill Chroma's process when its first call has returned and the next one runs; False: it was done."""

    def kill(done: int, total: int) -> None:
        if done:
            for pid in workers():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    try:
        index.build(kill, CancelToken())
    except AtlasError as error:
        return "has ended" in str(error)
    return False


def test_a_kill_in_the_middle_of_an_add_harms_nothing_and_a_cancel_keeps_what_is_done(tmp_path: Path) -> None:
    for number in range(5):  # where the machine has other work, the kill may come too late
        folder = tmp_path / f"attempt {number}"
        collection = shelf(folder, CHUNKS)
        index = opened(collection, folder)
        if killed_while_it_adds(index):
            break
        index.close()
    else:
        pytest.fail("each kill came too late to show anything")
    agrees(index, collection)
    cancel = CancelToken()
    seen: list[int] = []

    def stop(done: int, total: int) -> None:
        seen.append(done)
        if done:
            cancel.cancel()

    index.build(stop, cancel)
    assert index.searched_by == "Chroma"
    agrees(index, collection)
    begun = len(seen)
    index.build(lambda done, total: seen.append(done), CancelToken())
    assert seen[begun - 1] in (seen[begun:] or [CHUNKS])[:1], "it went on where it had stopped"
    agrees(index, collection)
    index.close()


def _garbage(*paths: Path) -> None:
    for path in paths:
        path.write_bytes(os.urandom(path.stat().st_size))


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda folder: _garbage(folder / "chroma" / "chroma.sqlite3"), id="its database is garbage"),
        pytest.param(lambda folder: _garbage(*(folder / "chroma").rglob("*.bin")), id="its index is garbage"),
        pytest.param(
            lambda folder: os.truncate(folder / "ids", (folder / "ids").stat().st_size - 800), id="it holds too many"
        ),
    ],
)
def test_a_broken_folder_is_made_anew_from_the_library(copied: Path, harm: Callable[[Path], object]) -> None:
    collection = shelf(copied)
    harm(current(copied))
    index = opened(collection, copied)
    agrees(index, collection, questions=2)
    index.build(quiet, CancelToken())
    assert index.searched_by == "Chroma"
    agrees(index, collection)
    index.close()


def test_chroma_reaches_the_caller_with_nothing_and_ends_with_it(copied: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from atlas_tui.models.base import CancelToken\n"
        "from tests.retrieval.processes import workers\n"
        "from tests.retrieval.shelf import *\n"
        "from atlas_tui.retrieval.vectors import open_index\n"
        "index = open_index(shelf(Path(sys.argv[1])), sys.argv[1], Plain(), vectors='chroma')\n"
        "index.build(lambda done, total: None, CancelToken())\n"
        "assert index.searched_by == 'Chroma'\n"
        "index.query(vector_of('x'), 3)\n"
        "print(*workers(), *sys.modules.keys() & {'chromadb', 'onnxruntime', 'httpx'}, flush=True)\n"
        "sys.stdin.read()\n"
    )
    caller = subprocess.Popen(
        [sys.executable, "-c", code, str(copied)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    with caller:
        assert caller.stdout
        (worker,) = caller.stdout.readline().split()
        caller.kill()
    assert ends(int(worker)), "Chroma's process outlived its caller"


def test_leaving_in_the_middle_of_a_build_does_not_wait_for_its_end(tmp_path: Path) -> None:
    collection = shelf(tmp_path, CHUNKS)
    index = opened(collection, tmp_path)
    held, left = threading.Event(), threading.Event()

    def hold(done: int, total: int) -> None:
        (pid,) = workers()
        os.kill(pid, signal.SIGSTOP)  # from here on it comes to no end
        held.set()

    def build() -> None:
        index.build(hold, CancelToken())
        left.set()

    building, closing = (threading.Thread(target=task, daemon=True) for task in (build, index.close))
    building.start()
    assert held.wait(PATIENCE)
    closing.start()
    for thread in (closing, building):
        thread.join(10)
        assert not thread.is_alive()
    assert left.is_set()
    (pid,) = workers()  # it was left alone, and ends by itself with what it has
    os.kill(pid, signal.SIGCONT)


def test_a_small_collection_needs_no_process(tmp_path: Path) -> None:
    collection = shelf(tmp_path, 200)
    index = open_index(collection, str(tmp_path), Plain())
    index.build(quiet, CancelToken())
    agrees(index, collection)
    assert index.searched_by == "exact search"
    assert not (tmp_path / "chroma").exists()
    index.close()
