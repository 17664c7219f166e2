"""The race, differences, votes, blind mode, the leaderboard, a merged answer."""

from __future__ import annotations

import pytest

from atlas_tui.comparison import Judgements
from atlas_tui.config import Config
from atlas_tui.errors import ProviderError
from atlas_tui.models.base import TextDelta
from atlas_tui.session import Session
from atlas_tui.store import Journal, Store
from atlas_tui.tui.screens.compare.judging import verdicts
from tests.played import HANG, PlayedProvider
from tests.tui.compare.driving import comparing, played
from tests.tui.driving import once


async def test_the_race_stands_still_while_it_runs_and_is_sorted_by_any_figure() -> None:
    long = played("long", "many words stand here")
    held = PlayedProvider([TextDelta("Half"), HANG], name="held")
    failed = PlayedProvider([ProviderError("server", "it broke")], name="failed")
    async with comparing(held, failed, long) as compared:
        user = compared.user
        await compared.ask("Why?")
        await user.answered(2)
        await user.press("alt+t")
        await user.shows("1. 3 long:test-model", "2 failed:test-model")
        names = ("long:test-model", "held:test-model", "failed:test-model")

        def order() -> list[str]:
            table = "\n".join(user.lines[user.lines.index(next(x for x in user.lines if "TTFT   total" in x)) :])
            return sorted(names, key=table.index)

        assert order() == ["long:test-model", "held:test-model", "failed:test-model"]
        await compared.ask("/race words")
        await user.settled()
        assert order() == ["long:test-model", "failed:test-model", "held:test-model"]  # what runs has no sum yet
        await compared.ask("/race nonsense")
        await user.shows("no figure 'nonsense'")
        await user.press("escape", "escape")
        await compared.ended()
        await user.shows("agreement")


async def test_two_answers_beside_each_other() -> None:
    left = "The bridge has 12 spans.\n\nIt was built of steel.\n\n```python\nprint(1)\n```"
    right = "The bridge has 15 spans.\n\nIt was built of stone.\n\n```python\nprint(2)\n```"
    async with comparing(played("left", left), played("right", right), played("third", "No idea.")) as compared:
        user = compared.user
        await compared.asked("Tell me of the bridge")
        await compared.to_column(1)
        await user.press("d")
        await user.shows("1 left:test-model", "↔ 2 right:test-model", "numbers disagree: 12 ↔ 15", "code disagrees:")
        await user.shows("1 number disagrees", "1 code block disagrees", "of all")
        await user.press("right")
        await user.shows("↔ 3 third:test-model")
        await user.press("escape")
        await user.shows("Ask anything")


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
async def test_in_the_terminals_own_colours_what_differs_can_be_read(theme: str) -> None:
    left, right = (
        played("left", "The trip to the north takes 5 long days."),
        played("right", "The trip to the north takes 7 short days."),
    )
    async with comparing(left, right, config=Config(theme=theme)) as compared:
        user = compared.user
        await compared.asked("How long?")
        compared.screen.act("differences")
        await user.shows("numbers disagree: 5 ↔ 7")
        strips = user.app.screen._compositor.render_strips()
        drawn = {segment.text.strip(): segment.style for strip in strips for segment in strip}
        for differing in ("5", "7", "long", "short"):
            style = drawn[differing]
            assert style is not None
            assert style.reverse
            assert style.bgcolor is None or style.bgcolor.is_default


async def test_a_vote_is_counted_and_another_one_takes_its_place(store: Store) -> None:
    left, right = played("left", "L"), played("right", "R")
    async with comparing(left, right, session=Session(left, policy=once(), journal=Journal(store))) as compared:
        user = compared.user
        await compared.asked("Why?")
        await compared.to_column(1)
        for key in ("a", "t"):
            await user.press("v")
            await user.shows("Which answer is better?")
            await user.press(key)
            await user.app.workers.wait_for_complete()
        (vote,) = Judgements(store).votes()
        assert (vote.left, vote.right, vote.verdict, vote.blind) == (
            "left:test-model",
            "right:test-model",
            "tie",
            False,
        )
        assert vote.turn == compared.screen.session.turns[0].id
        await user.press("L")
        await user.shows("Leaderboard", "left:test-model", "1 vote")


async def test_a_topic_is_kept_with_the_vote(store: Store) -> None:
    left, right = played("left", "L"), played("right", "R")
    async with comparing(left, right, session=Session(left, policy=once(), journal=Journal(store))) as compared:
        user = compared.user
        await compared.asked("Why?")
        await compared.to_column(1)
        await user.press("v", "tab", *"law", "enter", "2")
        await user.app.workers.wait_for_complete()
        (vote,) = Judgements(store).votes("law")
        assert vote.verdict == "B"


async def test_blind_hides_every_name_until_the_vote(store: Store) -> None:
    broken = PlayedProvider([TextDelta("K"), ProviderError("server", "secretive failed")], name="secretive")
    quiet = played("concealed", "L", "M")
    third = played("obscure", "N", "O")
    session = Session(quiet, policy=once(), journal=Journal(store))
    async with comparing(quiet, third, broken, session=session) as compared:
        user = compared.user
        await compared.to_column(1)
        await user.press("B")
        await compared.asked("Why?")
        await user.press("alt+t")
        names = ("secretive", "concealed", "obscure")
        await user.shows("Model A", "Model B", "Model C", "hidden until you vote")
        for width in (160, 90):
            await user.resize(width, 40)
            for place in (1, 2, 3):
                await compared.to_column(place)
                assert [name for name in names if name in user.screen] == []
        await user.press("i", "d")
        await user.shows("agreement")
        assert [name for name in names if name in user.screen] == []
        await user.press("escape", "f3")
        await user.shows("names are hidden")
        await user.press("v", "a")
        await user.app.workers.wait_for_complete()
        await user.resize(160, 40)
        await user.shows(*names)
        assert all(vote.blind for vote in Judgements(store).votes())
        assert len(Judgements(store).votes()) == 2
        await compared.to_column(3)
        await compared.asked("Again?")
        assert [name for name in names if name in user.screen] == []
        # Who stayed in a column that changes places would know which it is.
        assert compared.screen.current is compared.views[0]


def test_the_best_of_several_beats_each_other_one() -> None:
    assert verdicts(2, 0) == [(0, 1, "A")]
    assert verdicts(2, 1) == [(0, 1, "B")]
    assert verdicts(3, 1) == [(0, 1, "B"), (1, 2, "A")]
    assert verdicts(3, "tie") == [(0, 1, "tie"), (0, 2, "tie"), (1, 2, "tie")]
    assert verdicts(2, "both bad") == [(0, 1, "both bad")]


async def test_a_model_makes_one_answer_of_all() -> None:
    left, right, judge = played("left", "L says"), played("right", "R says"), played("judge", "Both say.")
    async with comparing(left, right) as compared:
        user = compared.user
        compared.screen.catalogue._known["judge"] = judge  # type: ignore[attr-defined]
        await compared.asked("Why?")
        compared.screen.act("merge", "judge")
        await user.answered(3)
        await user.shows("3 judge:test-model", "merged", "Both say.")
        request = judge.requests[-1].messages[-1].content
        assert "L says" in request
        assert "R says" in request
        assert compared.said(3) == "Both say."
        await user.press("a")
        await compared.asked("Next")
        assert left.requests[-1].messages[1].content == "Both say."
        assert len(judge.requests) == 1


@pytest.mark.parametrize(("columns", "counts"), [(60, False), (80, True)])
async def test_the_leaderboard_has_room_for_names_before_anything_else(columns: int, counts: bool) -> None:
    providers = [played("anthropic", "L"), played("openai", "R")]
    async with comparing(*providers, size=(columns, 24)) as compared:
        user = compared.user
        await compared.asked("Why?")
        await compared.to_column(1)
        await user.press("v", "a", "L")
        await user.shows("Leaderboard", "anthropic:test-model", "openai:test-model", "95 %")
        assert any("won" in line for line in user.lines) is counts
