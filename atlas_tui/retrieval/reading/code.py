"""Source code: functions and classes, found by their first lines and by how far they are indented.

No parser of any language takes part: code that is wrong, of another version or half a template reads as well, and
nothing in it can stop the reader. What stands in strings and comments of several lines is passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from atlas_tui.retrieval.reading.blocks import Block, LineBlocks, heading

_LONG_LINE = 400
"""Characters from which on a line is data: no definition is looked for in it."""


@dataclass(frozen=True, slots=True)
class _Language:
    definition: re.Pattern[str]
    """Matches a line that begins one; `name` or the first group that is there names it."""
    several_lines: re.Pattern[str]
    """Strings and comments; those that go over several lines hide what is in them. One that never ends is matched to
    the end of its line or of the text: looking for its end from each quote would take the square of the time."""
    above: tuple[str, ...]
    """How a line begins that belongs to the definition below it: decorators, comments."""
    passed_over: tuple[str, ...] = ()
    """How a line begins that ends nothing, wherever it stands."""
    opened_below: re.Pattern[str] | None = None
    """Matches a line that begins one if the next line opens it: `main(void)` above `{`."""


_PYTHON = _Language(
    re.compile(r"[ \t]*(?:async[ \t]+)?(?:def|class|cdef class|cpdef)[ \t]+(\w+)"),
    re.compile(
        r'#[^\n]*|"""[\s\S]*?(?:"""|\Z)|' + r"'''[\s\S]*?(?:'''|\Z)|"
        r'"(?:\\.|[^"\\\n])*"?|' + r"'(?:\\.|[^'\\\n])*'?"
    ),
    ("@", "#"),
    (")", "]", "}", "#"),
)
_C_COMMENTS = r'//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)|"(?:\\.|[^"\\\n])*"?|' + r"'(?:\\.|[^'\\\n])*'?"
_NO_NAMES = (
    "if|for|foreach|while|switch|catch|return|else|do|try|case|default|throw|new|delete|await|yield|using|lock|"
    "function|assert|print|goto|break|continue|super|typeof|sizeof|match|when|elif|unless|until|in|not|and|or"
)
_BRACES = _Language(
    re.compile(
        # With a keyword: class A, pub fn a, func (s *S) a, export default function a, impl<T> A for B ...
        # but neither a variable, struct a b;, nor what a function gives, struct a *b(
        r"(?![ \t]*(?:\w+[ \t]+){0,3}(?:struct|union|enum)[ \t]+(?!class\b)\w+[ \t*&]+\w+[ \t]*[(;=,\[])"
        r"[ \t]*(?:[\w@]+(?:\([^()]*\))?[ \t]+){0,6}?(?:class|interface|struct|enum|union|trait|impl|mod|module|"
        r"namespace|record|object|protocol|extension|fn|func|fun|function\*?|sub|type|macro_rules!|contract|service|message)"
        r"(?:<[^<>]*>)?[ \t]+(?:\([^()]*\)[ \t]*)?"
        r"(?P<name>[A-Za-z_$][\w$:.]*(?:(?:<[^<>]*>)?[ \t]+for[ \t]+[A-Za-z_$][\w$:.]*)?)"
        # const a = (b) => ...
        r"|[ \t]*(?:export[ \t]+)?(?:const|let|var)[ \t]+([\w$]+)[^=\n]{0,80}=[ \t]*(?:async[ \t]*)?"
        r"(?:function\b|\([^()]*\)[^=\n]{0,40}=>|[\w$]+[ \t]*=>)"
        # A.prototype.a = function   a: function
        r"|[ \t]*([\w$][\w$.]*)[ \t]*[=:][ \t]*(?:async[ \t]*)?function\b"
        # int a(int b)   public static void a(   static <T> T a(   A::~A()
        rf"|[ \t]*(?!(?:{_NO_NAMES})\b)(?:(?:[A-Za-z_]|<(?=[A-Z]))[\w:<>,\[\]?.]*[ \t*&]+){{1,7}}"
        rf"(?!(?:{_NO_NAMES})\b)([\w:~$]+)"
        r"[ \t]*\((?![^\n]*[;,][ \t]*$)(?![^\n=]*=(?![=>]))"
        # a(b) {   in a class body
        rf"|[ \t]+(?!(?:{_NO_NAMES})\b)(?:#|\*[ \t]*)?([\w$]+)[ \t]*\([^()\n]*\)[^;,()\n]*\{{[ \t]*$"
    ),
    re.compile(_C_COMMENTS),
    ("//", "/*", "*", "@", "#[", "[", "template", "///"),
    ("}", ")", "]", "{", "#", "//", "/*", "*", "public:", "private:", "protected:"),
    re.compile(
        rf"(?!(?:{_NO_NAMES})\b)(?:[^\s()=][^()=]*[\s*&])?"
        r"([A-Za-z_~][\w~]*(?:(?:<[^<>()]*>)?::[\w~]+)*)[ \t]*\([^;{}]*$"
    ),
)
_TYPE = re.compile(r"[A-Za-z_][\w \t*&:<>,]*")
"""The line above a definition's name, in C of some styles."""
_BACKTICKS = _Language(
    _BRACES.definition,
    re.compile(_C_COMMENTS + r"|`(?:\\[\s\S]|[^`\\])*(?:`|\\?\Z)"),
    _BRACES.above,
    _BRACES.passed_over,
    _BRACES.opened_below,
)
_WORDS = _Language(
    re.compile(
        r"[ \t]*(?:(?:local|private|protected|public|pub)[ \t]+)?(?:function|def|defp|defmodule|defmacro|class|module|"
        r"sub|package|macro|struct|describe|context|task|namespace|resource|proc)[ \t]+[\"']?([A-Za-z_][\w.:?!]*)"
        r"|([A-Za-z_][\w-]*)[ \t]*\(\)[ \t]*(?:\{|$)"
        r"|([A-Za-z_.][\w.]*)[ \t]*(?:<-|=)[ \t]*function\b"
    ),
    re.compile(r"(?!)"),
    ("#", "--", "@"),
    ("end", "}", ")", "]", "{", "#", "--"),
)
_SQL = _Language(
    re.compile(
        r"[ \t]*(?:create|alter)[ \t]+(?:or[ \t]+replace[ \t]+)?(?:[a-z]+[ \t]+){0,3}?(?:table|view|index|function|"
        r"procedure|trigger|type|schema|sequence)[ \t]+(?:if[ \t]+not[ \t]+exists[ \t]+)?([\w.\"`\[\]]+)",
        re.IGNORECASE,
    ),
    re.compile(r"--[^\n]*|/\*[\s\S]*?(?:\*/|\Z)|'(?:''|[^'\n])*'"),
    ("--", "/*", "*"),
    (")", "(", ";", "--", "$$", "begin", "end", "as", "BEGIN", "END", "AS"),
)
_NOTHING = _Language(re.compile(r"(?!)"), re.compile(r"(?!)"), (), ("}", ")", "]", "{"))

_LANGUAGES = {
    _PYTHON: "py pyi pyw pyx pxd",
    _BRACES: "c h cc cpp cxx hh hpp hxx inl m mm cu cuh java kt kts cs rs swift scala sc dart php proto zig d sol v sv "
    "glsl vert frag hlsl wgsl metal groovy gradle vala cr hx",
    _BACKTICKS: "js jsx mjs cjs ts tsx mts cts go vue svelte",
    _WORDS: "rb rake lua sh bash zsh fish pl pm ex exs jl r tcl nim cmake awk ps1",
    _SQL: "sql ddl",
    _NOTHING: "css scss sass less yaml yml toml ini cfg conf properties tf hcl nix clj cljs edn el lisp scm hs ml mli "
    "fs fsx erl hrl vim make mk dockerfile graphql gql bat cmd asm s f f90 f95 pas ada adb ads vhd vhdl xml xsd xsl "
    "svg plist diff patch lock",
}
_BY_SUFFIX = {suffix: language for language, suffixes in _LANGUAGES.items() for suffix in suffixes.split()}
SUFFIXES = frozenset(_BY_SUFFIX)
"""Endings of names, without their dot."""


def read(text: str, suffix: str) -> list[Block]:
    """A block a function, and one for what stands between; the headings are the names around it."""
    return _Outline(text, _BY_SUFFIX[suffix]).read()


class _Outline:
    def __init__(self, text: str, language: _Language) -> None:
        self._lines = text.split("\n")
        self._made = LineBlocks(self._lines)
        self._language = language
        self._hidden = _hidden_lines(text, language.several_lines)
        self._open: list[tuple[int, str]] = []
        """Indentation and name of the definitions that the line is in."""
        self._begun = 0

    def read(self) -> list[Block]:
        passed_over = self._language.passed_over
        hidden, open_, lines = self._hidden, self._open, self._lines
        for number, line in enumerate(lines):
            if number in hidden:
                continue
            bare = line.lstrip()
            if not bare:
                continue
            indent = len(line) - len(bare)
            left = bool(open_) and indent <= open_[-1][0] and not bare.startswith(passed_over)
            found = self._definition(number) if len(line) < _LONG_LINE else None
            if left or found:
                above = self._above(number, indent)
                self._end(above)
                while open_ and indent <= open_[-1][0]:
                    open_.pop()
            if found:
                name = found[found.lastindex] if found.lastindex else found[0]
                open_.append((indent, heading(name.rstrip(":"))))
        self._end(len(lines))
        return self._made.blocks

    def _definition(self, number: int) -> re.Match[str] | None:
        language, line = self._language, self._lines[number]
        found = language.definition.match(line)
        if not found and language.opened_below and number + 1 < len(self._lines):
            found = language.opened_below.match(line) if self._lines[number + 1].startswith("{") else None
        return found

    def _end(self, number: int) -> None:
        if number > self._begun:
            self._made.add(self._begun, number, tuple(name for _, name in self._open), code=True)
            self._begun = number

    def _above(self, number: int, indent: int) -> int:
        """Where a definition begins: with the decorators and comments right above its line."""
        first = number
        if self._language.opened_below and first > self._begun and _TYPE.fullmatch(self._lines[first - 1]):
            first -= 1
        while first > self._begun:
            line = self._lines[first - 1]
            bare = line.lstrip()
            belongs = bare.startswith(self._language.above) and indent <= len(line) - len(bare) <= indent + 1
            if not bare or not (belongs or first - 1 in self._hidden):
                break
            first -= 1
        return first


def _hidden_lines(text: str, several_lines: re.Pattern[str]) -> set[int]:
    """The indexes of the lines that begin inside a string or a comment."""
    hidden: set[int] = set()
    line = at = 0
    for match in several_lines.finditer(text):
        begin, end = match.span()
        if end - begin > 1 and (breaks := text.count("\n", begin, end)):
            line += text.count("\n", at, begin)
            hidden.update(range(line + 1, line + breaks + 1))
            line, at = line + breaks, end
    return hidden
