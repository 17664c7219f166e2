"""MiniLM from where Chroma gets it, when the user wants it."""

from __future__ import annotations

import hashlib
import os
import tarfile
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from atlas_tui.config import make_private_folder
from atlas_tui.errors import AtlasError
from atlas_tui.models.base import CancelToken
from atlas_tui.retrieval.embedders.minilm_files import FILES, MODEL, chroma_cache
from atlas_tui.retrieval.stopping import Stop, Stopped
from atlas_tui.text import one_line

URL = f"https://chroma-onnx-models.s3.amazonaws.com/{MODEL}/onnx.tar.gz"
"""Where chromadb gets the archive (`ONNXMiniLM_L6_V2.MODEL_DOWNLOAD_URL`)."""
SHA256 = "913d7300ceae3b2dbc2c50d1de4baacab4be7b9380491c27fab7418616a16ec3"
"""Of the archive, from the same place."""
_PATIENCE = 30.0
"""Seconds for a sign of life."""
_PIECE = 1 << 16
_LIMIT = 1 << 28
"""Bytes of an archive or of a file in it; more is not what was asked for."""


def download(
    progress: Callable[[int, int], None],
    *,
    cancel: CancelToken | None = None,
    url: str = URL,
    sha256: str = SHA256,
    folder: Path | None = None,
) -> None:
    """Get the archive and put its six files into Chroma's cache. Only ever called after the user said yes.

    Args:
        progress: called with bytes so far and bytes in all (0 where the server does not say).
        cancel: stops it at once, whatever the server does.

    Raises:
        AtlasError: it cannot be had, is not the one that is known, or was stopped. Nothing is left behind.
    """
    folder = folder or chroma_cache()
    near = next(each for each in (folder, *folder.parents) if each.is_dir())
    stop = Stop(cancel)
    try:
        with tempfile.TemporaryDirectory(dir=near, prefix=".new-minilm-") as name:
            new = Path(name)
            _fetch(url, sha256, new / "archive", progress, stop)
            _unpack(new / "archive", new / "onnx")
            place = make_private_folder(folder) / "onnx"
            if place.exists():
                place.rename(new / "old")  # incomplete: otherwise nobody would have asked
            (new / "onnx").rename(place)
    except (OSError, urllib.error.URLError, tarfile.TarError) as error:
        words = one_line(str(getattr(error, "reason", None) or error), 120)
        raise AtlasError(f"the model {MODEL} could not be downloaded ({words}): try again, or use Ollama") from error
    except Stopped:
        raise AtlasError("the download was stopped: nothing of it was kept") from None
    finally:
        stop.forget()


def _fetch(url: str, sha256: str, file: Path, progress: Callable[[int, int], None], stop: Stop) -> None:
    digest, done = hashlib.sha256(), 0
    response = stop.during(lambda: urllib.request.urlopen(url, timeout=_PATIENCE))
    try:
        total = int(response.headers.get("content-length") or 0)
        with file.open("wb") as out:
            while piece := stop.during(lambda: response.read(_PIECE)):
                done += len(piece)
                if done > _LIMIT:
                    break
                digest.update(piece)
                out.write(piece)
                progress(done, total)
    finally:
        # Beside, for a read that was stopped comes to its end first.
        threading.Thread(target=response.close, name="atlas-waiting", daemon=True).start()
    if digest.hexdigest() != sha256:
        raise AtlasError(f"what came as {MODEL} is another file than the one that is known: nothing was kept")


def _unpack(archive: Path, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            name = os.path.basename(member.name)
            if member.isfile() and name in FILES and member.size <= _LIMIT and (content := tar.extractfile(member)):
                (folder / name).write_bytes(content.read())
    if missing := [name for name in FILES if not (folder / name).exists()]:
        raise AtlasError(f"the archive of {MODEL} lacks {', '.join(missing)}: nothing was kept")
