"""Passages in a conversation: when they are looked for, what the model gets of them, and what is told."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from atlas_tui import AtlasError
from atlas_tui.models.base import (
    Retrieved,
    in_thread,
)
from atlas_tui.retrieval import Document, KnowledgeBase
from tests.played import Passages, PlayedProvider, Sink, ask, says, session_of

pytestmark = pytest.mark.usefixtures("no_leaked_threads")


class Small(PlayedProvider):
    """A model with little room."""

    def context_window(self, model: str | None = None) -> int | None:
        return 3000


def test_passages_are_told_before_the_answer_and_kept_with_the_turn() -> None:
    knowledge = Passages()
    session = session_of(PlayedProvider(says("Because.")), knowledge=knowledge)
    retrieved, *others = session.stream("Why is the sky blue?")
    assert isinstance(retrieved, Retrieved)
    assert retrieved.documents[0]["metadata"]["source"] == "sky.md"
    assert session.turns[0].documents == retrieved.documents
    assert not [event for event in others if isinstance(event, Retrieved)]
    assert knowledge.queries == ["Why is the sky blue?"]


def test_another_answer_uses_the_passages_that_were_found() -> None:
    knowledge = Passages()
    session = session_of(PlayedProvider(says("Because.")), knowledge=knowledge)
    ask(session, "Why?")
    session.start(session.turns[0], Sink()).join(5)
    assert knowledge.queries == ["Why?"]


def test_nothing_found_is_told_and_the_prompt_sent_as_it_is() -> None:
    provider = PlayedProvider(says("x"))
    events = list(session_of(provider, knowledge=KnowledgeBase()).stream("Why?"))
    assert [event.documents for event in events if isinstance(event, Retrieved)] == [()]
    assert provider.requests[0].messages[-1].content == "Why?"


def test_the_model_gets_them_as_numbered_data_and_the_turn_keeps_the_prompt() -> None:
    provider = PlayedProvider(says("Because [1]."), says("So."))
    session = session_of(provider, knowledge=Passages())
    list(session.stream("Why is the sky blue?"))
    sent = provider.requests[0].messages[-1].content
    assert '<passage number="1" source="sky.md">' in sent
    assert sent.endswith("Why is the sky blue?")
    assert session.turns[0].prompt == "Why is the sky blue?"
    list(session.stream("And red?"))
    assert provider.requests[1].messages[0].content == "Why is the sky blue?"  # old passages are not paid for again


def test_chosen_passages_are_sent_and_no_others_looked_for() -> None:
    knowledge, provider = Passages(), PlayedProvider(says("x"), says("y"))
    session = session_of(provider, knowledge=knowledge)
    turn = session.add_turn("Why?", [{"content": "Mine.", "metadata": {"source": "my.md"}, "relevance_score": 1.0}])
    session.start(turn, Sink()).join(5)
    session.start(session.add_turn("And none?", []), Sink()).join(5)
    assert "Mine." in provider.requests[0].messages[-1].content
    assert provider.requests[1].messages[-1].content == "And none?"
    assert knowledge.queries == []


def test_what_does_not_fit_the_smallest_window_is_dropped_and_said() -> None:
    provider = PlayedProvider(says("x"))
    session = session_of(provider, fallback=[Small(says("y"))])
    long: list[Document] = [
        {"content": f"{number} " + "word " * 600, "metadata": {"source": "long.md"}, "relevance_score": number / 10}
        for number in range(5)
    ]
    sink = Sink()
    session.start(session.add_turn("Why?", long), sink).join(5)
    (retrieved,) = (event for event in sink.events if isinstance(event, Retrieved))
    assert retrieved.dropped == 5 - len(retrieved.documents) > 0
    assert [each["relevance_score"] for each in retrieved.documents] == sorted(
        each["relevance_score"] for each in long[retrieved.dropped :]
    )
    assert provider.requests[0].estimated_tokens() < 3000


def test_passages_are_looked_for_while_the_provider_gets_ready_and_not_much_longer() -> None:
    asked, prepared, hastened = threading.Event(), threading.Event(), threading.Event()

    class Loading(Passages):
        def search(self, query: str, k: int = 5, **options: Any) -> list[Document]:
            asked.set()
            assert hastened.wait(5)
            assert prepared.is_set()
            return super().search(query)

        def hasten(self) -> None:
            hastened.set()

    class Importing(PlayedProvider):
        async def prepare(self) -> None:
            assert await in_thread(asked.wait, 5)
            assert not hastened.wait(0.2)  # while it takes its time, so may the search
            prepared.set()

        async def _load(self) -> None:
            """What a second import finds done."""

    provider = Importing(says("ok"))
    assert ask(session_of(provider, knowledge=Loading()), "Why?").error is None
    assert "Air scatters blue." in provider.requests[0].messages[0].content


def test_an_sdk_that_cannot_be_imported_is_told_by_the_request() -> None:
    class Without(PlayedProvider):
        async def prepare(self) -> None:
            raise ImportError("no such package")

    end = ask(session_of(Without(says("x")), knowledge=Passages()), "Why?")
    assert end.error is not None
    assert "no such package" in end.error.message


def test_a_search_that_fails_is_said_and_the_prompt_sent_without() -> None:
    class Broken(KnowledgeBase):
        def search(self, *_: Any, **__: Any) -> list[Document]:
            raise AtlasError("the library cannot be read")

    events = list(session_of(PlayedProvider(says("x")), knowledge=Broken()).stream("Why?"))
    (retrieved,) = (event for event in events if isinstance(event, Retrieved))
    assert (retrieved.documents, retrieved.notices) == ((), ("the library cannot be read",))
