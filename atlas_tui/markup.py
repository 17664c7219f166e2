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
    from pygments.lexer import Lexer
    from pygments.token import _TokenType

_LEADS_OUT = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)
"""What an address may begin with."""
_LONGEST_CODE, _LONGEST_LINE = 20_000, 500
"""Characters of a code block, and of a line, above which it has no colours: who writes it could have a lexer take as
long as he likes."""
_LANGUAGES = {
    "bash", "c", "c#", "c++", "clojure", "console", "cpp", "cs", "csharp", "css", "dart", "diff", "docker",
    "dockerfile", "elixir", "go", "golang", "graphql", "haskell", "html", "ini", "java", "javascript", "js", "json",
    "jsx", "kotlin", "lua", "make", "makefile", "nix", "perl", "php", "powershell", "py", "python", "python3", "r",
    "ruby", "rust", "scala", "scss", "sh", "shell", "sql", "swift", "toml", "ts", "tsx", "typescript", "xml",
    "yaml", "yml", "zig", "zsh",
}  # fmt: skip
"""Those that have colours: of the hundreds that Pygments knows, some take long over nonsense."""
_COLOURS = (
    ("Token.Comment", "c"),
    ("Token.Keyword", "k"),
    ("Token.Operator.Word", "k"),
    ("Token.Literal.String", "s"),
    ("Token.Literal.Number", "n"),
    ("Token.Name.Function", "f"),
    ("Token.Name.Class", "f"),
    ("Token.Name.Builtin", "b"),
    ("Token.Name.Tag", "b"),
    ("Token.Name.Attribute", "b"),
    ("Token.Name.Decorator", "b"),
    ("Token.Generic.Inserted", "i"),
    ("Token.Generic.Deleted", "d"),
)
"""The classes of the kinds of token that Pygments knows."""

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
.answer pre .c { color: var(--dim); font-style: italic; } .answer pre .k { color: light-dark(#cf222e, #ff7b72); }
.answer pre .s { color: light-dark(#0a5a2a, #8fd19e); } .answer pre .n { color: light-dark(#0550ae, #79c0ff); }
.answer pre .f { color: light-dark(#6f42c1, #d2a8ff); } .answer pre .b { color: light-dark(#953800, #ffa657); }
.answer pre .i { color: light-dark(#116329, #7ee787); } .answer pre .d { color: light-dark(#a40e26, #ff9492); }
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

    markdown = MarkdownIt("commonmark", {"html": False, "highlight": _coloured}).enable(["table", "strikethrough"])
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


def _coloured(code: str, language: str, _: str) -> str:
    """Code with its comments, keywords and so on in elements of these classes; empty leaves it as it is."""
    language = language.lower()
    if language not in _LANGUAGES or len(code) > _LONGEST_CODE or max(map(len, code.split("\n"))) > _LONGEST_LINE:
        return ""
    pieces = []
    for kind, text in _lexer(language).get_tokens(code):
        name = _class_of(kind)
        pieces.append(f'<span class="{name}">{escape(text)}</span>' if name and text.strip() else escape(text))
    return "".join(pieces)


@lru_cache(maxsize=512)
def _class_of(kind: _TokenType) -> str:
    return next((name for group, name in _COLOURS if str(kind).startswith(group)), "")


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer:
    from pygments.lexers import get_lexer_by_name

    return get_lexer_by_name(language, stripnl=False, ensurenl=False)


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
