"""Citations in answers: drawn and taken where passages were sent, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from rich.style import Style

from atlas_tui.tui.widgets.markdown_log import Entry, MarkdownLog
from tests.tui.widgets.markdown_log.log_app import LogApp, screen, settle

PASSAGES: list[dict[str, Any]] = [
    {"content": "The sky is blue because of scattering.", "metadata": {"source": "sky.md"}},
    {"content": "The sea mirrors it.", "metadata": {"source": "sea.md"}},
]


class CitingApp(LogApp):
    def on_markdown_log_citation_clicked(self, message: MarkdownLog.CitationClicked) -> None:
        self.heard.append(message)

    @property
    def taken(self) -> list[tuple[str, int]]:
        return [(each.key, each.number) for each in self.heard if isinstance(each, MarkdownLog.CitationClicked)]

    def style_at(self, x: int, y: int) -> Style:
        for text, style, _ in self.log_.render_line(y):
            x -= len(text)
            if x < 0:
                return style or Style()
        raise AssertionError("the line is shorter")


@pytest.fixture
def app() -> CitingApp:
    return CitingApp()


async def test_a_citation_is_a_link_where_passages_were_sent(app: CitingApp) -> None:
    async with app.run_test(size=(60, 12)) as pilot:
        log = app.log_
        log.add("a", "assistant", "Blue [1], and so [2, 1].")
        log.add("b", "assistant", "Blue [1].")
        log.ground("a", PASSAGES)
        await settle(pilot)
        assert screen(app)[0] == "  Blue [1], and so [2, 1]."
        assert app.style_at(8, 0).underline
        rows = screen(app)
        other = rows.index("  Blue [1].")
        assert not app.style_at(8, other).underline
        for x, y in ((8, 0), (20, 0), (23, 0), (3, 0), (8, other)):
            await pilot.click(MarkdownLog, offset=(x, y))
        await settle(pilot)
        assert app.taken == [("a", 1), ("a", 2), ("a", 1)]


async def test_a_citation_of_no_passage_is_struck_and_one_in_code_is_none(app: CitingApp) -> None:
    async with app.run_test(size=(60, 12)) as pilot:
        log = app.log_
        log.add("a", "assistant", "Green [7], `x[1]`.\n\n```\ny[1]\n```\n")
        log.ground("a", PASSAGES)
        await settle(pilot)
        assert app.style_at(9, 0).strike
        assert not app.style_at(16, 0).underline
        row = next(number for number, line in enumerate(screen(app)) if "y[1]" in line)
        assert not app.style_at(5, row).underline


async def test_what_is_quoted_and_not_there_is_marked_once_the_answer_has_ended(app: CitingApp) -> None:
    async with app.run_test(size=(70, 12)) as pilot:
        log = app.log_
        log.add("a", "assistant")
        log.ground("a", PASSAGES)
        log.append("a", 'It says "the sky is blue" [1] and "the sky is green" [1].')
        await settle(pilot)
        wrong = screen(app)[0].index("green")
        assert not app.style_at(wrong, 0).underline
        log.finish("a")
        await settle(pilot)
        assert app.style_at(wrong, 0).underline
        assert not app.style_at(screen(app)[0].index("blue"), 0).underline


async def test_citations_grow_with_the_text_and_come_with_what_was_kept(app: CitingApp) -> None:
    async with app.run_test(size=(60, 12)) as pilot:
        log = app.log_
        log.prepend([Entry("old", "assistant", "Kept [2].", documents=PASSAGES)])
        log.add("a", "assistant")
        log.ground("a", PASSAGES)
        for piece in "Blue [1] sky":
            log.append("a", piece)
            await settle(pilot)
        rows = screen(app)
        await pilot.click(MarkdownLog, offset=(8, rows.index("  Kept [2].")))
        await pilot.click(MarkdownLog, offset=(8, rows.index("  Blue [1] sky")))
        await settle(pilot)
        assert app.taken == [("old", 2), ("a", 1)]
        log.clear()
        log.add("a", "assistant", "Blue [1].")
        await settle(pilot)
        assert not app.style_at(8, 0).underline
