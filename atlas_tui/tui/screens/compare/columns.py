"""All columns on the screen: their order, which is current, which are seen, and their figures."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from textual.widget import Widget

from atlas_tui.pricing import FREE
from atlas_tui.tui.screens.compare.column_view import ColumnView
from atlas_tui.tui.screens.compare.thread import ColumnThread, MergedThread
from atlas_tui.tui.widgets.reading import Phase, Reading
from atlas_tui.turns import CHAT, MERGED

if TYPE_CHECKING:
    from atlas_tui.comparison import Column, Comparison
    from atlas_tui.models.base import Provider
    from atlas_tui.tui.screens.chat.conversation import Coming
    from atlas_tui.tui.screens.compare.screen import CompareScreen
    from atlas_tui.turns import Turn

_EVERY = 0.25
"""Seconds between two readings of the meters while answers come; none between answers."""


class Columns:
    """The columns from left to right; that of a merged answer, if there is one, is the last."""

    def __init__(self, screen: CompareScreen, comparison: Comparison) -> None:
        self._screen = screen
        self.comparison = comparison
        self.views: list[ColumnView] = []
        self.current: ColumnView
        self.seen: list[ColumnView] = []
        self._coming: Coming | None = None
        self._timer = screen.set_interval(_EVERY, self.read, pause=True)
        self.rebuild()

    # Which there are

    @property
    def compared(self) -> list[ColumnView]:
        """Without that of a merged answer."""
        return [view for view in self.views if view.column.number != MERGED]

    @property
    def running(self) -> bool:
        """An answer is awaited in any, or in the chat."""
        return self._coming is not None or any(view.running for view in self.views)

    @property
    def turn(self) -> Turn | None:
        """The last one."""
        turns = self.comparison.turns
        return turns[-1] if turns else None

    def rebuild(self) -> None:
        """The comparison has other columns altogether."""
        for view in self.views:
            self._take_out(view)
        self.views = []
        for column in self.comparison.columns:
            self.show(column)
        self.current = self.views[0]

    def show(self, column: Column) -> ColumnView:
        """One more column on the right."""
        view = self._put_in(ColumnThread(self.comparison, column))
        merged = next((each for each in self.views if each.column.number == MERGED), None)
        if merged is not None:
            self._screen.layout_of.columns.move_child(view.pane, before=merged.pane)
        self.views.insert(len(self.compared), view)
        return view

    def merged(self, provider: Provider) -> ColumnView:
        """The column of a merged answer, made if there is none."""
        view = next((each for each in self.views if each.column.number == MERGED), None)
        if view is None:
            view = self._put_in(MergedThread(self.comparison, provider))
            self.views.append(view)
        view.column.provider = provider
        view.name_target()
        return view

    def remove(self, view: ColumnView) -> None:
        """Take a column away."""
        at = self.views.index(view)
        self._take_out(view)
        self.views.remove(view)
        if self.current is view:
            self.current = self.views[min(at, len(self.views) - 1)]

    def order(self, views: list[ColumnView]) -> None:
        """Have these, which are all, in this order."""
        self.views = [*views, *(view for view in self.views if view not in views)]
        parent = self._screen.layout_of.columns
        for before, after in zip(self.views, self.views[1:], strict=False):
            if before.pane.is_attached and after.pane.is_attached:
                parent.move_child(after.pane, after=before.pane)

    def catch_up(self) -> None:
        """Show the conversation as it is by now."""
        for view in self.views:
            view.catch_up(self.comparison.turns)

    def close(self, patience: float) -> None:
        """Stop all; wait so many seconds for partial answers to be kept."""
        until = monotonic() + patience
        for view in self.views:
            view.conversation.stop()  # what comes in the chat is the chat's to stop
        for view in self.views:
            view.close(max(0.0, until - monotonic()))

    # Where one is

    def focus(self, place: int) -> None:
        """Go to the column at this place, from 1."""
        if 1 <= place <= len(self.views):
            self.current = self.views[place - 1]
            self.arrange()
            self.current.pane.log_view.focus()
        else:
            self._screen.status.say(f"there are {len(self.views)} columns")

    def go_first(self) -> None:
        """To the first column: where columns have changed places, whoever stays in one knows which that is."""
        if self.current.pane.log_view.has_focus:
            self.focus(1)
        self.current = self.views[0]

    def step(self, by: int) -> None:
        """Go to a column beside."""
        self.focus((self.views.index(self.current) + by) % len(self.views) + 1)

    def focused(self, widget: Widget) -> None:
        """The focus has moved there."""
        for view in self.views:
            if widget is view.pane.log_view and view is not self.current:
                self.current = view
                self.arrange()

    def arrange(self) -> None:
        """Show those that can be seen."""
        self.seen = self._screen.layout_of.arrange(self.views, self.current)
        self.read()

    # Figures

    def read(self) -> None:
        """Show the figures of now; while an answer is awaited again and again."""
        screen, turn = self._screen, self.turn
        self._follow()
        if self.running:
            self._timer.resume()
        else:  # a screen at rest costs nothing
            self._timer.pause()
        heads = [view.head(place, turn, screen.judging.mask(view)) for place, view in enumerate(self.views, 1)]
        for view, head in zip(self.views, heads, strict=True):
            if view in self.seen:
                view.pane.head.shown = head
        if screen.layout_of.tabs.display:
            places = zip(heads, self.views, strict=True)
            screen.layout_of.tabs.show([(head, view in self.seen, view is self.current) for head, view in places])
        screen.looking.show_race()
        screen.status.reading = self._sum([head.reading for head in heads])
        screen.footer.show()

    def _follow(self) -> None:
        """What comes in the chat comes in its column too; when it has ended, all see it."""
        over, self._coming = self._coming, self._screen.coming()
        if over is None and self._coming is None:
            return
        for view in self.views:
            view.follow(self._coming if view.column.number == CHAT else None)
        if self._coming is None and over is not None:
            self._screen.judging.ended()
            for view in self.views:
                if not view.running and (view.column.number == CHAT or view.own(over.turn) is None):
                    view.catch_up(self.comparison.turns)
                    view.name_target()

    def _sum(self, readings: list[Reading]) -> Reading:
        running = [reading for reading in readings if reading.running]
        ended = len([reading for reading in readings if reading.phase in ("done", "failed", "stopped")])
        words = [f"{len(self.compared)} columns", *self._screen.looking.words, *self._screen.judging.words]
        if not self.comparison.turns:
            words.append("one prompt asks all")
        if (recorder := self.comparison.recorder) is not None:
            words.append("recording" if recorder.problem is None else recorder.problem)
        if running:
            words.append(f"{ended} of {len(readings)} ended")
        mock = any(view.thread.provider.is_mock for view in self.views)
        elapsed = max((reading.elapsed for reading in running), default=0.0)
        phase: Phase = "streaming" if running else "done" if ended else "ready"
        return Reading(phase, " · ".join(words), mock, elapsed, cost=FREE)

    def _ended(self, view: ColumnView) -> None:
        screen = self._screen
        view.name_target()
        screen.judging.ended()
        self.read()
        if screen.app.screen_stack and screen not in screen.app.screen_stack:
            screen.on_change("")

    def _put_in(self, thread: ColumnThread) -> ColumnView:
        screen = self._screen
        view = ColumnView(thread, screen.keys, screen.clock, self._ended, screen.grounding.panel.settled)
        screen.layout_of.columns.mount(view.pane)
        view.catch_up(self.comparison.turns)
        return view

    def _take_out(self, view: ColumnView) -> None:
        view.close()
        view.pane.remove()
