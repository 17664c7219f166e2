"""Inline content as runs: pieces of text with marks, each knowing where in the source it came from."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

from markdown_it.token import Token

from atlas_tui.text import clean
from atlas_tui.tui.widgets.markdown_log.latex import unicode_math

BOLD, ITALIC, STRIKE, CODE, LINK, DIM, IMAGE = (1 << bit for bit in range(7))
_MARKS = {"strong": BOLD, "em": ITALIC, "s": STRIKE}

# GitHub's extended autolinks; what follows a full stop or closes a bracket that it did not open is not part.
_autolink = re.compile(r"(?<![\w/@.])(?:https?://|www\.)[^\s<]*[^\s<?!.,:;*_~'\"]", re.IGNORECASE)
_break = re.compile(r"<br\s*/?>\Z", re.IGNORECASE)


class Piece(NamedTuple):
    """A piece of inline content: its marks, and where its first character stands in the source (-1: nowhere)."""

    text: str
    marks: int
    offset: int


class Link(NamedTuple):
    """Where a link's text stands in the source, and where it really goes."""

    start: int
    end: int
    href: str


class Places:
    """From offsets in the content of an inline token to offsets in the source.

    The content is lines of the source without their indentation or `>`; each is looked up in its own line.
    """

    def __init__(self, content: str, lines: list[str], starts: list[int], first: int, column: int = 0) -> None:
        self.ends: list[int] = []  # in the content, where its second, third, ... line starts
        self.shifts: list[int] = []
        at = 0
        for number, piece in enumerate(content.split("\n") if "\n" in content else (content,), first):
            if number < len(lines):
                # A tab before the text may have been turned into spaces.
                text = piece.lstrip()
                found = lines[number].find(text, column) - len(piece) + len(text)
                self.shifts.append(starts[number] + max(found, -len(piece)) - at)
            else:
                self.shifts.append(self.shifts[-1] if self.shifts else 0)
            at += len(piece) + 1
            self.ends.append(at)
            column = 0

    def __call__(self, offset: int) -> int:
        if len(self.shifts) == 1:
            return offset + self.shifts[0]
        return offset + self.shifts[min(bisect_right(self.ends, offset), len(self.shifts) - 1)]


def pieces(children: list[Token], content: str, places: Places, links: list[Link]) -> list[Piece]:
    """The pieces of parsed inline content; a line break is a piece of its own. Links found are added to `links`."""
    return _Inline(content, places, links).read(children)


class _Inline:
    def __init__(self, content: str, places: Places, links: list[Link]) -> None:
        self.content = content
        self.places = places
        self.links = links
        self.out: list[Piece] = []
        self.marks = 0
        self.outer: list[int] = []  # the marks around each open emphasis
        self.at = 0  # how far in the content we are
        self.opened: list[tuple[int, str, int]] = []  # links: first piece, target, start in the content

    def read(self, children: list[Token]) -> list[Piece]:
        for token in children:
            kind = token.type
            if kind == "text":
                if token.content:
                    self.text(token.content)
            elif kind == "softbreak" or kind == "hardbreak":
                newline = self.content.find("\n", self.at)
                self.out.append(Piece("\n", 0, self.places(newline) if newline >= 0 else -1))
                self.at = newline + 1 or self.at
            elif kind == "link_open":
                self.opened.append((len(self.out), clean(str(token.attrs["href"])), self.at))
                self.marks |= LINK
            elif kind == "link_close":
                self.close_link(token)
            elif kind.endswith("_open"):
                self.outer.append(self.marks)
                self.marks |= _MARKS[kind[:-5]]
            elif kind.endswith("_close"):
                self.marks = self.outer.pop()
            else:
                self.atom(token)
        return self.out

    def add(self, text: str, marks: int) -> None:
        """Text found in the content from here on, or text that stands for something there."""
        if self.out and self.out[-1].text == "\n":
            text = text.lstrip(" ")
        found = self.content.find(text, self.at)
        if found < 0:
            self.out.append(Piece(text, marks, self.places(self.at)))
            return
        self.out.append(Piece(text, marks, self.places(found)))
        self.at = found + len(text)

    def text(self, text: str) -> None:
        if self.marks & LINK or ("://" not in text and "www." not in text.lower()):
            self.add(text, self.marks)
            return
        done = 0
        for match in _autolink.finditer(text):
            url = match.group()
            while url.endswith(")") and url.count(")") > url.count("("):
                url = url[:-1].rstrip("?!.,:;*_~'\"")
            if match.start() > done:
                self.add(text[done : match.start()], self.marks)
            self.add(url, self.marks | LINK)
            done = match.start() + len(url)
            start = self.out[-1].offset
            href = url if "://" in url else f"http://{url}"
            self.links.append(Link(start, start + len(url), href))
        if done < len(text):
            self.add(text[done:], self.marks)

    def close_link(self, token: Token) -> None:
        first, href, start = self.opened.pop()
        self.marks &= ~LINK
        shown = "".join(piece.text for piece in self.out[first:])
        self.links.append(Link(self.places(start), self.places(self.at), href))
        if not same_target(shown, href):
            self.out.append(Piece(f" ({href})", self.marks | DIM, -1))
        if token.markup != "autolink" and self.content.startswith("](", self.at):
            # Only a hint for the pieces after it: their text is looked up from here on.
            self.at = max(self.at, self.content.find(")", self.at))

    def atom(self, token: Token) -> None:
        kind = token.type
        if kind == "code_inline":
            self.add(token.content, self.marks | CODE)
        elif kind == "math_inline":
            shown = unicode_math(token.content)
            self.at = token.meta["start"]
            display = token.markup in ("$$", "\\[")
            if display and self.out and self.out[-1].text != "\n":
                self.out.append(Piece("\n", 0, -1))
            marks = self.marks | (CODE if shown is None else ITALIC)
            inside = self.content[self.at + len(token.markup) : token.meta["end"]].lstrip()
            start = self.places(token.meta["end"] - len(inside))
            self.out.append(Piece(shown or " ".join(token.content.split()), marks, start))
            self.at = token.meta["end"]
            if display and self.at < len(self.content) and self.content[self.at] != "\n":
                self.out.append(Piece("\n", 0, -1))
        elif kind == "image":
            src = clean(str(token.attrs.get("src", "")))
            start = self.at = max(self.content.find("![", self.at), self.at)
            self.out.append(Piece("▣ ", self.marks | DIM, -1))
            self.add(clean(_plain(token.children or [])) or "image", self.marks | IMAGE)
            self.out.append(Piece(f" ({src})", self.marks | DIM, -1))
            self.links.append(Link(self.places(start), self.places(self.at), src))
        elif kind == "html_inline":
            if _break.match(token.content):
                self.at = self.content.find(token.content, self.at) + len(token.content)
                self.out.append(Piece("\n", 0, -1))
            else:
                self.add(token.content, self.marks | DIM)
        else:  # an escape or an entity, which may stand for a control character
            text = clean(token.content)
            found = self.content.find(token.markup, self.at)
            self.out.append(Piece(text, self.marks, self.places(max(found, self.at))))
            if found >= 0:
                self.at = found + len(token.markup)


def _plain(children: list[Token]) -> str:
    """The text of parsed inline content, without marks."""
    return "".join(
        _plain(token.children or []) if token.type == "image" else "\n" if "break" in token.type else token.content
        for token in children
    )


def same_target(shown: str, href: str) -> bool:
    """Whether the text of a link already says where it goes."""
    return shown == href or href in (f"mailto:{shown}", f"http://{shown}", f"https://{shown}", f"{shown}/")
