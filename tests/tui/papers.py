"""Documents of which the driven program makes passages, and what it says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from atlas_tui.config import Config, RetrievalSettings
from atlas_tui.retrieval import KnowledgeBase
from atlas_tui.retrieval.indexing import index
from tests.played import PlayedProvider
from tests.tui.driving import Driver

TEXTS = {
    "install.md": "# Install\n\nInstall the kite with a hammer.\n\n# Remove\n\nBurn the kite.\n",
    "wind.md": "# Wind\n\nA kite needs wind, always.\n",
    "rope.md": "# Rope\n\nThe rope of the kite is crimson.\n",
}


def fresh(tmp_path: Path) -> Config:
    """A knowledge base with nothing in it."""
    return Config(db_path=str(tmp_path / "fresh"), retrieval=RetrievalSettings(embedder="none"))


def take_in(tmp_path: Path, *paths: Path, collection: str | None = None) -> None:
    knowledge = KnowledgeBase(str(tmp_path / "library"), collection)
    index([str(path) for path in paths], knowledge.collection)
    knowledge.close()


def places(user: Driver) -> list[str]:
    """The sources that the panel says go along, in their order."""
    return [Path(each.document["metadata"]["source"]).name for each in listed(user) if each.number is not None]


def listed(user: Driver) -> Any:
    return user.app.chat.sidebar.context.passages


def asked(provider: PlayedProvider) -> str:
    """What the last request said."""
    return provider.requests[-1].messages[-1].content
