"""What the user thinks of the answers: differences, votes, the leaderboard, and names that are hidden until a vote."""

from __future__ import annotations

import random
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

from atlas_tui.comparison import Judgements, Verdict, Vote, agreement, leaderboard, vote_on
from atlas_tui.errors import AtlasError
from atlas_tui.text import one_line
from atlas_tui.tui.screens.beside import beside, run_instead
from atlas_tui.tui.widgets import figures

if TYPE_CHECKING:
    from atlas_tui.models.base import ModelResponse
    from atlas_tui.tui.screens.compare.column_view import ColumnView
    from atlas_tui.tui.screens.compare.screen import CompareScreen
    from atlas_tui.tui.screens.compare.vote import Ballot
    from atlas_tui.turns import Turn

shuffle = random.Random()
"""How columns change places where voting is blind."""


class Judging:
    """A method for each id of the table; all take the argument of the slash command, most ignore it."""

    def __init__(self, screen: CompareScreen) -> None:
        self._screen = screen
        self.hidden = False
        """Names and figures are hidden."""
        self._blind = False
        self._topic = ""
        self._votes: dict[int, list[Vote]] = {}
        """Those given in this run on each turn, by its id: what the leaderboard has where nothing is kept."""
        self._agreement: tuple[object, float | None] = (None, None)

    @property
    def words(self) -> list[str]:
        """What holds, for the status line."""
        return ["blind"] if self._blind else []

    def mask(self, view: ColumnView) -> str:
        """What stands in place of a column's name; nothing where names are shown."""
        columns = self._screen.columns
        if not self.hidden or view not in columns.compared:
            return ""
        return f"Model {chr(ord('A') + columns.compared.index(view))}"

    def begin_turn(self) -> None:
        """A prompt is asked: where voting is blind, names are hidden again, and columns change places."""
        if self._blind:
            self._hide(True)

    def ended(self) -> None:
        """An answer has ended."""
        self._agreement = (None, None)

    def agreement(self) -> float | None:
        """How much all answers to the last prompt agree, once none is awaited."""
        columns, turn = self._screen.columns, self._screen.columns.turn
        if turn is None or columns.running:
            return None
        answers = [view.own(turn) for view in columns.compared]
        said = [answer for answer in answers if answer is not None and answer.content.strip()]
        key = tuple(map(id, said))
        if self._agreement[0] != key:
            self._agreement = key, agreement([answer.content for answer in said]) if len(said) > 1 else None
        return self._agreement[1]

    # Actions of the table

    def differences(self, _: str) -> None:
        """Show where two answers differ, the current column's and the next one's first."""
        from atlas_tui.tui.screens.compare.differences import DifferencesScreen, Said

        screen, found = self._screen, self._answers()
        if found is None:
            screen.status.say("there are no two answers to compare yet")
            return
        answers = found[1]
        said = [Said(*self._named(view, answer), answer.content) for view, answer in answers]
        at = next((n for n, (view, _) in enumerate(answers) if view is screen.current), 0)
        screen.app.push_screen(DifferencesScreen(said, at))

    def vote(self, _: str) -> None:
        """Say which answer is best."""
        from atlas_tui.tui.screens.compare.vote import VoteScreen

        screen, found = self._screen, self._answers(merged=False)
        if found is None:
            screen.status.say("there are no two answers to vote on yet")
            return
        if screen.columns.running:
            screen.status.say("answers are coming: vote when all are there")
            return
        turn, answers = found
        names = [self._named(view, answer) for view, answer in answers]

        def given(ballot: Ballot | None) -> None:
            if ballot is not None:
                self._count(turn, [answer for _, answer in answers], ballot)

        screen.app.push_screen(VoteScreen(names, self._topic), given)

    def blind(self, _: str) -> None:
        """Hide names and figures until the vote, and back."""
        screen = self._screen
        if not self._blind and screen.columns.running:
            screen.status.say("answers are coming: their names are known already")
            return
        self._blind = not self._blind
        self._hide(self._blind)
        screen.status.say("blind: names and figures come with your vote" if self._blind else "names are shown")

    def leaderboard(self, _: str) -> None:
        """Show who won."""
        from atlas_tui.tui.screens.compare.leaderboard import LeaderboardScreen

        screen, judgements = self._screen, self._screen.line_up.judgements

        async def look() -> None:
            votes = [vote for given in self._votes.values() for vote in given]
            try:
                votes = await beside(judgements.votes) if judgements is not None else votes
            except AtlasError as error:
                screen.status.say(one_line(str(error)))
            screen.app.push_screen(LeaderboardScreen(votes, leaderboard))

        run_instead(screen, "leaderboard", look)

    # Doing it

    def _answers(self, *, merged: bool = True) -> tuple[Turn, list[tuple[ColumnView, ModelResponse]]] | None:
        """The turn in focus, else the last, with what columns answered; None where there are no two answers."""
        screen = self._screen
        exchange = screen.focused_exchange
        turn = exchange.turn if exchange else screen.columns.turn
        if turn is None:
            return None
        views = screen.columns.views if merged else screen.columns.compared
        found = [(view, view.own(turn)) for view in views]
        said = [(view, answer) for view, answer in found if answer is not None and answer.content.strip()]
        return (turn, said) if len(said) > 1 else None

    def _named(self, view: ColumnView, answer: ModelResponse) -> tuple[int, str]:
        """The place of an answer's column, and the name that may be seen."""
        return self._screen.columns.views.index(view) + 1, self.mask(view) or figures.target(
            f"{answer.provider}:{answer.model}"
        )

    def _count(self, turn: Turn, answers: list[ModelResponse], ballot: Ballot) -> None:
        self._topic = ballot.topic
        votes = [
            vote_on(turn, answers[left], answers[right], verdict, topic=ballot.topic, blind=self.hidden)
            for left, right, verdict in verdicts(len(answers), ballot.choice)
        ]
        self._votes[turn.id] = votes
        self._hide(False)
        judgements = self._screen.line_up.judgements

        async def keep(judgements: Judgements) -> None:
            try:
                await beside(partial(judgements.replace, turn.id, votes))
            except AtlasError as error:
                self._screen.status.say(one_line(str(error)))

        if judgements is not None:
            self._screen.run_worker(keep(judgements), group="votes")
        kept = "" if judgements else ", for this run: the history is off"
        self._screen.status.say(f"counted{kept} · {self._screen.key('leaderboard')} shows the leaderboard")

    def _hide(self, hidden: bool) -> None:
        columns = self._screen.columns
        if hidden and not columns.running:
            views = columns.compared
            shuffle.shuffle(views)
            columns.order(views)
            columns.go_first()
        changed, self.hidden = self.hidden != hidden or hidden, hidden
        for view in columns.compared:
            view.transcript.mask = self.mask(view)
            if changed and not view.running:
                view.catch_up(columns.comparison.turns)
        columns.arrange()


def verdicts(answers: int, choice: int | str) -> list[tuple[int, int, Verdict]]:
    """The votes that a choice among several answers is: the best one over each other, or every two alike.

    Args:
        answers: how many there are.
        choice: which is best, from 0; `tie`, or `both bad`.
    """
    if isinstance(choice, int):
        pairs = [(min(choice, other), max(choice, other)) for other in range(answers) if other != choice]
        return [(left, right, "A" if left == choice else "B") for left, right in pairs]
    verdict: Verdict = "tie" if choice == "tie" else "both bad"
    return [(left, right, verdict) for left, right in combinations(range(answers), 2)]
