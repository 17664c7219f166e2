"""What all files of SQLite share: several connections of this process, and other processes beside it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from atlas_tui.errors import AtlasError
from atlas_tui.sqlite import Form, connect, connect_to_read

FORM = Form("the list", ("CREATE TABLE words (word TEXT);",), ("journal_mode = WAL",), 5.0)
ELSEWHERE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(*(word for (word,) in connection.execute("SELECT word FROM words")))
connection.close()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "words.sqlite3"
    connect(file, FORM)[0].close()
    return file


def seen_elsewhere(file: Path) -> list[str]:
    """What another process finds in the file, which it opens and closes."""
    done = subprocess.run([sys.executable, "-c", ELSEWHERE, file], capture_output=True, encoding="utf-8", check=True)
    return done.stdout.split()


def test_a_file_is_for_its_owner_alone(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_process_that_ends_takes_nothing_from_one_that_reads_and_writes(file: Path) -> None:
    """It takes the log away if it believes to be the last one, and what follows would be written into nothing."""
    reader = connect_to_read(file, FORM)
    assert reader is not None
    with closing(reader), closing(connect(file, FORM)[0]) as writer:
        for words in (["one"], ["one", "two"], ["one", "two", "three"]):
            writer.execute("INSERT INTO words VALUES (?)", words[-1:])
            assert seen_elsewhere(file) == words
            assert [word for (word,) in reader.execute("SELECT word FROM words")] == words


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs another user, or not to be root")
def test_a_file_that_may_not_be_written_is_told_when_it_is_opened(file: Path) -> None:
    user, own = os.geteuid(), [folder for folder in file.parents if folder.stat().st_uid == os.getuid()]
    modes = {folder: stat.S_IMODE(folder.stat().st_mode) for folder in own if folder != Path("/")}
    file.chmod(0o444)
    file.with_name(f"{file.name}.lock").unlink()
    try:
        for folder, mode in modes.items():
            folder.chmod(mode | (0o077 if folder == file.parent else 0o011))
        if user == 0:
            os.seteuid(65534)  # nothing is read-only for root
        with pytest.raises(AtlasError, match="may not be written"):
            connect(file, FORM)
    finally:
        os.seteuid(user)
        for folder, mode in modes.items():
            folder.chmod(mode)
