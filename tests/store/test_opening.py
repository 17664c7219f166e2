"""Opening the history: private, and never at the cost of what is there."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from atlas_tui.errors import AtlasError
from atlas_tui.locks import exclusive
from atlas_tui.store import Store
from atlas_tui.store.owners import Owner, owners_alive
from atlas_tui.store.schema import FORM
from tests.played import PlayedProvider, ask, says
from tests.store.conftest import OpenStore
from tests.store.rehearsal import conversation, eventually, session_of

pytestmark = pytest.mark.usefixtures("no_leaked_threads")


def kept_in_memory(store: Store) -> str:
    """The notice of a store that has no file, which otherwise does all that a store does."""
    end = ask(session_of(store, PlayedProvider(says("still here"))), "Anybody?")
    assert end.error is None
    assert not store.durable()
    assert store.conversation("last").turns[0].responses[0].response.content == "still here"
    assert len(store.search("still")) == 1
    (notice,) = store.notices
    assert notice.endswith("this session is kept in memory only, export what you want to keep")
    return notice


def test_it_is_for_its_owner_alone(store: Store, path: Path) -> None:
    old = os.umask(0)
    try:
        ask(session_of(store, PlayedProvider(says("ok"))), "first")
    finally:
        os.umask(old)
    assert {file.name for file in path.parent.iterdir()} >= {"history.db", "history.db-wal", "history.db-running"}
    for file in [path.parent, *path.parent.rglob("*")]:
        assert stat.S_IMODE(file.stat().st_mode) == (0o700 if file.is_dir() else 0o600), file
    assert store.durable()


def test_nothing_is_touched_before_the_first_use(path: Path) -> None:
    assert Store(path).close()
    assert not path.exists()


def test_a_commit_is_on_the_disk_itself(store: Store) -> None:
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "user_version")
    values = store.writer.call(lambda c: [c.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]).result(5)
    assert values == ["wal", 2, 1, len(FORM.migrations)]


def test_a_newer_one_is_left_as_it_is(store: Store, path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE future (x)")
        connection.execute(f"PRAGMA user_version = {len(FORM.migrations) + 1}")
    connection.close()
    before = path.read_bytes()
    assert kept_in_memory(store).startswith("the history was written by a newer Atlas and is left as it is")
    assert path.read_bytes() == before


def test_one_that_is_no_database_is_set_aside(store: Store, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this was a diary " * 1000)
    ask(session_of(store, PlayedProvider(says("ok"))), "first")
    (aside,) = path.parent.glob("history.db.damaged-*")
    assert aside.read_bytes() == b"this was a diary " * 1000
    assert store.notices == [f"the history was damaged: it is set aside as {aside.name}, and a new one has begun"]
    assert store.durable()
    assert len(store.conversations()) == 1


def test_damage_that_shows_later_is_set_aside_then(open_store: OpenStore, path: Path) -> None:
    store = open_store()
    store.add(conversation(*[(f"prompt {number}", "answer " * 100) for number in range(500)]))
    store.close()
    size = path.stat().st_size
    with open(path, "r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * (size - 8192))
    again = open_store()
    session = session_of(again, PlayedProvider(says("one"), says("two")))
    assert ask(session, "first").error is None
    assert ask(session, "second").error is None
    (aside,) = (file for file in path.parent.glob("history.db.damaged-*") if file.suffix[-4:] not in ("-wal", "-shm"))
    assert aside.stat().st_size == size
    assert again.notices == [f"the history was damaged: it is set aside as {aside.name}, and a new one has begun"]
    eventually(lambda: len(again.conversations()) == 1)
    assert [turn.prompt for turn in again.conversation("last").turns][-1] == "second"


def test_a_damaged_one_is_set_aside_by_the_first_who_finds_it(open_store: OpenStore, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"x" * 10_000)
    stores = [open_store() for _ in range(4)]
    futures = [store.writer.call(lambda connection: None) for store in stores]
    for future in futures:
        future.result(10)
    for number, store in enumerate(stores):
        store.add(conversation((f"prompt {number}", "answer")))
    assert len(list(path.parent.glob("history.db.damaged-*"))) == 1
    assert len(stores[0].conversations()) == 4


def test_whoever_is_told_may_fail(path: Path) -> None:
    """The screen that shows notices can be gone, or the terminal closed."""

    def gone(sentence: str) -> None:
        raise OSError("nobody there")

    path.parent.mkdir()
    path.write_bytes(b"x" * 10_000)
    store = Store(path, on_notice=gone)
    assert ask(session_of(store, PlayedProvider(says("ok"))), "first").error is None
    assert len(store.conversations()) == 1
    assert len(store.notices) == 1
    assert store.close()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    store = Store(tmp_path / "data" / "history.db")
    assert "cannot be used" in kept_in_memory(store)
    store.close()


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs another user, or not to be root")
def test_a_folder_that_is_read_only(open_store: OpenStore, path: Path) -> None:
    store = open_store()
    store.add(conversation(("old", "answer")))
    store.close()
    before = path.read_bytes()
    folder = path.parent
    reachable = [parent for parent in folder.parents if parent.stat().st_uid == os.getuid() and parent != Path("/")]
    modes = {parent: parent.stat().st_mode for parent in reachable}
    user = os.geteuid()
    path.chmod(0o444)
    folder.chmod(0o555)
    try:
        for parent in reachable:
            parent.chmod(modes[parent] | 0o055)
        if user == 0:
            os.seteuid(65534)  # nothing is read-only for root
        again = open_store()
        assert "cannot be used" in kept_in_memory(again)
    finally:
        os.seteuid(user)
        folder.chmod(0o700)
        path.chmod(0o600)
        for parent, mode in modes.items():
            parent.chmod(stat.S_IMODE(mode))
    assert path.read_bytes() == before
    assert open_store().conversation("last").turns[0].prompt == "old"


def test_a_read_of_a_damaged_file_says_so(open_store: OpenStore, path: Path) -> None:
    store = open_store()
    number = store.add(conversation(*[(f"prompt {n}", "answer " * 100) for n in range(500)])).id
    store.close()
    data = bytearray(path.read_bytes())
    page = 4096
    for at in range(page * 30, len(data), page):
        data[at : at + page] = b"\xff" * page
    path.write_bytes(bytes(data))
    again = open_store()
    with pytest.raises(AtlasError, match="the history cannot be used \\(the file is damaged\\)"):
        again.conversation(number)
    assert again.conversations() == []
    assert again.durable()


class TestLocks:
    def test_an_owner_lives_until_it_is_released(self, tmp_path: Path) -> None:
        folder = tmp_path / "running"
        one, two = Owner(folder), Owner(folder)
        assert owners_alive(folder) == {one.name, two.name}
        one.release()
        assert owners_alive(folder) == {two.name}
        two.release()
        assert owners_alive(folder) == set()
        assert list(folder.iterdir()) == []

    def test_what_a_dead_one_left_is_swept_away(self, tmp_path: Path) -> None:
        folder = tmp_path / "running"
        folder.mkdir()
        (folder / "dead").touch()
        assert owners_alive(folder) == set()
        assert list(folder.iterdir()) == []

    def test_nobody_waits_for_ever(self, tmp_path: Path) -> None:
        entered = []
        with exclusive(tmp_path / "lock", 5), exclusive(tmp_path / "lock", 0.05):
            entered.append(True)
        assert entered
