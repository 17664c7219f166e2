"""An answer in pieces that can be compared: its blocks as Markdown sees them, prose cut into sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from atlas_tui.text import sound

if TYPE_CHECKING:
    from markdown_it.token import Token

Kind = Literal["text", "item", "quote", "heading", "code", "row"]
_LONGEST = 80
"""Words in a passage: what has no sentences (a list of names, a language without full stops) is cut all the same."""
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
WORD = re.compile(rf"[{_IDEOGRAPHS}]|(?:[^\W_{_IDEOGRAPHS}]|(?<=\d)[.,](?=\d)|(?<=\w)['’](?=\w))+|_+\w*")
"""A word: a number with its separators, letters with an apostrophe between them, or one ideograph."""
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]*]*\s+(?=[^\sa-z])|(?<=[。！？])\s*")
_ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|vs|etc|cf|approx|Fig|e\.g|i\.e|ca|resp)|\b[A-Z])\.$")


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence of prose, a heading, a row of a table, or a whole code block."""

    text: str
    """As it reads: without the marks of Markdown."""
    kind: Kind
    block: int
    """The number of its block in the answer, from 0: sentences of one paragraph share it."""
    language: str = ""
    """Of a code block."""

    @property
    def prose(self) -> bool:
        """Sentences are compared with sentences, wherever they stand."""
        return self.kind in ("text", "item", "quote")


def passages(text: str) -> list[Passage]:
    """An answer's passages, in their order."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(sound(text))
    return list(_passages(tokens))


def _passages(tokens: Sequence[Token]) -> Iterator[Passage]:
    around: list[Kind] = []
    block = -1
    row: list[str] | None = None
    for token in tokens:
        match token.type:
            case "list_item_open" | "blockquote_open":
                around.append("item" if token.type == "list_item_open" else "quote")
            case "list_item_close" | "blockquote_close":
                around.pop()
            case "heading_open":
                around.append("heading")
            case "heading_close":
                around.pop()
            case "tr_open":
                row = []
            case "tr_close" if row is not None:
                block += 1
                yield Passage(" | ".join(row), "row", block)
                row = None
            case "fence" | "code_block":
                block += 1
                yield Passage(token.content.rstrip("\n"), "code", block, token.info.strip().partition(" ")[0])
            case "html_block" if token.content.strip():
                block += 1
                yield Passage(token.content.strip(), around[-1] if around else "text", block)
            case "inline":
                plain = _plain(token.children or [])
                if row is not None:
                    row.append(plain)
                elif plain.strip():
                    block += 1
                    kind: Kind = around[-1] if around else "text"
                    for sentence in [plain] if kind == "heading" else sentences(plain):
                        yield Passage(sentence, kind, block)


def _plain(children: Sequence[Token]) -> str:
    pieces = []
    for child in children:
        if child.type in ("softbreak", "hardbreak"):
            pieces.append(" ")
        else:
            pieces.append(child.content)
    return "".join(pieces)


def sentences(text: str) -> Iterator[str]:
    """The sentences of a paragraph; very long ones in pieces."""
    begin = 0
    for end in _SENTENCE_END.finditer(text):
        if _ABBREVIATION.search(text, begin, end.start()):
            continue
        yield from _short(text[begin : end.end()].strip())
        begin = end.end()
    yield from _short(text[begin:].strip())


def _short(sentence: str) -> Iterator[str]:
    words = list(WORD.finditer(sentence))
    cuts = [word.start() for word in words[_LONGEST::_LONGEST]]
    for begin, end in zip([0, *cuts], [*cuts, len(sentence)], strict=True):
        if piece := sentence[begin:end].strip():
            yield piece
