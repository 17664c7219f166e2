"""The chat screen: asking, stopping, failing, retrying, switching."""

from __future__ import annotations

import threading
from time import perf_counter

import pytest

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import Counted, ReasoningDelta, TextDelta, TokenUsage
from atlas_tui.models.mock import MockProvider
from atlas_tui.policy import Policy, RetrySettings
from atlas_tui.tui.messages import Noticed
from tests.played import HANG, PlayedProvider, says
from tests.tui.driving import driving


async def test_an_answer_streams_into_the_transcript() -> None:
    provider = PlayedProvider(says("The sky ", "is **blue**.", counted=Counted(TokenUsage(12, 5))))
    async with driving(provider) as user:
        await user.asked("Why?")
        await user.shows("Why?", "The sky is blue.", "played:test-model", "5 tok", "✓ done")
        assert user.app.chat.prompt.text == ""
        assert user.session.turns[0].response is not None
        assert user.session.turns[0].response.content == "The sky is **blue**."


async def test_the_first_words_show_while_the_rest_is_awaited() -> None:
    async with driving(PlayedProvider([TextDelta("The first words"), HANG])) as user:
        await user.ask("Why?")
        await user.shows("The first words", "streaming")


async def test_reasoning_is_no_part_of_the_answer() -> None:
    async with driving(PlayedProvider([ReasoningDelta("Let me think."), HANG])) as user:
        await user.ask("Why?")
        await user.shows("Let me think.", "thinking")
        await user.press("escape")
        await user.answered()
        assert user.session.turns[0].responses[0].content == ""


async def test_escape_stops_a_stalled_answer_at_once() -> None:
    provider = MockProvider("mock-standard", delay_ms=0, simulate_errors=True, error_type="stall")
    async with driving(provider) as user:
        await user.ask("Why?")
        await user.shows("rehearsed answer", "streaming")
        begun = perf_counter()
        await user.press("escape")
        await user.answered()
        assert perf_counter() - begun < 5.0  # 0.03 s on a quiet machine; benchmarks hold it under 0.1
        await user.shows("■ stopped", "rehearsed answer")
        response = user.session.turns[0].response
        assert response is not None
        assert "rehearsed answer" in response.content
        assert not response.complete


async def test_a_stop_before_the_first_token_says_so() -> None:
    async with driving(PlayedProvider([HANG])) as user:
        await user.ask("Why?")
        await user.shows("waiting")
        await user.press("escape")
        await user.answered()
        await user.shows("stopped", "before the first token")


async def test_silence_is_counted_where_it_can_be_seen() -> None:
    async with driving(PlayedProvider([TextDelta("Well"), HANG])) as user:
        await user.ask("Why?")
        await user.shows("Well", "streaming")
        user.clock.now += 7
        await user.shows("no token for 7 s")


async def test_a_retry_is_a_sibling_and_one_can_walk_between_them() -> None:
    async with driving(PlayedProvider(says("first answer"), says("second answer"))) as user:
        await user.asked("Why?")
        await user.press("ctrl+r")
        await user.answered(2)
        await user.shows("second answer", "2 of 2")
        await user.shows_no("first answer")
        user.app.chat.transcript.focus()
        await user.press("left_square_bracket")
        await user.shows("first answer", "1 of 2")
        turn = user.session.turns[0]
        assert [response.content for response in turn.responses] == ["first answer", "second answer"]
        assert turn.response is turn.responses[0]
        await user.press("right_square_bracket")
        await user.shows("second answer", "2 of 2")
        await user.press("right_square_bracket")
        await user.shows("no other answer there")


async def test_a_retry_that_brings_nothing_takes_nothing_away() -> None:
    async with driving(PlayedProvider(says("the answer"), [ProviderError("bad_request", "no")])) as user:
        await user.asked("Why?")
        await user.press("ctrl+r")
        await user.answered(2)
        await user.shows("the answer", "played: bad request", "1 of 2")
        user.app.chat.transcript.focus()
        await user.press("right_square_bracket")
        await user.shows("◌ incomplete · bad request", "of 2")
        await user.shows_no("the answer")
        assert user.session.turns[0].response is user.session.turns[0].responses[0]  # looked at, and no more
        await user.press("left_square_bracket")
        await user.shows("the answer", "1 of 2")


async def test_a_failure_is_a_card_with_reason_remedy_and_keys() -> None:
    provider = MockProvider("mock-basic", delay_ms=0, simulate_errors=1, error_type="bad_request")
    async with driving(provider) as user:
        await user.asked("Why?")
        await user.shows("mock: bad request", "rehearses the failure `bad_request`", "change the request", "Ctrl+R")
        await user.press("ctrl+r")
        await user.answered(2)
        await user.shows("rehearsed answer")
        await user.shows_no("bad request")


async def test_a_partial_answer_stays_and_is_marked() -> None:
    provider = MockProvider("mock-basic", delay_ms=0, simulate_errors=1, error_type="truncated")
    async with driving(provider) as user:
        await user.asked("Why?")
        await user.shows("rehearsed answer", "◌ incomplete", "mock: truncated", "tok")


async def test_an_answer_that_broke_off_is_continued() -> None:
    lost = ProviderError("connection", "the connection was lost")
    provider = PlayedProvider([TextDelta("The first half, "), lost], says("and the second half."))
    async with driving(provider) as user:
        await user.asked("Why?")
        await user.shows("The first half,", "Ctrl+O continues")
        await user.press("ctrl+o")
        await user.answered(2)
        await user.shows("The first half, and the second half.", "2 of 2")
        await user.press("ctrl+o")
        await user.shows("no answer here broke off")


async def test_only_what_can_be_continued_is_offered_to_be() -> None:
    lost = ProviderError("connection", "the connection was lost")
    async with driving(PlayedProvider([lost], [TextDelta("The first half, "), lost])) as user:
        await user.asked("Why?")
        await user.shows("^R retry")
        await user.shows_no("continue")
        await user.press("ctrl+r")
        await user.answered(2)
        await user.shows("The first half,", "^O continue")


async def test_what_was_tried_is_shown_on_demand() -> None:
    busy = ProviderError("overloaded", "busy *now*", status=529)
    failing = PlayedProvider([busy], [busy], name="first")
    second = PlayedProvider(says("at last"), name="second")
    patient = Policy(RetrySettings(attempts=2, first_wait=0.0))
    async with driving(failing, fallback=[second], policy=patient) as user:
        await user.asked("Why?")
        await user.shows("at last", "after 2 × first: overloaded")
        user.app.chat.transcript.focus()
        await user.press("i")
        await user.shows("Attempts", "overloaded: busy *now*", "second:test-model", "answered")
        await user.shows("1. first:test-model", "2. first:test-model", "3. second:test-model")
        await user.press("i")
        await user.shows_no("Attempts")
        user.app.chat.prompt.editor.focus()
        await user.ask("/attempts")
        await user.shows("Attempts")


async def test_attempts_of_nothing_are_none() -> None:
    async with driving() as user:
        await user.ask("/attempts")
        await user.shows("nothing was tried here")


async def test_switching_the_provider_keeps_the_conversation() -> None:
    async with driving(PlayedProvider(says("It is blue."))) as user:
        await user.asked("Colour?")
        await user.ask("/model mock:mock-basic")
        await user.shows("mock:mock-basic answers from now on")
        await user.asked("Why?")
        await user.shows("It is blue.", "rehearsed answer")
        sent = user.session.messages(user.session.turns[1])
        assert [message.content for message in sent] == ["Colour?", "It is blue.", "Why?"]


async def test_an_unknown_target_changes_nothing() -> None:
    async with driving() as user:
        await user.ask("/model nonsense:x")
        await user.shows("unknown provider 'nonsense'")
        assert user.session.provider.name == "mock"


async def test_without_a_key_one_sentence_says_what_to_do_and_the_prompt_stays() -> None:
    problem = ProviderError("auth", "no API key for anthropic: set ANTHROPIC_API_KEY")
    async with driving(problem=problem) as user:
        await user.shows("set ANTHROPIC_API_KEY")
        await user.ask("Why?")
        await user.shows("Nobody to ask", "F3 chooses")
        assert user.app.chat.prompt.text == "Why?"
        assert not user.session.turns
        user.app.chat.targets.choose("mock:mock-basic")
        await user.press("enter")
        await user.answered()
        await user.shows("rehearsed answer")


async def test_a_second_prompt_waits_for_the_first_answer() -> None:
    async with driving(PlayedProvider([TextDelta("Well"), HANG])) as user:
        await user.ask("one")
        await user.shows("Well")
        await user.ask("two")
        await user.shows("Esc stops it")
        assert user.app.chat.prompt.text == "two"
        assert len(user.session.turns) == 1


async def test_a_new_conversation_forgets_the_old_one() -> None:
    async with driving() as user:
        await user.asked("Why?")
        await user.press("ctrl+n")
        await user.shows("Try one of these")
        assert not user.session.turns
        await user.asked("Again?")
        await user.shows("rehearsed answer")


async def test_nothing_that_a_model_sends_reaches_the_terminal_or_is_markup() -> None:
    hostile = "\x1b]52;c;aGk=\x07[bold red]text[/] \x9b31m\u202eevil [@click=app.quit]x[/]"
    provider = PlayedProvider(says(hostile), name="played", model="model[/b]\x1b[2J")
    async with driving(provider) as user:
        await user.asked("Why?")
        await user.shows("[bold red]text[/]", "model[/b]")
        assert not {"\x1b", "\x9b", "\u202e", "\x07"} & set(user.screen)


async def test_a_hostile_error_is_plain_text() -> None:
    error = ProviderError("bad_request", "[/] \x1b[2J **not bold** `[red]x[/red]`")
    async with driving(PlayedProvider([error])) as user:
        await user.asked("Why?")
        await user.shows("[/]", "**not bold**", "`[red]x[/red]`")
        assert "\x1b" not in user.screen


async def test_quitting_while_an_answer_streams_keeps_it_and_leaves_no_thread(no_leaked_threads: None) -> None:
    before = threading.active_count()
    async with driving(PlayedProvider([TextDelta("half an answer"), HANG])) as user:
        session = user.session
        await user.ask("Why?")
        await user.shows("half an answer")
        begun = perf_counter()
        await user.press("ctrl+q")
    assert perf_counter() - begun < 5.0
    assert session.turns[0].responses[0].content == "half an answer"
    assert not [thread for thread in threading.enumerate() if thread.name == "atlas-worker"], before


async def test_quitting_during_a_flood_is_not_held_up() -> None:
    flood = [TextDelta("word " * 50)] * 5000
    async with driving(PlayedProvider([*flood, HANG])) as user:
        session = user.session
        await user.ask("Why?")
        await user.shows("word word")
        await user.press("ctrl+q")
    assert session.turns[0].responses[0].content.startswith("word ")


async def test_a_notice_of_the_history_is_said_once_and_stays() -> None:
    async with driving() as user:
        user.app.chat.post_message(Noticed("the disk is full: *nothing* is kept"))
        await user.shows("the disk is full: *nothing* is kept")
        await user.asked("Why?")
        await user.shows("the disk is full", "rehearsed answer")


@pytest.mark.parametrize("action", ["copy", "copy_markdown"])
async def test_an_answer_is_copied(action: str) -> None:
    async with driving(PlayedProvider(says("Some *text* here"))) as user:
        await user.asked("Why?")
        user.app.chat.action_act(action)
        expected = {"copy": "Some text here\n", "copy_markdown": "Some *text* here"}
        assert user.app.clipboard == expected[action]


async def test_code_blocks_are_copied_one_after_the_other() -> None:
    text = "Look:\n\n```python\nprint(1)\n```\n\nand\n\n```sh\nls\n```\n"
    async with driving(PlayedProvider(says(text))) as user:
        await user.asked("Why?")
        copied = []
        for _ in range(3):
            user.app.chat.action_act("code")
            copied.append(user.app.clipboard.strip())
        assert copied == ["print(1)", "ls", "print(1)"]
