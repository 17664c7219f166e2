"""Who is compared: the line-up, where it comes from, and how it is kept."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING

from atlas_tui.comparison import Comparison, Judgements, LineUp, line_up_of
from atlas_tui.errors import AtlasError
from atlas_tui.models.mock import MODELS
from atlas_tui.text import one_line
from atlas_tui.tui.screens.acting import targets_in
from atlas_tui.tui.screens.beside import beside
from atlas_tui.tui.screens.compare.column_view import ColumnView
from atlas_tui.tui.widgets import figures

if TYPE_CHECKING:
    from atlas_tui.models.base import Provider
    from atlas_tui.tui.screens.compare.screen import CompareScreen

_USUAL = 3
"""Columns where nobody has chosen any."""
_OFF = "the history is off, so nothing is kept: `history = true` in config.toml keeps votes and line-ups"


class LineUpRoom:
    """Puts columns in and out; has a method for each id of the table."""

    def __init__(self, screen: CompareScreen) -> None:
        self._screen = screen

    @property
    def judgements(self) -> Judgements | None:
        """Where votes and line-ups are kept; None where the history is off."""
        journal = self._screen.session.journal
        return Judgements(journal.store) if journal is not None else None

    @property
    def targets(self) -> list[str]:
        """The line-up of now."""
        return [view.column.target for view in self._screen.columns.compared]

    # Beginning

    def begin(self, kept: Sequence[str]) -> Comparison:
        """The comparison to begin with: that of an opened conversation, else the last line-up, else the usual one."""
        session = self._screen.session
        restored = self._restorable()
        providers = list(restored.values()) or self._wanted(kept)
        comparison = Comparison(
            providers,
            session=session,
            fallback=session.fallback,
            policy=session.policy,
            recorder=self._screen.recorder,
        )
        if restored:
            comparison.restore(restored)
        return comparison

    def enter(self, targets: Sequence[str | Provider]) -> None:
        """The user comes from the chat, which may have gone on, or opened another conversation."""
        screen, columns = self._screen, self._screen.columns
        columns.comparison.fallback = list(screen.session.fallback)
        turns = columns.comparison.turns
        known = [exchange.turn for exchange in columns.views[0].transcript.exchanges]
        if [id(turn) for turn in turns[: len(known)]] != [id(turn) for turn in known] and not targets:
            restored = self._restorable()
            if restored:
                columns.comparison.restore(restored)
                columns.rebuild()
        columns.catch_up()
        if targets:
            self.take(targets)
            columns.current = columns.views[0]
        columns.arrange()

    def _restorable(self) -> dict[int, Provider]:
        """The columns of the conversation, if it is one that was compared and all of them can be asked."""
        session = self._screen.session
        found = line_up_of(session.conversation()) if session.turns else {}
        if len(found) < 2:
            return {}
        try:
            return {number: self._screen.catalogue.provider(target) for number, target in found.items()}
        except AtlasError as error:
            self._screen.status.say(one_line(str(error)))
            return {}

    def _wanted(self, kept: Sequence[str]) -> list[Provider]:
        """The last line-up, else the usual one; in a conversation the one who answered in the chat comes first."""
        session = self._screen.session
        providers = self._usable(kept)
        if len(providers) < 2:
            providers = self._usable(self._usual())
        own = session.provider
        if session.turns and own.target not in [provider.target for provider in providers]:
            providers.insert(0, own)
        elif session.turns:
            providers.sort(key=lambda provider: provider.target != own.target)
        return providers

    def _usual(self) -> list[str]:
        """Whom a person would compare who has not said so."""
        screen = self._screen
        own, catalogue = screen.session.provider, screen.catalogue
        if own.name == "mock":
            return [f"mock:{name}" for name in MODELS]
        ready = [each.name for each in catalogue.statuses if each.available and each.name not in (own.name, "mock")]
        models = [f"{own.name}:{model.id}" for model in catalogue.models.get(own.name, ())]
        others = [target for target in (*ready, *models, "mock") if target != own.target]
        return [own.target, *others[: _USUAL - 1]]

    def _usable(self, targets: Sequence[str]) -> list[Provider]:
        """The providers of those that can be asked; says who cannot."""
        providers = []
        for target in targets:
            try:
                providers.append(self._provider(target))
            except AtlasError as error:
                self._screen.status.say(one_line(str(error)))
        return providers

    def _provider(self, target: str) -> Provider:
        """The chat's own where it is meant, with all that was set for it."""
        own = self._screen.session.provider
        return own if own.target == target else self._screen.catalogue.provider(target)

    # Actions of the table

    def compare(self, argument: str) -> None:
        """Back to the chat, or another line-up."""
        if argument:
            self.take(targets_in(argument))
        else:
            self._screen.visits.leave()

    def model(self, argument: str) -> None:
        """Another target in this column."""
        from atlas_tui.tui.screens.target_pickers import ModelPicker

        screen = self._screen
        if self._hidden():
            return
        if argument:
            self._change(screen.current, argument)
        else:
            view = screen.current
            picker = ModelPicker(screen.catalogue, view.column.target)
            screen.app.push_screen(picker, partial(self._change, view))

    def drop(self, _: str) -> None:
        """Take this column away."""
        screen, view = self._screen, self._screen.current
        name = screen.judging.mask(view) or figures.target(view.column.target)
        if view in screen.columns.compared:
            try:
                screen.columns.comparison.drop(view.column)
            except AtlasError as error:
                screen.status.say(one_line(str(error)))
                return
        screen.columns.remove(view)
        screen.columns.focus(screen.columns.views.index(screen.columns.current) + 1)
        screen.status.say(f"{name} is gone; its answers stay in the chat")
        self._keep("")

    def line_up(self, argument: str) -> None:
        """Choose who is compared from what is available."""
        from atlas_tui.tui.screens.compare.line_up_pickers import LineUpPicker

        if self._hidden():
            return
        if argument:
            self.take(targets_in(argument))
        else:
            self._screen.app.push_screen(LineUpPicker(self._screen.catalogue, self.targets, self.take))

    def line_ups(self, argument: str) -> None:
        """Keep this line-up under a name, or take one that is kept."""
        judgements = self.judgements
        if judgements is None:
            self._screen.status.say(_OFF)
        elif argument:
            self._do(self._take_or_keep(judgements, argument))
        else:
            self._do(self._choose(judgements))

    # Doing it

    def _hidden(self) -> bool:
        """Say so while names are hidden: whoever changes the line-up would see them."""
        if self._screen.judging.hidden:
            self._screen.status.say(f"names are hidden: {self._screen.key('vote')} votes and shows them")
        return self._screen.judging.hidden

    def take(self, targets: Sequence[str | Provider]) -> list[str] | None:
        """Have these as the line-up, and give them by their full names; None, and nothing changes, if one of them
        cannot be asked. Columns of targets that stay are left as they are; who is given as a provider, and not by
        name, has a column to himself."""
        screen, columns = self._screen, self._screen.columns
        left = list(columns.compared)
        wanted: list[ColumnView | Provider] = []
        try:
            for target in targets:
                if not isinstance(target, str):
                    wanted.append(target)
                    continue
                provider = self._provider(target)
                there = next((view for view in left if view.column.target == provider.target), None)
                if there is not None:
                    left.remove(there)
                wanted.append(there or provider)
        except AtlasError as error:
            screen.status.say(one_line(str(error)))
            return None
        if not wanted:
            screen.status.say("a comparison needs a column: choose one")
            return None
        comparison = columns.comparison
        views = [each if isinstance(each, ColumnView) else columns.show(comparison.add(each)) for each in wanted]
        for view in left:
            comparison.drop(view.column)
            columns.remove(view)
        comparison.columns.sort(key=[view.column for view in views].index)
        columns.order(views)
        columns.arrange()
        self._keep("")
        return self.targets

    def _change(self, view: ColumnView, target: str | None) -> None:
        screen = self._screen
        if target is None:
            return
        try:
            provider = self._provider(target)
        except AtlasError as error:
            screen.status.say(one_line(str(error)))
            return
        screen.columns.comparison.change(view.column, provider)
        view.name_target()
        screen.columns.read()
        place = screen.columns.views.index(view) + 1
        screen.status.say(f"{one_line(provider.target, 60)} answers in column {place} from now on")
        self._keep("")

    async def _take_or_keep(self, judgements: Judgements, name: str) -> None:
        kept = {each.name: each for each in await beside(judgements.line_ups)}
        if name in kept:
            self.take(kept[name].targets)
        else:
            self._keep(name)
            self._screen.status.say(f"kept as {one_line(name, 60)}")

    async def _choose(self, judgements: Judgements) -> None:
        from atlas_tui.tui.screens.compare.line_up_pickers import KeptPicker

        kept = await beside(judgements.line_ups)

        def chosen(name: str | None) -> None:
            if name is not None:
                self._do(self._take_or_keep(judgements, name))

        self._screen.app.push_screen(KeptPicker(kept, self.targets), chosen)

    def _keep(self, name: str) -> None:
        judgements = self.judgements
        if judgements is not None:
            self._do(beside(partial(judgements.keep, LineUp(name, tuple(self.targets)))))

    def _do(self, work: Coroutine[object, object, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except AtlasError as error:
                self._screen.status.say(one_line(str(error)))

        self._screen.run_worker(guarded(), group="line-up")
