"""The offer to download MiniLM: made where it would help, and only until somebody has said no."""

from __future__ import annotations

from pathlib import Path

from atlas_tui.config import Config, data_dir, make_private_folder, private_opener
from atlas_tui.retrieval.embedders import default_embedder, minilm, minilm_download, minilm_files

QUESTION = (
    f"Documents can also be found by their meaning, with the model {minilm_files.MODEL} on this machine.\n"
    f"Download it from {minilm_download.URL} ({minilm_files.MEGABYTES} MB)?"
)


def possible() -> bool:
    """Whether only its files are missing."""
    return minilm.installable() and minilm_files.find() is None


def due(config: Config) -> bool:
    """Whether it should be offered: nothing else is at hand, and nobody has said no. It may ask an Ollama here."""
    if not possible() or _declined().exists():
        return False
    if config.retrieval.embedder == minilm.NAME:
        return True
    return config.retrieval.embedder is None and default_embedder(config) is None


def decline() -> None:
    """Somebody has said no: nobody is asked twice."""
    make_private_folder(_declined().parent)
    open(_declined(), "w", opener=private_opener).close()


def _declined() -> Path:
    return data_dir() / "minilm-declined"
