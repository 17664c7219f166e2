"""The knowledge base: what a question is answered with, whatever is missing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from atlas_tui import create_query_client
from atlas_tui.config import Config, ProviderConfig, RetrievalSettings, data_dir
from atlas_tui.errors import AtlasError
from atlas_tui.retrieval import Document, KnowledgeBase
from atlas_tui.retrieval.embedders import embedder_for
from atlas_tui.retrieval.filling import fill
from atlas_tui.retrieval.knowledge import library_file
from atlas_tui.retrieval.values import Chunk, SourceState
from tests.servers.scripted import Body, HttpError, Request, ScriptedServer
from tests.test_imports import HEAVY, SDKS, loaded

MEANINGS = (("car", "automobile", "vehicle"), ("fruit", "apple", "pear"), ("sea", "ocean", "wave"))


def by_meaning(request: Request) -> Body:
    """Vectors in which words of the same meaning are the same."""
    vectors = [
        [1.0 * sum(text.lower().count(word) for word in words) for words in MEANINGS] for text in request.json["input"]
    ]
    data = [{"object": "embedding", "index": n, "embedding": [*row, 0.1]} for n, row in enumerate(vectors)]
    return Body(json.dumps({"object": "list", "model": request.model, "data": data}).encode())


def put(knowledge: KnowledgeBase, **texts: str) -> None:
    knowledge.collection.replace_many(
        (SourceState(f"{name}.md", len(text), 0, ""), [Chunk(text, "Guide > Setup", 3, 9)])
        for name, text in texts.items()
    )


def sources(documents: list[Document]) -> list[str]:
    return [document["metadata"]["source"] for document in documents]


@pytest.fixture
def config(server: ScriptedServer) -> Config:
    server.routes["/v1/embeddings"] = by_meaning
    return Config(
        providers={"local": ProviderConfig("openai", base_url=f"{server.url}/v1")},
        retrieval=RetrievalSettings(embedder="local:meanings", vectors="exact"),
    )


@pytest.fixture
def knowledge(tmp_path: Path, config: Config) -> Iterator[KnowledgeBase]:
    knowledge = KnowledgeBase(str(tmp_path / "chroma"), config=config)
    yield knowledge
    knowledge.close()


@pytest.fixture
def garage(knowledge: KnowledgeBase, config: Config) -> KnowledgeBase:
    """With vectors."""
    put(
        knowledge,
        automobile="An automobile needs oil.",
        harvest="The apple and the pear are ripe.",
        coast="A wave of the ocean came.",
        oil="Oil for the kitchen is pressed from olives.",
    )
    fill(knowledge.collection, embedder_for("local:meanings", config))
    return knowledge


def test_nothing_is_found_in_nothing_and_nothing_is_made(tmp_path: Path) -> None:
    knowledge = KnowledgeBase(str(tmp_path / "none"))
    assert knowledge.search("anything") == []
    assert knowledge.search("anything", wait=True, within=["x"]) == []
    assert (knowledge.collections(), knowledge.info(), knowledge.notices) == ([], None, [])
    knowledge.close()
    assert not (tmp_path / "none").exists()


def test_a_passage_says_where_it_stands_and_why_it_was_found(knowledge: KnowledgeBase) -> None:
    put(knowledge, a="How to tighten the flux capacitor.", b="Something else.", c="Nothing of it.")
    (found,) = knowledge.search("What does the flux capacitor do?")
    assert found["content"] == "How to tighten the flux capacitor."
    assert found["metadata"] == {
        "source": "a.md",
        "title": "Guide > Setup",
        "first_line": 3,
        "last_line": 9,
        "collection": "documents",
        "hash": Chunk("How to tighten the flux capacitor.", "Guide > Setup").hash,
    }
    assert 0 < found["relevance_score"] <= 1
    assert found["why"] == ["flux", "capacitor"]
    assert found["id"] == "1"
    assert knowledge.search("flux", 0) == knowledge.search("  ", 5) == []
    json.dumps(found)


def test_a_text_that_stands_in_many_files_is_given_once(knowledge: KnowledgeBase) -> None:
    put(knowledge, **{f"copy{number}": "the licence of all files" for number in range(5)}, own="a licence, too")
    assert len(knowledge.search("licence", 3)) == 2


def test_what_means_the_same_is_found_beside_the_words(garage: KnowledgeBase) -> None:
    found = garage.search("oil for my car", 4)
    assert sources(found)[0] == "automobile.md"
    assert found[0]["why"] == ["oil", "meaning"]
    assert [document["relevance_score"] for document in found] == sorted(
        (document["relevance_score"] for document in found), reverse=True
    )
    assert sources(garage.search("vehicle", 1)) == ["automobile.md"], "no word of it stands there"
    assert garage.search("vehicle", 1)[0]["why"] == ["meaning"]
    assert sources(garage.search("vehicle", 5, within=["coast.md"])) == ["coast.md"]
    assert garage.notices == []


def test_new_passages_are_found_by_words_before_they_have_a_vector(garage: KnowledgeBase) -> None:
    put(garage, new="A hovercraft full of eels.")
    assert sources(garage.search("hovercraft", 1)) == ["new.md"]


@pytest.mark.parametrize("failure", [HttpError(500, "broken"), HttpError(401, "no key"), Body(b"{}"), Body(b"<html>")])
def test_an_embedder_that_fails_leaves_the_words(
    garage: KnowledgeBase, server: ScriptedServer, failure: HttpError | Body
) -> None:
    server.routes["/v1/embeddings"] = failure
    assert sources(garage.search("apple harvest", 1, wait=True)) == ["harvest.md"]
    garage.search("apple", 1)
    (notice,) = garage.notices
    assert notice.startswith("passages are found by words alone: ")
    assert "\n" not in notice


def test_an_embedder_that_says_nothing_is_not_waited_for(
    garage: KnowledgeBase, server: ScriptedServer, config: Config
) -> None:
    hasty = KnowledgeBase(garage.db_path, config=config, patience=0.05)
    over = threading.Event()

    def silent(request: Request) -> Body:
        over.wait(20)
        return by_meaning(request)

    server.routes["/v1/embeddings"] = silent
    try:
        assert sources(hasty.search("apple harvest", 1)) == ["harvest.md"]
    finally:
        over.set()
    assert hasty.notices == [
        "passages are found by words alone: the embedder local:meanings has not answered within 0.05 s"
    ]
    hasty.close()


def test_an_embedder_that_is_gone_from_the_settings_leaves_the_words(garage: KnowledgeBase, tmp_path: Path) -> None:
    other = KnowledgeBase(str(tmp_path / "chroma"), config=Config())
    assert sources(other.search("apple", 1)) == ["harvest.md"]
    (notice,) = other.notices
    assert "local" in notice
    other.close()


def test_a_library_that_is_damaged_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite3").write_bytes(b"no database " * 500)
    knowledge = KnowledgeBase(str(tmp_path))
    with pytest.raises(AtlasError, match="the file is damaged"):
        knowledge.search("anything")
    knowledge.close()


def test_a_client_retrieves_and_asks_with_passages(tmp_path: Path) -> None:
    with create_query_client("mock", db_path=str(tmp_path), collection_name="notes") as client:
        assert client.retrieve_only("flux") == []
        knowledge = KnowledgeBase(str(tmp_path), "notes")
        put(knowledge, a="About the flux capacitor.", b="Something else.", c="More of it.")
        knowledge.close()
        assert sources(client.retrieve_only("What is the flux capacitor?", k=3)) == ["a.md"]
        answer = client.query_with_context("What is the flux capacitor?")
        assert sources(answer["context"]["documents"]) == ["a.md"]
        assert answer["response"]


def test_each_place_has_its_library(tmp_path: Path) -> None:
    assert library_file() == data_dir() / "chroma" / "library.sqlite3"
    assert library_file(str(tmp_path)) == tmp_path / "library.sqlite3"
    assert library_file("~/docs") == Path.home() / "docs" / "library.sqlite3"
    served = library_file("http://me:secret@team.example:8000/")
    assert served == data_dir() / "servers" / "team.example-8000" / "library.sqlite3"
    assert "secret" not in str(served)
    assert library_file("http://../../x").is_relative_to(data_dir() / "servers")


def test_a_knowledge_base_that_is_not_asked_costs_nothing() -> None:
    heavy = HEAVY | {"numpy", "onnxruntime", "pypdf", "pathspec"}
    assert not loaded("from atlas_tui.retrieval import Document, KnowledgeBase; KnowledgeBase('folder')") & heavy
    searching = "from atlas_tui.retrieval import KnowledgeBase; KnowledgeBase('no-such-folder').search('x')"
    assert not loaded(searching) & (SDKS | {"numpy", "onnxruntime", "pypdf", "pathspec"})
