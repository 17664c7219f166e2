"""What is selected is copied as it was written: no gutters, no breaks that the width made."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from atlas_tui.tui.widgets.markdown_log import MarkdownLog
from tests.tui.widgets.markdown_log.log_app import LogApp, screen, settle

PROSE = "A **bold** word in a paragraph that is longer than one line, and then some more of it."
CODE = "```python\ndef f():\n\treturn 1\n```"


@pytest.fixture
def app() -> LogApp:
    return LogApp()


async def drag(pilot: Pilot[None], start: tuple[int, int], end: tuple[int, int]) -> None:
    await pilot.mouse_down(MarkdownLog, offset=start)
    await pilot.hover(MarkdownLog, offset=end)
    await pilot.mouse_up(MarkdownLog, offset=end)
    await settle(pilot)


async def test_a_drag_copies_the_source_without_the_breaks_of_the_screen(app: LogApp) -> None:
    async with app.run_test(size=(34, 12)) as pilot:
        app.log_.add("a", "assistant", PROSE)
        await settle(pilot)
        assert screen(app)[:3] == [
            "  A bold word in a paragraph",
            "  that is longer than one line,",
            "  and then some more of it.",
        ]
        await drag(pilot, (4, 0), (9, 2))
        assert app.screen.get_selected_text() == "bold** word in a paragraph that is longer than one line, and then"


async def test_a_drag_over_messages_copies_each_source(app: LogApp) -> None:
    async with app.run_test(size=(60, 16)) as pilot:
        log = app.log_
        log.add("q", "user", "Show *it*", title="You")
        log.add("a", "assistant", f"Here:\n\n{CODE}\n\n1. one\n2. two", title="m")
        await settle(pilot)
        rows = screen(app)
        await drag(pilot, (7, 1), (7, rows.index("  2. two")))
        assert app.screen.get_selected_text() == f"*it*\n\nHere:\n\n{CODE}\n\n1. one\n2. two"[1:]
        await drag(pilot, (2, rows.index("   def f():")), (14, rows.index("       return 1")))
        assert app.screen.get_selected_text() == "def f():\n\treturn 1"


async def test_a_selection_survives_new_text_and_a_new_width(app: LogApp) -> None:
    async with app.run_test(size=(60, 12)) as pilot:
        log = app.log_
        log.add("a", "assistant", PROSE)
        await settle(pilot)
        await drag(pilot, (4, 0), (7, 0))
        log.append("a", "\n\n" + PROSE)
        await pilot.resize_terminal(30, 12)
        await settle(pilot)
        assert app.screen.get_selected_text() == "bold"


async def test_a_double_click_takes_a_word_and_a_triple_click_a_block(app: LogApp) -> None:
    async with app.run_test(size=(60, 12)) as pilot:
        app.log_.add("a", "assistant", f"Intro\n\n{PROSE}\n\nOutro")
        await settle(pilot)
        await pilot.click(MarkdownLog, offset=(5, 2), times=2)
        await settle(pilot)
        assert app.screen.get_selected_text() == "bold"
        await pilot.click(MarkdownLog, offset=(5, 2), times=3)
        await settle(pilot)
        assert app.screen.get_selected_text() == PROSE


async def test_keys_select_rows_and_characters(app: LogApp) -> None:
    async with app.run_test(size=(60, 12)) as pilot:
        log = app.log_
        log.focus()
        log.add("a", "assistant", "first line\n\nsecond *line*\n\nthird")
        log.add("b", "assistant", "next message")
        await settle(pilot)
        log.focus_message("a")
        await pilot.press("shift+right", "shift+right")
        await settle(pilot)
        assert app.screen.get_selected_text() == "fi"
        await pilot.press("shift+down")
        await settle(pilot)
        assert app.screen.get_selected_text() == "first line\n\nsecond *line"
        await pilot.press("shift+left")
        await settle(pilot)
        assert app.screen.get_selected_text() == "first line\n\nsecond *lin"
        await pilot.press("ctrl+a")
        await settle(pilot)
        assert app.screen.get_selected_text() == "first line\n\nsecond *line*\n\nthird\n\nnext message"
        await pilot.press("escape")
        await settle(pilot)
        assert app.screen.get_selected_text() is None


async def test_a_selection_is_drawn_on_the_selected_cells_alone(app: LogApp) -> None:
    async with app.run_test(size=(60, 12)) as pilot:
        log = app.log_
        log.add("a", "assistant", "- one two three")
        await settle(pilot)
        await drag(pilot, (8, 0), (10, 0))
        wanted = app.screen.get_component_rich_style("screen--selection").bgcolor
        strip = app.screen._compositor.render_strips()[0]
        assert [text for text, style, _ in strip if style and style.bgcolor == wanted] == ["two"]


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark", "nord", "dracula"])
async def test_what_is_selected_can_be_read(app: LogApp, theme: str) -> None:
    async with app.run_test(size=(60, 12)) as pilot:
        app.theme = theme
        app.log_.add("a", "assistant", "- one `two` **three**\n\n```python\ndef f(): return 1\n```")
        await settle(pilot)
        plain = {text: style for text, style, _ in app.screen._compositor.render_strips()[3] if style}
        app.log_.focus()
        await pilot.press("ctrl+a")
        await settle(pilot)
        for y in (0, 3):
            drawn = [(text, style) for text, style, _ in app.screen._compositor.render_strips()[y] if text.strip()]
            words = [(text, style) for text, style in drawn if style and any(map(str.isalnum, text))]
            assert words
            assert all(style.color != style.bgcolor for _, style in words), words
        if "ansi" not in theme:
            assert {text: style.color for text, style in words} == {text: plain[text].color for text, _ in words}


async def test_the_scrollbar_is_dragged_without_selecting(app: LogApp) -> None:
    async with app.run_test(size=(40, 12)) as pilot:
        log = app.log_
        log.add("a", "assistant", "".join(f"line {number}\n\n" for number in range(300)))
        await settle(pilot)
        await pilot.mouse_down(MarkdownLog, offset=(39, 11))
        await pilot.hover(MarkdownLog, offset=(39, 0))
        await settle(pilot)
        assert screen(app)[0] == "  line 0"
        await pilot.hover(MarkdownLog, offset=(39, 11))
        await pilot.mouse_up(MarkdownLog, offset=(39, 11))
        await settle(pilot)
        assert "  line 299" in screen(app)
        assert log.following
        assert app.screen.get_selected_text() is None
