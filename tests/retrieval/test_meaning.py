"""A question's vector: how long it is waited for, and that it is made once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from atlas_tui.config import Config, ProviderConfig, RetrievalSettings
from atlas_tui.errors import AtlasError
from atlas_tui.retrieval import KnowledgeBase
from atlas_tui.retrieval.embedders import embedder_for, minilm_files
from atlas_tui.retrieval.embedders.minilm import MiniLM
from atlas_tui.retrieval.filling import fill
from tests.retrieval.processes import over
from tests.retrieval.test_knowledge import by_meaning, put, sources
from tests.servers.scripted import Body, Request, ScriptedServer

LATE = "passages are found by words alone: local:meanings took longer than 50 ms"


class Gate:
    """An embedder's server that answers when it may."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.reached = threading.Event()
        self.asked: list[str] = []

    def __call__(self, request: Request) -> Body:
        self.asked += request.json["input"]
        self.reached.set()
        assert self.open.wait(20)
        return by_meaning(request)


@pytest.fixture
def gate(server: ScriptedServer) -> Iterator[Gate]:
    gate = Gate()
    gate.open.set()
    server.routes["/v1/embeddings"] = gate
    yield gate
    gate.open.set()


@pytest.fixture
def knowledge(tmp_path: Path, server: ScriptedServer, gate: Gate) -> Iterator[KnowledgeBase]:
    config = Config(
        providers={"local": ProviderConfig("openai", base_url=f"{server.url}/v1")},
        retrieval=RetrievalSettings(embedder="local:meanings", vectors="exact"),
    )
    knowledge = KnowledgeBase(str(tmp_path / "chroma"), config=config)
    put(knowledge, automobile="An automobile needs oil.", oil="Oil for the kitchen is pressed from olives.")
    fill(knowledge.collection, embedder_for("local:meanings", config))
    gate.asked.clear()
    gate.reached.clear()
    yield knowledge
    knowledge.close()


def test_who_is_in_a_hurry_gets_what_the_words_find_and_is_told(knowledge: KnowledgeBase, gate: Gate) -> None:
    gate.open.clear()
    begun = monotonic()
    assert sources(knowledge.search("kitchen vehicle", hurry=0.05)) == ["oil.md"]
    assert monotonic() - begun < 10, "its server holds the answer for longer"
    assert knowledge.late
    assert knowledge.notices == [LATE]
    gate.open.set()
    assert set(sources(knowledge.search("kitchen vehicle"))) == {"oil.md", "automobile.md"}
    assert not knowledge.late
    assert knowledge.notices == []


def test_a_question_that_is_being_embedded_is_not_embedded_again(knowledge: KnowledgeBase, gate: Gate) -> None:
    gate.open.clear()
    found: list[str] = []
    typed = threading.Thread(target=lambda: found.extend(sources(knowledge.search("vehicle"))))
    typed.start()
    assert gate.reached.wait(20)
    knowledge.search("vehicle", hurry=0.0)
    gate.open.set()
    typed.join(10)
    assert found[0] == "automobile.md"
    assert sources(knowledge.search("vehicle", hurry=0.0))[0] == "automobile.md"
    assert gate.asked == ["vehicle"]


def test_a_question_whose_embedding_failed_is_embedded_again(
    knowledge: KnowledgeBase, gate: Gate, server: ScriptedServer
) -> None:
    server.routes["/v1/embeddings"] = Body(b"<html>")
    assert knowledge.search("vehicle") == []
    server.routes["/v1/embeddings"] = gate
    assert sources(knowledge.search("vehicle"))[0] == "automobile.md"


def test_a_model_that_cannot_be_loaded_is_told_to_the_next_question() -> None:
    folder = minilm_files.chroma_cache() / "onnx"
    folder.mkdir(parents=True)
    for name in minilm_files.FILES:
        (folder / name).write_bytes(b"no model")
    embedder = MiniLM()
    assert not embedder.ready()
    embedder.warm()
    over("atlas-minilm")
    assert embedder.ready()
    with pytest.raises(AtlasError):
        embedder.embed(["a question"], question=True)
    embedder.close()
