"""The mock provider: no key, no server, the same answer to the same prompt every time; it rehearses every failure."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, get_args

from atlas_tui.errors import ConfigError, Kind, ProviderError
from atlas_tui.models import recording as recordings
from atlas_tui.models.base import (
    Counted,
    Finish,
    ModelInfo,
    ModelRequest,
    Provider,
    ReasoningDelta,
    Start,
    TextDelta,
    TokenUsage,
    WireEvent,
    estimate_tokens,
)
from atlas_tui.text import counted

_TOKEN = re.compile(r"\s*\S{1,5}|\s+")
_BREATH = 64
"""Tokens between two pauses where there is no delay, so that a stop gets a chance."""

MODELS = {
    "mock-basic": "one short paragraph",
    "mock-standard": "Markdown with a list and code",
    "mock-advanced": "reasoning, then a long answer with a table",
}

REPLAY = "replay"
"""The model that plays a recording."""

_OPENING = (
    "This is a rehearsed answer: the **mock** provider played it, and no model was asked. "
    'Your prompt was: "{prompt}" ({words}).'
)
_STANDARD = """

## What a real model would do here

1. **Read** the prompt, with the passages that were retrieved for it.
2. **Stream** its answer, delta by delta, into this log.
3. **Report** its usage, from which the cost is computed.

```python
from atlas_tui import create_query_client

client = create_query_client()          # or "anthropic", "openai", "ollama"
print(client.query("Why is the sky blue?"))
```

Choose a provider in the sidebar, or start with `atlas-tui -p anthropic`; it needs its key in the environment. \
`ollama` needs none.
"""
_ADVANCED = """
### The same prompt, elsewhere

| provider | needs | answers |
| --- | --- | --- |
| `anthropic` | `ANTHROPIC_API_KEY` | Claude models |
| `openai` | `OPENAI_API_KEY` | GPT models |
| `ollama` | a server on this machine | open models |
| `mock` | nothing | this text |

> A rehearsal is as good as its likeness: the deltas, the usage and the failures are like those of a real server.

- Light travels in straight lines until something is in its way.
- Air is in its way: molecules scatter short waves more than long ones, by $\\lambda^{-4}$.
- What is left of the scattered light is blue.
"""
_REASONING = (
    "The user asks about {prompt}. No model is behind this, so I should say so first, then show what the screen "
    "can do: headings, a list, code and a table."
)

_PASSAGE = re.compile(r'^<passage number="(\d+)"[^\n]*>\n(.*?)\n</passage>$', re.MULTILINE | re.DOTALL)
_QUESTION = re.compile(r"\A.*^</passages>\s+The question:\s+", re.MULTILINE | re.DOTALL)
_SENTENCE = re.compile(r"\w[^.!?\n]{15,}[.!?]")
_EVIDENCE = '\n\nOf {count} passages that came with it, number {number} says "{sentence}" [{number}].'

STALL = "stall"
"""The extra rehearsal: half an answer, then silence until a limit or the user ends it."""
_MID_STREAM = frozenset({"truncated", "connection", STALL})


class MockProvider(Provider):
    """Plays a provider and a model without network, at the pace of `delay_ms` a token.

    Args:
        model_name: `mock-basic`, `mock-standard` or `mock-advanced`; or any model, when it plays another provider.
        name: the provider that it plays.
        delay_ms: milliseconds between two tokens.
        simulate_errors: True fails every request, a number as many of the first ones, False none.
        error_type: how: any `ProviderError.kind`, or `stall`.
        response: this text as the answer, instead of the rehearsed one.
        recording: a file written by `Recorder`: its answers are played, at the pace at which they came.
        speed: how much faster than they came; 0 does not wait.
        column: only what was recorded in this column.
    """

    is_mock: ClassVar[bool] = True

    def __init__(
        self,
        model_name: str | None = None,
        *,
        name: str = "mock",
        delay_ms: float = 15,
        simulate_errors: bool | int = False,
        error_type: str = "server",
        response: str | None = None,
        recording: str | Path | None = None,
        speed: float = 1.0,
        column: int | None = None,
        **common: Any,
    ) -> None:
        for option, value in (("delay_ms", delay_ms), ("simulate_errors", simulate_errors), ("speed", speed)):
            if not isinstance(value, int | float) or not math.isfinite(value):  # the settings may hold anything
                raise ConfigError(f"{option} of the mock provider is a number, not {value!r}")
        kinds = (*get_args(Kind), STALL)
        if error_type not in kinds:
            raise ConfigError(f"unknown error_type {error_type!r} of the mock provider: use one of {', '.join(kinds)}")
        if model_name == REPLAY and recording is None:
            raise ConfigError("the mock provider has nothing to replay: give it the option recording, a file")
        if not 0 <= speed < math.inf:
            raise ConfigError(f"the speed of a replay is a number from 0 on, not {speed!r}")
        if name == "mock" and model_name not in (None, REPLAY, *MODELS):
            known = ", ".join(MODELS)
            other = "or name another provider (-p PROVIDER:MODEL)"
            raise ConfigError(f"the mock provider has no model {model_name!r}: use one of {known}, {other}")
        super().__init__(name, model_name or (REPLAY if recording else "mock-standard"), **common)
        self._delay = max(0.0, delay_ms / 1000)
        self._failures_left = -1 if simulate_errors is True else int(simulate_errors)
        self._error_type = error_type
        self._response = response
        self._requests = 0
        self._speed = speed
        self._player: recordings.Player | None = None
        if recording is not None:
            whose = None if self.model_name == REPLAY else self.target
            found = recordings.read_recording(Path(recording).expanduser())
            self._player = recordings.Player(found, whose, column)

    @property
    def prefills(self) -> bool:
        """It knows by heart what it was going to say."""
        return True

    @property
    def server(self) -> str:
        """Who is asked, visibly no real server."""
        return "mock" if self.name == "mock" else f"{self.name} (mock)"

    def _stream(self, request: ModelRequest) -> AsyncGenerator[WireEvent, None]:
        return self._rehearse(request) if self._player is None else self._replay(request, self._player)

    async def _replay(self, request: ModelRequest, player: recordings.Player) -> AsyncGenerator[WireEvent, None]:
        prompt = next((m.content for m in reversed(request.messages) if m.role == "user"), "")
        take = player.next(prompt)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for number, (at, event) in enumerate(take.events, 1):
            await self._until(begun, at, breathe=number % _BREATH == 0)
            yield replace(event, provider=self.name) if isinstance(event, Start) else event
        if take.error is not None:
            await self._until(begun, take.duration, breathe=False)
            raise recordings.copy(take.error, self._speed)

    async def _until(self, begun: float, at: float, *, breathe: bool) -> None:
        left = begun + at / self._speed - asyncio.get_running_loop().time() if self._speed else 0.0
        if left > 0 or breathe:
            await asyncio.sleep(max(0.0, left))

    async def _rehearse(self, request: ModelRequest) -> AsyncGenerator[WireEvent, None]:
        fails = self._failures_left != 0
        if fails:
            self._failures_left -= 1
            if self._error_type not in _MID_STREAM:
                raise self._rehearsed_error()
        self._requests += 1
        yield Start(self.name, self.model_name, request_id=f"mock-{self._requests}")
        reasoning, answer = self._compose(request)
        last = request.messages[-1] if request.messages else None
        if last is not None and last.role == "assistant" and answer.startswith(last.content):
            reasoning, answer = "", answer[len(last.content) :]
        limit = request.max_tokens or self.max_tokens
        pieces = [*((ReasoningDelta, t) for t in _TOKEN.findall(reasoning))]
        pieces += [(TextDelta, t) for t in _TOKEN.findall(answer)]  # type: ignore[misc]
        cut = limit is not None and limit < len(pieces)
        pieces = pieces[:limit] if cut else pieces
        if fails:
            pieces = pieces[: max(1, len(pieces) // 2)]
        loop = asyncio.get_running_loop()
        due = loop.time()
        for number, (make, text) in enumerate(pieces, 1):
            due += self._delay
            if self._delay or number % _BREATH == 0:
                await asyncio.sleep(max(0.0, due - loop.time()))
            yield make(text)
        if fails:
            await self._break_off()
            return
        thought = sum(1 for make, _ in pieces if make is ReasoningDelta)
        prompt = sum(estimate_tokens(m.content) for m in request.messages) + estimate_tokens(
            request.system_prompt or ""
        )
        yield Counted(TokenUsage(prompt, len(pieces), reasoning_tokens=thought))
        yield Finish("length" if cut else "stop")

    def _compose(self, request: ModelRequest) -> tuple[str, str]:
        if self._response is not None:
            return "", self._response
        sent = next((m.content for m in reversed(request.messages) if m.role == "user"), "")
        prompt = _QUESTION.sub("", sent)
        short = " ".join(prompt.split())
        short = short if len(short) <= 120 else short[:119] + "…"
        answer = _OPENING.format(prompt=short, words=counted(len(prompt.split()), "word")) + _cited(sent)
        if self.model_name == "mock-basic":
            return "", answer + "\n"
        answer += _STANDARD
        if self.model_name != "mock-advanced":
            return "", answer
        return _REASONING.format(prompt=short), answer + _ADVANCED

    def _rehearsed_error(self) -> ProviderError:
        kind: Any = self._error_type
        status = {"auth": 401, "permission": 403, "not_found": 404, "bad_request": 400, "context_length": 400}
        status |= {"rate_limit": 429, "overloaded": 529, "server": 500}
        return ProviderError(
            kind,
            f"{self.server} rehearses the failure `{kind}`",
            status=status.get(kind),
            retry_after=1.0 if kind == "rate_limit" else None,
        )

    async def _break_off(self) -> None:
        if self._error_type == STALL:
            await asyncio.Event().wait()
        if self._error_type == "connection":
            raise ConnectionResetError("rehearsed")

    async def _list(self) -> list[ModelInfo]:
        return [ModelInfo(name, detail=detail) for name, detail in MODELS.items()]


def _cited(sent: str) -> str:
    """A sentence about the passages that came with a prompt, with the citation that a model would give."""
    passages = _PASSAGE.findall(sent)
    for number, text in passages:
        if sentence := _SENTENCE.search(text):
            return _EVIDENCE.format(count=len(passages), number=number, sentence=sentence[0])
    return ""
