"""`python -m benchmarks.history`: a large history, opened, shown and searched; what the journal costs a stream.

One conversation of 5,000 turns and 450 of 100: 100,000 messages, written once. Each figure is the median of several
runs, beside what it has to hold; the exit status is 1 if one does not.
"""

from __future__ import annotations

import asyncio
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from atlas_tui.config import Config
from atlas_tui.models.base import Attempt, CostEstimate, ModelResponse, TokenUsage
from atlas_tui.models.mock import MockProvider
from atlas_tui.session import Session
from atlas_tui.store import Conversation, ConversationInfo, Journal, Store, StoredResponse, StoredTurn
from atlas_tui.tui.app import AtlasApp
from atlas_tui.tui.opening import Opened, Opening
from atlas_tui.tui.screens.catalogue import Catalogue
from atlas_tui.tui.screens.conversations import Conversations

_COMMON = [
    "the",
    "a",
    "of",
    "to",
    "in",
    "is",
    "that",
    "it",
    "for",
    "on",
    "with",
    "as",
    "are",
    "this",
    "be",
    "at",
    "or",
    "by",
    "from",
    "an",
]
_QUERIES = ("the", "the of", "word17 the", '"the of"', "wo", "word3000", "nowhere")
_RUNS = 9


def _text(rng: random.Random, words: int) -> str:
    rare = (f"word{min(int(rng.paretovariate(0.6)), 20_000)}" for _ in range(words))
    return " ".join(rng.choice(_COMMON) if rng.random() < 0.4 else word for word in rare)


def _conversation(rng: random.Random, number: str, turns: int) -> Conversation:
    now = datetime.now(UTC)

    def answer() -> StoredResponse:
        response = ModelResponse(
            content=_text(rng, 180), model="m", provider="mock", usage=TokenUsage(20, 200),
            cost=CostEstimate(0.01, 0.0, 0.01), complete=True, attempts=(Attempt("mock", "m"),),
        )  # fmt: skip
        return StoredResponse(response, "complete", now)

    asked = [StoredTurn(_text(rng, 15), now, [answer()]) for _ in range(turns)]
    return Conversation(ConversationInfo(number, f"Title {number}", now, now, "mock:m"), asked)


def _median(action: Callable[[], object]) -> float:
    """Milliseconds."""
    times = []
    for _ in range(_RUNS):
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def _cpu_per_delta(journal: Journal | None, answer: str) -> float:
    """Microseconds of the process's time for one delta, all threads together."""
    session = Session(MockProvider(delay_ms=0, response=answer), journal=journal)
    before = resource.getrusage(resource.RUSAGE_SELF)
    events = sum(1 for _ in session.stream("Go"))
    after = resource.getrusage(resource.RUSAGE_SELF)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / events * 1e6


class _Ready(Opening):
    """An opening that has its session already."""

    def __init__(self, store: Store) -> None:
        super().__init__(Config(), mock=True)
        session = Session(MockProvider(delay_ms=0), journal=Journal(store))
        self._opened = Opened(session, Catalogue(self.config, mock=True))


async def _shown(store: Store) -> float:
    """Milliseconds from the key that opens the large conversation until its end stands on the screen."""
    last = store.conversation("large").turns[-1].prompt.split()[0]
    times = []
    for _ in range(_RUNS):
        app = AtlasApp(_Ready(store))
        async with app.run_test(size=(120, 40)) as pilot:

            async def until(condition: Callable[[], bool]) -> None:
                while not condition():
                    await asyncio.sleep(0.002)

            await until(lambda: app.chat.opened)  # noqa: B023 - awaited before the next app
            await pilot.press("f2")
            await until(lambda: isinstance(app.screen, Conversations) and app.screen.filled)  # noqa: B023
            await pilot.press(*"title large")
            await pilot.pause(0.2)
            picker = app.screen
            assert isinstance(picker, Conversations)
            begun = time.perf_counter()
            picker.take()
            await until(lambda: app.chat.transcript.display and last in _screen(app))  # noqa: B023
            times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def _screen(app: AtlasApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def main() -> int:
    """Print the figures; the exit status."""
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.db"
        store = Store(path)
        store.add(_conversation(rng, "large", 5000))
        for number in range(450):
            store.add(_conversation(rng, f"c{number}", 100))
        rows = [("open a conversation of 5,000 turns", _median(lambda: store.conversation("large")), 300.0)]
        rows.append(("show it in the chat, from the key on", asyncio.run(_shown(store)), 300.0))
        for query in _QUERIES:
            rows.append((f"search 100,000 messages: {query}", _median(lambda q=query: store.search(q)), 50.0))  # type: ignore[misc]
        rows.append(("list 50 conversations", _median(store.conversations), 50.0))
        store.close()
        answer = "word " * 50_000
        journal = Journal(Store(path))
        pairs = [(_cpu_per_delta(None, answer), _cpu_per_delta(journal, answer)) for _ in range(_RUNS)]
        plain, kept = (statistics.median(column) for column in zip(*pairs, strict=True))
    for what, took, limit in rows:
        print(f"{what:<45} {took:8.1f} ms   at most {limit:.0f} ms")
    print(f"{'a delta in a session, CPU':<45} {plain:8.2f} µs   with the journal {kept:.2f} µs")
    return 1 if any(took > limit for _, took, limit in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
