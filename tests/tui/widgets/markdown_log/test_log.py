"""The widget, in an app without a terminal."""

from __future__ import annotations

import pytest

from atlas_tui.tui.widgets.markdown_log import Entry, MarkdownLog
from tests.tui.widgets.markdown_log.log_app import CODE, LONG, LogApp, screen, settle


@pytest.fixture
def app() -> LogApp:
    return LogApp()


async def test_messages_have_titles_bars_and_footers(app: LogApp) -> None:
    async with app.run_test(size=(40, 14)) as pilot:
        log = app.log_
        log.add("q", "user", "What is *this*?", title="You")
        log.add("a", "assistant", title="mock:mock-basic")
        log.append("a", "An **answer**")
        log.append("a", " in two deltas")
        log.finish("a", "12 tok", "incomplete")
        log.add("e", "error", "It failed [/x]")
        await settle(pilot)
        assert screen(app)[:10] == [
            "▌ You",
            "▌ What is this?",
            "",
            "  mock:mock-basic",
            "  An answer in two deltas",
            "  ◌ incomplete · 12 tok",
            "",
            "▌ It failed [/x]",
            "",
            "",
        ]
        assert log.keys == ["q", "a", "e"]
        assert log.text_of("a") == "An **answer** in two deltas"


async def test_what_is_on_the_screen_is_what_a_fresh_log_draws(app: LogApp) -> None:
    async with app.run_test(size=(50, 20)) as pilot:
        log = app.log_
        log.add("a", "assistant", title="a")
        text = CODE + LONG[:900] + "| a | b |\n|---|---|\n| 1 | 2 |\n\n- x\n- y\n" + LONG[:700]
        for start in range(0, len(text), 29):
            log.append("a", text[start : start + 29])
            await pilot.pause()
        shown = screen(app)
        log.refresh()
        await settle(pilot)
        assert screen(app) == shown
    fresh = LogApp()
    async with fresh.run_test(size=(50, 20)) as pilot:
        fresh.log_.add("a", "assistant", text, title="a")
        await settle(pilot)
        assert screen(fresh) == shown


async def test_padding_and_border_are_drawn_by_textual(app: LogApp) -> None:
    async with app.run_test(size=(40, 9)) as pilot:
        log = app.log_
        log.styles.padding = (0, 2)
        log.styles.border = ("round", "red")
        log.add("a", "assistant", "- one\n- two", title="m")
        await settle(pilot)
        log.append("a", " and on")
        await settle(pilot)
        assert screen(app)[0].startswith("╭──")
        assert [line.strip("│ ") for line in screen(app)[1:4]] == ["m", "• one", "• two and on"]


async def test_the_end_is_followed_until_the_reader_scrolls_up(app: LogApp) -> None:
    async with app.run_test(size=(60, 12)) as pilot:
        log = app.log_
        log.focus()
        log.add("a", "assistant", LONG)
        log.append("a", "last words")
        await settle(pilot)
        assert "last words" in "\n".join(screen(app))
        await pilot.press("pageup")
        await settle(pilot)
        before = screen(app)
        assert not log.following
        assert not log.new_below
        log.append("a", "\n\nnew words")
        await settle(pilot)
        assert screen(app)[:-1] == before[:-1]
        assert "↓ new text" in screen(app)[-1]
        assert log.new_below
        await pilot.press("end")
        await settle(pilot)
        assert "new words" in "\n".join(screen(app))
        assert log.following
        assert not log.new_below
        follows = [message.following for message in app.heard if isinstance(message, MarkdownLog.FollowChanged)]
        assert follows == [False, True]
        await pilot.press("pageup", "pagedown", "down")
        await settle(pilot)
        assert log.following


async def test_paging_through_unmeasured_text_skips_and_repeats_nothing(app: LogApp) -> None:
    async with app.run_test(size=(30, 11)) as pilot:
        log = app.log_
        log.focus()
        for number in range(12):
            log.add(str(number), "assistant", LONG[: 200 + number * 17], title=f"title {number}")
        await settle(pilot)
        pages = [screen(app)]
        for _ in range(60):
            await pilot.press("pageup")
            await settle(pilot)
            pages.insert(0, screen(app))
            if pages[0] == pages[1]:
                break
        del pages[0]
        lines = pages[0]
        for page in pages[1:]:
            overlap = max(n for n in range(1, 12) if lines[-n:] == page[:n])
            lines = lines + page[overlap:]
        titles = [line.strip() for line in lines if line.strip().startswith("title")]
        assert titles == [f"title {number}" for number in range(12)]
        await pilot.press("home")
        await settle(pilot)
        assert screen(app) == pages[0]


async def test_a_new_width_keeps_the_reading_position(app: LogApp) -> None:
    async with app.run_test(size=(60, 12)) as pilot:
        log = app.log_
        log.add("a", "assistant", LONG)
        log.scroll_to_home()
        log.scroll_rows(41)
        await settle(pilot)
        top = next(line for line in screen(app) if line.strip()).split()[1]
        for width in (33, 90, 60):
            await pilot.resize_terminal(width, 12)
            await settle(pilot)
            assert next(line for line in screen(app) if line.strip()).split()[1] == top


async def test_5000_messages_open_without_being_laid_out(app: LogApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        log = app.log_
        for number in range(5_000):
            log.add(str(number), "user" if number % 2 else "assistant", CODE + f"message {number}\n\n" + LONG[:300])
        await settle(pilot)
        assert sum(message.answer.parsed for message in log._messages) < 20
        log.scroll_to_home()
        await settle(pilot)
        assert "message 0" in "\n".join(screen(app))
        assert sum(message.answer.parsed for message in log._messages) < 40


def kept_rows(log: MarkdownLog) -> int:
    blocks = [block for message in log._messages for block in message.blocks if block.kept]
    return sum(block.height(log._view.limit) for block in blocks)


async def test_rows_far_from_the_window_are_given_back(app: LogApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        log = app.log_
        for number in range(40):
            log.add(str(number), "assistant", LONG * 3)
        log.scroll_to_home()
        for _ in range(800):
            log.page_down()
            log._draw()
        await settle(pilot)
        assert 0 < kept_rows(log) < 7_000


async def test_rows_of_a_long_answer_are_given_back_while_it_streams(app: LogApp) -> None:
    async with app.run_test(size=(80, 24)):
        log = app.log_
        log.add("a", "assistant")
        for number in range(150):
            log.append("a", LONG + "```\n" + "code\n" * 40 + "```\n\n- item\n- item\n\n" + f"end {number}\n\n")
            log._draw()
        assert 0 < kept_rows(log) < 7_000


async def test_an_answer_can_be_continued_after_its_end(app: LogApp) -> None:
    async with app.run_test(size=(60, 12)) as pilot:
        log = app.log_
        log.add("a", "assistant", "It was")
        log.finish("a", "2 tok", "incomplete")
        log.append("a", " [cut][x]\n\n[x]: https://x.example")
        await settle(pilot)
        assert screen(app)[:2] == ["  It was [cut][x]", "  2 tok"]
        log.finish("a", "5 tok")
        await settle(pilot)
        assert screen(app)[:2] == ["  It was cut (https://x.example)", "  5 tok"]


async def test_a_theme_recolours_all_lines_and_keeps_the_place(app: LogApp) -> None:
    async with app.run_test(size=(60, 12)) as pilot:
        log = app.log_
        log.add("a", "assistant", LONG)
        log.scroll_to_home()
        await settle(pilot)
        text = screen(app)
        app.theme = "textual-light"
        await settle(pilot)
        assert screen(app) == text
        background = log.background_colors[1].rich_color
        assert {style.bgcolor for _, style, _ in log.render_line(1).crop(0, 9) if style} == {background}


async def test_without_colour_no_line_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = LogApp()
    async with app.run_test(size=(60, 12)) as pilot:
        app.log_.add("a", "assistant", "# Title\n\n**bold** [x](y) `code`\n\n```python\nx = 1\n```", title="m")
        await settle(pilot)
        for strip in app.screen._compositor.render_strips():
            for _, style, _ in strip:
                for colour in (style.color, style.bgcolor) if style else ():
                    assert colour is None or colour.triplet is None or len(set(colour.triplet)) == 1


async def test_reasoning_is_folded_when_the_answer_begins(app: LogApp) -> None:
    async with app.run_test(size=(50, 12)) as pilot:
        log = app.log_
        log.add("a", "assistant", title="m")
        log.append_reasoning("a", "First I think.\n\nThen I ")
        log.append_reasoning("a", "know.")
        await settle(pilot)
        assert [line.strip() for line in screen(app)[1:5]] == ["▾ Reasoning", "First I think.", "", "Then I know."]
        log.append("a", "It is so.")
        await settle(pilot)
        assert [line.strip() for line in screen(app)[1:4]] == ["▸ Reasoning · 6 words", "", "It is so."]
        await pilot.click(MarkdownLog, offset=(5, 1))
        await settle(pilot)
        assert [line.strip() for line in screen(app)[1:5]] == ["▾ Reasoning", "First I think.", "", "Then I know."]
        assert log.text_of("a") == "It is so."


async def test_messages_are_put_after_others_folded_and_removed(app: LogApp) -> None:
    async with app.run_test(size=(50, 12)) as pilot:
        log = app.log_
        log.add("a", "user", "one")
        log.add("c", "user", "three")
        log.add("b", "assistant", "two\n\nand more of it", after="a", title="B")
        log.fold("b")
        await settle(pilot)
        assert [line.strip() for line in screen(app)[:5]] == ["▌ one", "", "▸ B  two and more of it", "", "▌ three"]
        log.unfold("b")
        log.remove("a")
        await settle(pilot)
        assert [line.strip() for line in screen(app)[:4]] == ["B", "two", "", "and more of it"]
        log.clear()
        await settle(pilot)
        assert not any(screen(app))
        assert log.keys == []


async def test_wrong_keys_and_roles_are_refused(app: LogApp) -> None:
    async with app.run_test():
        log = app.log_
        log.add("a", "user", "x")
        with pytest.raises(ValueError, match="already"):
            log.add("a", "user")
        with pytest.raises(ValueError, match="unknown role"):
            log.add("b", "system")
        with pytest.raises(ValueError, match="unknown state"):
            log.finish("a", state="done")
        with pytest.raises(KeyError):
            log.append("nobody", "x")


async def test_escape_sequences_never_reach_the_terminal(app: LogApp) -> None:
    hostile = "a\x1b]52;c;x\x07b \x9b31m \u202etxt &#27;[2J &#x9b; [x](<\x1b[m>)"
    hostile += " ![\x1b](\x1b) `\x1b` \n\n```\x1b[1m\n\x1b\n```\n"
    async with app.run_test(size=(80, 20)) as pilot:
        log = app.log_
        log.add("a", "assistant", hostile, title="t\x1b[1m")
        log.finish("a", "f\x1b[1m")
        await settle(pilot)
        text = "".join(strip.text for strip in app.screen._compositor.render_strips())
        assert not [character for character in text if ord(character) < 32 or 0x7F <= ord(character) < 0xA0]
        assert "\u202e" not in text


async def test_messages_put_above_move_nothing_that_is_seen_selected_or_found(app: LogApp) -> None:
    async with app.run_test(size=(60, 12)) as pilot:
        log = app.log_
        log.focus()
        log.add("a", "assistant", LONG, title="m")
        log.find("Paragraph 40")
        await pilot.press("shift+down", "shift+down")
        await settle(pilot)
        shown, selected = screen(app), app.screen.get_selected_text()
        assert selected
        log.prepend([Entry("p", "user", "Paragraph 40, asked", "You"), Entry("b", "assistant", "Text", "m", "Thought")])
        await settle(pilot)
        assert screen(app) == shown
        assert app.screen.get_selected_text() == selected
        assert log.keys == ["p", "b", "a"]
        await pilot.press("shift+down")
        assert (app.screen.get_selected_text() or "").startswith(selected)
        log.find_next()
        await settle(pilot)
        assert "▌ Paragraph 40, asked" in screen(app)
        log.scroll_to_home()
        await settle(pilot)
        assert screen(app)[:6] == ["▌ You", "▌ Paragraph 40, asked", "", "  m", "  ▸ Reasoning · 1 words", ""]
