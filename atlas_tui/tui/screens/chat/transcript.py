"""The conversation in the log: prompts, answers, cards of failures, notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import ModelResponse, Provider
from atlas_tui.session import Turn
from atlas_tui.text import one_line
from atlas_tui.tui.commands import KeyTable, show_key
from atlas_tui.tui.screens.chat.exchange import Exchange, heading, literal, outcome

if TYPE_CHECKING:
    from atlas_tui.tui.widgets.markdown_log import MarkdownLog


class Transcript:
    """Puts into the log what is asked and answered, and knows which message belongs to which turn."""

    def __init__(self, open_log: Callable[[], MarkdownLog], keys: KeyTable) -> None:
        self.exchanges: list[Exchange] = []
        self._open_log = open_log
        self._keys = keys
        self._notes = 0

    @property
    def log(self) -> MarkdownLog:
        """Where it all stands."""
        return self._open_log()

    def exchange_at(self, key: str | None) -> Exchange | None:
        """The exchange that a message of the log belongs to; the last one for None."""
        if key is None:
            return self.exchanges[-1] if self.exchanges else None
        for exchange in self.exchanges:
            if key in (exchange.prompt_key, exchange.answer_key, exchange.error_key):
                return exchange
        return None

    def clear(self) -> None:
        """Empty it."""
        self.exchanges.clear()
        self.log.clear()

    def fill(self, turns: Sequence[Turn]) -> None:
        """Show these turns instead of what stood here, the last one in sight."""
        self.log.clear()
        self.exchanges = [Exchange(number, turn) for number, turn in enumerate(turns, 1)]
        for exchange in self.exchanges:
            self.log.add(exchange.prompt_key, "user", exchange.turn.prompt, title="You")
            if (response := exchange.turn.response) is not None:
                title = heading(response.provider, response.model, mock=response.mock)
                self.log.add(exchange.answer_key, "assistant", title=title)
                self._put(exchange, response)
        self.log.scroll_to_end()

    def ask(self, turn: Turn) -> Exchange:
        """One more prompt."""
        exchange = Exchange(len(self.exchanges) + 1, turn)
        self.exchanges.append(exchange)
        self.log.add(exchange.prompt_key, "user", turn.prompt, title="You")
        self.log.scroll_to_end()
        return exchange

    def open_answer(self, exchange: Exchange, provider: str, model: str, *, mock: bool) -> None:
        """An answer begins here, in the place of the one before."""
        self._drop(exchange.answer_key)
        title = heading(provider, model, mock=mock)
        self.log.add(exchange.answer_key, "assistant", title=title, after=exchange.prompt_key)

    def close_answer(self, exchange: Exchange, response: ModelResponse) -> None:
        """The answer has ended."""
        footer, state = outcome(exchange, response)
        self.log.finish(exchange.answer_key, footer, state)

    def show(self, exchange: Exchange, response: ModelResponse) -> None:
        """Put a response that came earlier into the place of the answer."""
        self.open_answer(exchange, response.provider, response.model, mock=response.mock)
        self._put(exchange, response)

    def drop_answer(self, exchange: Exchange) -> None:
        """Nothing was said: take the empty answer out."""
        self._drop(exchange.answer_key)

    def card(self, exchange: Exchange, error: ProviderError, fallback: Sequence[Provider]) -> None:
        """Say why there is no answer, and what can be done about it."""
        keys = {action: show_key(self._keys[action][0]) for action in ("retry", "go_on", "fall_back", "model")}
        offers = [f"**{keys['retry']}** asks again"]
        if error.partial is not None and error.partial.content:
            offers.append(f"**{keys['go_on']}** continues")
        if fallback:
            offers.append(f"**{keys['fall_back']}** asks {literal(one_line(fallback[0].target, 60))}")
        offers.append(f"**{keys['model']}** chooses another model")
        text = f"{literal(one_line(str(error), 600))}\n\n{' · '.join(offers)}"
        after = next(key for key in (exchange.answer_key, exchange.prompt_key) if key in self.log.keys)
        title = f"{one_line(error.provider, 60)}: {error.kind.replace('_', ' ')}"
        self.log.add(exchange.error_key, "error", text, title=title, after=after)

    def drop_card(self, exchange: Exchange) -> None:
        """The failure is dealt with."""
        exchange.error = None
        self._drop(exchange.error_key)

    def note(self, text: str, *, role: str = "note", title: str = "") -> None:
        """Put a remark of the program into the log."""
        self._notes += 1
        self.log.add(f"note-{self._notes}", role, text, title=title)
        self.log.scroll_to_end()

    def _put(self, exchange: Exchange, response: ModelResponse) -> None:
        if response.reasoning:
            self.log.append_reasoning(exchange.answer_key, response.reasoning)
        self.log.append(exchange.answer_key, response.content)
        self.close_answer(exchange, response)

    def _drop(self, key: str) -> None:
        if key in self.log.keys:
            self.log.remove(key)
