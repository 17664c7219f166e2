"""Syntax highlighting a line at a time.

A line's colours depend on the lines above it and on nothing below, so a finished line never changes while code
streams in, and lexing can go on from any line whose state was kept. For the lexers of Pygments that are tables of
regular expressions the state is the stack of their table; comments that such a lexer knows only as one expression
from opening to end are carried over lines here. Lexers of another make see each line by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from pygments.token import Comment, Error, String, Text, _TokenType

from atlas_tui.tui.widgets.markdown_log.rules import Rules

if TYPE_CHECKING:
    from pygments.lexer import Lexer

State = tuple[tuple[str, ...], str]
"""The lexer's stack, and what ends the comment that is open (or "")."""
Parts = list[tuple[_TokenType, str]]

START: State = (("root",), "")
_COMMENTS = (("/*", "*/"), ("<!--", "-->"))
_IDLE = 50  # matches of nothing in a row, after which a lexer is taken to go round in circles
_LONGEST = 1_000  # characters of a line that are lexed; the rest of a longer one stays plain


class LineLexer:
    """A language's lexer that goes from line to line."""

    def __init__(self, lexer: Lexer | None) -> None:
        self._lexer = lexer
        self._table: dict[str, Rules] | None = None
        self._comments: list[tuple[str, str]] = []
        if lexer is None:
            return
        from pygments.lexer import ExtendedRegexLexer, RegexLexer

        # Some lexers of this kind also colour the names they know afterwards; that is given up for the state.
        if isinstance(lexer, RegexLexer) and not isinstance(lexer, ExtendedRegexLexer):
            table = cast(Any, lexer)._tokens
            if "root" in table:
                self._table = {state: Rules(rules) for state, rules in table.items()}
                self._comments = [pair for pair in _COMMENTS if self._is_comment(*pair)]

    def line(self, text: str, state: State) -> tuple[Parts, State]:
        """The tokens of one line (without its newline), and the state after it."""
        if self._lexer is None or len(text) > _LONGEST:
            return [(Text, text)] if text else [], state
        if self._table is None:
            tokens = self._lexer.get_tokens_unprocessed(text + "\n")
            return _joined((kind, value) for _, kind, value in tokens), state
        stack, closing = state
        parts: Parts = []
        if closing:
            end = text.find(closing)
            if end < 0:
                return [(Comment.Multiline, text)] if text else [], state
            end += len(closing)
            parts.append((Comment.Multiline, text[:end]))
            text = text[end:]
        found, after = self._run(text + "\n", stack)
        for opening, close in self._comments:
            start = text.rfind(opening)
            if start >= 0 and text.find(close, start + len(opening)) < 0 and _may_open(found, start):
                found, after = self._run(text[:start], stack)
                parts += found
                parts.append((Comment.Multiline, text[start:]))
                return _joined(parts), (after, close)
        return _joined([*parts, *found]), (after, "")

    def _is_comment(self, opening: str, closing: str) -> bool:
        found, _ = self._run(f"{opening} x {closing}", START[0])
        return all(_within(kind, Comment) for kind, value in found if value.strip())

    def _run(self, text: str, start: tuple[str, ...]) -> tuple[Parts, tuple[str, ...]]:
        """The loop of `RegexLexer.get_tokens_unprocessed`, which does not tell the stack it ends with."""
        assert self._table is not None
        table = self._table
        stack = list(start)
        rules = table[stack[-1]]
        parts: Parts = []
        at, end = 0, len(text)
        idle = 0
        while True:
            for match_at, action, new_state in rules[text[at : at + 1]]:
                match = match_at(text, at)
                if match is None:
                    continue
                after = match.end()
                if type(action) is _TokenType:
                    parts.append((action, text[at:after]))
                elif action is not None:
                    parts.extend([(kind, value) for _, kind, value in action(self._lexer, match)])
                idle = idle + 1 if after == at else 0
                at = after
                if new_state is not None:
                    _step(stack, new_state)
                    rules = table[stack[-1]]
                break
            else:
                if at >= end:
                    break
                if text[at] == "\n":
                    stack[:] = ["root"]
                    rules = table["root"]
                    parts.append((Text, "\n"))
                else:
                    parts.append((Error, text[at]))
                at += 1
            if idle > _IDLE:
                parts.append((Text, text[at:]))
                break
        return parts, tuple(stack)


def _step(stack: list[str], new_state: Any) -> None:
    if isinstance(new_state, tuple):
        for state in new_state:
            if state == "#pop":
                if len(stack) > 1:
                    stack.pop()
            else:
                stack.append(stack[-1] if state == "#push" else state)
    elif isinstance(new_state, int):
        del stack[1 if abs(new_state) >= len(stack) else new_state :]
    else:
        stack.append(stack[-1])


def _may_open(parts: Parts, start: int) -> bool:
    """Whether a comment may open at this place: not inside of a string or of another comment."""
    at = 0
    for kind, value in parts:
        at += len(value)
        if at > start:
            return not _within(kind, String) and (not _within(kind, Comment) or at - len(value) == start)
    return True


def _within(kind: _TokenType, group: Any) -> bool:
    return kind in group


def _joined(parts: Iterable[tuple[_TokenType, str]]) -> Parts:
    """The parts without the newline, those of one kind joined."""
    out: Parts = []
    last: _TokenType | None = None
    for kind, value in parts:
        value = value.rstrip("\n")
        if value:
            if kind is last:
                out[-1] = (kind, out[-1][1] + value)
            else:
                out.append((kind, value))
                last = kind
    return out


@lru_cache(maxsize=64)
def line_lexer(language: str) -> LineLexer:
    """The lexer of a language by the name in a fence; an unknown one leaves text plain."""
    name = language.lower().strip("{}.")
    if not name or name in ("text", "txt", "plain", "plaintext", "output"):
        return LineLexer(None)
    # Not before there is code to highlight: the table of lexers takes its time.
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return LineLexer(get_lexer_by_name(name, stripnl=False, stripall=False))
    except ClassNotFound:
        return LineLexer(None)
