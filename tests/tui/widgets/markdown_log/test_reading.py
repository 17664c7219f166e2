"""What a reader does in the log: going from message to message, finding, links, code."""

from __future__ import annotations

import pytest

from atlas_tui.tui.widgets.markdown_log import CodeBlock, MarkdownLog
from tests.tui.widgets.markdown_log.log_app import CODE, LONG, LogApp, screen, settle


@pytest.fixture
def app() -> LogApp:
    return LogApp()


async def test_focus_walks_the_messages(app: LogApp) -> None:
    async with app.run_test(size=(50, 12)) as pilot:
        log = app.log_
        for key in "abc":
            log.add(key, "assistant", LONG[:300], title=key)
        await settle(pilot)
        log.focus_message("a")
        await settle(pilot)
        assert log.focused_key == "a"
        assert screen(app)[0] == "▌ a"
        log.focus_next_message()
        log.focus_next_message()
        log.focus_next_message()
        assert log.focused_key == "c"
        log.focus_previous_message()
        assert log.focused_key == "b"
        log.focus_message(None)
        await settle(pilot)
        keys = [message.key for message in app.heard if isinstance(message, MarkdownLog.MessageFocused)]
        assert keys == ["a", "b", "c", "b", None]


async def test_code_is_found_and_focused_in_turn(app: LogApp) -> None:
    async with app.run_test(size=(50, 12)) as pilot:
        log = app.log_
        log.add("a", "assistant", CODE + LONG)
        log.add("b", "user", "no code")
        assert log.code_blocks("a") == [CodeBlock("python", "x = 1\n\ty = 2\n"), CodeBlock("", "plain\n")]
        assert log.focused_code is None
        assert log.next_code_block() == CodeBlock("python", "x = 1\n\ty = 2\n")
        await settle(pilot)
        assert "x = 1" in "\n".join(screen(app))
        assert log.next_code_block() == log.focused_code == CodeBlock("", "plain\n")
        assert log.next_code_block() == CodeBlock("python", "x = 1\n\ty = 2\n")


async def test_code_in_items_and_quotes_is_found_without_their_marks(app: LogApp) -> None:
    text = "1. Do\n\n   ```sh\n   ls\n\n     cd x\n   ```\n   - or\n     > ~~~\n     > pwd\n     > ~~~\n2. Done\n"
    async with app.run_test(size=(50, 12)) as pilot:
        log = app.log_
        log.add("a", "assistant", text)
        await settle(pilot)
        assert log.code_blocks("a") == [CodeBlock("sh", "ls\n\n  cd x\n"), CodeBlock("", "pwd\n")]
        assert [line[2:].rstrip() for line in screen(app)[:8]] == [
            *("1. Do", "", "    sh", "    ls", "", "      cd x", "   ◦ or", "     ▎  pwd"),
        ]


async def test_find_sees_through_marks_and_line_breaks(app: LogApp) -> None:
    async with app.run_test(size=(50, 12)) as pilot:
        log = app.log_
        log.add("a", "assistant", "A **bold\nWORD** here.\n\n" + LONG + "One more bold word")
        await settle(pilot)
        assert log.find("bold word") == 2
        await settle(pilot)
        assert "A bold" in "\n".join(screen(app))
        log.find_next()
        await settle(pilot)
        assert "One more bold word" in "\n".join(screen(app))
        log.find_next()
        await settle(pilot)
        assert "A bold" in "\n".join(screen(app))
        log.append("a", ", and a bold word")
        log.find_previous()
        await settle(pilot)
        assert "and a bold word" in "\n".join(screen(app))
        assert log.find("nowhere") == 0
        log.clear_find()


async def test_find_searches_the_reasoning_and_unfolds_it(app: LogApp) -> None:
    async with app.run_test(size=(50, 12)) as pilot:
        log = app.log_
        log.add("a", "assistant")
        log.append_reasoning("a", LONG + "I weigh the **needle** here.")
        log.append("a", "The answer names the needle too.")
        log.finish("a")
        await settle(pilot)
        assert "Reasoning · " in "\n".join(screen(app))
        assert log.find("needle") == 2
        await settle(pilot)
        assert "I weigh the needle here." in "\n".join(screen(app))
        log.find_next()
        await settle(pilot)
        assert "The answer names the needle too." in "\n".join(screen(app))
        log.remove("a")
        assert log.find("needle") == 0


async def test_a_click_on_a_link_tells_its_target_and_opens_nothing(app: LogApp) -> None:
    async with app.run_test(size=(60, 12)) as pilot:
        log = app.log_
        log.add("a", "assistant", "See [here](https://example.com/x) and https://auto.example/y.")
        await settle(pilot)
        assert screen(app)[0] == "  See here (https://example.com/x) and"
        await pilot.click(MarkdownLog, offset=(7, 0))
        await pilot.click(MarkdownLog, offset=(4, 1))
        await pilot.click(MarkdownLog, offset=(3, 0))
        await settle(pilot)
        hrefs = [message.href for message in app.heard if isinstance(message, MarkdownLog.LinkClicked)]
        assert hrefs == ["https://example.com/x", "https://auto.example/y"]
