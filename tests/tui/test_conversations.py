"""The conversations of the history in the terminal program: found, opened, renamed, deleted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import pytest
from textual.events import Unmount
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Input

from atlas_tui.config import Config
from atlas_tui.models.base import TextDelta
from atlas_tui.store import Store
from atlas_tui.tui.screens.conversations import Conversations
from tests.clock import Clock
from tests.played import HANG, PlayedProvider, Sink, says
from tests.tui.driving import PATIENCE, Driver, driving, make_app, steering
from tests.tui.shelf import NOW, kept, listed, said, session_of


async def test_a_conversation_of_the_history_is_opened_and_goes_on(store: Store) -> None:
    kept(store, "Of the sea", [("Why salt?", "Rivers bring it.")], ago=timedelta(days=3))
    kept(store, "Of the sky", [("Why blue?", "Light **scatters**."), ("At night?", "Then it is dark.")])
    provider = PlayedProvider(says("Sunset is red."))
    async with driving(session=session_of(store, provider)) as user:
        await listed(user, "Of the sky", "Of the sea", "2 turns", "$0.0200", "played:test-model")
        assert user.screen.index("Of the sky") < user.screen.index("Of the sea")
        await user.press("enter")
        await user.shows("Why blue?", "Light scatters.", "At night?", "Then it is dark.")
        assert str(user.session.cost) == "$0.020000"
        assert user.app.chat.gauge.read().session_cost == user.session.cost
        await user.asked("And at dusk?")
        assert [message.content for message in provider.requests[0].messages] == [
            "Why blue?", "Light **scatters**.", "At night?", "Then it is dark.", "And at dusk?",
        ]  # fmt: skip
        assert store.info("last").turns == 3
        assert store.info("last").title == "Of the sky"


async def test_nothing_is_opened_until_it_is_asked_for(store: Store) -> None:
    kept(store, "Of the sea", [("Why salt?", "Rivers bring it.")])
    async with driving(session=session_of(store, PlayedProvider(says("x")))) as user:
        assert not user.session.turns
        await listed(user, "Of the sea")
        await user.press("escape")
        await user.shows("Ask anything")
        assert not user.session.turns


@pytest.mark.parametrize("key", ["home", "p"])
async def test_keys_reach_the_beginning_before_all_of_a_long_conversation_is_in_place(store: Store, key: str) -> None:
    kept(store, "A long one", [(f"Question {number}?", "An answer.") for number in range(200)])
    stored = store.conversation("last")
    async with driving(session=session_of(store, PlayedProvider(says("x")))) as user:
        user.app.chat.history.open(stored)
        await user.shows("Question 199?")
        log = user.app.chat.transcript
        user.app.chat.conversation.transcript.fill(user.session.turns)
        first = log.keys[0]
        assert first != "prompt-1"  # no time has passed: the earlier turns are still to come
        if key == "home":
            log.action_home()
            await user.shows("Question 0?")
        else:
            log.focus_message(first)
            log.focus_previous_message()
            assert log.keys.index(str(log.focused_key)) == log.keys.index(first) - 1
        assert log.keys[0] == "prompt-1"


async def test_typing_searches_all_text_and_enter_goes_to_the_place(store: Store) -> None:
    long = [(f"Question {number}?", "A word. " * 200) for number in range(30)]
    kept(store, "Minerals", [*long[:3], ("Which one glitters?", "That is pyrite, a [b]sulfide[/b]."), *long[3:]])
    kept(store, "Of the sea", [("Why salt?", "Rivers bring it.")])
    async with driving(session=session_of(store, PlayedProvider(says("x")))) as user:
        await listed(user, "Minerals", "Of the sea")
        await user.press(*"pyri")
        await user.shows("That is pyrite, a [b]sulfide[/b].", "Minerals · answer")
        await user.shows_no("Of the sea")
        await user.press("enter")
        await user.shows("Which one glitters?", "That is pyrite")
        await user.shows_no("Question 29?")


async def test_enter_is_about_what_was_typed_also_while_it_is_looked_for(store: Store) -> None:
    kept(store, "Of the sky", [("Why blue?", "Light.")], ago=timedelta(days=1))
    kept(store, "Of the sea", [("Why salt?", "Rivers bring it.")])
    async with driving(session=session_of(store, PlayedProvider(says("x")))) as user:
        await listed(user, "Of the sea", "Of the sky")
        slow = threading.Event()
        store.writer.call(lambda connection: slow.wait(PATIENCE))
        await user.press(*"sky", "enter")
        await user.shows("sky", "Of the sea")
        slow.set()
        await user.shows("Why blue?", "METERS")


async def test_a_click_opens_a_conversation_and_brings_a_deleted_one_back(store: Store) -> None:
    kept(store, "Of the sea", [("Why salt?", "Rivers bring it.")])
    store.delete(kept(store, "Of the sky", [("Why blue?", "Light.")]))
    async with driving(session=session_of(store, PlayedProvider(says("x")))) as user:
        await listed(user, "Of the sea")
        await user.press("tab")
        await user.click_on("Of the sky")
        await user.shows("back again: Of the sky", "Nothing is deleted")
        await user.press("tab")
        await user.click_on("Of the sea")
        await user.shows("Rivers bring it.", "METERS")
        assert user.app.screen is user.app.chat


async def test_quitting_while_the_list_is_being_read_is_no_error(store: Store) -> None:
    """What was read arrives when the first widgets have gone, and the worker that reads has not yet been cancelled."""
    kept(store, "Of the sea", [("Why salt?", "Rivers bring it.")])
    slow, others = threading.Event(), set(threading.enumerate())

    def hook(message: Message) -> None:
        if isinstance(message, Unmount) and not slow.is_set():
            slow.set()
            for reading in set(threading.enumerate()) - others:
                reading.join(PATIENCE)

    app = make_app(session=session_of(store, PlayedProvider(says("x"))))
    async with app.run_test(size=(120, 40), message_hook=hook) as pilot:
        user = Driver(app, Clock())
        user.pilot = pilot
        await user.begun()
        await listed(user, "Of the sea")
        others |= set(threading.enumerate())
        store.writer.call(lambda connection: slow.wait(PATIENCE))
        await user.press("s", "backspace")
    assert slow.is_set()
    assert app.defect is None


async def test_a_search_without_a_hit_says_so(store: Store) -> None:
    async with driving(session=session_of(store, PlayedProvider(says("x")))) as user:
        await listed(user, "No conversations yet")
        await user.press(*"pyri", "enter")
        await user.shows("Nothing found")


async def test_rename_delete_and_undo(store: Store) -> None:
    number = kept(store, "Of the sea", [("Why salt?", "Rivers bring it.")])
    kept(store, "Of the sky", [("Why blue?", "Light.")], ago=timedelta(days=1))
    async with driving(session=session_of(store, PlayedProvider(says("x")))) as user:
        screen = await listed(user, "Of the sea", "Of the sky")
        await user.press("ctrl+e")
        await user.shows("take this title")
        assert screen.query_one(Input).value == "Of the sea"
        await user.press(*" bed", "enter")
        await user.shows("Of the sea bed", "open")
        assert store.info(number).title == "Of the sea bed"
        await user.press("ctrl+e", "x", "escape")
        await user.shows("Search titles", "Of the sea bed")
        await user.press("delete")
        await user.shows("deleted: Of the sea bed · Ctrl+Z brings it back")
        assert [info.title for info in store.conversations()] == ["Of the sky"]
        await user.press("ctrl+z")
        await user.shows("back again: Of the sea bed")
        assert [info.title for info in store.conversations()] == ["Of the sea bed", "Of the sky"]


async def test_what_is_deleted_has_a_list_of_its_own_and_is_brought_back_from_it(store: Store) -> None:
    kept(store, "Of the sea", [("Why salt?", "Rivers bring it.")])
    for title in ("Of the sky", "Of the stars"):
        store.delete(kept(store, title, [("Why?", "Light.")]))
    async with driving(session=session_of(store, PlayedProvider(says("x")))) as user:
        user.app.chat.history.now = lambda: datetime.now(UTC)
        await listed(user, "Of the sea")
        await user.press("tab")
        await user.shows("Of the sky", "Of the stars", "29 days left", "Enter bring back")
        await user.shows_no("Of the sea")
        await user.press("delete")
        await user.shows("30 days after it was deleted")
        await user.press(*"sky")
        await user.shows_no("Of the stars")
        await user.press("enter")
        await user.shows("back again: Of the sky", "Nothing found")
        await user.press("tab")
        await user.shows("Of the sea", "Of the sky", "Enter open")
    assert [info.title for info in store.conversations(deleted=True)] == ["Of the stars"]


async def test_delete_in_the_middle_of_the_search_takes_a_letter(store: Store) -> None:
    kept(store, "Of the sea", [("Why salt?", "Rivers bring it.")])
    async with driving(session=session_of(store, PlayedProvider(says("x")))) as user:
        screen = await listed(user, "Of the sea")
        await user.press(*"sea", "left", "delete")
        assert screen.query_one(Input).value == "se"
        assert len(store.conversations()) == 1


async def test_the_open_conversation_leaves_the_screen_when_it_is_deleted(store: Store) -> None:
    async with driving(session=session_of(store, PlayedProvider(says("An answer")))) as user:
        await user.asked("Why?")
        await listed(user, "› Why?")
        await user.press("delete")
        await user.shows("deleted: Why?")
        await user.press("escape")
        await user.shows("Try one of these")
        assert user.session.turns == []


async def test_keys_that_come_while_it_is_deleted_are_about_what_is_left(store: Store) -> None:
    kept(store, "Of the sea", [("Why salt?", "Rivers bring it.")], ago=timedelta(days=1))
    for key, shown in (("escape", "Try one of these"), ("enter", "Rivers bring it.")):
        async with driving(session=session_of(store, PlayedProvider(says("An answer")))) as user:
            await user.asked("Why?")
            await listed(user, "› Why?", "Of the sea")
            await user.type_at_once("delete", key)
            await user.shows(shown)
            assert "An answer" not in user.screen
    assert [info.title for info in store.conversations()] == ["Of the sea"]


async def test_without_a_history_the_keys_say_so() -> None:
    async with driving(PlayedProvider(says("An answer"))) as user:
        await user.asked("Why?")
        for key in ("f2", "b"):
            user.app.chat.transcript.focus()
            await user.press(key)
            await user.shows("the history is off")
            user.app.chat.status.say("")


async def test_a_conversation_of_5000_turns_opens_at_its_end_and_the_rest_follows(store: Store) -> None:
    kept(store, "Long", [(f"Question {number}?", f"Answer **{number}**.") for number in range(5000)])
    stored = store.conversation("last")
    async with driving(session=session_of(store, PlayedProvider(says("x")))) as user:
        begun = perf_counter()
        user.app.chat.history.open(stored)
        await user.shows("Question 4999?", "Answer 4999.")
        assert perf_counter() - begun < 10.0  # 0.05 s on a quiet machine; laying all of it out would take minutes
        log = user.app.chat.transcript
        user.app.chat.transcript.focus()
        await user.press("pageup", "p")
        seen, focused = user.lines[:20], log.focused_key
        await user.until(lambda: len(log.keys) == 10_000)
        await user.settled()
        assert (user.lines[:20], log.focused_key) == (seen, focused)
        assert [log.keys[0], log.keys[-1]] == ["prompt-1", "answer-5000"]
        await user.press("home")
        await user.shows("Question 0?", "Answer 0.")


async def test_what_is_looked_for_is_found_before_all_of_it_has_been_put_in(store: Store) -> None:
    kept(store, "Long", [(f"Question {number}?", "An answer.") for number in range(2000)])
    async with driving(session=session_of(store, PlayedProvider(says("x")))) as user:
        user.app.chat.history.open(store.conversation("last"))
        user.app.chat.act("find", "question 1")
        await user.shows("of 1,111")


@pytest.mark.parametrize("theme", ["atlas-dark", "atlas-light"])
@pytest.mark.parametrize(("keys", "size"), [("", (120, 40)), ("par", (80, 24)), ("tab", (60, 16))])
def test_how_the_list_looks(
    store: Store, snap_compare: Callable[..., bool], theme: str, keys: str, size: tuple[int, int]
) -> None:
    minutes = timedelta(minutes=1)
    kept(store, "Explain hash maps, with an example in Python", [("a", "b")] * 4, ago=20 * minutes)
    kept(store, "比較 TCP and UDP in a table", [("a", "b")], ago=300 * minutes, interrupted=True)
    kept(store, "What should I know before I write a parser?", [("a", "b")] * 11, ago=timedelta(days=4), cost=0.2)
    kept(store, "A title [bold]with[/bold] marks", [("a", "b")], ago=timedelta(days=400), cost=0.0)
    gone = kept(store, "A question that nobody asks any more", [("a", "b")] * 2, ago=timedelta(days=3))
    now = datetime.now(UTC)
    store.delete(gone)
    app = make_app(session=session_of(store, PlayedProvider(says("x"))), config=Config(theme=theme))

    async def opened(pilot: Pilot[None]) -> None:
        user = steering(pilot)
        await user.begun()
        user.app.chat.history.now = lambda: now if keys == "tab" else NOW
        await user.press("f2")
        screen = user.app.screen
        assert isinstance(screen, Conversations)
        screen.query_one(Input).cursor_blink = False
        await user.until(lambda: screen.filled)
        await user.press(*(["tab"] if keys == "tab" else keys))
        await user.idle()

    assert snap_compare(app, terminal_size=size, run_before=opened)


async def test_an_answer_that_another_atlas_writes_is_followed_and_left_alone(store: Store, tmp_path: Path) -> None:
    writer = Store(store.path, on_notice=lambda sentence: None)
    theirs, held = session_of(writer, PlayedProvider([TextDelta("The first half"), HANG])), Sink()
    turn = theirs.add_turn("Why?")
    worker = theirs.start(turn, held)
    async with driving(session=session_of(store, PlayedProvider(says("x")))) as user:
        await user.until(lambda: bool(store.conversations()) and "first half" in said(store))
        await listed(user, "Why?")
        await user.press("enter")
        await user.shows("The first half", "coming in another Atlas · read only here")
        await user.shows_no("stopped")
        for key in ("ctrl+r", "ctrl+o"):
            await user.press(key)
            await user.shows("another Atlas is writing this answer")
            user.app.chat.status.say("")
        await user.ask("And then?")
        await user.shows("another Atlas is writing this answer", "And then?")
        worker.cancel()
        assert worker.join(10)
        await user.shows("■ stopped")
        await user.shows_no("another Atlas ·")
        await user.press("enter")
        await user.answered()
    assert writer.close()
    assert [turn.prompt for turn in store.conversation("last").turns] == ["Why?", "And then?"]
