"""Foreign Markdown as HTML: it looks like what was written, does nothing, and grows into what it is as a whole."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas_tui.markup import _LANGUAGES, STYLE, GrowingMarkup, rendered

ACTS_ON_NOTHING = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "pre", "code", "blockquote", "hr", "br", "a", "span"),
    *("table", "thead", "tbody", "tr", "th", "td", "em", "strong", "s"),
}
HARMLESS = {"class", "start", "href", "target", "rel"}


class Page(HTMLParser):
    """The elements, the links and the words of a piece of HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    @property
    def names(self) -> list[str]:
        return [tag for tag, _ in self.tags]

    @property
    def links(self) -> list[str]:
        return [str(attributes["href"]) for tag, attributes in self.tags if tag == "a"]


def assert_harmless(html: str) -> Page:
    page = Page(html)
    for tag, attributes in page.tags:
        assert tag in ACTS_ON_NOTHING, tag
        assert set(attributes) <= HARMLESS, (tag, attributes)
    for link in page.links:
        assert link.lower().startswith(("http://", "https://", "mailto:")), link
    return page


def grown(pieces: list[str]) -> str:
    """What a reader has before him in the end, when it came in these pieces."""
    growing, done, rest = GrowingMarkup(), "", ""
    for piece in pieces:
        growing.add(piece)
        more, rest = growing.take()
        done += more
    whole = growing.whole()
    return done + rest if whole is None else whole


class TestForms:
    def test_markdown_looks_like_what_it_means(self) -> None:
        page = Page(
            rendered("# Why\n\n**so** *and* ~~not~~ `x<y`\n\n3. a\n4. b\n\n> q\n\n```py\nx = 1 < 2\n```\n\n---")
        )
        for name in ("h1", "strong", "em", "s", "code", "ol", "li", "blockquote", "pre", "hr"):
            assert name in page.names, name
        assert ("ol", {"start": "3"}) in page.tags
        assert "x<y" in page.words
        assert "x = 1 < 2" in page.words

    def test_a_table_keeps_the_sides_of_its_cells_without_a_style(self) -> None:
        html = rendered("| a | b | c |\n|---|:-:|--:|\n| 1 | 2 | 3 |")
        assert '<td>1</td>\n<td class="center">2</td>\n<td class="right">3</td>' in html
        assert "style=" not in html
        assert ".answer table { display: block; overflow-x: auto;" in STYLE  # it scrolls by itself on a phone

    def test_a_link_shows_where_it_goes_and_opens_elsewhere(self) -> None:
        page = Page(
            rendered(
                "[your bank](http://evil.example/login) <https://a.example/b> [**https://c.example**](https://d.example)"
            )
        )
        assert page.words.split("\n")[0] == (
            "your bank (http://evil.example/login) https://a.example/b https://c.example (https://d.example)"
        )
        for tag, attributes in page.tags:
            if tag == "a":
                assert attributes["target"] == "_blank"
                assert set(str(attributes["rel"]).split()) >= {"noopener", "noreferrer"}


class TestCode:
    def test_its_words_have_colours_and_stay_the_same(self) -> None:
        code = "\n\n@cached\ndef f(x):  # <b>\n    return '<script>' + 1.5\n\n"
        page = assert_harmless(rendered(f"```python\n{code}```"))
        assert page.words == f"{code}\n"
        classes = {str(attributes["class"]) for tag, attributes in page.tags if tag == "span"}
        assert classes == {"b", "k", "f", "c", "s", "n"}
        for name in classes:
            assert f".answer pre .{name} {{" in STYLE

    def test_every_language_that_has_colours_is_known(self) -> None:
        for language in _LANGUAGES:
            assert Page(rendered(f"```{language}\nx < 1\n```")).words == "x < 1\n\n", language

    @pytest.mark.parametrize(
        "block",
        [
            "```\nx = 1\n```",
            "```klingon\nx = 1\n```",
            f"```python\nx = '{'x' * 600}'\n```",
            f"```python\n{'x = 1; ' * 9000}\n```",
        ],
        ids=["no language", "an unknown one", "a long line", "too much"],
    )
    def test_what_has_none_is_plain(self, block: str) -> None:
        assert "<span" not in rendered(block)


class TestHostile:
    @pytest.mark.parametrize(
        "text",
        [
            "<script>alert(1)</script>",
            "a <script>alert(1)</script> b",
            "<img src=x onerror=alert(1)> <svg/onload=alert(1)> <iframe src=//evil.example>",
            "<div onclick=alert(1)>\n\ntext\n\n</div>",
            "<style>* { display: none }</style>",
            "<a href='javascript:alert(1)'>x</a>",
            "</div></body><script>alert(1)</script>",
            '```"><script>alert(1)</script>\nx\n```',
            "```x\n</code></pre><script>alert(1)</script>\n```",
            "| <b onclick=x> | b |\n|---|---|\n| <script> | `</td><script>` |",
            '[a](http://e.example/"onmouseover="alert(1))',
            '[a](http://e.example "\\" onmouseover=\\"alert(1)")',
            "&lt;script&gt; &#60;script&#62; &#x3c;script&#x3e;",
            "<!-- --> <?php ?> <![CDATA[<script>alert(1)</script>]]>",
            '# h {onclick="alert(1)"}',
        ],
    )
    def test_nothing_in_it_acts(self, text: str) -> None:
        assert_harmless(rendered(text))

    def test_it_can_be_read(self) -> None:
        text = "a <script>alert(1)</script> b"
        assert assert_harmless(rendered(text)).words == f"{text}\n"

    @pytest.mark.parametrize(
        "address",
        [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "&#106;avascript:alert(1)",
            "java&Tab;script:alert(1)",
            "vbscript:x",
            "data:text/html,<script>alert(1)</script>",
            "data:image/svg+xml;base64,PHN2Zz4=",
            "file:///etc/passwd",
            "steam://run/1",
            "ms-msdt:/id",
            "ssh://host",
            "tel:+123",
            "blob:https://x",
            "/stream",
            "//evil.example/x",
            "#here",
            "page.html",
            "https:",
            "http:evil.example",
        ],
    )
    def test_a_link_to_anything_but_the_web_and_a_mailbox_is_text(self, address: str) -> None:
        text = f"[x]({address}) [y]: z [r][1] <{address}> ![p]({address})\n\n[1]: {address}"
        page = assert_harmless(rendered(text))
        assert page.links == []

    def test_no_picture_is_loaded(self) -> None:
        page = assert_harmless(rendered("![seen](http://evil.example/track.png)"))
        assert page.words.strip() == "[picture: seen (http://evil.example/track.png)]"

    def test_controls_and_keys_stay_out_also_across_deltas(self) -> None:
        key = "sk-" + "A1b2C3d4" * 4
        html = grown([f"\x1b[2J a\u202eb `{key[:9]}", f"{key[9:]}`"])
        assert html == "<p>␛[2J ab <code>[key]</code></p>\n"

    @pytest.mark.parametrize(
        "text",
        [
            "| a " * 500 + "|\n" + "|---" * 500 + "|\n" + "| x |\n" * 500,
            "| a | b |\n|---|---|\n" + "| <script> | [x](javascript:y) |\n" * 2000,
            "> " * 2000 + "deep",
            "- " * 2000 + "deep",
            "[" * 5000,
            "*a **b " * 2000,
            "`" * 4000 + "x",
            "![" * 3000 + "](" * 3000,
        ],
        ids=["wide", "long", "quotes", "lists", "brackets", "stars", "ticks", "pictures"],
    )
    @pytest.mark.timeout(20)
    def test_a_monster_ends(self, text: str) -> None:
        assert_harmless(rendered(text))

    @given(st.text(alphabet="<>&\"'`*_[]()!|:-#\\ \nax:/jscript=", max_size=80))
    @settings(max_examples=150, deadline=None)
    def test_whatever_it_is(self, text: str) -> None:
        assert_harmless(rendered(text))


LINES = [
    *("text", "", "- item", "  more", "    code", "1. one", "3. three", "   deeper", "> quote", "---", "===", "--- no"),
    *("# head", "```", "```py", "| a | b |", "|---|--:|", "| 1 | 2 |", "a | b", "- | -", "-", "***", "<b>", "\tx"),
]


class TestGrowing:
    @given(st.lists(st.sampled_from(LINES), max_size=12), st.integers(1, 7))
    @settings(max_examples=200, deadline=None)
    def test_what_is_finished_stays_and_the_whole_is_the_same(self, lines: list[str], size: int) -> None:
        text = "\n".join(lines)
        growing, done, rest = GrowingMarkup(), "", ""
        for at in range(0, len(text), size):
            growing.add(text[at : at + size])
            more, rest = growing.take()
            done += more
        assert growing.whole() is None
        assert done + rest == rendered(text)

    def test_blocks_are_finished_one_by_one(self) -> None:
        growing = GrowingMarkup()
        growing.add("One **bold")
        assert growing.take() == ("", "<p>One **bold</p>\n")
        growing.add("**\n\n- a\n- b")
        assert growing.take() == ("<p>One <strong>bold</strong></p>\n", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n")
        growing.add("\n\nEnd")
        assert growing.take() == ("", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<p>End</p>\n")
        assert growing.whole() is None

    def test_a_link_that_is_defined_below_its_use_is_there_in_the_end(self) -> None:
        html = grown(["See [this][1].\n\n", "More.\n\n", "[1]: https://ref.exa", "mple/\n\nEnd."])
        assert Page(html).links == ["https://ref.example/"]

    def test_a_definition_above_its_use_holds_and_half_of_one_does_not(self) -> None:
        growing = GrowingMarkup()
        growing.add("[1]: https://ref.exa")
        growing.take()
        growing.add("mple/\n\nText\n\nSee [this][1].")
        done, rest = growing.take()
        assert Page(done + rest).links == ["https://ref.example/"]
        assert growing.whole() is None
