"""The session on the screen: prompts and answers in the log, and the answer that is under way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.message_pump import MessagePump

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import (
    End,
    Event,
    FellBack,
    ModelResponse,
    Provider,
    ReasoningDelta,
    Retrieved,
    RetryScheduled,
    Start,
    TextDelta,
    Worker,
    estimate_tokens,
)
from atlas_tui.session import Session, Turn
from atlas_tui.text import one_line
from atlas_tui.tui.commands import KeyTable, show_key
from atlas_tui.tui.messages import Finished
from atlas_tui.tui.streaming import Pump
from atlas_tui.tui.widgets import figures
from atlas_tui.tui.widgets.gauge import Gauge

if TYPE_CHECKING:
    from atlas_tui.store import Conversation as StoredConversation
    from atlas_tui.tui.widgets.markdown_log import MarkdownLog

_MARKS = re.compile(r"[\\`*_{}\[\]()#+\-.!|<>~$&:]")


@dataclass
class Exchange:
    """A turn as it stands in the log."""

    number: int
    turn: Turn
    error: ProviderError | None = None
    """Why the last one failed."""

    @property
    def siblings(self) -> list[ModelResponse]:
        """The responses that have something to show, in the order in which they came."""
        return [response for response in self.turn.responses if response.content or response.reasoning]

    def number_of(self, response: ModelResponse) -> int:
        """Which of the siblings it is, from 1; 0 if it is none."""
        return next((n for n, sibling in enumerate(self.siblings, 1) if sibling is response), 0)

    @property
    def prompt_key(self) -> str:
        """The prompt's key in the log."""
        return f"prompt-{self.number}"

    @property
    def answer_key(self) -> str:
        """The answer's key in the log."""
        return f"answer-{self.number}"

    @property
    def error_key(self) -> str:
        """The key of the card that says why there is no answer."""
        return f"error-{self.number}"


@dataclass
class _Running:
    exchange: Exchange
    pump: Pump
    worker: Worker


class Conversation:
    """Asks, and shows what comes. Knows the log and the gauge, but not the screen around them."""

    def __init__(
        self,
        session: Session,
        open_log: Callable[[], MarkdownLog],
        gauge: Gauge,
        owner: MessagePump,
        keys: KeyTable,
        *,
        on_documents: Callable[[Sequence[Mapping[str, Any]]], None],
    ) -> None:
        self.session = session
        self.exchanges: list[Exchange] = []
        self._open_log = open_log
        self._gauge = gauge
        self._owner = owner
        self._keys = keys
        self._on_documents = on_documents
        self._running: _Running | None = None
        self._notes = 0

    @property
    def _log(self) -> MarkdownLog:
        return self._open_log()

    @property
    def running(self) -> bool:
        """True while an answer is awaited."""
        return self._running is not None

    @property
    def failed(self) -> bool:
        """True if the last answer failed, now or before the conversation was opened again."""
        if self.running or not self.exchanges:
            return False
        last = self.exchanges[-1]
        return last.error is not None or (last.turn.response is not None and not last.turn.response.complete)

    def ask(self, prompt: str) -> None:
        """Send a prompt. Raises ConfigError for an empty one."""
        turn = self.session.add_turn(prompt)
        exchange = Exchange(len(self.exchanges) + 1, turn)
        self.exchanges.append(exchange)
        self._log.add(exchange.prompt_key, "user", prompt, title="You")
        self._log.scroll_to_end()
        self._start(exchange, self.session.provider)

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
            target = self.session.fallback[0]
            self._start(exchange, target, first=target)

    def go_on(self, exchange: Exchange) -> bool:
        """Continue an answer that broke off; False if there is none."""
        broken = exchange.turn.response
        if self.running or broken is None or not broken.content:
            return False
        if broken.complete and broken.finish_reason != "length":
            return False
        self._start(exchange, self.session.provider, first=self.session.provider, extend=broken)
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

    def clear(self) -> None:
        """Begin a new conversation."""
        self.close(0.0)
        self.session.clear()
        self.exchanges.clear()
        self._log.clear()
        self._gauge.reset()

    def open(self, stored: StoredConversation) -> None:
        """Show a conversation of the history instead of this one, and go on with it."""
        self.close(0.0)
        self.session.load(stored)
        self._gauge.reset()
        self._log.clear()
        self.exchanges = [Exchange(number, turn) for number, turn in enumerate(self.session.turns, 1)]
        for exchange in self.exchanges:
            self._log.add(exchange.prompt_key, "user", exchange.turn.prompt, title="You")
            if (response := exchange.turn.response) is not None:
                title = _title(response.provider, response.model, mock=response.mock)
                self._log.add(exchange.answer_key, "assistant", title=title)
                self._fill_answer(exchange, response)
        self._log.scroll_to_end()
        if self.exchanges and self.exchanges[-1].turn.documents:
            self._on_documents(self.exchanges[-1].turn.documents)

    def exchange_at(self, key: str | None) -> Exchange | None:
        """The exchange that a message of the log belongs to; the last one for None."""
        if key is None:
            return self.exchanges[-1] if self.exchanges else None
        for exchange in self.exchanges:
            if key in (exchange.prompt_key, exchange.answer_key, exchange.error_key):
                return exchange
        return None

    def walk(self, exchange: Exchange, step: int) -> bool:
        """Show the answer before or after this one, which then stands in the conversation; False at the end."""
        shown = exchange.turn.response
        if self.running or shown is None:
            return False
        at = exchange.number_of(shown) - 1 + step
        if not 0 <= at < len(exchange.siblings):
            return False
        self.session.choose(exchange.turn, exchange.siblings[at])
        self._drop(exchange.error_key)
        self._show(exchange, exchange.siblings[at])
        return True

    def note(self, text: str, *, role: str = "note", title: str = "") -> None:
        """Put a remark of the program into the log."""
        self._notes += 1
        self._log.add(f"note-{self._notes}", role, text, title=title)
        self._log.scroll_to_end()

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
        exchange.error = None
        self._drop(exchange.error_key)
        self._open_answer(exchange, provider.name, provider.model_name, mock=provider.is_mock)
        self._gauge.begin(sum(estimate_tokens(message.content) for message in self.session.messages(exchange.turn)))
        pump = Pump(self._owner)
        self._running = _Running(exchange, pump, self.session.start(exchange.turn, pump, first=first, extend=extend))

    def _apply(self, exchange: Exchange, event: Event) -> None:
        key = exchange.answer_key
        match event:
            case TextDelta(text):
                self._log.append(key, text)
            case ReasoningDelta(text):
                self._log.append_reasoning(key, text)
            case Start(provider, model, mock=mock):
                self._log.set_title(key, _title(provider, model, mock=mock))
                self._log.set_footer(key, "")
            case Retrieved(documents):
                self._on_documents(documents)
            case RetryScheduled(error, delay):
                self._log.set_footer(key, f"{one_line(str(error), 120)} · again in {delay:.1f} s")
            case FellBack(error, target):
                provider, _, model = target.partition(":")
                self._open_answer(exchange, provider, model, mock=False)
                self._log.set_footer(key, f"fell back: {one_line(error.message, 100)}")
            case End():
                self._finish(exchange, event)

    def _finish(self, exchange: Exchange, end: End) -> None:
        self._running = None
        exchange.error = error = end.error
        response, standing = end.response, exchange.turn.response
        if response.content or response.reasoning or error is None:
            self._close_answer(exchange, response)
        elif standing is not None and standing.content:
            self._show(exchange, standing)  # a retry that brought nothing takes nothing away
        elif error.kind == "cancelled":
            self._close_answer(exchange, response)
        else:
            self._drop(exchange.answer_key)
        if error is not None and error.kind != "cancelled":
            self._card(exchange, error)
        self._owner.post_message(Finished(end))

    def _card(self, exchange: Exchange, error: ProviderError) -> None:
        who = one_line(error.provider or self.session.provider.name, 60)
        keys = {action: show_key(self._keys[action][0]) for action in ("retry", "go_on", "fall_back", "model")}
        offers = [f"**{keys['retry']}** asks again"]
        if error.partial is not None and error.partial.content:
            offers.append(f"**{keys['go_on']}** continues")
        if self.session.fallback:
            offers.append(f"**{keys['fall_back']}** asks {literal(one_line(self.session.fallback[0].target, 60))}")
        offers.append(f"**{keys['model']}** chooses another model")
        text = f"{literal(one_line(str(error), 600))}\n\n{' · '.join(offers)}"
        after = next(key for key in (exchange.answer_key, exchange.prompt_key) if key in self._log.keys)
        self._log.add(exchange.error_key, "error", text, title=f"{who}: {error.kind.replace('_', ' ')}", after=after)

    # The answer in the log

    def _open_answer(self, exchange: Exchange, provider: str, model: str, *, mock: bool) -> None:
        self._drop(exchange.answer_key)
        title = _title(provider, model, mock=mock)
        self._log.add(exchange.answer_key, "assistant", title=title, after=exchange.prompt_key)

    def _show(self, exchange: Exchange, response: ModelResponse) -> None:
        """Put a response that came earlier into the log."""
        self._open_answer(exchange, response.provider, response.model, mock=response.mock)
        self._fill_answer(exchange, response)

    def _fill_answer(self, exchange: Exchange, response: ModelResponse) -> None:
        if response.reasoning:
            self._log.append_reasoning(exchange.answer_key, response.reasoning)
        self._log.append(exchange.answer_key, response.content)
        self._close_answer(exchange, response)

    def _close_answer(self, exchange: Exchange, response: ModelResponse) -> None:
        kind = response.attempts[-1].error if response.attempts and not response.complete else None
        state = "complete" if response.complete else "stopped" if kind in (None, "cancelled") else "incomplete"
        parts = [kind.replace("_", " ")] if kind and state == "incomplete" else []
        if response.content or response.reasoning:
            parts.append(figures.footer(response))
        elif state == "stopped":
            parts.append("before the first token")
        elif state == "incomplete":  # opened again: the card that said why was not kept, its words were
            parts.append(one_line(response.attempts[-1].message, 160))
        if response.finish_reason == "length":
            parts.append("cut at the token limit")
        failed = [attempt for attempt in response.attempts[:-1] if attempt.error]
        if failed:
            words = (failed[-1].error or "").replace("_", " ")
            parts.append(f"after {len(failed)} × {one_line(failed[-1].provider, 30)}: {words}")
        if len(exchange.siblings) > 1:
            parts.append(f"{exchange.number_of(response)} of {len(exchange.siblings)}")
        self._log.finish(exchange.answer_key, " · ".join(parts), state)

    def _drop(self, key: str) -> None:
        if key in self._log.keys:
            self._log.remove(key)


def literal(text: str) -> str:
    """Foreign text so that Markdown takes none of it for a mark."""
    return _MARKS.sub(lambda mark: f"&#{ord(mark[0])};", text)


def _title(provider: str, model: str, *, mock: bool) -> str:
    target = one_line(f"{provider}:{figures.model(model)}" if model else provider, 100)
    return f"{target} · mock" if mock and provider != "mock" else target
