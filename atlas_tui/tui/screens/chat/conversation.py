"""The session on the screen: asks, and shows the answer that is under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from atlas_tui.models.base import (
    End,
    Event,
    FellBack,
    ModelResponse,
    Provider,
    ReasoningDelta,
    Retrieved,
    RetryScheduled,
    Sink,
    Start,
    TextDelta,
)
from atlas_tui.tui.messages import Finished
from atlas_tui.tui.screens.chat.exchange import Exchange
from atlas_tui.tui.screens.chat.transcript import Transcript
from atlas_tui.tui.streaming import Owner, Pump
from atlas_tui.tui.widgets.gauge import Gauge
from atlas_tui.tui.widgets.reading import Reading

if TYPE_CHECKING:
    from atlas_tui.models.base import ModelRequest
    from atlas_tui.turns import Turn


class Asked(Protocol):
    """Who answers: a session, or a column of a comparison."""

    @property
    def provider(self) -> Provider:
        """Who is asked."""

    @property
    def fallback(self) -> Sequence[Provider]:
        """Who is asked when that one fails."""

    @property
    def steering(self) -> Steered:
        """Its answer under way."""

    def request(self, turn: Turn) -> ModelRequest:
        """What is sent for a turn."""

    def start(
        self, turn: Turn, sink: Sink, *, first: Provider | None = None, extend: ModelResponse | None = None
    ) -> Running:
        """Have a turn answered in a worker."""

    def choose(self, turn: Turn, response: ModelResponse) -> None:
        """Have this sibling stand in the conversation."""


class Steered(Protocol):
    """What can be hurried."""

    def retry_now(self) -> None:
        """End the wait before the next attempt."""

    def fall_back_now(self) -> None:
        """Ask the next target."""


class Running(Protocol):
    """An answer under way."""

    def cancel(self) -> None:
        """Stop it."""

    def join(self, timeout: float | None = None) -> bool:
        """Wait for its end."""


@dataclass
class _UnderWay:
    exchange: Exchange
    pump: Pump
    worker: Running


@dataclass(frozen=True)
class Coming:
    """An answer under way, for whoever shows it too."""

    turn: Turn
    text: str
    """As far as it is shown."""
    reading: Reading
    stop: Callable[[], bool]


class Conversation:
    """Asks, and shows what comes. Knows the transcript and the gauge, but not the screen around them."""

    def __init__(
        self,
        session: Asked,
        transcript: Transcript,
        gauge: Gauge,
        owner: Owner,
        *,
        on_retrieved: Callable[[Exchange, Retrieved], None] | None = None,
    ) -> None:
        self.session = session
        self.transcript = transcript
        self._gauge = gauge
        self._owner = owner
        self._on_retrieved = on_retrieved
        self._running: _UnderWay | None = None

    @property
    def exchanges(self) -> list[Exchange]:
        """The turns, as they stand in the transcript."""
        return self.transcript.exchanges

    @property
    def running(self) -> bool:
        """True while an answer is awaited."""
        return self._running is not None

    @property
    def coming(self) -> Coming | None:
        """The answer that is awaited."""
        if self._running is None:
            return None
        exchange, log = self._running.exchange, self.transcript.log
        text = log.text_of(exchange.answer_key) if exchange.answer_key in log.keys else ""
        return Coming(exchange.turn, text, self._gauge.read(), self.stop)

    @property
    def failed(self) -> bool:
        """True if the last answer failed, now or before the conversation was opened again."""
        if self.running or not self.exchanges:
            return False
        last = self.exchanges[-1]
        return last.error is not None or (last.answer is not None and not last.answer.complete)

    def ask(self, turn: Turn) -> None:
        """Have a turn that is new answered."""
        self._start(self.transcript.ask(turn), self.session.provider)

    def retry(self, exchange: Exchange) -> None:
        """Ask again; where a retry is awaited anyway, now."""
        if self.running:
            self.session.steering.retry_now()
        else:
            self._start(exchange, self.session.provider, first=self.session.provider)

    def fall_back(self, exchange: Exchange) -> None:
        """Ask the next target: instead of the one that is being asked, or after it has failed."""
        if self.running:
            self.session.steering.fall_back_now()
        else:
            target = self.next_target(exchange)
            self._start(exchange, target, first=target)

    def next_target(self, exchange: Exchange) -> Provider:
        """Who is asked after the one that answered last, or failed; after the last of them the first again."""
        responses = exchange.siblings
        last = f"{responses[-1].provider}:{responses[-1].model}" if responses else ""
        others = [provider for provider in self.session.fallback if provider.target != last]
        names = [provider.target for provider in self.session.fallback]
        after = self.session.fallback[names.index(last) + 1 :] if last in names else others
        return next(iter([*after, *others]), self.session.fallback[0])

    def go_on(self, exchange: Exchange) -> bool:
        """Continue an answer that broke off; False if there is none."""
        broken = exchange.answer
        if broken is None or not self.broke_off(exchange):
            return False
        self._start(exchange, self.session.provider, first=self.session.provider, extend=broken)
        return True

    def broke_off(self, exchange: Exchange) -> bool:
        """Whether there is an answer to continue."""
        answer = exchange.answer
        if self.running or answer is None or not answer.content:
            return False
        return not answer.complete or answer.finish_reason == "length"

    def walk(self, exchange: Exchange, step: int) -> bool:
        """Show the answer before or after this one, which then stands in the conversation; False at the end."""
        shown = exchange.shown
        if self.running or shown is None:
            return False
        at = exchange.number_of(shown) - 1 + step
        if not 0 <= at < len(exchange.siblings):
            return False
        wanted = exchange.siblings[at]
        self.transcript.drop_card(exchange)
        if wanted.content:
            exchange.looked_at = None
            self.session.choose(exchange.turn, wanted)
        else:  # a failure is looked at; what stands in the conversation stays
            exchange.looked_at = wanted
        self.transcript.show(exchange, wanted)
        return True

    def stop(self) -> bool:
        """Stop the answer under way; False if there is none."""
        if self._running is None:
            return False
        self._running.pump.hurry()
        self._running.worker.cancel()
        return True

    def close(self, patience: float) -> bool:
        """Stop and wait until the partial answer has joined the session; False if it took longer than `patience`."""
        if self._running is None:
            return True
        running, self._running = self._running, None
        running.pump.close()
        running.worker.cancel()
        return running.worker.join(patience)

    def show(self, turns: Sequence[Turn], *, again: bool = False) -> None:
        """Show these turns instead of what stood here; `again`: it is the same conversation, whose notes stay."""
        notes = list(self.transcript.notes) if again else []
        self.close(0.0)
        self._gauge.reset()
        self.transcript.fill(turns)
        for note in notes:
            self.transcript.note(*note)

    # What comes

    def receive(self, pump: Pump) -> bool:
        """Take a frame of events; True if the answer has ended."""
        running = self._running
        with pump.frame() as events:
            if running is None or pump is not running.pump:
                return False
            for event in events:
                self._gauge.take(event)
                self._apply(running.exchange, event)
        return self._running is None

    def _start(
        self,
        exchange: Exchange,
        provider: Provider,
        *,
        first: Provider | None = None,
        extend: ModelResponse | None = None,
    ) -> None:
        exchange.looked_at = None
        self.transcript.drop_card(exchange)
        self.transcript.open_answer(exchange, provider.name, provider.model_name, mock=provider.is_mock)
        request = self.session.request(exchange.turn)
        self._gauge.begin(round(request.estimated_tokens() * provider.correction))
        pump = Pump(self._owner)
        self._running = _UnderWay(exchange, pump, self.session.start(exchange.turn, pump, first=first, extend=extend))

    def _apply(self, exchange: Exchange, event: Event) -> None:
        key, log = exchange.answer_key, self.transcript.log
        match event:
            case TextDelta(text):
                log.append(key, text)
            case ReasoningDelta(text):
                log.append_reasoning(key, text)
            case Start(provider, model, mock=mock):
                log.set_title(key, self.transcript.title(provider, model, mock=mock))
                log.set_footer(key, "")
            case Retrieved():
                self.transcript.ground(exchange)
                if self._on_retrieved is not None:
                    self._on_retrieved(exchange, event)
            case RetryScheduled(error, delay):
                log.set_footer(key, f"{self.transcript.reason(error)} · again in {delay:.1f} s")
            case FellBack(error, target):
                provider, _, model = target.partition(":")
                self.transcript.open_answer(exchange, provider, model, mock=False)
                log.set_footer(key, f"fell back: {self.transcript.reason(error)}")
            case End():
                self._finish(exchange, event)

    def _finish(self, exchange: Exchange, end: End) -> None:
        self._running = None
        exchange.error = error = end.error
        response, standing = end.response, exchange.answer
        if response.content or response.reasoning or error is None:
            self.transcript.close_answer(exchange, response)
        elif standing is not None and standing.content:
            self.transcript.show(exchange, standing)  # a retry that brought nothing takes nothing away
        elif error.kind == "cancelled":
            self.transcript.close_answer(exchange, response)
        else:
            self.transcript.drop_answer(exchange)
        if error is not None and error.kind != "cancelled":
            error.provider = error.provider or self.session.provider.name
            following = self.next_target(exchange).target if self.session.fallback else ""
            self.transcript.card(exchange, error, following)
        self._owner.post_message(Finished(end))
