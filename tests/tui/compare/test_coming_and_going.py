"""Between the chat and the comparison, and between one run of the program and the next: nothing is lost."""

from __future__ import annotations

from atlas_tui.comparison import Judgements
from atlas_tui.models.base import ModelMessage, TextDelta
from atlas_tui.session import Session
from atlas_tui.store import Journal, Store
from atlas_tui.tui.messages import Noticed
from tests.played import HANG, PlayedProvider, says
from tests.tui.compare.driving import Compared, Known, comparing, played
from tests.tui.driving import driving, once

user_said, assistant = ModelMessage.user, ModelMessage.assistant


async def test_the_others_answer_the_last_prompt_of_a_chat() -> None:
    left, right = played("left", "L1", "L2"), played("right", "R1", "R2")
    async with comparing(left, right) as compared:
        user = compared.user
        await user.press("f7")
        await user.asked("In the chat")
        await user.press("alt+o")
        await compared.ended()
        assert (compared.said(1), compared.said(2)) == ("L1", "R1")
        assert len(left.requests) == 1
        await user.press("f7")
        await user.shows("In the chat", "L1", "1 of 2", "METERS")  # the chat's own answer stays
        await user.press("f7")
        await compared.asked("Second")
        assert list(right.requests[-1].messages) == [user_said("In the chat"), assistant("R1"), user_said("Second")]


async def test_an_answer_that_comes_in_the_chat_is_there_at_once_and_goes_on() -> None:
    held = PlayedProvider([TextDelta("Half an answer"), HANG], name="held")
    async with comparing(held, played("right", "R1")) as compared:
        user = compared.user
        await user.press("f7")
        await user.ask("In the chat")
        await user.shows("Half an answer", "METERS")
        await user.press("f7")
        await user.shows("1 held:test-model", "Half an answer", "coming in the chat")
        await compared.ask("Next?")
        await user.shows("the chat's answer is coming")
        assert compared.screen.prompt.text == "Next?"
        assert compared.screen.session.turns[-1].prompt == "In the chat"
        await user.press("f7")
        await user.shows("Half an answer", "METERS", "Next?")
        assert user.app.chat.conversation.running
        await user.press("f7")
        await compared.to_column(1)
        await user.press("escape")
        await compared.ended()
        await user.shows("■ stopped")
        assert compared.said(1) == "Half an answer"
        await user.press("f7")
        await user.shows("Half an answer", "METERS")
        assert len(held.requests) == 1


async def test_the_others_are_asked_while_the_answer_comes_in_the_chat() -> None:
    left, right = PlayedProvider([TextDelta("Half"), HANG], says("Whole"), name="left"), played("right", "R1", "R2")
    async with comparing(left, right) as compared:
        user = compared.user
        await user.press("f7")
        await user.ask("In the chat")
        await user.shows("Half", "METERS")
        await user.press("alt+o")
        await user.until(lambda: user.app.screen is compared.screen and compared.said(2) == "R1")
        assert compared.said(1) == "Half"
        assert compared.views[0].running
        assert len(left.requests) == 1
        await user.press("escape", "escape")
        await compared.ended()
        (turn,) = compared.screen.session.turns
        assert [(response.content, response.provider) for response in turn.responses] == [
            ("R1", "right"),
            ("Half", "left"),
        ]
        assert (compared.said(1), compared.said(2)) == ("Half", "R1")
        await compared.asked("Second")
        assert list(right.requests[-1].messages) == [user_said("In the chat"), assistant("R1"), user_said("Second")]
        assert list(left.requests[-1].messages) == [user_said("In the chat"), assistant("Half"), user_said("Second")]


async def test_the_first_comparison_may_begin_while_an_answer_comes_and_a_new_conversation_ends_both() -> None:
    held = PlayedProvider([TextDelta("Half"), HANG], name="held")
    session = Session(held, policy=once())
    async with driving(session=session, catalogue=Known([held]), size=(160, 40)) as user:
        await user.ask("In the chat")
        await user.shows("Half", "METERS")
        await user.press("alt+o")
        compared = await Compared(user).furnished()
        await user.until(lambda: len(session.turns[0].responses) == len(compared.views) - 1 > 0)
        await user.shows("1 held:test-model", "Half", "coming in the chat", "rehearsed")
        assert len(held.requests) == 1
        await user.press("ctrl+n")
        await user.until(held.closed.is_set)
        await user.until(lambda: not compared.screen.columns.running)
        await user.shows_no("In the chat")
        assert session.turns == []


async def test_what_should_be_known_is_said_where_one_is() -> None:
    async with comparing(played("left", "L1"), played("right", "R1")) as compared:
        user = compared.user
        await compared.asked("First")
        user.app.chat.post_message(Noticed("the disk is full"))
        await user.shows("the disk is full", "1 left:test-model")
        user.clock.now += 60
        assert "the disk is full" in compared.views[0].pane.log_view.text_of("note-1")
        await user.press("f7")
        await user.shows("the disk is full", "METERS")


async def test_what_runs_goes_on_while_the_chat_is_seen() -> None:
    held = PlayedProvider([TextDelta("Half"), HANG], name="held")
    async with comparing(played("quick", "Done."), held) as compared:
        user = compared.user
        await compared.ask("Why?")
        await user.answered()
        await user.press("f7")
        await user.shows("Why?", "Done.", "METERS")
        await user.press("f7")
        await user.shows("Half")
        assert compared.views[1].running
        assert compared.said(1) == "Done."
        await user.press("escape", "escape")
        await compared.ended()
        await user.press("f7")
        await user.shows("Done.", "1 of 2")  # whoever comes last does not take the place of the first column
        assert user.app.screen is user.app.chat


async def test_what_the_chat_asks_meanwhile_is_there_on_coming_back() -> None:
    async with comparing(played("left", "L1", "L2"), played("right", "R1")) as compared:
        user = compared.user
        await compared.asked("First")
        await user.press("f7")
        await user.asked("Second")
        await user.press("f7")
        await user.shows("Second")
        assert compared.said(1, 2) == "L2"
        assert compared.said(2, 1) == "R1"


async def test_a_new_conversation_of_the_chat_stops_and_empties_the_columns() -> None:
    held = PlayedProvider([TextDelta("Half"), HANG], name="held")
    async with comparing(held, played("right", "R1")) as compared:
        user = compared.user
        await compared.ask("First")
        await user.answered()
        await user.press("f7")
        await user.press("ctrl+n")
        await compared.user.until(held.closed.is_set)
        await user.press("f7")
        await user.settled()
        assert compared.views[0].transcript.exchanges == []
        assert not compared.screen.columns.running


async def test_a_new_conversation_is_new_in_the_columns_and_in_the_chat() -> None:
    left, right = played("left", "L1", "L2"), played("right", "R1", "R2")
    async with comparing(left, right) as compared:
        user = compared.user
        await compared.asked("First")
        await user.press("ctrl+n")
        await user.settled()
        await user.shows_no("First")
        await compared.asked("Second")
        assert list(right.requests[-1].messages) == [user_said("Second")]
        await user.press("f7")
        await user.shows("Second", "METERS")
        await user.shows_no("First")


async def test_a_comparison_reopens_as_it_was(store: Store) -> None:
    left, right = played("left", "L1", "L2"), played("right", "R1", "R2")
    session = Session(left, policy=once(), journal=Journal(store))
    async with comparing(left, right, session=session) as compared:
        await compared.asked("First")
    again = Session(played("chat", "C"), policy=once(), journal=Journal(store))
    providers = [again.provider, left, right]
    async with driving(session=again, catalogue=Known(providers), size=(160, 40)) as user:
        await user.press("f2")
        await user.settled()
        await user.shows("First")
        await user.press("enter")
        await user.shows("First", "METERS")
        await user.press("f7")
        compared = await Compared(user).furnished()
        await user.shows("1 left:test-model", "2 right:test-model")
        assert (compared.said(1), compared.said(2)) == ("L1", "R1")
        assert [view.column.policy.settings.attempts for view in compared.views] == [1, 1]  # as patient as the chat
        await compared.asked("Second")
        assert list(right.requests[-1].messages) == [user_said("First"), assistant("R1"), user_said("Second")]


async def test_the_answer_that_was_picked_in_a_column_stands_there_again(store: Store) -> None:
    left, right = played("left", "L1", "L1 again", "L2"), played("right", "R1", "R2")
    session = Session(left, policy=once(), journal=Journal(store))
    async with comparing(left, right, session=session) as compared:
        user = compared.user
        await compared.asked("First")
        await compared.to_column(1)
        await user.press("r")
        await user.answered(3)
        await user.press("left_square_bracket")
        await user.shows("1 of 2")
        await user.press("f7")
        await user.press("f7")
        assert compared.said(1) == "L1"
    again = Session(left, policy=once(), journal=Journal(store))
    async with driving(session=again, catalogue=Known([left, right]), size=(160, 40)) as user:
        await user.press("f2")
        await user.shows("First")
        await user.press("enter")
        await user.shows("First", "METERS")
        await user.press("f7")
        compared = await Compared(user).furnished()
        await user.shows("1 of 2")
        assert (compared.said(1), compared.said(2)) == ("L1", "R1")
        await compared.asked("Second")
        assert list(left.requests[-1].messages) == [user_said("First"), assistant("L1"), user_said("Second")]


async def test_the_line_up_is_there_again_and_is_kept_under_a_name(store: Store) -> None:
    left, right, third = played("left", "L"), played("right", "R"), played("third", "T")
    async with comparing(left, right, session=Session(left, policy=once(), journal=Journal(store))) as compared:
        compared.screen.act("line_ups", "pair")
        await compared.user.shows("kept as pair")
    assert Judgements(store).line_up("pair").targets == ("left:test-model", "right:test-model")
    session = Session(third, policy=once(), journal=Journal(store))
    async with driving(session=session, catalogue=Known([left, right, third])) as user:
        await user.press("f7")
        compared = Compared(user)
        await user.until(lambda: compared.screen.furnished)
        assert [view.column.target for view in compared.views] == ["left:test-model", "right:test-model"]
        await compared.ask("/targets third left")
        await user.settled()
        assert [view.column.target for view in compared.views] == ["third:test-model", "left:test-model"]
        await compared.to_column(1)
        await user.press("K")
        await user.shows("pair", "left:test-model · right:test-model")
        await user.press("enter")
        await user.shows("2 right:test-model")
        assert [view.column.target for view in compared.views] == ["left:test-model", "right:test-model"]


async def test_a_target_that_cannot_be_asked_changes_nothing() -> None:
    async with comparing(played("left", "L"), played("right", "R")) as compared:
        await compared.ask("/targets left nobody")
        await compared.user.shows("unknown provider 'nobody'")
        assert len(compared.views) == 2


async def test_the_line_up_is_chosen_from_what_is_available() -> None:
    async with comparing(played("left", "L"), played("right", "R")) as compared:
        user = compared.user
        await user.until(lambda: bool(compared.screen.catalogue.statuses))
        await compared.to_column(1)
        await user.press("l")
        await user.shows("Who is compared?", "1 left:test-model", "2 right:test-model")
        await user.press(*"mock:mock-basic", "enter")
        await user.shows("3 mock:mock-basic")
        await user.press("escape")
        await user.settled()
        assert [view.column.target for view in compared.views][2] == "mock:mock-basic"
