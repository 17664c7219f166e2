"""The log: a file that rotates, for its owner alone, without keys. Nothing is logged to the screen."""

from __future__ import annotations

import io
import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from atlas_tui.config import log_dir, make_private_folder, private_opener
from atlas_tui.text import several_lines

_SIZE = 1_000_000
_FILES = 3


def start_logging(*, debug: bool = False) -> Path:
    """Log warnings, or with `debug` everything, to the file whose path is returned.

    The file is created at the first record. Where it cannot be written the program goes on without a log.
    """
    path = log_dir() / "atlas-tui.log"
    handler = _PrivateFile(path, maxBytes=_SIZE, backupCount=_FILES - 1, encoding="utf-8", delay=True)
    handler.setFormatter(_SafeFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    for before in root.handlers:
        if isinstance(before, _PrivateFile):  # a program that runs one command after the other
            before.close()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if debug else logging.WARNING)
    logging.captureWarnings(True)  # the SDKs warn about old models on stderr, in the middle of the screen
    logging.raiseExceptions = False  # a full disk must not write tracebacks there either
    return path


class _SafeFormatter(logging.Formatter):
    """Cleans the whole record: a key can also stand in an argument or in a traceback, where no filter looks."""

    def format(self, record: logging.LogRecord) -> str:
        return several_lines(super().format(record))


class _PrivateFile(RotatingFileHandler):
    def _open(self) -> io.TextIOWrapper:
        make_private_folder(Path(self.baseFilename).parent)
        return open(self.baseFilename, "a", encoding=self.encoding, errors="backslashreplace", opener=private_opener)
