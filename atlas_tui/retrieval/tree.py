"""Which files there are to index: folders walked, `.gitignore` honoured, what cannot be a document left out.

Symbolic links are not followed: a loop of them has no end, and a link in somebody else's folder may lead to what was
never meant to be read. A path that the user gives is followed, whatever it is and whoever ignores it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atlas_tui.text import sound

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

MAX_SIZE = 20_000_000
"""Bytes from which on a file is left out, if nothing else is said."""

_CACHES = {"__pycache__", "node_modules", "CVS"}  # those with a dot are hidden anyway
_SECRETS = {"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"}
_SECRET_SUFFIXES = (".pem", ".key", ".p12", ".pfx", ".kdbx", ".keystore", ".jks")
_GENERATED_SUFFIXES = (".min.js", ".min.css", ".map", ".lock", "-lock.json", "-lock.yaml")
_BINARY = """
    .7z .a .avi .bin .bmp .bz2 .ckpt .class .db .deb .dll .dmg .dylib .ear .eot .exe .flac .gguf .gif .gz .h5 .heic .ico
    .img .iso .jar .jpeg .jpg .lib .lz4 .m4a .mkv .mo .mov .mp3 .mp4 .mpeg .mpg .npy .npz .o .obj .ogg .onnx .otf
    .parquet .pickle .pkl .png .pt .pth .pyc .pyd .pyo .rar .rlib .rpm .safetensors .so .sqlite .sqlite3 .svg .tar .tgz
    .tif .tiff .ttf .wasm .wav .webm .webp .whl .woff .woff2 .xz .zip .zst
"""
_BINARY_SUFFIXES = frozenset(_BINARY.split())


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that may be a document."""

    path: str
    """Where it is, for the system's calls."""
    source: str
    """The same as text that every database takes: a name that is no text has U+FFFD for what is none."""
    size: int
    modified_ns: int
    max_size: int
    """Bytes that it may have grown to until it is read."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that is not indexed."""

    source: str
    reason: str
    usual: bool = False
    """True where nobody would expect it to be indexed: pictures, caches, what `.gitignore` names."""


def walk(
    path: str, skip: Callable[[Skipped], None], *, max_size: int = MAX_SIZE, without: Container[str] = ()
) -> Iterator[FoundFile]:
    """The files at or below a path, in the order of their names; what is left out goes to `skip`.

    Args:
        without: files and folders below it that nobody wants, as sources.

    Raises:
        OSError: the path itself is not there or cannot be read.
    """
    top = os.path.realpath(path)  # also what a link leads to is known by one name only
    status = os.stat(top)
    if stat.S_ISDIR(status.st_mode):
        os.scandir(top).close()  # raises what the caller should know
        yield from _Walk(skip, max_size, without).folder(top, _rules_above(top))
    else:
        found = _Walk(skip, max_size, without).file(top, status, given=True)
        if found:
            yield found


@dataclass(frozen=True, slots=True)
class _Rules:
    """One `.gitignore`, and where it counts from."""

    base: str
    spec: GitIgnoreSpec

    def verdict(self, path: str, folder: bool) -> bool | None:
        """Ignored, kept in spite of an earlier rule, or not spoken of."""
        relative = os.path.relpath(path, self.base) if not path.startswith(self.base) else path[len(self.base) :]
        return self.spec.check_file(relative.lstrip(os.sep) + ("/" if folder else "")).include


class _Walk:
    def __init__(self, skip: Callable[[Skipped], None], max_size: int, without: Container[str]) -> None:
        self._skip = skip
        self._max_size = max_size
        self._without = without

    def folder(self, top: str, rules: list[_Rules]) -> Iterator[FoundFile]:
        """All below it. A stack of our own: a tree may be deeper than Python's."""
        stack = [(top, rules)]
        while stack:
            folder, rules = stack.pop()
            try:
                with os.scandir(folder) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
            except OSError as error:
                self._leave(folder, f"cannot be read ({error.strerror})")
                continue
            names = {entry.name for entry in entries}
            why = _not_documents(names) if folder != top else None
            if why:
                self._leave(folder, why, True)
                continue
            if ".gitignore" in names:
                rules = [*rules, *_read_rules(folder, os.path.join(folder, ".gitignore"))]
            below: list[tuple[str, list[_Rules]]] = []
            for entry in entries:
                if self._left_out(entry, rules):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    below.append((entry.path, rules))
                    continue
                found = self._entry(entry)
                if found:
                    yield found
            stack += reversed(below)

    def _left_out(self, entry: os.DirEntry[str], rules: list[_Rules]) -> bool:
        if entry.name in (".git", ".gitignore"):
            return True
        if entry.name.startswith("."):
            self._leave(entry.path, "hidden", True)
        elif entry.name in _CACHES:
            self._leave(entry.path, "cache", True)
        elif entry.is_symlink():
            self._leave(entry.path, *_about_link(entry.path))
        elif rules and _ignored(entry.path, entry.is_dir(follow_symlinks=False), rules):
            self._leave(entry.path, "ignored by .gitignore", True)
        elif self._without and sound(entry.path) in self._without:
            self._leave(entry.path, "taken out", True)
        else:
            return False
        return True

    def _entry(self, entry: os.DirEntry[str]) -> FoundFile | None:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            self._leave(entry.path, f"cannot be read ({error.strerror})")
            return None
        return self.file(entry.path, status)

    def file(self, path: str, status: os.stat_result, *, given: bool = False) -> FoundFile | None:
        """The file, if it may be a document; one that the user gave also under a name that tells otherwise."""
        name = os.path.basename(path).lower()
        if not stat.S_ISREG(status.st_mode):
            self._leave(path, "a pipe, a socket or a device")
        elif not given and (name in _SECRETS or name.endswith(_SECRET_SUFFIXES)):
            self._leave(path, "named like a secret key", True)
        elif not given and name.endswith(_GENERATED_SUFFIXES):
            self._leave(path, "generated", True)
        elif not given and (os.path.splitext(name)[1] in _BINARY_SUFFIXES or ".so." in name):
            self._leave(path, "binary", True)
        elif status.st_size > self._max_size:
            self._leave(path, f"{size_words(status.st_size)}, more than {size_words(self._max_size)}")
        else:
            return FoundFile(path, sound(path), status.st_size, status.st_mtime_ns, self._max_size)
        return None

    def _leave(self, path: str, reason: str, usual: bool = False) -> None:
        self._skip(Skipped(sound(path), reason, usual))


def size_words(size: int) -> str:
    """A number of bytes in words."""
    for unit, words in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:.3g} {words}"
    return f"{size} bytes"


def _not_documents(names: set[str]) -> str | None:
    """What a folder with files of these names is, where its files are no documents."""
    if "pyvenv.cfg" in names:
        return "virtual environment"
    if "CACHEDIR.TAG" in names:
        return "cache"
    return None


def _about_link(path: str) -> tuple[str, bool]:
    """Why a link is left out, and whether that is usual."""
    target = os.path.realpath(path)
    if not os.path.exists(path):
        return "a symbolic link that leads nowhere or to itself", False
    if os.path.isdir(target) and os.path.commonpath((target, os.path.dirname(path))) == target:
        return "a symbolic link to a folder that it stands in: a loop", False
    return "a symbolic link", True


def _ignored(path: str, folder: bool, rules: list[_Rules]) -> bool:
    """As git decides: the nearest file that speaks of it is right."""
    for one in reversed(rules):
        verdict = one.verdict(path, folder)
        if verdict is not None:
            return verdict
    return False


def _rules_above(top: str) -> list[_Rules]:
    """The rules of the repository that the folder is part of; none if they would ignore the folder itself."""
    above = [top]
    while not os.path.exists(os.path.join(above[-1], ".git")):
        parent = os.path.dirname(above[-1])
        if parent == above[-1]:
            return []
        above.append(parent)
    repository = above[-1]
    rules = _read_rules(repository, os.path.join(repository, ".git", "info", "exclude"))
    for folder in reversed(above[1:]):
        rules += _read_rules(folder, os.path.join(folder, ".gitignore"))
    for folder in above[:-1]:
        if _ignored(folder, True, rules):
            return []
    return rules


def _read_rules(base: str, file: str) -> list[_Rules]:
    """The rules of a file as a list of one, or of none where it cannot be read."""
    try:
        if not stat.S_ISREG(os.lstat(file).st_mode):
            return []
        with open(file, encoding="utf-8", errors="replace") as lines:
            text = lines.read(1_000_000)
    except OSError:
        return []
    from pathspec import GitIgnoreSpec

    patterns = []
    for line in text.splitlines():
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:  # git passes over a pattern that is none
            continue
        patterns.append(line)
    return [_Rules(base, GitIgnoreSpec.from_lines(patterns))] if patterns else []


def read_file(path: str, max_size: int) -> tuple[bytes, os.stat_result] | str:
    """The bytes with the state that they had, or why not: since it was found, it may have become anything."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        number = os.open(path, flags)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    with open(number, "rb") as file:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            return "no file any more"
        try:
            data = file.read(max_size + 1)
        except OSError as error:
            return f"cannot be read ({error.strerror})"
    return (data, status) if len(data) <= max_size else f"more than {size_words(max_size)}"
