"""Every colour and weight that the log draws with, taken from the theme."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pygments.token import Token
from rich.style import Style

from atlas_tui.tui.widgets.markdown_log import inline

if TYPE_CHECKING:
    from pygments.token import _TokenType
    from textual.screen import Screen
    from textual.widget import Widget

PREFIX = "markdown-log--"
_STYLES = {
    "text": "color: $foreground;",
    "muted": "color: $text-muted;",
    "reasoning": "color: $text-muted; text-style: italic;",
    "user": "color: $foreground;",
    "title": "color: $text-accent; text-style: bold;",
    "title-user": "color: $text-primary; text-style: bold;",
    "title-note": "color: $text-muted;",
    "title-error": "color: $text-error; text-style: bold;",
    "bar-user": "color: $primary;",
    "bar-error": "color: $error;",
    "bar-focus": "color: $accent;",
    "footer-bad": "color: $text-warning;",
    "heading1": "color: $text-accent; text-style: bold underline;",
    "heading2": "color: $text-accent; text-style: bold;",
    "heading3": "color: $text-primary; text-style: bold;",
    "heading4": "color: $text-primary;",
    "heading5": "color: $foreground; text-style: bold;",
    "heading6": "color: $text-muted; text-style: bold;",
    "bullet": "color: $text-accent;",
    "quote": "color: $text-muted;",
    "quote-bar": "color: $secondary;",
    "rule": "color: $text-muted;",
    "table-head": "color: $foreground; text-style: bold;",
    "table-rule": "color: $text-muted;",
    "link": "color: $text-primary; text-style: underline;",
    "code-inline": "color: $text-warning; background: $panel;",
    "code": "color: $foreground; background: $panel;",
    "code-label": "color: $text-muted; background: $panel;",
    "code-label-focus": "color: $text; background: $accent; text-style: bold;",
    "code-comment": "color: $text-muted; background: $panel; text-style: italic;",
    "code-keyword": "color: $text-accent; background: $panel;",
    "code-string": "color: $text-success; background: $panel;",
    "code-number": "color: $text-warning; background: $panel;",
    "code-function": "color: $text-primary; background: $panel;",
    "code-type": "color: $text-primary; background: $panel;",
    "code-deleted": "color: $text-error; background: $panel;",
    "citation": "color: $text-accent; text-style: bold underline;",
    "citation-missing": "color: $text-error; text-style: strike;",
    "quotation-missing": "color: $text-warning; text-style: underline;",
    "find": "background: $warning-muted; color: $text-warning;",
    "find-current": "background: $warning; color: $background; text-style: bold;",
    "new-below": "background: $primary; color: $text; text-style: bold;",
    "scrollbar": "color: $scrollbar-background; background: $scrollbar-background;",
    "scrollbar-thumb": "color: $scrollbar; background: $scrollbar-background;",
}
_ANSI = {
    "muted": "text-style: dim;",
    "reasoning": "text-style: dim italic;",
    "quote": "text-style: dim;",
    "rule": "text-style: dim;",
    "table-rule": "text-style: dim;",
    "code-comment": "text-style: dim italic;",
    "code-label": "text-style: dim;",
    "find": "color: $foreground; background: $background; text-style: reverse;",
    "find-current": "color: $warning; background: $background; text-style: bold reverse;",
    "new-below": "color: $primary; background: $background; text-style: bold reverse;",
    "code-label-focus": "color: $accent; background: $background; text-style: bold reverse;",
}
"""Where a theme leaves the terminal its own colours, weight says what shades say in the others."""
_SELECTION = "screen--selection"
_OVERLAYS = ("citation", "citation-missing", "quotation-missing")
"""What is drawn over text that has its own style."""
NAMES = tuple(_STYLES)
COMPONENTS = {PREFIX + name for name in NAMES}
CSS = "\n".join(
    [
        "MarkdownLog {",
        "    width: 1fr; height: 1fr; background: $background; color: $foreground; ",
        *(f"    & > .{PREFIX}{name} {{ {rules} }}" for name, rules in _STYLES.items()),
        "    &:ansi {",
        *(f"        & > .{PREFIX}{name} {{ {rules} }}" for name, rules in _ANSI.items()),
        "    }",
        "}",
    ]
)

_SYNTAX = {
    Token.Comment: "code-comment",
    Token.Keyword: "code-keyword",
    Token.Keyword.Constant: "code-number",
    Token.Keyword.Type: "code-type",
    Token.Name.Attribute: "code-function",
    Token.Name.Builtin: "code-type",
    Token.Name.Class: "code-type",
    Token.Name.Constant: "code-number",
    Token.Name.Decorator: "code-function",
    Token.Name.Exception: "code-type",
    Token.Name.Function: "code-function",
    Token.Name.Tag: "code-keyword",
    Token.Literal.Number: "code-number",
    Token.Literal.String: "code-string",
    Token.Operator.Word: "code-keyword",
    Token.Generic.Deleted: "code-deleted",
    Token.Generic.Heading: "code-keyword",
    Token.Generic.Inserted: "code-string",
    Token.Generic.Subheading: "code-function",
}


class Look:
    """The styles of one theme; a new theme makes a new look, which is how drawn lines know that they are old."""

    def __init__(self, widget: Widget) -> None:
        self._bases = {name: _solid(widget, name) for name in NAMES}
        for name in _OVERLAYS:
            self._bases[name] = _stroke(self._bases[name])
        self._bases["selection"] = _selection(widget.screen)
        self._marked: dict[tuple[str, int], Style] = {}
        self._syntax: dict[_TokenType, Style] = {}
        self.filters = tuple(filter for filter in widget.get_line_filters() if filter.enabled)
        self.background = widget.background_colors[1]

    def same(self, other: Look) -> bool:
        """Whether the other look draws alike."""
        return (self._bases, self.filters, self.background) == (other._bases, other.filters, other.background)

    def __getitem__(self, name: str) -> Style:
        return self._bases[name]

    def marked(self, base: str, marks: int) -> Style:
        """The style of inline text with these marks over a base."""
        style = self._marked.get((base, marks))
        if style is None:
            style = self._marked[base, marks] = self._mark(base, marks)
        return style

    def syntax(self, token: _TokenType) -> Style:
        """The style of a Pygments token."""
        style = self._syntax.get(token)
        if style is None:
            style = self._syntax[token] = self._bases[syntax_name(token)]
        return style

    def _mark(self, base: str, marks: int) -> Style:
        style = self._bases[base]
        if marks & inline.DIM:
            style = Style.combine([style, _colour(self._bases["muted"])])
        if marks & inline.CODE:
            code = self._bases["code-inline"]
            style += Style(color=code.color, bgcolor=code.bgcolor)
        if marks & inline.LINK:
            style += _colour(self._bases["link"]) + Style(underline=True)
        if marks & inline.BOLD:
            style += Style(bold=True)
        if marks & (inline.ITALIC | inline.IMAGE):
            style += Style(italic=True)
        if marks & inline.STRIKE:
            style += Style(strike=True)
        return style


def _solid(widget: Widget, name: str) -> Style:
    return widget.get_component_rich_style(PREFIX + name)


def _selection(screen: Screen[object]) -> Style:
    """What is selected has its own background; its letters have their own colour only in some themes, and the style
    as Rich has it makes that of the background of "none"."""
    style = screen.get_component_rich_style(_SELECTION)
    coloured = screen.get_component_styles(_SELECTION).color.a > 0
    return Style(
        color=style.color if coloured else None,
        bgcolor=style.bgcolor,
        reverse=style.reverse or None,
        bold=style.bold or None,
    )


def _stroke(style: Style) -> Style:
    """The colour and the strokes, over whatever background."""
    marks = style.bold or None, style.underline or None, style.strike or None
    return _colour(style) + Style(bold=marks[0], underline=marks[1], strike=marks[2])


def _colour(style: Style) -> Style:
    return Style(color=style.color, dim=style.dim or None)


@cache
def syntax_name(token: _TokenType) -> str:
    """The name of the style of a Pygments token."""
    kind: _TokenType | None = token
    while kind is not None:
        if kind in _SYNTAX:
            return _SYNTAX[kind]
        kind = kind.parent
    return "code"
