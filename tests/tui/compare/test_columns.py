"""Columns side by side: each with its own keys, and nothing that befalls one reaches another."""

from __future__ import annotations

import pytest

from atlas_tui.config import Config, ProviderConfig
from atlas_tui.errors import ProviderError
from atlas_tui.models.base import ModelMessage, TextDelta
from atlas_tui.models.mock import MockProvider
from atlas_tui.session import Session
from tests.played import HANG, PlayedProvider, says
from tests.tui.compare.driving import Compared, comparing, played
from tests.tui.driving import driving, once

user_said, assistant = ModelMessage.user, ModelMessage.assistant


async def test_from_the_start_to_a_finished_comparison_in_four_keys() -> None:
    """Nothing is configured, chosen or read: the example is offered, and the three rehearsed models answer."""
    config = Config(providers={"mock": ProviderConfig("mock", options={"delay_ms": 0})})
    async with driving(MockProvider("mock-standard", delay_ms=0), config=config, size=(120, 40)) as user:
        keys = ["f7", "enter"]
        assert len(keys) <= 4
        await user.press(keys[0])
        await user.shows("Explain hash maps")
        await user.press(keys[1])
        compared = Compared(user)
        await user.until(lambda: compared.screen.furnished)
        await compared.ended()
        assert [view.column.target for view in compared.views] == [
            "mock:mock-basic",
            "mock:mock-standard",
            "mock:mock-advanced",
        ]
        for place in (1, 2, 3):
            assert "Explain hash maps" in compared.said(place)
        await user.shows("1 mock:mock-basic", "2 mock:mock-standard", "3 mock:mock-advanced")
        await user.until(lambda: user.screen.count("✓ done") == 4)  # three columns, and all of them together


async def test_keys_that_come_before_there_is_a_prompt_are_not_lost() -> None:
    config = Config(providers={"mock": ProviderConfig("mock", options={"delay_ms": 0})})
    for typed, asked in (("", "Explain hash maps, with an example in Python"), ("Why?", "Why?")):
        async with driving(MockProvider("mock-standard", delay_ms=0), config=config) as user:
            await user.type_at_once("f7", *typed, "enter")
            compared = await Compared(user).furnished()
            await compared.ended()
            assert [turn.prompt for turn in compared.screen.session.turns] == [asked]


async def test_what_is_typed_takes_the_place_of_the_example_and_a_draft_of_the_chat_comes_along() -> None:
    async with driving(MockProvider("mock-standard", delay_ms=0)) as user:
        await user.press("f7")
        await user.shows("Explain hash maps")
        await user.press(*"Why?")
        assert Compared(user).screen.prompt.text == "Why?"
        await user.press("f7")
        await user.shows("Why?", "METERS")
        await user.press("f7")
        await user.settled()
        assert Compared(user).screen.prompt.text == "Why?"


@pytest.mark.parametrize("size", [(200, 50), (120, 40), (80, 24)])
async def test_one_stalls_one_is_refused_one_is_reset_and_one_is_healthy(size: tuple[int, int]) -> None:
    stalled = PlayedProvider([TextDelta("Half an ans"), HANG], name="stalled")
    refused = PlayedProvider([ProviderError("auth", "the key was refused", status=401)], name="refused")
    reset = PlayedProvider(
        [TextDelta("The beginning"), ProviderError("connection", "the connection was lost")], name="reset"
    )
    healthy = played("healthy", "All |of |it.")
    async with comparing(stalled, refused, reset, healthy, size=size) as compared:
        user = compared.user
        await compared.ask("Why?")
        await user.answered(3)
        await user.until(lambda: compared.said(1) == "Half an ans")
        assert [view.running for view in compared.views] == [True, False, False, False]
        assert compared.said(3) == "The beginning"
        assert compared.said(4) == "All of it."
        for place, words in enumerate(("Half an ans", "the key was refused", "connection was lost", "All of it."), 1):
            await compared.to_column(place)
            await user.shows(words.split()[0])
        await compared.to_column(1)
        user.clock.now += 9
        compared.screen.columns.read()
        await user.shows("no token for 9 s")
        await user.press("escape")
        await compared.ended()
        await user.shows("■ stopped")
        assert compared.said(1) == "Half an ans"


async def test_escape_stops_the_column_in_focus_and_twice_all() -> None:
    hanging = [PlayedProvider([TextDelta(name), HANG], name=name) for name in ("one", "two", "three")]
    async with comparing(*hanging) as compared:
        user = compared.user
        await compared.ask("Why?")
        await user.until(lambda: all(view.transcript.log.text_of("answer-1") for view in compared.views))
        await compared.to_column(2)
        await user.press("escape")
        await user.answered()
        assert [view.running for view in compared.views] == [True, False, True]
        await user.shows("Esc again stops all")
        await user.press("escape")
        await compared.ended()
        assert all(view.own(compared.screen.session.turns[0]) is not None for view in compared.views)


async def test_ctrl_c_stops_all_then_clears_the_prompt_and_twice_quits() -> None:
    hanging = [PlayedProvider([TextDelta(name), HANG], name=name) for name in ("one", "two")]
    async with comparing(*hanging) as compared:
        user = compared.user
        await compared.ask("Why?")
        await user.until(lambda: all(view.transcript.log.text_of("answer-1") for view in compared.views))
        await user.paste("And then")
        await user.press("ctrl+c")
        await compared.ended()
        assert compared.screen.prompt.text == "And then"
        await user.press("ctrl+c")
        await user.shows("prompt cleared, Up brings it back; Ctrl+C again quits")
        assert compared.screen.prompt.text == ""
        await user.press("ctrl+c")
        await user.until(lambda: not user.app.is_running)


async def test_a_retry_is_a_sibling_of_its_column_alone_and_what_is_seen_is_what_is_sent() -> None:
    left, right = played("left", "L1", "L1 again", "L2"), played("right", "R1", "R2")
    async with comparing(left, right) as compared:
        user = compared.user
        await compared.asked("First")
        await compared.to_column(1)
        await user.press("r")
        await user.answered(3)
        assert (compared.said(1), compared.said(2)) == ("L1 again", "R1")
        await user.shows("2 of 2")
        await user.press("left_square_bracket")
        await user.settled()
        assert (compared.said(1), compared.said(2)) == ("L1", "R1")
        await compared.asked("Second")
        assert list(left.requests[-1].messages) == [user_said("First"), assistant("L1"), user_said("Second")]
        assert list(right.requests[-1].messages) == [user_said("First"), assistant("R1"), user_said("Second")]


async def test_the_adopted_answer_becomes_the_history_of_all() -> None:
    left, right = played("left", "L1", "L2"), played("right", "R1", "R2")
    async with comparing(left, right) as compared:
        await compared.asked("First")
        await compared.to_column(2)
        await compared.user.press("a")
        await compared.user.shows("all go on from the answer of column 2", "★")
        await compared.asked("Second")
        for provider in (left, right):
            assert list(provider.requests[-1].messages) == [user_said("First"), assistant("R1"), user_said("Second")]


async def test_the_key_that_adopts_takes_it_back() -> None:
    left, right = played("left", "L1", "L2"), played("right", "R1", "R2")
    async with comparing(left, right) as compared:
        user = compared.user
        await compared.asked("First")
        await compared.to_column(2)
        await user.press("a")
        await user.shows("a here takes it back", "★")
        await user.press("a")
        await user.shows("each column goes on from its own answer again")
        await user.shows_no("★")
        await compared.asked("Second")
        assert list(left.requests[-1].messages) == [user_said("First"), assistant("L1"), user_said("Second")]
        assert list(right.requests[-1].messages) == [user_said("First"), assistant("R1"), user_said("Second")]


async def test_a_column_goes_on_from_where_it_broke_off() -> None:
    broken = PlayedProvider([TextDelta("One, "), ProviderError("connection", "lost")], says("two."), name="broken")
    async with comparing(broken, played("whole", "All.")) as compared:
        user = compared.user
        await compared.asked("Count")
        await compared.to_column(1)
        await user.press("c")
        await user.answered(3)
        assert compared.said(1).startswith("One, ")
        assert "two." in compared.said(1)
        assert compared.said(2) == "All."


async def test_a_column_has_all_its_keys_while_another_goes_on() -> None:
    held = PlayedProvider([TextDelta("Half"), HANG], name="held")
    lost = ProviderError("connection", "lost")
    busy = PlayedProvider([TextDelta("One, "), lost], says("two."), says("Again."), name="busy")
    spare, other = played("spare", "Spare."), played("other", "Other.")
    session = Session(held, policy=once(), fallback=[spare])
    async with comparing(held, busy, other, session=session) as compared:
        user = compared.user
        await compared.ask("Count")
        await user.answered(2)
        await compared.to_column(2)
        await user.press("c")
        await user.answered(3)
        assert compared.said(2) == "One, two."
        await user.press("r")
        await user.answered(4)
        assert compared.said(2) == "Again."
        await user.press("f")
        await user.answered(5)
        assert compared.said(2) == "Spare."
        await user.shows("4 of 4")
        compared.screen.act("model", "other")
        await user.shows("other:test-model answers in column 2")
        await user.press("x")
        await user.until(lambda: [view.pane.display for view in compared.views] == [False, True, False])
        await user.press("x", "P")
        await user.shows("this column stays in sight")
        await compared.to_column(3)
        await user.press("D")
        await user.shows("is gone; its answers stay in the chat")
        await user.until(lambda: len(compared.views) == 2)
        assert compared.views[0].running
        assert compared.said(1) == "Half"
        await compared.to_column(1)
        await user.press("D")  # also one that runs
        await user.until(held.closed.is_set)
        assert [view.column.target for view in compared.views] == ["other:test-model"]


async def test_another_model_answers_in_a_column_and_one_is_dropped() -> None:
    left, right, other = played("left", "L1"), played("right", "R1", "R2"), played("other", "O2")
    async with comparing(left, right, other) as compared:
        user = compared.user
        await compared.asked("First")
        await compared.to_column(3)
        await user.press("D")
        await user.settled()
        assert [view.column.target for view in compared.views] == ["left:test-model", "right:test-model"]
        compared.screen.act("column_1")
        compared.screen.act("model", "other")
        await user.shows("other:test-model answers in column 1")
        await compared.asked("Second")
        assert compared.said(1, 2) == "O2"
        assert other.requests[-1].messages[1] == assistant("L1")  # the thread of the column stays


async def test_few_cells_show_tabs_and_one_column() -> None:
    async with comparing(
        *(played(name, f"{name} says") for name in ("one", "two", "three")), size=(80, 24)
    ) as compared:
        user = compared.user
        await compared.asked("Why?")
        assert [view.pane.display for view in compared.views] == [True, False, False]
        await user.shows("one says", "1 test-model ✓")
        await user.press("alt+right")
        await user.shows("two says")
        assert [view.pane.display for view in compared.views] == [False, True, False]
        await user.resize(140, 40)
        await user.shows("one says", "two says", "three says")
        await user.press("x")
        await user.settled()
        assert [view.pane.display for view in compared.views] == [False, True, False]
        await user.press("x")
        await user.shows("one says", "three says")


async def test_the_fifth_column_waits_in_a_tab_and_a_pinned_one_stays() -> None:
    names = ("one", "two", "three", "four", "five")
    async with comparing(*(played(name, f"{name} says") for name in names), size=(160, 40)) as compared:
        user = compared.user
        await compared.asked("Why?")
        assert [view.pane.display for view in compared.views] == [True, True, True, True, False]
        await compared.to_column(1)
        await user.press("P")
        await user.press("less_than_sign")  # round to the last
        await user.settled()
        assert compared.screen.current is compared.views[4]
        assert [view.pane.display for view in compared.views] == [True, False, True, True, True]
        await user.press("greater_than_sign")
        assert compared.screen.current is compared.views[0]


async def test_columns_scroll_together_or_apart() -> None:
    text = "\n\n".join(f"Paragraph {number}" for number in range(200))
    async with comparing(played("one", text), played("two", text), size=(120, 30)) as compared:
        user = compared.user
        await compared.asked("Why?")
        logs = [view.pane.log_view for view in compared.views]
        await compared.to_column(1)
        await user.press("up", "up")
        await user.settled()
        assert [log.following for log in logs] == [False, True]
        await user.press("S", "up", "up")
        await user.settled()
        assert [log.following for log in logs] == [False, False]


async def test_hostile_names_and_answers_are_only_text() -> None:
    evil = "\x1b]52;c;AAAA\x07[/x] [red]\u202e \x9b31m **bold**"
    error = ProviderError("server", f"failed {evil}")
    bad = PlayedProvider([TextDelta(evil), error], name="b[ad]", model="\x1b[31mmodel[/]")
    async with comparing(played("good", evil), bad) as compared:
        user = compared.user
        await compared.asked(f"Say {evil}")
        for action, shown in (("race", "failed ␛]52"), ("differences", "↔ 2 b[ad]:␛[31mmodel[/]")):
            compared.screen.act(action)
            await user.shows("[/x] [red]", "b[ad]:␛[31mmodel[/]", shown)
            assert [sign for sign in ("\x1b", "\u202e", "\x9b") if sign in user.screen] == []


async def test_four_floods_arrive_whole() -> None:
    text = "".join(f"w{number:06d} " for number in range(4000))
    floods = [MockProvider("m", name=name, delay_ms=0, response=f"{name} {text}") for name in ("a", "b", "c", "d")]
    session = Session(floods[0], policy=once())
    async with comparing(*floods, session=session, size=(200, 50)) as compared:
        await compared.asked("Go")
        for place, flood in enumerate(floods, 1):
            assert compared.said(place).strip() == f"{flood.name} {text}".strip()


async def test_who_answered_in_place_of_the_one_who_was_asked_stands_in_the_head() -> None:
    down = PlayedProvider([ProviderError("not_found", "no such model")], says("Back again."), name="down")
    other = played("other", "Instead.")
    session = Session(down, fallback=[other], policy=once())
    async with comparing(down, played("right", "R1"), session=session) as compared:
        user = compared.user
        await compared.asked("Why?")
        assert compared.said(1) == "Instead."
        await user.shows("1 down:test-model → other:test-model", "2 right:test-model")
        await compared.to_column(1)
        await user.press("r")
        await compared.ended()
        await user.shows("Back again.")
        await user.shows_no("→")


async def test_the_targets_that_one_names_are_seen_from_the_first_one_on() -> None:
    one, two, three = played("one", "1"), played("two", "2"), played("three", "3")
    async with comparing(one, two, three, size=(80, 24)) as compared:
        user = compared.user
        await user.press("f7")
        await user.ask("/compare three one")
        await user.shows("1 test-model", "three:test-model")
        assert compared.screen.current is compared.views[0]
        assert [view.column.target for view in compared.views] == ["three:test-model", "one:test-model"]
