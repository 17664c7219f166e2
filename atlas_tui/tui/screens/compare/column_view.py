"""A column on the screen: its conversation, its figures and the widgets that show both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from atlas_tui.text import one_line
from atlas_tui.tui.commands import KeyTable
from atlas_tui.tui.screens.chat.conversation import Coming, Conversation
from atlas_tui.tui.screens.chat.exchange import Exchange
from atlas_tui.tui.screens.chat.transcript import Transcript
from atlas_tui.tui.widgets import figures
from atlas_tui.tui.widgets.column import ColumnPane, HeadLine
from atlas_tui.tui.widgets.gauge import Gauge
from atlas_tui.tui.widgets.reading import Phase, Reading
from atlas_tui.turns import MERGED

if TYPE_CHECKING:
    from atlas_tui.comparison import Column
    from atlas_tui.models.base import ModelResponse, Retrieved
    from atlas_tui.tui.screens.compare.thread import ColumnThread
    from atlas_tui.tui.streaming import Pump
    from atlas_tui.turns import Turn


class ColumnView:
    """One column; nothing that befalls it reaches another.

    Args:
        thread: the column in its comparison.
        keys: for the cards of failures.
        clock: of its figures.
        on_end: called when an answer has ended here.
        on_retrieved: called when the passages of a turn are what they will be.
    """

    def __init__(
        self,
        thread: ColumnThread,
        keys: KeyTable,
        clock: Callable[[], float],
        on_end: Callable[[ColumnView], None],
        on_retrieved: Callable[[Exchange, Retrieved], None],
    ) -> None:
        self.thread = thread
        self.pane = ColumnPane(self._draw)
        self.gauge = Gauge(clock)
        self.transcript = Transcript(lambda: self.pane.log_view, keys, thread.column.number)
        self.conversation = Conversation(thread, self.transcript, self.gauge, self.pane, on_retrieved=on_retrieved)
        self.pinned = False
        self._coming: Coming | None = None
        self._on_end = on_end
        self.name_target()

    @property
    def column(self) -> Column:
        """The column of the library."""
        return self.thread.column

    @property
    def running(self) -> bool:
        """An answer is awaited, be it in the chat."""
        return self.conversation.running or self.followed

    @property
    def followed(self) -> bool:
        """The answer that is awaited comes in the chat."""
        return self._coming is not None

    @property
    def exchange(self) -> Exchange | None:
        """The turn in focus, else the last."""
        return self.transcript.exchange_at(self.pane.log_view.focused_key)

    def own(self, turn: Turn) -> ModelResponse | None:
        """The answer that it shows of its own."""
        return turn.own(self.column.number)

    def name_target(self) -> None:
        """Who is asked has changed."""
        provider, session = self.thread.provider, self.thread.comparison.session
        self.gauge.about(target=provider.target, mock=provider.is_mock, session_cost=session.cost)

    def ask(self, turn: Turn) -> None:
        """Answer a turn: a new one, or one that the others have answered."""
        exchange = self._of(turn)
        if exchange is None:
            self.conversation.ask(turn)
        else:
            self.conversation.retry(exchange)

    def follow(self, coming: Coming | None) -> None:
        """Show an answer that comes in the chat, as far as it has come; None: none does any more."""
        self._coming = coming
        exchange = self._of(coming.turn) if coming is not None else None
        if coming is not None and exchange is not None and coming.text:
            reading = coming.reading
            self.transcript.follow(exchange, coming.text, reading.target, mock=reading.mock, where="in the chat")

    def stop(self) -> bool:
        """Stop what is awaited; False if nothing is."""
        return self._coming.stop() if self._coming is not None else self.conversation.stop()

    def catch_up(self, turns: Sequence[Turn]) -> None:
        """Show the conversation as it is by now; while an answer comes only what has been added."""
        exchanges = self.transcript.exchanges
        if not self.running:
            self.conversation.show(turns)
            return
        for turn in turns[len(exchanges) :]:
            exchange = self.transcript.ask(turn)
            if exchange.shown is not None:
                self.transcript.show(exchange, exchange.shown)

    def head(self, place: int, turn: Turn | None, mask: str) -> HeadLine:
        """What its head shows now."""
        response = self.own(turn) if turn is not None else None
        reading = self.reading(response)
        finish = response.finish_reason or "" if response is not None and not reading.running else ""
        if response is not None and reading.phase in ("failed", "stopped"):
            finish = _failure(response)
        adopted = turn is not None and turn.chosen is not None and turn.chosen is response
        merged, by = self.column.number == MERGED, "" if reading.running else self._stand_in(response)
        return HeadLine(place, reading, self.pinned, adopted, one_line(finish, 24), mask, merged, by)

    def reading(self, response: ModelResponse | None = None) -> Reading:
        """Its figures: those of the gauge, or after a reopening those of the answer itself."""
        if self._coming is not None:
            return self._coming.reading
        reading = self.gauge.read()
        if reading.phase == "ready" and response is not None:
            phase: Phase = "done" if response.complete else "stopped" if _failure(response) == "stopped" else "failed"
            timing = response.timing
            return Reading(
                phase,
                reading.target,
                reading.mock,
                timing.duration,
                timing.ttft,
                timing.tokens_per_second,
                (),
                response.usage,
                response.cost,
            )
        return reading

    def _stand_in(self, response: ModelResponse | None) -> str:
        """Who has given an answer that was asked of another target; a server may call its model as it likes."""
        if response is None:
            return ""
        reasons = [attempt.reason for attempt in response.attempts[-1:]]
        other = response.provider != self.thread.provider.name or reasons in (["fallback"], ["cooldown"])
        return figures.target(f"{response.provider}:{response.model}") if other else ""

    def close(self, patience: float = 0.0) -> bool:
        """Stop, and wait so many seconds for the partial answer to be kept."""
        return self.conversation.close(patience)

    def _of(self, turn: Turn) -> Exchange | None:
        return next((each for each in self.transcript.exchanges if each.turn is turn), None)

    def _draw(self, pump: object) -> None:
        if self.conversation.receive(cast("Pump", pump)):
            self._on_end(self)


def _failure(response: ModelResponse) -> str:
    kind = response.attempts[-1].error if response.attempts else None
    return "stopped" if kind in (None, "cancelled") else kind.replace("_", " ")
