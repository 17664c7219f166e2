"""The widget's lowest part: a window on messages, its scrollbar, and the refreshing of lines that changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, TypeAlias

from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from atlas_tui.tui.streaming import guarded
from atlas_tui.tui.widgets.direct import DirectPainter
from atlas_tui.tui.widgets.markdown_log import looks, messages
from atlas_tui.tui.widgets.markdown_log.message import Message
from atlas_tui.tui.widgets.markdown_log.paint import BAR, GUTTER, MARGIN, Drawn, Mark, Painter
from atlas_tui.tui.widgets.markdown_log.view import Place, Seen, View

_NEW_BELOW = "↓ new text"


class Canvas(Widget):
    """Draws the rows of messages that are in the window."""

    COMPONENT_CLASSES: ClassVar[set[str]] = looks.COMPONENTS
    FollowChanged: TypeAlias = messages.FollowChanged

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._messages: list[Message] = []
        self._view = View(self._messages)
        self._painter: Painter | None = None
        self._look_checked = False
        self._drawn: list[Drawn] = []
        self._refreshed: list[Drawn] = []
        self._seen: list[Seen] = []
        self._outdated = True
        self._drawn_for = Size(0, 0)
        self._asked = False
        self._was_following = True
        self._new_below = False
        self._direct = DirectPainter(self)
        self._paint = guarded(self, self._refresh_changed)

    @property
    def following(self) -> bool:
        """Whether the end stays in sight while text arrives."""
        return self._view.following

    @property
    def new_below(self) -> bool:
        """Whether text arrived below while the log did not follow."""
        return self._new_below

    def _touched(self, message: Message) -> None:
        """A message looks different, or is longer."""
        last = len(self._messages) - 1
        self._view.touch(last if message is self._messages[last] else self._messages.index(message))
        self._changed()

    @contextmanager
    def _reshaping(self, message: Message) -> Iterator[None]:
        """Keep the reader's place while blocks of a message are shown or hidden."""
        view = self._view
        number = self._messages.index(message)
        held = view.top.message == number and not view.following
        block = view.block(view.top) if held else None
        yield
        if held:
            blocks = message.blocks
            if block in blocks:
                view.top = view.top._replace(block=blocks.index(block))
            else:
                view.top = Place(number, 0, 0)
        self._touched(message)

    def _changed(self) -> None:
        """Something that may be seen changed; the screen follows once the caller is done."""
        self._outdated = True
        if not self._asked and self.is_attached:
            self._asked = True
            asyncio.get_running_loop().call_soon(self._paint)

    def _refresh_changed(self) -> None:
        """Refresh the lines that look different from what was refreshed last."""
        self._asked = False
        if not self.is_attached or not self.size:
            return
        old, new = self._refreshed, self._draw()
        if old is new:
            return
        self._refreshed = new
        if len(old) != len(new):
            self.refresh()
            return
        changed = [y for y, drawn in enumerate(new) if drawn != old[y]]
        if changed and not self._paint_at_once(new, changed):
            self.refresh(*[Region(0, y, self.size.width, 1) for y in changed])

    def _paint_at_once(self, drawn: list[Drawn], lines: list[int]) -> bool:
        if self._painter is None or self.gutter:
            return False
        painter = self._painter
        return self._direct.paint({y: painter.strip(drawn[y]) for y in lines})

    def _draw(self) -> list[Drawn]:
        """The lines as they should look now. A new size is painted before anybody is told of it."""
        size = self.size
        if size and (self._outdated or not self._drawn or size != self._drawn_for):
            self._drawn_for = size
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
        gutter, last = "", None
        marking = self._marking
        for y, line in enumerate(seen):
            message = line.message
            if message is not last:
                gutter, last = self._gutter(message) if message else "", message
            bar = gutter if message and line.block is not message.gap else ""
            marks = self._marks(line) if marking else ()
            drawn.append(Drawn(line.row, bar, y in thumb if thumb else None, marks))
        if self._new_below and not self._view.following and drawn:
            drawn[-1] = drawn[-1]._replace(note=_NEW_BELOW)
        return drawn

    def _gutter(self, message: Message) -> str:
        """The name of the style of a message's bar, "" for none."""
        return {"user": "bar-user", "error": "bar-error"}.get(message.role, "")

    @property
    def _marking(self) -> bool:
        """Whether there may be marks on any line."""
        return False

    def _marks(self, line: Seen) -> tuple[Mark, ...]:
        """The marks on a line."""
        return ()

    def _thumb(self, height: int) -> range:
        total = self._view.total()
        if total <= height or not height:
            return range(0)
        size = max(1, height * height // total)
        if self._view.following:
            return range(height - size, height)
        start = min(self._view.above() * (height - size) // max(total - height, 1), height - size)
        return range(start, start + size)

    def render_line(self, y: int) -> Strip:
        """A line of the content."""
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
        strips = [painter.strip(line) for line in drawn[crop.y : crop.bottom]]
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
