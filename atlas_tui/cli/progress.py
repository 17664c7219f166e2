"""Progress in one line."""

from __future__ import annotations

import sys

_BAR = 24


def bar(share: float) -> str:
    """A bar with its percentage; in ASCII where the terminal takes no more."""
    done, open_ = ("━", "─") if "utf" in (getattr(sys.stderr, "encoding", "") or "").lower() else ("#", "-")
    full = int(_BAR * share)
    return f"{done * full}{open_ * (_BAR - full)} {share:4.0%}"


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
