"""What a kept conversation goes on with: its fallback chain, answers that broke off, branches of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import TextDelta
from atlas_tui.store import Store
from tests.played import HANG, PlayedProvider, says
from tests.store.rehearsal import eventually
from tests.tui.driving import driving
from tests.tui.shelf import kept, listed, session_of


async def test_the_fallback_chain_is_kept_with_the_conversation(store: Store) -> None:
    async with driving(session=session_of(store, PlayedProvider(says("One"), says("Two")))) as user:
        await user.ask("/fallback mock:mock-basic mock:mock-advanced")
        await user.asked("Why?")
        await user.press("ctrl+n")
        await user.shows("nobody else")
        await listed(user, "Why?")
        await user.press("enter")
        await user.shows("1 mock:mock-basic", "2 mock:mock-advanced")
        assert [provider.target for provider in user.session.fallback] == ["mock:mock-basic", "mock:mock-advanced"]


async def test_the_fallback_chain_is_stored_when_it_is_edited(store: Store) -> None:
    usual, own = PlayedProvider(says("x"), name="usual"), ["mock:mock-basic"]

    def stored() -> list[str] | None:
        chain = store.conversation("last").fallback
        return None if chain is None else list(chain)

    async with driving(session=session_of(store, PlayedProvider(says("One")), fallback=[usual])) as user:
        await user.asked("Why?")
        assert stored() == [usual.target]
        await user.ask("/fallback mock:mock-basic")
        eventually(lambda: stored() == own)
        await user.ask("/fallback none")
        eventually(lambda: stored() == [])
        await user.press("ctrl+n")
        await user.shows("Try one of these")
        assert user.session.fallback == [usual]
        await listed(user, "Why?")
        await user.press("enter")
        await user.shows("One")
        assert user.session.fallback == []  # none, which is not the same as nothing chosen


async def test_a_chain_that_is_emptied_before_the_first_prompt_stays_empty(store: Store) -> None:
    usual = PlayedProvider(says("x"), name="usual")
    async with driving(session=session_of(store, PlayedProvider(says("One")), fallback=[usual])) as user:
        await user.ask("/fallback none")
        await user.asked("Why?")
        assert store.conversation("last").fallback == []


async def test_an_interrupted_answer_is_marked_and_can_be_continued(store: Store) -> None:
    kept(store, "Of the sky", [("Why blue?", "Light is scattered")], interrupted=True)
    provider = PlayedProvider(says(" by the air."))
    async with driving(session=session_of(store, provider)) as user:
        await listed(user, "◌ Of the sky")
        await user.press("enter")
        await user.shows("Light is scattered", "◌ incomplete · interrupted", "continue")
        user.app.chat.transcript.focus()
        await user.press("c")
        await user.answered()
        await user.shows("Light is scattered by the air.", "2 of 2")
        user.app.chat.transcript.focus()
        await user.press("left_square_bracket")
        await user.shows("◌ incomplete · interrupted", "1 of")
    (turn,) = store.conversation("last").turns
    assert [stored.response.content for stored in turn.responses] == [
        "Light is scattered",
        "Light is scattered by the air.",
    ]


async def test_a_failure_says_why_also_when_it_is_opened_again(store: Store) -> None:
    provider = PlayedProvider([ProviderError("bad_request", "this model takes no [b]pictures[/b]")], says("An answer."))
    async with driving(session=session_of(store, provider)) as user:
        await user.asked("Why?")
        await user.press("ctrl+n")
        await user.shows("Try one of these")
        await listed(user, "Why?")
        await user.press("enter")
        await user.shows("◌ incomplete · bad request", "takes no [b]pictures[/b]", "retry")
        await user.press("ctrl+r")
        await user.answered(2)
        await user.shows("An answer.")
        await user.shows_no("bad request")


async def test_an_answer_that_comes_is_stopped_and_kept_when_another_conversation_is_opened(store: Store) -> None:
    kept(store, "Of the sea", [("Why salt?", "Rivers bring it.")], ago=timedelta(days=9))
    async with driving(session=session_of(store, PlayedProvider([TextDelta("The first half"), HANG]))) as user:
        await user.ask("Why?")
        await user.shows("The first half")
        await listed(user, "Of the sea")
        await user.press("down", "enter")
        await user.shows("Rivers bring it.", "was stopped")
        assert not user.app.chat.conversation.running
    (info, _) = store.conversations()
    eventually(lambda: store.conversation(info.id).turns[0].responses[0].state != "streaming")
    (answer,) = store.conversation(info.id).turns[0].responses
    assert (answer.response.content, answer.state) == ("The first half", "incomplete")


async def test_a_branch_is_a_copy_up_to_and_with_the_turn(store: Store) -> None:
    number = kept(store, "Of the sky", [("Why blue?", "Light."), ("At night?", "Dark.")])
    provider = PlayedProvider(says("Orange."))
    async with driving(session=session_of(store, provider)) as user:
        await listed(user, "Of the sky")
        await user.press("enter")
        await user.shows("Dark.")
        user.app.chat.transcript.focus()
        await user.press("p", "p", "p", "b")
        await user.shows("Why blue?", "a conversation of its own")
        await user.shows_no("At night?")
        await user.asked("At dusk?")
        await user.shows("Orange.")
    assert [turn.prompt for turn in store.conversation(number).turns] == ["Why blue?", "At night?"]
    assert [turn.prompt for turn in store.conversation("last").turns] == ["Why blue?", "At dusk?"]


@pytest.mark.parametrize(
    ("keys", "old", "begins"),
    [((), "At night?", ["Why blue?"]), (("p", "p", "p"), "Why blue?", [])],
)
async def test_an_edited_prompt_begins_a_branch(
    store: Store, keys: tuple[str, ...], old: str, begins: list[str]
) -> None:
    number = kept(store, "Of the sky", [("Why blue?", "Light."), ("At night?", "Dark.")])
    async with driving(session=session_of(store, PlayedProvider(says("Orange.")))) as user:
        await listed(user, "Of the sky")
        await user.press("enter")
        await user.shows("Dark.")
        user.app.chat.transcript.focus()
        await user.press(*keys, "e")
        assert user.app.chat.prompt.text == old
        await user.press(*" Say", "enter")
        await user.answered()
        await user.shows("Orange.", f"{old} Say")
    assert [turn.prompt for turn in store.conversation(number).turns] == ["Why blue?", "At night?"]
    assert [turn.prompt for turn in store.conversation("last").turns] == [*begins, f"{old} Say"]


async def test_escape_makes_an_edited_prompt_a_new_one(store: Store) -> None:
    async with driving(session=session_of(store, PlayedProvider(says("First."), says("Second.")))) as user:
        await user.asked("Why?")
        user.app.chat.transcript.focus()
        await user.press("e", "escape")
        await user.shows("no branch")
        await user.press("enter")
        await user.answered(2)
        assert [turn.prompt for turn in user.session.turns] == ["Why?", "Why?"]
    assert len(store.conversations()) == 1
