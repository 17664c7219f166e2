"""For tests of what stands above the providers: one that plays given events and notes what it was asked; a sink;
conversations and passages."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from typing import Any, ClassVar

from atlas_tui.models.base import (
    Counted,
    End,
    Event,
    Finish,
    ModelInfo,
    ModelRequest,
    Provider,
    Start,
    TextDelta,
    WireEvent,
)
from atlas_tui.policy import Policy, RetrySettings
from atlas_tui.retrieval import Document, KnowledgeBase
from atlas_tui.session import Session

HANG = "hang"
"""A step of an answer: silence until the request is cancelled."""

Step = WireEvent | Exception | str
Answer = Sequence[Step]


def says(*deltas: str, finish: str = "stop", counted: Counted | None = None) -> list[Step]:
    """A complete answer in these deltas."""
    return [*map(TextDelta, deltas), *([counted] if counted else []), Finish(finish)]


class PlayedProvider(Provider):
    """Plays one answer for each request, the last one again and again. An exception in an answer is raised there."""

    is_mock: ClassVar[bool] = False

    def __init__(self, *answers: Answer, name: str = "played", model: str = "test-model", **common: Any) -> None:
        super().__init__(name, model, **common)
        self._answers = list(answers)
        self.requests: list[ModelRequest] = []
        self.accepts = True
        """False fails before the request is accepted."""
        self.hanging = threading.Event()
        """Set when an answer has come to `HANG`."""
        self.closed = threading.Event()
        """Set when a request is over, however it ended."""

    async def _stream(self, request: ModelRequest) -> AsyncGenerator[WireEvent, None]:
        self.requests.append(request)
        self.closed.clear()
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        try:
            if self.accepts:
                yield Start(self.name, self.model_name, request_id=f"request-{len(self.requests)}")
            for step in answer:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, str):
                    self.hanging.set()
                    await asyncio.Event().wait()
                else:
                    yield step
        finally:
            self.closed.set()

    async def _list(self) -> list[ModelInfo]:
        return [ModelInfo(self.model_name)]


class Sink:
    """Collects the events of an answer, as a screen's does."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._ended = threading.Event()

    def put(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, End):
            self._ended.set()

    def full(self) -> bool:
        return False

    @property
    def text(self) -> str:
        """All that the answer says."""
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    def end(self, timeout: float = 10) -> End:
        """Wait for the ending."""
        assert self._ended.wait(timeout), f"no ending, but {self.events[-3:]}"
        last = self.events[-1]
        assert isinstance(last, End)
        return last


def session_of(provider: PlayedProvider, **options: Any) -> Session:
    """A conversation that does not wait before it falls back or fails."""
    return Session(provider, **{"policy": Policy(RetrySettings(attempts=1)), **options})


def ask(session: Session, prompt: str = "Go") -> End:
    """Ask and wait for the ending."""
    *_, end = session.stream(prompt)
    assert isinstance(end, End)
    return end


class Passages(KnowledgeBase):
    """Finds one passage, and remembers what was looked for."""

    def __init__(self) -> None:
        super().__init__()
        self.queries: list[str] = []

    def search(self, query: str, k: int = 5, **options: Any) -> list[Document]:
        self.queries.append(query)
        return [{"content": "Air scatters blue.", "metadata": {"source": "sky.md"}, "relevance_score": 0.9}]
