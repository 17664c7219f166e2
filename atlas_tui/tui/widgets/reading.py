"""The figures that the meters show, as a value."""

from __future__ import annotations

from typing import Literal, NamedTuple

from atlas_tui.pricing import FREE, CostEstimate, TokenUsage

Phase = Literal["ready", "waiting", "thinking", "streaming", "retrying", "done", "stopped", "failed"]
_NO_USAGE = TokenUsage()


class Reading(NamedTuple):
    """What the meters show."""

    phase: Phase = "ready"
    target: str = ""
    mock: bool = False
    elapsed: float = 0.0
    ttft: float | None = None
    rate: float | None = None
    rates: tuple[float, ...] = ()
    """tok/s of the last slots, oldest first."""
    usage: TokenUsage = _NO_USAGE
    cost: CostEstimate = FREE
    session_cost: CostEstimate = FREE
    window: int | None = None
    """The context window of the target, in tokens."""
    silence: float | None = None
    """Seconds since the last token, where that is worth a word."""
    note: str = ""
    """What else happens: a retry that is waited for, a fallback."""

    @property
    def running(self) -> bool:
        """True while an answer is awaited."""
        return self.phase in ("waiting", "thinking", "streaming", "retrying")

    @property
    def share(self) -> float | None:
        """The part of the context window that the conversation fills, 0 to 1; None where the window is unknown."""
        return min(1.0, self.usage.total_tokens / self.window) if self.window else None
