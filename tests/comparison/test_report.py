"""What leaves a comparison: stable for programs, harmless for whoever opens it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from html.parser import HTMLParser

import pytest

from atlas_tui import ProviderError
from atlas_tui.comparison.judgement import leaderboard
from atlas_tui.comparison.page import to_html
from atlas_tui.comparison.report import standings_csv, standings_form, to_csv, to_form, to_markdown
from atlas_tui.comparison.results import Question, Results
from atlas_tui.models.base import Counted, TextDelta, TokenUsage
from atlas_tui.store.judgements import Vote
from tests.comparison.test_runs import played, runs_of
from tests.played import says

pytestmark = pytest.mark.usefixtures("no_leaked_threads")
KEY = "sk-" + "A1b2" * 8
HOSTILE = f"<script>alert(1)</script> <img src=x onerror=e> [go](javascript:x) ![p](http://t.example/p) \x1b[31m {KEY}"


@pytest.fixture(scope="module")
def results() -> Results:
    left = played("left", says("It is **Paris**.", counted=Counted(TokenUsage(3, 5), cost=0.5)), says("Paris again"))
    right = played("right", says("Lyon | or\n\n```\nopen"), [TextDelta("half"), ProviderError("server", "boom | <b>")])
    questions = [Question("Capital of *France*?", "paris"), Question("=1+1 <script>")]
    return runs_of([left, right], questions, repeat=2).run()


class TestJson:
    def test_the_form(self, results: Results) -> None:
        form = json.loads(json.dumps(to_form(results)))
        assert list(form)[:4] == ["prompt", "prompts", "responses", "summary"]
        first = form["responses"][0]
        asked = {"content", "reasoning", "model", "provider", "usage", "cost", "finish_reason", "timing", "complete"}
        assert asked <= set(first)
        assert (first["content"], first["target"], first["prompt"]) == (
            "It is **Paris**.", "left:test-model", "Capital of *France*?",
        )  # fmt: skip
        assert (first["matches"], first["words"], first["repetition"]) == (True, 3, 1)
        failed = [response for response in form["responses"] if not response["complete"]]
        assert {response["error"]["kind"] for response in failed} == {"server"}
        assert all(response["place"] is None for response in failed)
        left, right = form["summary"]
        assert (left["answers"], left["failed"], left["cost"]["known"]) == (4, 0, False)
        assert left["ttft"]["p50"]["low"] <= left["ttft"]["p50"]["value"] <= left["ttft"]["p95"]["value"]
        assert right["errors"] == {"server": 3}

    def test_one_prompt_stands_at_the_top(self) -> None:
        form = to_form(runs_of([played("a")], [Question("Why?")]).run())
        assert form["prompt"] == "Why?"

    def test_the_leaderboard(self) -> None:
        (first, second) = standings_form(leaderboard([Vote("a", "b", "A")] * 3))["leaderboard"]
        assert (first["target"], first["rank"], first["wins"], second["losses"]) == ("a", 1, 3, 3)
        assert first["low"] < first["rating"] < first["high"]


def cells(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


class TestCsv:
    def test_one_line_for_each_answer(self, results: Results) -> None:
        rows = cells(to_csv(results))
        assert len(rows) == 8
        assert (rows[0]["target"], rows[0]["state"], rows[0]["matches"]) == ("left:test-model", "done", "true")
        assert float(rows[0]["cost"]) == 0.5
        assert rows[0]["content"] == "It is **Paris**."

    @pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "＝1", "\r\n=1"])
    def test_no_cell_is_a_formula(self, start: str) -> None:
        found = runs_of([played("a", says(start))], [Question(f"{start} ?")]).run()
        (row,) = cells(to_csv(found))
        assert row["content"].startswith("'")
        assert row["prompt"].startswith("'")

    def test_the_leaderboard(self) -> None:
        (row, _) = cells(standings_csv(leaderboard([Vote("=cmd()", "b", "A")])))
        assert row["target"] == "'=cmd()"

    def test_keys_and_controls_stay_out(self) -> None:
        text = to_csv(runs_of([played("a", says(HOSTILE))]).run())
        assert KEY not in text
        assert "\x1b" not in text


class TestMarkdown:
    def test_the_summary_the_race_and_the_texts(self, results: Results) -> None:
        text = to_markdown(results)
        assert text.index("# Summary") < text.index("# Capital of *France*?") < text.index("## left:test-model")
        assert "| 1 | left:test-model |" in text
        assert "failed: boom &#124; &lt;b>" in text
        assert "```\nopen\n```" in text  # a fence that was left open swallows nothing

    def test_hostile_text_stays_text(self) -> None:
        text = to_markdown(runs_of([played("a", says(HOSTILE))]).run())
        assert KEY not in text
        assert "\x1b" not in text


class Page(HTMLParser):
    """The elements of a page and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


class TestPage:
    def test_it_needs_nothing_and_lets_nothing_through(self) -> None:
        question = Question(f"{HOSTILE}?", HOSTILE)
        providers = [played("a", says(HOSTILE)), played("b", [ProviderError("server", HOSTILE)])]
        text = to_html(runs_of(providers, [question]).run())
        page = Page(text)
        assert page.open == []
        names = {tag for tag, _ in page.tags}
        assert not names & {"script", "img", "link", "iframe", "object", "form", "base"}
        for tag, attributes in page.tags:
            assert not any(name.startswith("on") or name == "src" for name in attributes), (tag, attributes)
            assert not str(attributes.get("href", "")).lower().startswith("javascript")
        policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
        assert policy is not None
        assert "default-src 'none'" in policy
        assert "url(" not in text
        assert "@import" not in text
        assert KEY not in text
        assert "\x1b" not in text
        assert "<script>alert(1)</script>" in page.words  # as a text, to be read

    def test_it_can_be_read_on_a_phone_in_light_and_dark(self, results: Results) -> None:
        text = to_html(results)
        assert 'name="viewport" content="width=device-width' in text
        assert "color-scheme: light dark" in text
        assert "minmax(min(100%, 22rem), 1fr)" in text  # columns go below each other
        assert ".scroll { overflow-x: auto" in text

    def test_the_race_and_the_texts_side_by_side(self, results: Results) -> None:
        page = Page(to_html(results))
        assert page.open == []
        articles = sum(tag == "article" for tag, _ in page.tags)
        assert articles == len(results.answers)
        assert "holds the reference answer" in page.words
        assert sum(tag == "table" for tag, _ in page.tags) == 1 + 4  # the summary, and each race

    def test_on_a_phone_each_figure_of_a_row_says_what_it_is(self, results: Results) -> None:
        page = Page(to_html(results))
        names = [attributes["data-name"] for tag, attributes in page.tags if tag == "td" and "data-name" in attributes]
        assert {"TTFT", "total", "tok/s", "cost", "state", "TTFT p50", "tok/s p95"} <= set(names)
        cells = sum(tag == "td" for tag, _ in page.tags)
        assert cells - len(names) == len(results.answers)  # the bars alone need no name
        assert "0.00 s to " in page.words  # the interval, apart from its figure
