"""The places on disk. platformdirs is imported at first use: it costs as much as a quarter of the start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

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


def variable(environ: Mapping[str, str] | None, name: str) -> str | None:
    """A variable's value; one that is set to nothing counts as not set."""
    return (os.environ if environ is None else environ).get(name, "").strip() or None
