"""The meters: what the answer costs in time, tokens and money. They draw when told to and never by themselves."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer

from atlas_tui.tui.widgets import figures
from atlas_tui.tui.widgets.direct import Painted
from atlas_tui.tui.widgets.reading import Phase, Reading

_BARS = " ▁▂▃▄▅▆▇█"
_LOOKS: dict[Phase, tuple[str, str]] = {
    "ready": ("○", "$foreground-muted"),
    "waiting": ("◌", "$text-warning"),
    "thinking": ("◍", "$text-secondary"),
    "streaming": ("●", "$text-success"),
    "retrying": ("↻", "$text-warning"),
    "done": ("✓", "$text-success"),
    "stopped": ("■", "$text-warning"),
    "failed": ("✗", "$text-error"),
}
_NOTICE_FOR = 5.0
"""Seconds that a notice stays."""
_TICKS = "◐◓◑◒"


def state(reading: Reading) -> Content:
    """The state as a sign and a word; the sign turns with the seconds, so that a frozen screen shows."""
    sign, style = _LOOKS[reading.phase]
    if reading.running:
        sign = _TICKS[int(reading.elapsed * 4) % len(_TICKS)]
    if reading.silence is not None:
        return Content.assemble((f"{sign} no token for {reading.silence:.0f} s", "$text-warning"))
    if reading.note:
        return Content.assemble((f"{sign} {reading.note}", "$text-warning"))
    return Content.assemble((f"{sign} {reading.phase}", style))


def sparkline(rates: tuple[float, ...], width: int) -> str:
    """The last `width` slots as bars, scaled to the highest of all slots, so that bars keep their height."""
    top = max(rates, default=0.0)
    if top <= 0:
        return ""
    return "".join(_BARS[1 + min(7, int(value / top * 7.999))] if value > 0 else "▁" for value in rates[-width:])


class Meters(Painted):
    """All figures, in a column of the sidebar."""

    DEFAULT_CSS = """
    Meters { height: auto; min-height: 8; }
    """

    reading: reactive[Reading] = reactive(Reading(), repaint=False)

    def watch_reading(self) -> None:
        """New figures."""
        self.repaint()

    def render(self) -> Content:
        reading, width = self.reading, self.content_size.width
        usage = reading.usage
        timed = reading.phase != "ready"
        priced = timed and (reading.cost.known or not reading.running)
        lines = [
            _ends(state(reading), figures.elapsed(reading.elapsed) if timed else "", width),
            _ends(
                _value("" if reading.rate is None else figures.rate(reading.rate)),
                "" if reading.ttft is None else f"TTFT {figures.seconds(reading.ttft)}",
                width,
            ),
            Content.styled(sparkline(reading.rates, width), "$accent"),
            _ends(_label("tokens in"), figures.tokens(usage.input_tokens, usage), width),
            _ends(_label("tokens out"), figures.tokens(usage.output_tokens, usage), width),
            _ends(_label("this answer"), figures.cost(reading.cost) if priced else "–", width),
            _ends(_label("this session"), figures.cost(reading.session_cost), width),
            self._window(reading, width),
        ]
        return Content("\n").join(lines)

    def _window(self, reading: Reading, width: int) -> Content:
        share = reading.share
        if share is None or reading.window is None:
            return _ends(_label("context window"), "–", width)
        text = f"{share:.0%} of {figures.count(reading.window)}"
        return _ends(_label("context"), text, width)


class Status(Painted):
    """The line below the prompt: who answers, what happens and, where there is no sidebar, the main figures."""

    DEFAULT_CSS = """
    Status { height: 1; padding: 0 2; color: $text-muted; }
    """

    reading: reactive[Reading] = reactive(Reading(), repaint=False)
    full: reactive[bool] = reactive(True)
    """True where the sidebar does not show the figures."""
    notice: reactive[str] = reactive("")
    """What the last key did."""
    outlook: reactive[str] = reactive("")
    """What the prompt would cost if it were sent now, where that is worth a word."""
    _timer: Timer | None = None

    def watch_reading(self) -> None:
        """New figures."""
        self.repaint()

    def say(self, text: str) -> None:
        """Say something for a few seconds; nothing takes back what was said."""
        self.notice = text
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_NOTICE_FOR, lambda: self.say("")) if text else None

    def render(self) -> Content:
        reading, width = self.reading, self.content_size.width
        who = Content.assemble((" mock ", "bold reverse $text-warning"), " ") if reading.mock else Content("")
        who += Content.styled(reading.target, "$foreground")
        if self.notice:
            right = Content.styled(self.notice, "$text-accent")
        elif self.outlook and not reading.running:
            right = Content.styled(self.outlook, "$text-warning")
        else:
            right = state(reading)
            if self.full and reading.phase != "ready":
                right = Content(" · ").join([right, *map(Content, self._figures(reading))])
        room = width - right.cell_length - 2
        if who.cell_length > room:
            who = who.truncate(max(0, room), ellipsis=True)
        return _ends(who, right, width)

    def _figures(self, reading: Reading) -> list[str]:
        parts = [figures.elapsed(reading.elapsed)]
        if self.size.width >= 70:
            parts += [figures.rate(reading.rate)] if reading.rate is not None else []
            parts += [f"{figures.tokens(reading.usage.output_tokens, reading.usage)} tok"]
        if reading.cost.known:
            parts.append(figures.cost(reading.cost))
        if reading.share is not None and self.size.width >= 90:
            parts.append(f"{reading.share:.0%} ctx")
        return parts


def _label(text: str) -> Content:
    return Content.styled(text, "$foreground-muted")


def _value(text: str) -> Content:
    return Content.styled(text, "bold")


def _ends(left: Content, right: Content | str, width: int) -> Content:
    """Two texts at the two ends of a line."""
    right = Content(right) if isinstance(right, str) else right
    gap = max(1, width - left.cell_length - right.cell_length)
    return Content.assemble(left, " " * gap, right)
