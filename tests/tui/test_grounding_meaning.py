"""Passages by meaning in the chat: nobody waits for an embedder, and what it finds is shown when it is there."""

from __future__ import annotations

import threading
from pathlib import Path

from atlas_tui.config import Config, ProviderConfig, RetrievalSettings
from atlas_tui.retrieval import KnowledgeBase
from atlas_tui.retrieval.embedders import embedder_for
from atlas_tui.retrieval.filling import fill
from tests.played import PlayedProvider, says
from tests.retrieval.test_knowledge import by_meaning, put
from tests.servers.scripted import Body, Request, ScriptedServer
from tests.tui.driving import driving
from tests.tui.papers import asked, listed


def taken_in(tmp_path: Path, config: Config, embedder: str) -> None:
    knowledge = KnowledgeBase(config.db_path, config=config)
    put(knowledge, automobile="An automobile needs oil.", rope="The rope of the kite is crimson.")
    made = embedder_for(embedder, config)
    fill(knowledge.collection, made)
    made.close()
    knowledge.close()


async def test_a_prompt_does_not_wait_for_its_vector(tmp_path: Path, server: ScriptedServer) -> None:
    speaking = threading.Event()
    speaking.set()

    def answer(request: Request) -> Body:
        assert speaking.wait(20)
        return by_meaning(request)

    server.routes["/v1/embeddings"] = answer
    config = Config(
        db_path=str(tmp_path / "library"),
        providers={"local": ProviderConfig("openai", base_url=f"{server.url}/v1")},
        retrieval=RetrievalSettings(embedder="local:meanings", vectors="exact", context=True),
    )
    taken_in(tmp_path, config, "local:meanings")
    speaking.clear()
    provider = PlayedProvider(says("Red [1]."))
    async with driving(provider, config=config) as user:
        await user.shows("documents · 2 documents")
        await user.asked("rope")
        assert "crimson" in asked(provider)
        await user.shows("found by words alone:", "took longer than 60 ms")
        speaking.set()


async def test_what_means_the_same_is_shown_once_the_model_is_loaded(tmp_path: Path) -> None:
    config = Config(
        db_path=str(tmp_path / "library"), retrieval=RetrievalSettings(embedder="minilm", vectors="exact", context=True)
    )
    taken_in(tmp_path, config, "minilm")
    async with driving(config=config) as user:
        await user.paste("rope of my car")
        await user.until(lambda: any("meaning" in each.document["why"] for each in listed(user)))
        await user.shows_no("still loading")
        assert {Path(each.document["metadata"]["source"]).name for each in listed(user)} == {"automobile.md", "rope.md"}
