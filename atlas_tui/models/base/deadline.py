"""Time limits on a stream, without a timer for each token."""

from __future__ import annotations

import asyncio

from atlas_tui.config import Timeouts


class StreamDeadline:
    """Watches a stream: the first sign of an answer, the silence between signs, the whole.

    A sign is any byte that the server sends, pings included: a call that is kept alive while a model thinks is not
    cut off. A consumer that reads slowly is no silence either: time counts only while the server is awaited.
    One timer, moved lazily, does it all; it cancels the task, and `expired` tells why. (`asyncio.wait_for`
    around each read would lose cancels on Python 3.11 and cost more than the read.)
    """

    def __init__(self, limits: Timeouts) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._begun = self._last = self._loop.time()
        self._token_seen = False
        self._awaiting = True
        self.expired: str | None = None
        """Which limit ended it, in words, or None."""
        self._timer = self._loop.call_soon(self._check)

    def sign(self, *, token: bool = False) -> None:
        """Bytes have come; `token` if they held any of the answer. The server is not awaited until `resume`."""
        self._awaiting = False
        if token:
            self._token_seen = True

    def resume(self) -> None:
        """The next bytes are awaited from now on."""
        self._last = self._loop.time()
        self._awaiting = True

    def stop(self) -> None:
        """The stream is over."""
        self._timer.cancel()

    def _check(self) -> None:
        limits, now = self._limits, self._loop.time()
        silence = limits.between_tokens if self._token_seen else limits.first_token
        words = "sent nothing for {:g} s" if self._token_seen else "sent no first token within {:g} s"
        # Which limits hold changes with the first token and with a pause: look again now and then.
        left = min(1.0, *(limit for limit in (limits.first_token, limits.between_tokens) if limit is not None), 1.0)
        for since, limit, reason in (
            (self._last, silence, words),
            (self._begun, limits.total, "was not done within {:g} s"),
        ):
            if limit is None or not self._awaiting:
                continue
            if now - since >= limit and self._task is not None:
                self.expired = reason.format(limit)
                self._task.cancel()
                return
            left = min(left, since + limit - now)
        self._timer = self._loop.call_later(max(left, 0.001), self._check)
