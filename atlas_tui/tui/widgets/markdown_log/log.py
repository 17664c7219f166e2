"""The widget."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.await_remove import AwaitRemove
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from atlas_tui.text import clean
from atlas_tui.tui.widgets.markdown_log import looks, messages
from atlas_tui.tui.widgets.markdown_log.message import CodeBlock, Message
from atlas_tui.tui.widgets.markdown_log.paint import BAR, GUTTER, MARGIN, Drawn, Painter
from atlas_tui.tui.widgets.markdown_log.view import Place, Seen, View

WHEEL = 3  # rows that a notch of the mouse wheel moves
_NEW_BELOW = "↓ new text"


class MarkdownLog(Widget, can_focus=True):
    """A transcript of Markdown messages, drawn by line, that costs the same to extend however long it is."""

    DEFAULT_CSS = looks.CSS
    COMPONENT_CLASSES: ClassVar[set[str]] = looks.COMPONENTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown,space", "page(1)", "Page down", show=False),
        Binding("home", "home", "Top", show=False),
        Binding("end", "end", "End", show=False),
    ]

    LinkClicked = messages.LinkClicked
    MessageFocused = messages.MessageFocused
    FollowChanged = messages.FollowChanged

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._messages: list[Message] = []
        self._by_key: dict[str, Message] = {}
        self._view = View(self._messages)
        self._painter: Painter | None = None
        self._look_checked = False
        self._drawn: list[Drawn] = []
        self._seen: list[Seen] = []
        self._outdated = True
        self._asked = False
        self._was_following = True
        self._new_below = False
        self._focused: Message | None = None

    # What is in the log

    @property
    def keys(self) -> list[str]:
        """The keys of the messages, from top to bottom."""
        return [message.key for message in self._messages]

    def add(self, key: str, role: str, text: str = "", *, title: str = "", after: str | None = None) -> None:
        """Add a message at the end, or after another. Raises ValueError for a key that is there already or a
        role that is none of `user`, `assistant`, `note`, `error`; KeyError where `after` is unknown."""
        if key in self._by_key:
            raise ValueError(f"the log has a message {key!r} already")
        place = len(self._messages) if after is None else self._number(after) + 1
        message = Message(key, role, title)
        message.answer.append(text)
        if place < len(self._messages):
            self._view.renumber()
            if place <= self._view.top.message:
                self._view.top = self._view.top._replace(message=self._view.top.message + 1)
        self._messages.insert(place, message)
        self._by_key[key] = message
        self._changed()

    def append(self, key: str, text: str) -> None:
        """Add text to the answer of a message."""
        message = self._by_key[key]
        folds = not message.answer.source and bool(message.reasoning.source)
        message.answer.append(text)
        self._grew(message, folds)

    def append_reasoning(self, key: str, text: str) -> None:
        """Add text to the reasoning of a message, which is folded when its answer begins."""
        message = self._by_key[key]
        message.reasoning.append(text)
        self._grew(message, False)

    def finish(self, key: str, footer: str = "", state: str = "complete") -> None:
        """No text will come for this message. `state`: `complete`, `incomplete`, `failed` or `stopped`."""
        message = self._by_key[key]
        message.answer.end()
        message.reasoning.end()
        message.footer, message.state = clean(footer), state
        self._touched(message)

    def set_title(self, key: str, text: str) -> None:
        """Change the title of a message."""
        self._by_key[key].title = clean(text)
        self._touched(self._by_key[key])

    def set_footer(self, key: str, text: str) -> None:
        """Change the footer of a message."""
        self._by_key[key].footer = clean(text)
        self._touched(self._by_key[key])

    def remove(self, key: str | None = None) -> AwaitRemove:
        """Take a message out; without a key, take the widget out of its screen as with any widget."""
        if key is None:
            return super().remove()
        self._take_out(key)
        return AwaitRemove([])

    def _take_out(self, key: str) -> None:
        number = self._number(key)
        message = self._messages.pop(number)
        del self._by_key[key]
        if self._focused is message:
            self._focused = None
        top = self._view.top
        if number < top.message:
            self._view.top = top._replace(message=top.message - 1)
        elif number == top.message:
            self._view.top = Place(min(number, max(len(self._messages) - 1, 0)), 0, 0)
        self._view.renumber()
        self._changed()

    def clear(self) -> None:
        """Take all messages out."""
        self._messages.clear()
        self._by_key.clear()
        self._focused = None
        self._view.renumber()
        self._view.top = Place(0, 0, 0)
        self._view.following = True
        self._changed()

    def text_of(self, key: str) -> str:
        """The Markdown of a message's answer."""
        return self._by_key[key].answer.source

    def code_blocks(self, key: str) -> list[CodeBlock]:
        """The fenced blocks of code in a message's answer."""
        return [code for _, _, code in self._by_key[key].codes()]

    # Where one looks

    @property
    def following(self) -> bool:
        """Whether the end stays in sight while text arrives."""
        return self._view.following

    @property
    def new_below(self) -> bool:
        """Whether text arrived below while the log did not follow."""
        return self._new_below

    def scroll_to_end(self) -> None:
        """Show the end, and follow it."""
        self._view.following = True
        self._changed()

    def scroll_to_home(self) -> None:
        """Show the beginning."""
        self._fit()
        self._view.go(Place(0, 0, 0))
        self._changed()

    def scroll_rows(self, rows: int) -> None:
        """Move down by some rows, up by a negative number."""
        self._fit()
        self._view.move(rows)
        self._changed()

    def page_up(self) -> None:
        """Move up by a page, of which one row stays in sight."""
        self.scroll_rows(1 - self.size.height)

    def page_down(self) -> None:
        """Move down by a page, of which one row stays in sight."""
        self.scroll_rows(self.size.height - 1)

    def action_move(self, rows: int) -> None:
        """Move by some rows."""
        self.scroll_rows(rows)

    def action_page(self, pages: int) -> None:
        """Move by a page up or down."""
        self.scroll_rows(pages * (self.size.height - 1))

    def action_home(self) -> None:
        """Show the beginning."""
        self.scroll_to_home()

    def action_end(self) -> None:
        """Show the end."""
        self.scroll_to_end()

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        event.prevent_default()
        self.scroll_rows(-WHEEL)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        event.prevent_default()
        self.scroll_rows(WHEEL)

    # Drawing

    def _number(self, key: str) -> int:
        return self._messages.index(self._by_key[key])

    def _grew(self, message: Message, folds: bool) -> None:
        if not self._view.following:
            self._new_below = True
        self._touched(message)

    def _touched(self, message: Message) -> None:
        last = len(self._messages) - 1
        number = last if message is self._messages[last] else self._messages.index(message)
        self._view.touch(number)
        self._changed()

    def _changed(self) -> None:
        """Something that may be seen changed; the screen follows once the caller is done."""
        self._outdated = True
        if not self._asked and self.is_attached:
            self._asked = True
            self.call_next(self._refresh_changed)

    def _refresh_changed(self) -> None:
        """Refresh the lines that look different from what was drawn last."""
        self._asked = False
        if not self.size or not self._outdated:
            return
        old = self._drawn
        new = self._draw()
        if len(old) != len(new):
            self.refresh()
            return
        width = self.size.width
        changed = [Region(0, y, width, 1) for y, drawn in enumerate(new) if drawn != old[y]]
        if changed:
            self.refresh(*changed)

    def _draw(self) -> list[Drawn]:
        """The lines as they should look now."""
        if self._outdated or not self._drawn:
            self._fit()
            self._seen = self._view.rows()
            self._drawn = self._decorate(self._seen)
            self._outdated = False
            if self._view.following:
                self._new_below = False
            if self._view.following != self._was_following:
                self._was_following = self._view.following
                self.post_message(self.FollowChanged(self, self._was_following))
        return self._drawn

    def _fit(self) -> None:
        """Take note of a new size or theme."""
        width, height = self.size
        if self._painter is None or not self._look_checked:
            self._look_checked = True
            look = looks.Look(self)
            if self._painter is None or not self._painter.look.same(look):
                self._painter = Painter(look, width)
                self._view.look = look
        if self._painter.columns != width:
            self._painter = Painter(self._painter.look, width)
        limit = max(width - GUTTER - MARGIN - BAR, 4)
        if (limit, height) != (self._view.limit, self._view.height):
            self._view.resize(limit, height)
            self._outdated = True

    def _decorate(self, seen: list[Seen]) -> list[Drawn]:
        thumb = self._thumb(len(seen))
        drawn = []
        for y, (row, block, message) in enumerate(seen):
            gutter = ""
            if message is not None and block is not message.blocks[-1]:
                gutter = self._gutter(message)
            drawn.append(Drawn(row, gutter, y in thumb if thumb else None))
        if self._new_below and not self._view.following and drawn:
            drawn[-1] = drawn[-1]._replace(note=_NEW_BELOW)
        return drawn

    def _gutter(self, message: Message) -> str:
        if message is self._focused:
            return "bar-focus"
        return {"user": "bar-user", "error": "bar-error"}.get(message.role, "")

    def _thumb(self, height: int) -> range:
        above, total = self._view.extent()
        if total <= height or not height:
            return range(0)
        size = max(1, height * height // total)
        if self._view.following:
            return range(height - size, height)
        start = min(above * (height - size) // max(total - height, 1), height - size)
        return range(start, start + size)

    def render_line(self, y: int) -> Strip:
        """A line of the content, with the offsets that the selection of text needs."""
        drawn = self._draw()
        if self._painter is None or y >= len(drawn):
            return Strip.blank(self.size.width)
        return self._painter.strip(drawn[y])

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines as they are kept; the caches of styles and lines that Textual has are passed by."""
        if self.gutter:
            return super().render_lines(crop)
        drawn = self._draw()
        painter = self._painter
        if painter is None or not drawn:
            return [Strip.blank(crop.width, self.rich_style)] * crop.height
        strips = [painter.strip(drawn[y]) for y in range(crop.y, min(crop.bottom, len(drawn)))]
        if crop.x or crop.width != painter.columns:
            strips = [strip.crop(crop.x, crop.right) for strip in strips]
        return strips

    def _on_resize(self, event: events.Resize) -> None:
        self._changed()

    def notify_style_update(self) -> None:
        """The theme, or another style, may have changed."""
        super().notify_style_update()
        self._look_checked = False
        self._outdated = True
