"""Foreign Markdown as HTML that does nothing and loads nothing.

HTML in an answer is text, a picture is a remark, a link leads to the web or to a mailbox or is no link, shows where it
goes, and opens a page that learns nothing of this one. No style stands in it, so a page may forbid them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

from atlas_tui.text import clean, one_line, redact

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_LEADS_OUT = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)
"""What an address may begin with."""

STYLE = """
.answer { overflow-wrap: anywhere; }
.answer :is(h1, h2, h3, h4, h5, h6) { font-size: 1.05rem; line-height: 1.3; margin: 1.2rem 0 .4rem; }
.answer h1 { font-size: 1.3rem; } .answer h2 { font-size: 1.15rem; }
.answer :is(p, ul, ol, pre, blockquote, table) { margin: .7rem 0; } .answer li > :is(p, ul, ol) { margin: .2rem 0; }
.answer :is(code, pre) { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .9em; }
.answer pre code { font-size: inherit; } .answer :is(pre, :not(pre) > code) { background: var(--soft); }
.answer pre { overflow-x: auto; overflow-wrap: normal; border-radius: .5rem; padding: .7rem .9rem; line-height: 1.45; }
.answer :not(pre) > code { border-radius: .25rem; padding: .1em .3em; }
.answer table { display: block; overflow-x: auto; overflow-wrap: normal; border-collapse: collapse; }
.answer :is(td, th) { border: 1px solid var(--line); padding: .25rem .6rem; text-align: left; vertical-align: top; }
.answer th { background: var(--soft); } .answer .center { text-align: center; } .answer .right { text-align: right; }
.answer blockquote { border-left: .2rem solid var(--line); margin-left: 0; padding-left: 1rem; }
.answer hr { border: 0; border-top: 1px solid var(--line); margin: 1.2rem 0; }
.answer .goes { color: var(--dim); font-size: .8em; }
"""
"""How an element of the class `answer` looks; the page gives `--soft`, `--line` and `--dim`, light and dark."""


def rendered(text: str) -> str:
    """Markdown as HTML."""
    return _html(clean(text), {})


class GrowingMarkup:
    """An answer's Markdown while it comes: a block that is finished is rendered once, the one that is not yet again
    and again."""

    def __init__(self) -> None:
        self._text = ""
        self._finished = self._looked = 0
        self._given: list[str] = []
        self._references: dict[str, Any] = {}

    def add(self, text: str) -> None:
        """More of it has come."""
        self._text += clean(text)

    def take(self) -> tuple[str, str]:
        """The HTML of what is finished and was not yet taken, and that of the rest, which may still change."""
        begin, self._finished = self._finished, self._last_block()
        environment = {"references": self._references}
        done = _html(self._text[begin : self._finished], environment) if self._finished > begin else ""
        self._given.append(done)
        return done, self._rest()

    def whole(self) -> str | None:
        """All of it as it is in the end, where it is not what was taken: a link may be defined below its use."""
        whole = _html(self._text, {})
        return whole if "".join([*self._given, self._rest()]) != whole else None

    def _rest(self) -> str:
        # What is half a definition of a link must not be taken for the whole one later.
        return _html(self._text[self._finished :], {"references": dict(self._references)})

    def _last_block(self) -> int:
        """Where the last block begins; whatever comes, what stands above that stays as it is. Only whole lines tell:
        `---` ends a list, but `--- or so` goes on with it."""
        begin, end = self._finished, self._text.rfind("\n") + 1
        if end <= max(begin, self._looked):
            return begin
        self._looked = end
        tokens = _renderer().parse(self._text[begin:end], {"references": dict(self._references)})
        starts = [token.map[0] for token in tokens if token.level == 0 and token.nesting >= 0 and token.map]
        for _ in range(starts[-1] if len(starts) > 1 else 0):
            begin = self._text.index("\n", begin) + 1
        return begin


def _html(text: str, environment: dict[str, Any]) -> str:
    return str(_renderer().render(redact(text), environment))


@lru_cache(maxsize=1)
def _renderer() -> MarkdownIt:
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    markdown.validateLink = _leads_out  # type: ignore[method-assign, assignment]
    for name, rule in (
        ("link_open", _link_open),
        ("link_close", _link_close),
        ("image", _image),
        ("th_open", _cell_open),
        ("td_open", _cell_open),
    ):
        markdown.add_render_rule(name, rule)
    return markdown


def _leads_out(address: str) -> bool:
    return _LEADS_OUT.match(address) is not None


def _link_open(self: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    address = str(tokens[at].attrGet("href") or "")
    shown = "".join(token.content for token in tokens[at + 1 : _end_of_link(tokens, at)])
    # Where the words are the address, the reader sees it already.
    env.setdefault("links", []).append("" if shown == address else address)
    return f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer nofollow">'


def _end_of_link(tokens: Sequence[Token], at: int) -> int:
    return next(number for number in range(at, len(tokens)) if tokens[number].type == "link_close")


def _link_close(self: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    address = env["links"].pop()
    return f'</a> <span class="goes">({escape(one_line(address, 200))})</span>' if address else "</a>"


def _image(self: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    address = str(tokens[at].attrGet("src") or "")
    return f'<span class="goes">[picture: {escape(tokens[at].content)} ({escape(one_line(address, 200))})]</span>'


def _cell_open(self: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    token = tokens[at]
    side = str(token.attrGet("style") or "").removeprefix("text-align:")
    return f'<{token.tag} class="{side}">' if side in ("center", "right") else f"<{token.tag}>"
