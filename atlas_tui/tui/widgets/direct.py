"""Lines written to the terminal at once, past Textual's compositor.

A refreshed line costs Textual a walk over all widgets on the screen, and waits for the next tick of its timer. Where
nothing lies over a widget, its lines are complete as they are and need neither. This is the one place that uses what
Textual does not publish (`Screen._compositor`, `App._display`, the caches that `Widget.refresh` clears); wherever it
does not apply, `paint` says so and the public `refresh` does the work.
"""

from __future__ import annotations

from rich.console import Console
from textual._compositor import CompositorUpdate
from textual.geometry import Region
from textual.strip import Strip
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


class Painted(Widget):
    """A widget of a few lines that change often. `repaint` instead of `refresh` paints those that did, at once."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._direct = DirectPainter(self)
        self._painted: list[Strip] = []

    def repaint(self) -> None:
        """Draw anew and paint the lines that look different from the last time."""
        if not self.is_attached or not self.display or not self.outer_size:
            return
        # What `refresh` does, except to tell the compositor.
        self._layout_cache.clear()
        self._styles_cache.clear()
        self._dirty_regions.add(self.outer_size.region)
        strips, before = self.render_lines(self.outer_size.region), self._painted
        same_size = len(strips) == len(before)
        changed = {y: strip for y, strip in enumerate(strips) if not same_size or strip != before[y]}
        self._painted = strips
        if changed and not self._direct.paint(changed):
            self.refresh()
