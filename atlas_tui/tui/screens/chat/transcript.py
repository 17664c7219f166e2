"""The conversation in the log: prompts, answers, cards of failures, notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import ModelResponse
from atlas_tui.text import one_line
from atlas_tui.tui.commands import KeyTable
from atlas_tui.tui.keys import show_key
from atlas_tui.tui.screens.chat.exchange import Exchange, heading, literal, outcome, story

if TYPE_CHECKING:
    from textual.timer import Timer

    from atlas_tui.tui.widgets.markdown_log import Entry, MarkdownLog
    from atlas_tui.turns import Turn

_AT_ONCE = 30
"""Turns at the end of a conversation that are put in before it is shown."""
_SLICE, _EVERY = 0.004, 0.02
"""Seconds that are spent on the earlier ones at a time, and from one time to the next: keys do not wait for them."""


class Transcript:
    """Puts into the log what is asked and answered, and knows which message belongs to which turn."""

    def __init__(self, open_log: Callable[[], MarkdownLog], keys: KeyTable, column: int | None = None) -> None:
        self.exchanges: list[Exchange] = []
        self.mask = ""
        """What stands in place of the names, while they and all figures are hidden; nothing shows them."""
        self._column = column
        self._open_log = open_log
        self._keys = keys
        self.notes: list[tuple[str, str, str]] = []
        """The remarks of the program: text, role and title."""
        self._above = 0
        """How many exchanges are still to be put in, above those that are."""
        self._timer: Timer | None = None

    @property
    def log(self) -> MarkdownLog:
        """Where it all stands."""
        return self._open_log()

    def exchange_at(self, key: str | None) -> Exchange | None:
        """The exchange that a message of the log belongs to; the last one for None."""
        if key is None:
            return self.exchanges[-1] if self.exchanges else None
        for exchange in self.exchanges:
            if key in exchange.keys:
                return exchange
        return None

    def clear(self) -> None:
        """Empty it."""
        self._fill_no_more()
        self.exchanges.clear()
        self.notes.clear()
        self.log.clear()

    def fill(self, turns: Sequence[Turn]) -> None:
        """Show these turns instead of what stood here, the last one in sight; the earlier ones follow by and by."""
        self.clear()
        self.exchanges += [Exchange(number, turn, self._column) for number, turn in enumerate(turns, 1)]
        self._above = len(self.exchanges)
        self.reach(max(1, self._above - _AT_ONCE + 1))
        self.log.scroll_to_end()
        if self._above:
            self._timer = self.log.set_interval(_EVERY, self._fill_on)
            self.log.rest_above = self.reach

    def reach(self, number: int = 1) -> None:
        """Have all exchanges in the log from this one on; for what needs them now."""
        if number > self._above:
            return
        wanted = self.exchanges[number - 1 : self._above]
        self.log.prepend([entry for exchange in wanted for entry in self._entries(exchange)])
        self._above = number - 1
        if not self._above:
            self._fill_no_more()

    def _fill_on(self) -> None:
        until = perf_counter() + _SLICE
        entries: list[Entry] = []
        while self._above and perf_counter() < until:
            entries[:0] = self._entries(self.exchanges[self._above - 1])
            self._above -= 1
        self.log.prepend(entries)
        if not self._above:
            self._fill_no_more()

    def _fill_no_more(self) -> None:
        self._above = 0
        self.log.rest_above = None
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def ask(self, turn: Turn) -> Exchange:
        """One more prompt."""
        exchange = Exchange(len(self.exchanges) + 1, turn, self._column)
        self.exchanges.append(exchange)
        self.log.add(exchange.prompt_key, "user", turn.prompt, title="You")
        self.log.scroll_to_end()
        return exchange

    def open_answer(self, exchange: Exchange, provider: str, model: str, *, mock: bool) -> None:
        """An answer begins here, in the place of the one before."""
        self._drop(exchange.attempts_key)
        self._drop(exchange.answer_key)
        title = self.title(provider, model, mock=mock)
        self.log.add(exchange.answer_key, "assistant", title=title, after=exchange.prompt_key)
        self.ground(exchange)

    def ground(self, exchange: Exchange) -> None:
        """The passages of its turn are known: what the answer cites is linked to them."""
        if exchange.answer_key in self.log.keys:
            self.log.ground(exchange.answer_key, exchange.turn.documents)

    def title(self, provider: str, model: str, *, mock: bool) -> str:
        """The line above an answer."""
        return self.mask or heading(provider, model, mock=mock)

    def reason(self, error: ProviderError) -> str:
        """Why something failed, in a line."""
        return error.kind.replace("_", " ") if self.mask else one_line(str(error), 120)

    def close_answer(self, exchange: Exchange, response: ModelResponse) -> None:
        """The answer has ended."""
        footer, state = outcome(exchange, response)
        self.ground(exchange)
        self.log.finish(exchange.answer_key, "" if self.mask else footer, state)

    def grow(self, response: ModelResponse) -> None:
        """The last answer as far as another process has written it."""
        target = f"{response.provider}:{response.model}"
        where = "in another Atlas · read only here"
        self.follow(self.exchanges[-1], response.content, target, mock=response.mock, where=where)

    def follow(self, exchange: Exchange, text: str, target: str, *, mock: bool, where: str) -> None:
        """An answer as far as it has come elsewhere."""
        shown = self.log.text_of(exchange.answer_key) if exchange.answer_key in self.log.keys else None
        if shown is None or not text.startswith(shown):
            provider, _, model = target.partition(":")
            self.open_answer(exchange, provider, model, mock=mock)
            shown = ""
        self.log.append(exchange.answer_key, text[len(shown) :])
        self.log.finish(exchange.answer_key, f"◍ coming {where}")

    def show(self, exchange: Exchange, response: ModelResponse) -> None:
        """Put a response that came earlier into the place of the answer."""
        self.open_answer(exchange, response.provider, response.model, mock=response.mock)
        self._put(exchange, response)

    def drop_answer(self, exchange: Exchange) -> None:
        """Nothing was said: take the empty answer out."""
        self._drop(exchange.answer_key)

    def card(self, exchange: Exchange, error: ProviderError, following: str) -> None:
        """Say why there is no answer, and what can be done about it. `following`: the next target, if any."""
        keys = {action: show_key(self._keys[action][0]) for action in ("retry", "go_on", "fall_back", "model")}
        offers = [f"**{keys['retry']}** asks again"]
        if error.partial is not None and error.partial.content:
            offers.append(f"**{keys['go_on']}** continues")
        if following and not self.mask:
            offers.append(f"**{keys['fall_back']}** asks {literal(one_line(following, 60))}")
        offers.append(f"**{keys['model']}** chooses another model")
        said = self.reason(error) if self.mask else one_line(str(error), 600)
        if error.kind == "budget" and self._column is None:  # its own remedy is the one of the command line
            said = one_line(error.message, 600)
            offers.insert(0, "**/limit** raises the limit, **/limit off** lifts it")
        text = f"{literal(said)}\n\n{' · '.join(offers)}"
        after = next(key for key in (exchange.answer_key, exchange.prompt_key) if key in self.log.keys)
        title = f"{self.mask or one_line(error.provider, 60)}: {error.kind.replace('_', ' ')}"
        self.log.add(exchange.error_key, "error", text, title=title, after=after)

    def toggle_attempts(self, exchange: Exchange) -> bool:
        """Show or hide what was tried for the answer that is seen; False where nothing was."""
        if exchange.attempts_key in self.log.keys:
            self._drop(exchange.attempts_key)
            return True
        response = exchange.shown
        if response is None or not response.attempts or self.mask:
            return False
        after = next(
            key for key in (exchange.error_key, exchange.answer_key, exchange.prompt_key) if key in self.log.keys
        )
        self.log.add(exchange.attempts_key, "note", story(response), title="Attempts", after=after)
        return True

    def drop_card(self, exchange: Exchange) -> None:
        """The failure is dealt with."""
        exchange.error = None
        self._drop(exchange.error_key)

    def note(self, text: str, role: str = "note", title: str = "") -> None:
        """Put a remark of the program into the log."""
        self.notes.append((text, role, title))
        self.log.add(f"note-{len(self.notes)}", role, text, title=title)
        self.log.scroll_to_end()

    def _put(self, exchange: Exchange, response: ModelResponse) -> None:
        if response.reasoning:
            self.log.append_reasoning(exchange.answer_key, response.reasoning)
        self.log.append(exchange.answer_key, response.content)
        self.close_answer(exchange, response)

    def _entries(self, exchange: Exchange) -> list[Entry]:
        """A turn that has ended, as messages of the log."""
        from atlas_tui.tui.widgets.markdown_log import Entry

        entries = [Entry(exchange.prompt_key, "user", exchange.turn.prompt, "You")]
        if (answer := exchange.shown) is not None:
            title = self.title(answer.provider, answer.model, mock=answer.mock)
            footer, state = outcome(exchange, answer)
            footer = "" if self.mask else footer
            key = exchange.answer_key
            documents = exchange.turn.documents
            entries.append(Entry(key, "assistant", answer.content, title, answer.reasoning, footer, state, documents))
        return entries

    def _drop(self, key: str) -> None:
        if key in self.log.keys:
            self.log.remove(key)
