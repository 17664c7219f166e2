"""What is done about asking: all at once, and each column by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_tui.errors import AtlasError
from atlas_tui.text import one_line
from atlas_tui.turns import CHAT

if TYPE_CHECKING:
    from atlas_tui.tui.screens.chat.exchange import Exchange
    from atlas_tui.tui.screens.compare.column_view import ColumnView
    from atlas_tui.tui.screens.compare.screen import CompareScreen

_TWICE = 1.5
"""Seconds in which the key, pressed again, stops all columns."""


class Asking:
    """Sends prompts, and has a method for each id of the table; all take the argument of the slash command."""

    def __init__(self, screen: CompareScreen) -> None:
        self._screen = screen
        self._stopped_at = -_TWICE

    def ask(self, prompt: str) -> None:
        """Ask all columns."""
        screen, columns = self._screen, self._screen.columns
        if columns.running:
            stop = screen.key("stop")
            awaited = "the chat's answer is" if screen.coming() is not None else "answers are"
            screen.status.say(f"{awaited} coming: {stop} stops this column, twice all")
            return
        screen.judging.begin_turn()
        turn = columns.comparison.ask(prompt, screen.grounding.chosen(prompt))
        for view in columns.compared:
            view.ask(turn)
        screen.grounding.asked(columns.compared[0].conversation.exchanges[-1])
        if screen.prompt.text.startswith(prompt):  # what was typed after it is the next one
            screen.prompt.text = screen.prompt.text.removeprefix(prompt)
        screen.visits.asked()
        screen.status.say("")
        columns.read()

    @property
    def unasked(self) -> list[ColumnView]:
        """Those that the last prompt was not put to."""
        turn = self._screen.columns.turn
        if turn is None:
            return []
        return [view for view in self._screen.columns.compared if view.own(turn) is None and not view.running]

    # Actions of the table

    def others(self, _: str) -> None:
        """Have those answer the last prompt who have not."""
        screen, columns = self._screen, self._screen.columns
        turn, waiting = columns.turn, self.unasked
        if turn is None:
            screen.status.say("nothing has been asked yet")
        elif not waiting:
            screen.status.say("all have answered the last prompt")
        else:
            for view in waiting:
                view.ask(turn)
            columns.read()

    def stop(self, _: str) -> None:
        """Stop this column; again: all. Where nothing comes, back to the prompt."""
        screen, columns = self._screen, self._screen.columns
        now = screen.clock()
        again, self._stopped_at = now - self._stopped_at < _TWICE, now
        if again:
            self.stop_all()
        stopped = screen.current.stop()
        others = [view for view in columns.views if view.running and view is not screen.current]
        if others and not again:
            screen.status.say(f"{screen.key('stop')} again stops all")
        elif not stopped and not again:
            if screen.layout_of.expanded:
                screen.looking.expand("")
            screen.layout_of.shelf.put_away()
            screen.prompt.editor.focus()

    def stop_all(self) -> bool:
        """Stop every column; False if nothing is awaited."""
        return bool([view for view in self._screen.columns.views if view.stop()])

    def retry(self, _: str) -> None:
        """Ask this column again."""
        exchange = self._screen.focused_exchange
        if exchange is None:
            self._screen.status.say("nothing to ask again yet")
            return
        if self._in_the_chat():
            return
        self._screen.status.say(self._taken_back(exchange))
        self._screen.conversation.retry(exchange)
        self._screen.columns.read()

    def fall_back(self, _: str) -> None:
        """Ask the next target in this column."""
        screen, exchange = self._screen, self._screen.focused_exchange
        if not screen.current.thread.fallback:
            screen.status.say("there is no target to fall back to: the chat chooses some")
        elif exchange is None:
            screen.status.say("nothing to ask yet")
        elif not self._in_the_chat():
            screen.status.say(self._taken_back(exchange))
            screen.conversation.fall_back(exchange)
            screen.columns.read()

    def go_on(self, _: str) -> None:
        """Continue what broke off in this column."""
        exchange = self._screen.focused_exchange
        if self._in_the_chat():
            return
        try:
            went_on = exchange is not None and self._screen.conversation.go_on(exchange)
        except AtlasError as error:
            self._screen.status.say(one_line(str(error)))
            return
        if went_on:
            self._screen.columns.read()
        else:
            self._screen.status.say("no answer in this column broke off")

    def new(self, _: str) -> None:
        """Begin a new conversation, here and in the chat."""
        screen = self._screen
        screen.on_new()
        screen.judging.begin_turn()
        screen.columns.catch_up()
        screen.columns.read()
        screen.prompt.editor.focus()

    def adopt(self, _: str) -> None:
        """Make this column's answer the common history; where it is that, have each column go on from its own."""
        screen, exchange = self._screen, self._screen.focused_exchange
        response = screen.current.own(exchange.turn) if exchange else None
        if exchange is None or response is None or not response.content.strip():
            screen.status.say("this column has no answer to adopt")
            return
        taken_back = exchange.turn.chosen is response
        screen.session.choose(exchange.turn, None if taken_back else response)
        place, key = screen.columns.views.index(screen.current) + 1, screen.key("adopt")
        if taken_back:
            screen.status.say("each column goes on from its own answer again")
        else:
            screen.status.say(f"all go on from the answer of column {place}: {key} here takes it back")
        screen.columns.read()

    def _taken_back(self, exchange: Exchange) -> str:
        """What to say where a new answer comes in place of the one that all go on from."""
        adopted, column = exchange.turn.chosen, self._screen.current.column.number
        if adopted is None or exchange.turn.columns.get(adopted, CHAT) != column:
            return ""
        return f"the answer to come is not adopted: {self._screen.key('adopt')} has all go on from it"

    def _in_the_chat(self) -> bool:
        """Say so where the answer of this column comes in the chat."""
        screen = self._screen
        if screen.current.followed:
            screen.status.say(f"this answer comes in the chat: {screen.key('stop')} stops it")
        return screen.current.followed

    def merge(self, argument: str) -> None:
        """Have a model make one answer of all."""
        from atlas_tui.tui.screens.target_pickers import ModelPicker

        screen, turn = self._screen, self._screen.columns.turn
        answers = [view.column.response(turn) for view in screen.columns.compared] if turn else []
        if len([answer for answer in answers if answer and answer.complete and answer.content.strip()]) < 2:
            screen.status.say("there are no two whole answers to merge")
        elif argument:
            self._merge(argument)
        else:
            screen.app.push_screen(ModelPicker(screen.catalogue, screen.current.column.target), self._merge)

    def _merge(self, target: str | None) -> None:
        screen, turn = self._screen, self._screen.columns.turn
        if target is None or turn is None:
            return
        try:
            provider = screen.catalogue.provider(target)
        except AtlasError as error:
            screen.status.say(one_line(str(error)))
            return
        view = screen.columns.merged(provider)
        if view.running:
            screen.status.say("the merged answer is coming")
            return
        screen.columns.focus(len(screen.columns.views))
        view.ask(turn)
        screen.columns.read()
