"""Lines written to the terminal at once, past Textual's compositor.

A refreshed line costs Textual a walk over all widgets on the screen, and waits for the next tick of its timer. Where
nothing lies over a widget, its lines are complete as they are and need neither. This is the one place that uses what
Textual does not publish (`Screen._compositor`, `App._display`); wherever it does not apply, `paint` says so and the
public `refresh` does the work.
"""

from __future__ import annotations

from typing import NamedTuple

from rich.console import Console
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual._compositor import CompositorUpdate
from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget


class Lines(CompositorUpdate):
    """Whole lines of one widget, as an update that `App._display` takes."""

    def __init__(self, region: Region, strips: dict[int, Strip]) -> None:
        self.region = region
        self.strips = strips

    def render_segments(self, console: Console) -> str:
        """The lines as terminal sequences."""
        x, y = self.region.offset
        return "".join([f"\x1b[{y + line + 1};{x + 1}H{strip.render(console)}" for line, strip in self.strips.items()])


class DirectPainter:
    """Paints lines of a widget directly for as long as nothing covers it."""

    def __init__(self, widget: Widget) -> None:
        self.widget = widget
        self._layers: object = None
        self._region: Region | None = None

    def paint(self, strips: dict[int, Strip]) -> bool:
        """Write these lines of the widget now. False: they are not written, and need a refresh."""
        widget = self.widget
        app, screen = widget.app, widget.screen
        if app.screen is not screen or app._batch_count or app.is_inline or screen._layout_required:
            return False
        if app._driver is None or app.is_headless:
            return False
        region = self._free_region()
        if region is None or region.size != widget.outer_size:
            return False
        # A `CompositorUpdate` is what `_display` is given by Textual too, though its signature says otherwise.
        app._display(screen, Lines(region, strips))  # type: ignore[arg-type]
        return True

    def _free_region(self) -> Region | None:
        """Where the widget is on the screen, if it is all visible and nothing is in front of it."""
        layers = self.widget.screen._compositor.layers_visible
        if layers is not self._layers:
            self._layers, self._region = layers, self._find(layers)
        return self._region

    def _find(self, layers: list[list[tuple[Widget, Region, Region]]]) -> Region | None:
        found: Region | None = None
        for line in layers:
            before: list[Region] = []
            for widget, visible, region in line:
                if widget is self.widget:
                    if visible != region or any(other.overlaps(region) for other in before):
                        return None
                    found = region
                    break
                before.append(visible)
        return found


Piece = tuple[str, str]
"""A text and its style, in the words of Textual's content."""


class Ends(NamedTuple):
    """A line: what stands at its left end, and what at its right."""

    left: tuple[Piece, ...]
    right: tuple[Piece, ...] = ()


class Painted(Widget):
    """A widget of a few lines that change often: `repaint` draws those that did, and paints them at once.

    Textual would style and measure the whole widget anew for each figure, at twenty times the price.
    """

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._direct = DirectPainter(self)
        self._styles: dict[str, RichStyle] = {}
        self._kept: list[tuple[object, Strip]] = []
        self._painted: list[Strip] = []
        self._filters: list[LineFilter] = []

    def lines(self, width: int) -> list[Ends]:
        """The lines to be shown in so many columns."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Paint the lines that look different from the last time."""
        if not self.is_attached or not self.display or not self.outer_size:
            return
        before, strips = self._painted, self._draw()
        if len(before) != len(strips):
            self.refresh()
            return
        changed = {y: strip for y, strip in enumerate(strips) if strip is not before[y]}
        if changed and not self._direct.paint(changed):
            self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as there are."""
        return len(self.lines(width))

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines as they are kept; the caches of styles and lines that Textual has are passed by."""
        strips = self._draw()[crop.y : crop.bottom]
        if crop.x or crop.width != self.outer_size.width:
            return [strip.crop(crop.x, crop.right) for strip in strips]
        return strips

    def notify_style_update(self) -> None:
        """The theme, or another style, may have changed."""
        super().notify_style_update()
        self._styles.clear()
        self._kept.clear()

    def _draw(self) -> list[Strip]:
        width, height = self.outer_size
        gutter = self.gutter
        if not self._styles:
            self._filters = [each for each in self.get_line_filters() if each.enabled]
        lines: list[Ends | None] = [None] * gutter.top
        lines += self.lines(self.content_size.width)
        lines += [None] * (height - len(lines))
        del lines[height:]
        self._kept += [(self, Strip([]))] * (height - len(self._kept))
        del self._kept[height:]
        for y, line in enumerate(lines):
            key = (line, width)
            if self._kept[y][0] != key:
                self._kept[y] = key, self._strip(line or _EMPTY, width)
        self._painted = [strip for _, strip in self._kept]
        return self._painted

    def _strip(self, line: Ends, width: int) -> Strip:
        gutter, blank, bare = self.gutter, self._style(""), self.visual_style.background_style.rich_style
        left = [Segment(text, self._style(style)) for text, style in line.left if text]
        right = [Segment(text, self._style(style)) for text, style in line.right if text]
        room = width - gutter.width
        gap = room - sum([segment.cell_length for segment in (*left, *right)])
        middle = [_space(max(gap, 1), blank)] if line.right else []
        strip = Strip([*left, *middle, *right]).adjust_cell_length(room, bare)
        if gutter.width:
            strip = Strip([_space(gutter.left, bare), *strip, _space(gutter.right, bare)], width)
        for each in self._filters:
            strip = strip.apply_filter(each, self.background_colors[1])
        return strip

    def _style(self, name: str) -> RichStyle:
        style = self._styles.get(name)
        if style is None:
            own = self.visual_style
            style = self._styles[name] = (own + Style.parse(name) if name else own).rich_style
        return style


_EMPTY = Ends(())


def _space(columns: int, style: RichStyle) -> Segment:
    return Segment(" " * columns, style)
