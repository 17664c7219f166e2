"""Taking in an answer: what the wire says becomes the growing response and the events."""

from __future__ import annotations

import dataclasses

from atlas_tui.models.base.deadline import StreamDeadline
from atlas_tui.models.base.events import Counted, Finish, ReasoningDelta, Start, TextDelta, UsageUpdate, WireEvent
from atlas_tui.models.base.response import ModelResponse
from atlas_tui.models.base.stopwatch import Stopwatch
from atlas_tui.models.base.worker import Emit
from atlas_tui.pricing import CostEstimate, hasten_prices
from atlas_tui.text import StreamRedactor


class Reception:
    """One attempt's answer as it comes in: every delta is made sound, freed of keys, timed, kept and handed on."""

    def __init__(self, response: ModelResponse, emit: Emit) -> None:
        self.response = response
        self.watch = Stopwatch()
        self.detail = ""
        """What the provider said about its reason to end, in its own words."""
        self._emit = emit
        self._redact_text = StreamRedactor()
        self._redact_reasoning = StreamRedactor()

    async def take(self, item: WireEvent, deadline: StreamDeadline) -> None:
        """Take in the next thing that the wire says."""
        # Exact types, because this runs for every token: a check for a union costs as much as the clock.
        kind = type(item)
        if kind is TextDelta or kind is ReasoningDelta:
            if item.text:  # type: ignore[union-attr]
                deadline.sign(token=True)
                await self._delta(item)  # type: ignore[arg-type]
            else:
                deadline.sign()
        else:
            deadline.sign()
            await self._note(item)
        deadline.resume()

    async def _delta(self, item: TextDelta | ReasoningDelta) -> None:
        self.watch.delta(item.text)
        text = item.text if item.text.isascii() else _sound(item.text)
        if type(item) is TextDelta:
            if shown := self._redact_text.feed(text):
                self.response.append(shown)
                await self._emit(item if shown is item.text else TextDelta(shown))
        elif shown := self._redact_reasoning.feed(text):
            self.response.append_reasoning(shown)
            await self._emit(ReasoningDelta(shown))
        if self.watch.usage_due():
            await self._emit(UsageUpdate(self.response.usage, self.response.cost))

    async def _note(self, item: WireEvent) -> None:
        response = self.response
        match item:
            case Start():
                # Anew, because keys may have become known while the request was made.
                self._redact_text, self._redact_reasoning = StreamRedactor(), StreamRedactor()
                # While the first token is awaited there is time; the first cost would stop the reading for it.
                hasten_prices(response.provider)
                response.model, response.request_id = item.model or response.model, item.request_id
                await self._emit(dataclasses.replace(item, model=response.model, mock=response.mock))
            case Counted(usage, cost, rate):
                response.usage = usage
                self.watch.rate = rate or self.watch.rate
                if cost is not None:
                    response.set_cost(CostEstimate(cost, estimated=False))
                await self._emit(UsageUpdate(response.usage, response.cost))
            case Finish(reason, detail):
                response.finish_reason, self.detail = reason, detail
                response.complete = True

    async def flush(self) -> None:
        """The answer is over: hand on what was held back because it looked like the beginning of a key, once."""
        if rest := self._redact_reasoning.flush():
            self.response.append_reasoning(rest)
            await self._emit(ReasoningDelta(rest))
        if rest := self._redact_text.flush():
            self.response.append(rest)
            await self._emit(TextDelta(rest))


def _sound(text: str) -> str:
    """Text without lone surrogates, which JSON can carry but no file, terminal or database takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
