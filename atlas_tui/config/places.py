"""The places on disk. platformdirs is imported at first use: it costs as much as a quarter of the start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from atlas_tui.errors import ConfigError
from atlas_tui.text import one_line

APP = "atlas-tui"
"""The name of the program's folders in the platform's places."""


def config_path(environ: Mapping[str, str] | None = None) -> Path:
    """The settings file: `ATLAS_CONFIG`, else `config.toml` in the platform's configuration folder."""
    named = variable(environ, "ATLAS_CONFIG")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_config_path(APP, appauthor=False) / "config.toml"


def data_dir(environ: Mapping[str, str] | None = None) -> Path:
    """The folder of the history and the knowledge base: `ATLAS_DATA_DIR`, else the platform's data folder."""
    named = variable(environ, "ATLAS_DATA_DIR")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_data_path(APP, appauthor=False)


def log_dir() -> Path:
    """The folder of the log files, in the platform's place for logs."""
    import platformdirs

    return platformdirs.user_log_path(APP, appauthor=False)


def make_private_folder(path: Path) -> Path:
    """Create a folder, with what is missing above it, for its owner alone (0700); one that exists stays as it is.

    Raises:
        OSError: it cannot be created.
    """
    missing = [path]
    while not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    return path


def private_opener(path: str, flags: int) -> int:
    """For `open(..., opener=private_opener)`: a file that is created is for its owner alone (0600)."""
    return os.open(path, flags, 0o600)


def read_text(path: str | Path, what: str = "", *, limit: int | None = None) -> str:
    """A file that the user named, as text; a byte order mark is left out.

    Args:
        path: the file.
        what: what it should hold, for the error: `the system prompt`.
        limit: the most bytes that such a file has.

    Raises:
        ConfigError: it cannot be read, is larger, or is no text.
    """
    name = f"{what} {one_line(str(path))}".lstrip()
    try:
        with open(path, "rb") as file:
            data = file.read(-1 if limit is None else limit + 1)
        if limit is not None and len(data) > limit:
            raise ConfigError(f"{name} is larger than {limit // 10**6} MB: choose another file")
    except OSError as error:
        raise ConfigError(f"{name} cannot be read ({error.strerror}): check the file") from error
    return decoded(data, name)


def decoded(data: bytes, name: str) -> str:
    """The text that the bytes of a file are.

    Raises:
        ConfigError: they are none.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is not UTF-8 text (byte {error.start}): save it as UTF-8") from error


def variable(environ: Mapping[str, str] | None, name: str) -> str | None:
    """A variable's value; one that is set to nothing counts as not set."""
    return (os.environ if environ is None else environ).get(name, "").strip() or None
