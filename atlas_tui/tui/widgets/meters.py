"""The meters: what the answer costs in time, tokens and money. They draw when told to and never by themselves."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from textual.reactive import reactive
from textual.timer import Timer

from atlas_tui.tui.widgets import figures
from atlas_tui.tui.widgets.direct import Ends, Painted, Piece
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
_LONG = 3.0
"""Seconds of waiting for the first token from which on they are shown."""
_TICKS = "◐◓◑◒"
_MUTED = "$foreground-muted"


def state(reading: Reading) -> Piece:
    """The state as a sign and a word; the sign turns with the seconds, so that a frozen screen shows."""
    sign, style = _LOOKS[reading.phase]
    if reading.running:
        sign = _TICKS[int(reading.elapsed * 4) % len(_TICKS)]
    if reading.silence is not None:
        return f"{sign} no token for {reading.silence:.0f} s", "$text-warning"
    if reading.note:
        return f"{sign} {reading.note}", "$text-warning"
    if reading.phase == "waiting" and reading.elapsed >= _LONG:
        return f"{sign} waiting, {reading.elapsed:.0f} s", style
    return f"{sign} {reading.phase}", style


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

    def lines(self, width: int) -> list[Ends]:
        """All figures, one or two a line."""
        reading = self.reading
        usage = reading.usage
        timed = reading.phase != "ready"
        priced = timed and (reading.cost.known or not reading.running)
        rate = "" if reading.rate is None else figures.rate(reading.rate)
        ttft = "" if reading.ttft is None else f"TTFT {figures.seconds(reading.ttft)}"
        window = "–" if reading.share is None else f"{reading.share:.0%} of {figures.count(reading.window or 0)}"
        return [
            _ends(state(reading), figures.elapsed(reading.elapsed) if timed else ""),
            _ends((rate, "bold"), ttft),
            _ends((sparkline(reading.rates, width), "$accent"), ""),
            _ends(("tokens in", _MUTED), figures.tokens(usage.input_tokens, usage)),
            _ends(("tokens out", _MUTED), figures.tokens(usage.output_tokens, usage)),
            _ends(("this answer", _MUTED), figures.cost(reading.cost) if priced else "–"),
            _ends(("this session", _MUTED), figures.cost(reading.session_cost)),
            _ends(("context window" if reading.share is None else "context", _MUTED), window),
        ]


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
    along: reactive[str] = reactive("")
    """What goes along with the prompt."""
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

    def lines(self, width: int) -> list[Ends]:
        """The one line."""
        reading = self.reading
        if self.notice:
            right: tuple[Piece, ...] = ((self.notice, "$text-accent"),)
        elif self.outlook and not reading.running:
            right = ((self.outlook, "$text-warning"),)
        else:
            right = (state(reading),)
            if self.full and reading.phase != "ready":
                right += tuple((f" · {text}", "") for text in self._figures(reading))
        mock = ((" mock ", "bold reverse $text-warning"), (" ", "")) if reading.mock else ()
        room = max(0, width - sum([cell_len(text) for text, _ in (*mock, *right)]) - 2)
        who = reading.target
        if cell_len(who) > room:
            who = set_cell_size(who, room - 1) + "…" if room else ""
        left = (*mock, (who, "$foreground"))
        if self.along and cell_len(who) + cell_len(self.along) + 3 <= room:
            left += ((f" · {self.along}", "$text-accent"),)
        return [Ends(left, right)]

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


def _ends(left: Piece, right: str) -> Ends:
    return Ends((left,), ((right, ""),))
