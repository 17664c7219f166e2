"""Conversations as files: nothing lost, nothing that acts."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from atlas_tui import ConfigError
from atlas_tui.store import Conversation, Store, StoredTurn
from atlas_tui.store.export import from_json, to_json, to_markdown, transcript
from atlas_tui.store.html import to_html
from atlas_tui.text import remember_secret
from tests.store.rehearsal import NOON, answer, conversation

EVIL = "evil \x1b[31m \x9b2J \u202e <script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1))"


def rich() -> Conversation:
    """A conversation with everything in it."""
    documents = [{"content": "Blue.", "metadata": {"source": "sky.md", "page": 3}, "relevance_score": 0.5}]
    first = [answer("one"), answer("half", state="incomplete", error="timeout", message="it took too long")]
    turns = [
        StoredTurn("first", NOON, first, documents, first[0].id),
        StoredTurn("second", NOON, [answer("cut", state="interrupted", error="interrupted", message="ended")]),
        StoredTurn("third", NOON),
    ]
    plain = conversation(number="abcdefgh", title='A "title": # x')
    return Conversation(plain.info, turns, "Be brief.", ["openai:gpt-4.1"])


class TestJson:
    def test_nothing_is_lost(self, store: Store) -> None:
        text = to_json(rich())
        assert to_json(from_json(text)) == text
        taken = store.conversation(store.add(from_json(text)).id)
        assert to_json(taken) == text
        assert store.search("half")[0].conversation == "abcdefgh"

    def test_its_form_is_fixed(self) -> None:
        form = json.loads(to_json(rich()))
        assert list(form) == [
            "atlas_conversation", "id", "title", "created", "updated", "target", "fallback", "system_prompt", "turns",
        ]  # fmt: skip
        assert list(form["turns"][0]) == ["prompt", "created", "documents", "chosen", "responses"]
        response = form["turns"][0]["responses"][1]
        assert response["error"] == {"kind": "timeout", "message": "it took too long"}
        assert response["cost"] == {"total": 0.5, "input": 0.2, "output": 0.3, "known": True, "estimated": True}
        assert (form["atlas_conversation"], form["turns"][0]["chosen"], response["complete"]) == (1, 0, False)

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (["turns"], "x"),
            (["turns", 0], None),
            (["turns", 0, "prompt"], 3),
            (["turns", 0, "chosen"], 9),
            (["turns", 0, "documents"], [3]),
            (["turns", 0, "responses", 0, "state"], "DROP"),
            (["turns", 0, "responses", 0, "content"], None),
            (["turns", 0, "responses", 0, "usage", "input_tokens"], 2**70),
            (["turns", 0, "responses", 0, "usage", "input_tokens"], -1),
            (["turns", 0, "responses", 0, "usage", "output_tokens"], 1.5),
            (["turns", 0, "responses", 0, "usage", "output_tokens"], None),
            (["turns", 0, "responses", 0, "cost", "total"], float("inf")),
            (["turns", 0, "responses", 0, "timing", "ttft"], "soon"),
            (["turns", 0, "responses", 0, "attempts", 0, "provider"], ["x"]),
            (["created"], "yesterday"),
            (["created"], "0001-01-01T00:00:00+14:00"),
            (["id"], None),
        ],
    )
    def test_what_is_wrong_is_refused(self, path: list[Any], value: object) -> None:
        form = json.loads(to_json(rich()))
        place = form
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        with pytest.raises(ConfigError, match="the conversation in the file is damaged"):
            from_json(json.dumps(form))

    def test_deep_nesting_is_refused(self) -> None:
        with pytest.raises(ConfigError, match="the file is not JSON"):
            from_json("[" * 200_000)

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
    @given(st.text(), st.text(), st.text())
    def test_any_text_goes_through(self, store: Store, title: str, prompt: str, content: str) -> None:
        opened = from_json(to_json(conversation((prompt, content), title=title)))
        back = store.conversation(store.add(opened, fresh=True).id)
        assert to_json(back) == to_json(Conversation(back.info, opened.turns, opened.system_prompt))


class TestMarkdown:
    def test_the_front_matter(self) -> None:
        head = to_markdown(rich()).split("---\n")[1]
        assert head.splitlines() == [
            'title: "A \\"title\\": # x"',
            'id: "abcdefgh"',
            "date: 2026-05-04T12:00:00+00:00",
            'targets: ["played:test-model"]',
            "cost: 0.0",
            "attempts: 6",
            'sources: ["sky.md"]',
        ]

    def test_everything_is_in_it(self) -> None:
        text = transcript(rich())
        for words in (
            "## System prompt\n\nBe brief.",
            "## You\n\nfirst",
            "- [1] sky.md",
            "## played:test-model (1 of 2)",
            "> because",
            "Incomplete (timeout): it took too long",
            "Interrupted",
            "other:m rate_limit (slow down)",
            "TTFT 0.25 s · 42.0 tok/s · 11 in, 22 out · ~$0.500000",
            "third",
        ):
            assert words in text, words

    @pytest.mark.parametrize(
        "content",
        ["```py\nx = 1", "```py\nx = 1\n```", "~~~~\n```\n~~~", "```inline```", "a ``` b", "````\n```\n````\n```"],
    )
    def test_a_code_block_does_not_swallow_what_follows(self, content: str) -> None:
        text = transcript(conversation(("p", content), ("next", "answer")))
        headings = [token.content for token in MarkdownIt().parse(text) if token.type == "inline"]
        assert "next" in headings
        assert headings.count("You") == 2

    def test_no_control_and_no_key_leaves(self) -> None:
        secret = "very-secret-0123456789"
        remember_secret(secret)
        opened = conversation((EVIL, EVIL + secret), title=EVIL + secret)
        for text in (to_markdown(opened), to_html(opened), to_json(opened), transcript(opened)):
            assert secret not in text
            assert not set(text) & {*map(chr, [*range(9), *range(11, 32), *range(0x7F, 0xA0)]), "\u202e"}


class Page(HTMLParser):
    """The elements and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data


class TestHtml:
    def test_it_is_one_page_with_everything(self) -> None:
        page = Page(to_html(rich()))
        for words in ("Be brief.", "first", "sky.md", "because", "Incomplete (timeout)", "11 in, 22 out", "third"):
            assert words in page.words, words
        assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
        assert any(value and "default-src 'none'" in value for _, value in page.attributes)
        assert "light dark" in to_html(rich())

    @pytest.mark.parametrize(
        "text",
        [
            EVIL,
            "![pic](http://evil.example/track.png)",
            "![pic](data:image/svg+xml;base64,PHN2Zz4=)",
            '[a](http://e.example/"onmouseover="alert(1))',
            "<a href='javascript:alert(1)'>x</a>",
            "[x](JaVaScRiPt:alert(1)) [y](vbscript:x) [z](data:text/html,x) [f](file:///etc/passwd)",
            '```"><script>alert(1)</script>\nx\n```',
            "</style><script>alert(1)</script>",
            "| <b onclick=x> | b |\n|---|---|\n| <script> | `</td><script>` |",
            "&lt;script&gt; &#60;script&#62;",
        ],
    )
    def test_nothing_in_it_acts(self, text: str) -> None:
        opened = conversation((text, text), title=text)
        opened.turns[0].responses[0].response.append_reasoning(text)
        page = Page(to_html(Conversation(opened.info, opened.turns, text)))
        assert not {"script", "img", "iframe", "object", "svg", "b"} & set(page.tags)
        assert page.tags.count("style") == 1
        assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "style")]
        links = [value or "" for name, value in page.attributes if name == "href"]
        assert all(link.startswith(("http://", "https://", "mailto:")) for link in links), links

    def test_a_link_shows_where_it_goes(self) -> None:
        page = Page(to_html(conversation(("p", "[your bank](http://evil.example/login)"))))
        assert "your bank (http://evil.example/login)" in page.words
