"""Markdown as plain text, for a clipboard whose next stop is a mail or a form."""

from __future__ import annotations

from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def plain(markdown: str) -> str:
    """The text without its marks: lists keep their bullets, table cells are parted by tabs, code stays as it is."""
    lines: list[str] = []
    lists: list[int | None] = []
    row: list[str] | None = None
    bullet = ""
    for token in _parser().parse(markdown):
        match token.type:
            case "bullet_list_open":
                lists.append(None)
            case "ordered_list_open":
                lists.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
                _end_block(lines, nested=bool(lists))
            case "list_item_open":
                bullet = _bullet(lists)
            case "tr_open":
                row = []
            case "tr_close":
                lines.append("\t".join(row or ()))
                row = None
            case "table_close":
                _end_block(lines)
            case "inline" if row is not None:
                row.append(_inline(token))
            case "inline":
                indent = " " * len(bullet) if bullet else "  " * max(0, len(lists))
                lines.append((bullet or indent) + _inline(token).replace("\n", "\n" + indent))
                bullet = ""
            case "fence" | "code_block":
                lines.append(token.content.rstrip("\n"))
                _end_block(lines)
            case "html_block":
                lines.append(token.content.rstrip("\n"))
            case "paragraph_close" | "heading_close":
                _end_block(lines, nested=bool(lists))
    return "\n".join(lines).strip("\n") + "\n" if lines else ""


def _end_block(lines: list[str], *, nested: bool = False) -> None:
    if not nested and lines and lines[-1]:
        lines.append("")


def _bullet(lists: list[int | None]) -> str:
    indent = "  " * (len(lists) - 1)
    number = lists[-1]
    if number is None:
        return f"{indent}- "
    lists[-1] = number + 1
    return f"{indent}{number}. "


def _inline(token: Token) -> str:
    children = token.children or ()
    return "".join("\n" if child.type in ("softbreak", "hardbreak") else child.content for child in children)
