"""The prompt: what sends, what does not, history, commands, Ctrl+C."""

from __future__ import annotations

import pytest

from atlas_tui.config import Config
from atlas_tui.models.base import TextDelta
from tests.played import HANG, PlayedProvider, says
from tests.tui.driving import Driver, driving


def sent(user: Driver) -> list[str]:
    return [turn.prompt for turn in user.session.turns]


async def test_enter_sends_and_other_keys_begin_a_new_line() -> None:
    async with driving() as user:
        await user.press("a", "ctrl+j", "b", "shift+enter", "c", "alt+enter", "d", "enter")
        await user.answered()
        assert sent(user) == ["a\nb\nc\nd"]


async def test_a_paste_never_sends_and_is_cleaned() -> None:
    async with driving() as user:
        await user.paste("one\ntwo\n\x1b]52;c;x\x07\u202eend\n")
        assert sent(user) == []
        assert user.app.chat.prompt.text == "one\ntwo\n␛]52;c;x␇end\n"


async def test_an_empty_prompt_is_not_sent() -> None:
    async with driving() as user:
        await user.press("enter", "space", "enter")
        assert sent(user) == []


async def test_up_and_down_walk_the_history_from_the_edges() -> None:
    async with driving(PlayedProvider(says("yes"))) as user:
        for number, prompt in enumerate(("first", "second"), 1):
            await user.ask(prompt)
            await user.answered(number)
        await user.paste("draft\nof two lines")
        editor = user.app.chat.prompt.editor
        await user.press("up")
        assert editor.text == "draft\nof two lines"
        await user.press("up")
        assert editor.text == "second"
        await user.press("up", "up")
        assert editor.text == "first"
        await user.press("down", "down")
        assert editor.text == "draft\nof two lines"


async def test_pasted_lines_stay_lines_however_a_terminal_sends_their_ends() -> None:
    async with driving() as user:
        await user.paste("if x:\r    y()\r\nelse:\n\tz()\r")
        assert user.app.chat.prompt.text == "if x:\n    y()\nelse:\n\tz()\n"
        assert not user.app.chat.conversation.running


async def test_ctrl_c_clears_the_prompt_which_up_restores_and_twice_quits() -> None:
    async with driving() as user:
        await user.paste("a long thought")
        await user.press("ctrl+c")
        await user.shows("Ask anything", "again quits")
        await user.press("up")
        assert user.app.chat.prompt.text == "a long thought"
        user.clock.now += 10
        await user.press("ctrl+c")
        assert user.app.is_running
        await user.press("ctrl+c")
        assert user.app.return_code == 0
    assert not user.app.is_running


async def test_ctrl_c_clears_what_was_typed_since_and_does_not_quit_over_it() -> None:
    async with driving() as user:
        await user.press("ctrl+c")
        await user.shows("Ctrl+C again quits")
        await user.paste("typed at once")
        await user.press("ctrl+c")
        await user.shows("Ask anything", "prompt cleared, Up brings it back")
        assert user.app.is_running
        await user.press("ctrl+c")
    assert user.app.return_code == 0


async def test_ctrl_c_stops_an_answer_before_it_clears_anything() -> None:
    async with driving(PlayedProvider([TextDelta("Well"), HANG])) as user:
        await user.ask("Why?")
        await user.shows("Well")
        await user.paste("next")
        await user.press("ctrl+c")
        await user.answered()
        await user.shows("■ stopped")
        assert user.app.chat.prompt.text == "next"


async def test_ctrl_c_copies_a_selection_first() -> None:
    async with driving(PlayedProvider([TextDelta("Words to select"), HANG])) as user:
        await user.ask("Why?")
        await user.shows("Words to select")
        user.app.chat.transcript.focus()
        await user.press("ctrl+a", "ctrl+c")
        assert "Words to select" in user.app.clipboard
        assert user.app.chat.conversation.running
        await user.press("ctrl+c")
        await user.answered()


async def test_slash_commands_complete_and_run() -> None:
    async with driving() as user:
        await user.press("slash", "h")
        await user.shows("/help", "Show every key")
        await user.press("enter")
        await user.shows("Esc closes")
        await user.press("escape")
        assert user.app.chat.prompt.text == ""


async def test_tab_completes_and_leaves_room_for_the_argument() -> None:
    async with driving() as user:
        await user.press("slash", "t", "h", "tab")
        assert user.app.chat.prompt.text == "/theme "
        await user.paste("atlas-light")
        await user.press("enter")
        assert user.app.theme == "atlas-light"


async def test_a_command_typed_at_once_is_run_as_it_stands() -> None:
    async with driving() as user:
        await user.press("slash")
        await user.type_at_once(*"theme", "space", *"nord", "enter")
        assert user.app.theme == "nord"
        await user.type_at_once("slash", *"hel", "enter")
        await user.shows("Esc closes")


async def test_what_other_programs_call_it_is_understood() -> None:
    async with driving(PlayedProvider(says("Well"))) as user:
        await user.ask("Why?")
        await user.answered()
        await user.ask("/regenerate")
        await user.answered(2)
        assert len(user.session.turns[0].responses) == 2
        await user.ask("/clear")
        assert user.session.turns == []
        await user.ask("/models")
        await user.shows("Provider or model")


async def test_exit_leaves() -> None:
    async with driving() as user:
        await user.paste("/exit")
        await user.press("enter")
    assert user.app.return_code == 0


async def test_escape_hides_the_completions_and_keeps_the_text() -> None:
    async with driving() as user:
        await user.press("slash", "t", "escape")
        await user.shows_no("Choose a colour theme")
        assert user.app.chat.prompt.text == "/t"


async def test_an_unknown_command_is_not_sent_to_a_model() -> None:
    async with driving() as user:
        await user.ask("/frobnicate it")
        await user.shows("no command /frobnicate")
        assert sent(user) == []
        assert user.app.chat.prompt.text == "/frobnicate it"


@pytest.mark.parametrize("text", ["/etc/passwd: what is it?", "/usr/bin\nwhat is it?"])
async def test_a_path_is_no_command(text: str) -> None:
    async with driving() as user:
        await user.asked(text)
        assert sent(user) == [text]


async def test_rebound_keys_hold_and_the_old_ones_do_not() -> None:
    config = Config(keys={"send": "f11", "newline": "enter", "new": "ctrl+x"})
    async with driving(config=config) as user:
        await user.shows("F11 send")
        await user.press("a", "enter", "b", "f11")
        await user.answered()
        assert sent(user) == ["a\nb"]
        await user.press("ctrl+n")
        assert sent(user) == ["a\nb"]
        await user.press("ctrl+x")
        assert sent(user) == []


async def test_the_prompt_can_be_written_in_an_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "false")
    async with driving() as user:
        await user.paste("a draft")
        await user.press("ctrl+g")
        # A test has no terminal to hand over; that the editor really gets it is tested in a pseudo-terminal.
        await user.shows("cannot be handed")
        assert user.app.chat.prompt.text == "a draft"
