"""Generations of an index on disk: each is made whole in a folder of its own, and never changed afterwards.

Chroma's own files may break when two processes write, or one is killed in the middle. So nobody writes where anybody
reads: one process at a time makes the next generation, a copy of the last one with what is new or a new one from the
library, and `current` is set to it in one step. A process that reads keeps its generation from being removed.

    root/lock      held by the process that makes a generation
    root/current   the number of the generation to read
    root/7/ids     the chunks in it (int64, little-endian, ascending)
    root/7/in-use  shared by the processes that read it
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from atlas_tui.config import make_private_folder, private_opener
from atlas_tui.errors import AtlasError
from atlas_tui.locks import lock, share

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Busy(AtlasError):
    """Another process makes the next generation just now."""

    kind = "busy"


class Broken(AtlasError):
    """A generation that does not open, or is not what it should be."""

    kind = "broken"


def name_of(collection: str, model: str) -> str:
    """The folder's name for the vectors of one embedder in one collection of a library."""
    return sha256(f"{collection}\0{model}".encode("utf-8", "replace")).hexdigest()[:12]


class Generations:
    """The generations of one index, in the folder `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def current(self) -> Path | None:
        """The one to read, or None while there is none."""
        try:
            number = (self.root / "current").read_text("ascii").strip()
        except (OSError, ValueError):
            return None
        folder = self.root / number
        return folder if number.isdigit() and (folder / "ids").is_file() else None

    def use(self) -> tuple[Path, int] | None:
        """The one to read, kept from being removed until the file that is returned is closed."""
        for _ in range(3):
            folder = self.current()
            if folder is None:
                return None
            file = -1
            with suppress(OSError):  # it was replaced and removed this moment
                file = os.open(folder / "in-use", os.O_CREAT | os.O_RDWR, 0o600)
                share(file)
                if self.current() == folder:
                    return folder, file
            if file >= 0:
                os.close(file)
        return None

    @contextmanager
    def making(self) -> Iterator[Path]:
        """The folder for the next generation, alone among processes.

        Raises:
            Busy: another process makes one.
        """
        make_private_folder(self.root)
        file = os.open(self.root / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            try:
                lock(file)
            except OSError:
                raise Busy("another process builds the index of vectors just now") from None
            self._clean()
            taken = [int(path.name) for path in self.root.iterdir() if path.name.isdigit()]
            folder = self.root / str(max(taken, default=0) + 1)
            folder.mkdir(mode=0o700)
            try:
                yield folder
            finally:
                if self.current() != folder:
                    shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(file)

    def publish(self, folder: Path, ids: NDArray[np.int64]) -> None:
        """Have everyone read this one from now on. Only while it is being made."""
        (folder / "ids").write_bytes(ids.astype("<i8").tobytes())
        for path in folder.rglob("*"):
            if path.is_file():
                _to_disk(path)
        self._set_current(folder.name)
        self._clean()

    def discard(self, folder: Path) -> None:
        """Have nobody read this one any more; what was made since stays current."""
        if self.current() == folder:
            with suppress(FileNotFoundError):
                (self.root / "current").unlink()

    def abandon(self) -> None:
        """Remove everything that nobody reads: the index is not wanted any more."""
        with suppress(OSError, Busy), self.making():
            (self.root / "current").unlink(missing_ok=True)
        self._clean()
        if not any(path.name.isdigit() for path in self.root.iterdir()):
            shutil.rmtree(self.root, ignore_errors=True)

    def _set_current(self, number: str) -> None:
        new = self.root / "current.new"
        with open(new, "w", encoding="ascii", opener=private_opener) as file:
            file.write(number)
        _to_disk(new)
        new.replace(self.root / "current")

    def _clean(self) -> None:
        """Remove what nobody reads: older generations, and what was left half made."""
        current = self.current()
        for folder in self.root.iterdir():
            if not folder.name.isdigit() or folder == current:
                continue
            with suppress(OSError):  # somebody reads it
                file = os.open(folder / "in-use", os.O_CREAT | os.O_RDWR, 0o600)
                try:
                    lock(file)
                    shutil.rmtree(folder, ignore_errors=True)
                finally:
                    os.close(file)


def ids_of(folder: Path) -> NDArray[np.int64]:
    """The chunks in a generation, ascending.

    Raises:
        Broken: they cannot be read.
    """
    import numpy as np

    try:
        return np.frombuffer((folder / "ids").read_bytes(), "<i8").astype(np.int64)
    except (OSError, ValueError) as error:
        raise Broken(f"the index of vectors cannot be read ({type(error).__name__})") from error


def _to_disk(path: Path) -> None:
    file = os.open(path, os.O_RDWR)  # which some systems want for it
    try:
        os.fsync(file)
    finally:
        os.close(file)
