"""What is typed and not sent is there again: at the next start, in its conversation, after a kill."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import TextDelta
from atlas_tui.policy import Policy
from atlas_tui.session import Session
from atlas_tui.store import Journal, Store
from tests.command import QUICK, Terminal, settings
from tests.played import HANG, PlayedProvider, says
from tests.store.rehearsal import eventually
from tests.tui.driving import PATIENCE, Driver, driving, once

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


@pytest.fixture
def later(store: Store) -> Iterator[Store]:
    """The same file, in another process as it were."""
    later = Store(store.path, on_notice=lambda sentence: None)
    yield later
    assert later.close()


def drafts(store: Store, *places: str) -> list[str]:
    """The drafts on the disk, once everything has been written."""
    assert store.close()
    again = Store(store.path)
    try:
        return [again.draft(place) for place in places or ("",)]
    finally:
        assert again.close()


def session_of(store: Store, provider: PlayedProvider | None = None, policy: Policy | None = None) -> Session:
    return Session(provider or PlayedProvider(says("An answer")), policy=policy or once(), journal=Journal(store))


async def typed(user: Driver, text: str) -> None:
    """Wait until this stands in the prompt."""
    await user.until(lambda: user.app.chat.prompt.text == text)


async def test_it_is_there_at_the_next_start(store: Store, later: Store) -> None:
    async with driving(session=session_of(store)) as user:
        await user.paste("half a\nquestion")
    assert drafts(store) == ["half a\nquestion"]
    async with driving(session=session_of(later)) as user:
        await user.shows("half a", "question", "is back")
        await user.press("!")
        assert user.app.chat.prompt.text == "half a\nquestion!"


def test_it_is_there_after_a_kill(tmp_path: Path) -> None:
    config = settings(tmp_path, QUICK)
    here, again = Terminal("--config", config), None
    try:
        here.shows("Ask anything")
        here.process.send("half a question")
        here.shows("half a question")
        store = Store()
        eventually(lambda: store.draft() == "half a question")  # 0.3 s on a quiet machine
        assert store.close()
        here.process.kill(signal.SIGKILL)
        again = Terminal("--config", config)
        again.shows("half a question")
    finally:
        here.close()
        if again is not None:
            again.close()


async def test_what_was_sent_is_no_draft_any_more(store: Store) -> None:
    async with driving(session=session_of(store)) as user:
        await user.asked("Why?")
    assert drafts(store, "", store.info("last").id) == ["", ""]


async def test_what_is_typed_while_an_answer_comes_belongs_to_the_conversation(store: Store) -> None:
    async with driving(session=session_of(store, PlayedProvider([TextDelta("Well"), HANG]))) as user:
        await user.ask("Why?")
        await user.shows("Well")
        await user.paste("and then?")
    assert drafts(store, "", store.info("last").id) == ["", "and then?"]


async def two_conversations(user: Driver) -> None:
    """The second of two has just been asked."""
    await user.asked("first?")
    await user.press("ctrl+n")
    await user.asked("second?")


async def go_to(user: Driver, key: str, answer: str) -> None:
    """Open the other conversation in the list."""
    await user.press("f2")
    await user.shows("first?", "second?")
    await user.press(key, "enter")
    await user.shows(answer)


async def test_each_conversation_has_its_own(store: Store) -> None:
    async with driving(session=session_of(store, PlayedProvider(says("One"), says("Two")))) as user:
        await two_conversations(user)
        await user.paste("about the second")
        await go_to(user, "down", "One")
        await user.shows("stays with the conversation you left")
        await typed(user, "")
        await user.paste("about the first")
        await go_to(user, "up", "Two")
        await typed(user, "about the second")
        await go_to(user, "down", "One")
        await typed(user, "about the first")


async def test_what_belongs_to_no_conversation_comes_along(store: Store) -> None:
    async with driving(session=session_of(store, PlayedProvider(says("One"), says("Two")))) as user:
        await two_conversations(user)
        await user.paste("about something else")
        await user.press("ctrl+n")
        await user.shows("Try one of these", "about something else")
        await go_to(user, "down", "One")
        assert user.app.chat.prompt.text == "about something else"
        first, second = sorted(store.conversations(), key=lambda info: info.created)
        assert (first.title, second.title) == ("first?", "second?")
        await user.until(lambda: store.draft(first.id) == "about something else")
    assert drafts(store, "", first.id, second.id) == ["", "about something else", ""]


@pytest.mark.parametrize("begun", [True, False])
async def test_quitting_before_the_draft_of_a_conversation_is_there_leaves_all_as_they_were(
    store: Store, later: Store, begun: bool
) -> None:
    async with driving(session=session_of(store, PlayedProvider(says("One"), says("Two")))) as user:
        await two_conversations(user)
        await user.paste("about the second")
    first, second = sorted(store.conversations(), key=lambda info: info.created)
    store.keep_draft("about the first", first.id)
    assert drafts(store, "", first.id, second.id) == ["", "about the first", "about the second"]
    slow = threading.Event()
    async with driving(session=session_of(later)) as user:
        if begun:
            user.app.chat.history.open(later.conversation(second.id))
            await typed(user, "about the second")
        else:
            await user.paste("about something else")
        stored = later.conversation(first.id)
        later.writer.call(lambda connection: slow.wait(PATIENCE))
        user.app.chat.history.open(stored)
        asyncio.get_running_loop().call_soon(slow.set)
    unbound = "" if begun else "about something else"
    assert drafts(later, "", first.id, second.id) == [unbound, "about the first", "about the second"]


async def test_what_is_typed_before_the_draft_comes_stays_and_up_brings_the_draft(store: Store, later: Store) -> None:
    store.keep_draft("an old question")
    assert drafts(store) == ["an old question"]
    slow = threading.Event()
    later.writer.call(lambda connection: slow.wait(PATIENCE))
    async with driving(session=session_of(later)) as user:
        await user.paste("a new one")
        slow.set()
        await user.until(lambda: user.app.chat.prompt.recall_older())
        assert user.app.chat.prompt.text == "an old question"
        await user.press("down")
        assert user.app.chat.prompt.text == "a new one"


async def test_a_prompt_that_nobody_can_be_asked_stays(store: Store) -> None:
    problem = ProviderError("auth", "no API key for anthropic: set ANTHROPIC_API_KEY")
    async with driving(session=session_of(store), problem=problem) as user:
        await user.ask("Why?")
        await user.shows("Nobody to ask")
        assert user.app.chat.prompt.text == "Why?"
    assert drafts(store) == ["Why?"]
