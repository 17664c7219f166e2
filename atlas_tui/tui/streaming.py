"""From worker threads to frames: what a provider sends at any pace reaches the screen once a frame.

A worker puts events; the first of a burst is announced to the screen at once, later ones at most once a frame. Text
that arrives between two frames is joined, so a frame costs the same at 10 and at 10,000 tokens a second. What is no
text (start, usage, retries, the ending) is never joined or dropped, and never overtakes text.

Between two frames nobody looks: a worker that asks `rest` leaves what comes meanwhile in the socket, reads it in one
go when the frame is due, and so wakes up as seldom as the screen does. A wake-up costs more than reading a token.

Two limits keep a flood from taking over. A frame hands out only as much text as could be drawn in good time: keys are
answered. `full` pauses the worker, and so the server, while more waits than the next frames show: memory stays bounded,
and so does what a stop has still to show before it can say that it has stopped.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from time import perf_counter
from typing import Any, ClassVar, Protocol
from weakref import WeakSet

from textual.message import Message
from textual.message_pump import MessagePump

from atlas_tui.models.base import End, Event, ReasoningDelta, Start, TextDelta, UsageUpdate
from atlas_tui.tui.messages import Ready

FRAME = 1 / 20
"""Seconds between two frames at the least: on running text the eye does not see more."""
_CALM_FRAME = 1 / 15
"""The same where only a few words come between two frames, as from most models: a quarter of the work saved."""
_FEW = 150
"""Characters a frame that are a few words."""
_SHARE = 0.4
"""The part of the time that drawing may take; a frame that takes longer makes the next one later."""
_SHARE_OF_ALL = 0.6
"""The part of the time that drawing may take where several pumps have something to draw."""
_RECENT = 0.5
"""Seconds after a frame with text in which a pump counts as one that draws."""
_LONGEST_FRAME = 0.4
_MOST, _LEAST = 16_000, 2_000
"""Characters that one frame hands out; between the two as the drawing time allows."""
_FRAMES_AHEAD = 2
"""Frames of text that may wait before the worker has to."""
_SLOW = 0.025
"""Seconds after which a frame has kept the keys waiting."""
_GRACE = 0.01
"""Seconds past its time that a frame is left to a worker that rests, which then reads what has come meanwhile."""


_GIVE_BACK_AFTER = 0.1
"""Seconds after the ending, which is painted first."""


def give_back_memory() -> None:
    """Have the C library return what it holds for nobody; only glibc has a call for that.

    A long answer was copied as it grew and then indexed as a whole: of 400 KB of text 10 MB stay behind, which 1 ms
    gives back. Python's own allocator is no part of it.
    """
    if sys.platform == "linux":
        import ctypes  # takes longer than the call: not at the start

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


class Owner(Protocol):
    """A screen or widget of Textual's that draws what a pump has for it."""

    @property
    def is_running(self) -> bool:
        """False before it is there, and once it is closed."""

    def call_later(self, callback: Callable[..., Any], *args: Any) -> bool:
        """Call as one of its messages, so that an error ends the program as any other."""

    def post_message(self, message: Message) -> bool:
        """Tell it something else."""

    def on_ready(self, message: Ready) -> None:
        """Draw a frame, inside `Pump.frame`."""


def guarded(owner: Owner | MessagePump, function: Callable[[], object]) -> Callable[[], None]:
    """`function`, to be called by the loop itself: a Textual message for each frame costs as much as the frame."""

    def call() -> None:
        try:
            function()
        except Exception as error:  # noqa: BLE001 - raised again where Textual ends the program for it
            owner.call_later(_raise, error)

    return call


def _raise(error: Exception) -> None:
    raise error


class Pump:
    """The buffer between one worker and one screen; implements `models.base.Sink` and `Resting`.

    Pumps of one loop share what one may take: a key waits for the frames of all.
    """

    _all: ClassVar[WeakSet[Pump]] = WeakSet()

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()
        self._show = guarded(owner, self._draw)
        self._lock = threading.Lock()
        self._events: deque[Event] = deque()
        self._pieces: list[str] = []
        self._kind: type[TextDelta] | type[ReasoningDelta] = TextDelta
        self._waiting = 0
        self._announced = False
        self._closed = False
        self._hurried = False
        self._rests = False
        self._budget = 2 * _LEAST
        self._pause = FRAME
        self._due = 0.0
        self._drew = 0.0
        self._all.add(self)

    # On the worker thread

    def put(self, event: Event) -> None:
        """Take an event and, if the screen is not about to look anyway, announce it. Never blocks."""
        with self._lock:
            if self._closed:
                return
            text = isinstance(event, TextDelta | ReasoningDelta)
            if isinstance(event, TextDelta | ReasoningDelta):
                if self._pieces and self._kind is not type(event):
                    self._join()
                self._kind = type(event)
                self._pieces.append(event.text)
                self._waiting += len(event.text)
            else:
                self._join()
                self._events.append(event)
            if type(event) is Start:
                self._rests = False  # who answers from here on may be another, who does not rest
            if self._rests and (text or type(event) is UsageUpdate):
                return  # `rest` follows when all is put that came together
            announce, self._announced = not self._announced, True
        if announce:
            self._post()

    def rest(self) -> float:
        """All that has come is put: announce it if a frame is due. Seconds until the next one."""
        now = perf_counter()
        with self._lock:
            self._rests = True
            if self._closed or self._hurried:
                return 0.0
            announce = now >= self._due and not self._announced and bool(self._events or self._pieces)
            if announce:
                self._announced = True
                self._move_on(now)
        if announce:
            self._post()
        return max(0.0, self._due - now)

    @property
    def waiting(self) -> int:
        """Characters that have not been handed out."""
        return self._waiting

    def full(self) -> bool:
        """True while the worker should wait."""
        full = self._waiting > _FRAMES_AHEAD * self._budget and not (self._closed or self._hurried)
        if full and self._rests:
            self.rest()  # in the middle of what came together, which fills more than the next frames
        return full

    # On the screen

    @contextmanager
    def frame(self) -> Iterator[list[Event]]:
        """The events of this frame, in order, to be drawn inside the `with`; it arranges for the next frame."""
        begun = perf_counter()
        events = self._take()
        yield events
        drawn = sum([len(event.text) for event in events if isinstance(event, TextDelta | ReasoningDelta)])
        # Behind the painting, which the owner does in the loop's next turn.
        self._loop.call_soon(self._arrange, begun, drawn)
        if events and type(events[-1]) is End:
            self._loop.call_later(_GIVE_BACK_AFTER, give_back_memory)

    def hurry(self) -> None:
        """The user has stopped the stream: what still waits is handed out in one go, so that its ending shows."""
        self._hurried = True

    def close(self) -> None:
        """Nobody looks any more: let the worker run to its end."""
        with self._lock:
            self._closed = True
            self._events.clear()
            self._pieces.clear()
            self._waiting = 0

    def _draw(self) -> None:
        if self._owner.is_running:
            self._owner.on_ready(Ready(self))
        else:
            self.close()

    def _take(self) -> list[Event]:
        events: list[Event] = []
        with self._lock:
            self._join()
            budget = self._waiting if self._hurried else self._budget
            while self._events:
                event = self._events[0]
                if isinstance(event, TextDelta | ReasoningDelta):
                    if budget <= 0:
                        break
                    if len(event.text) > budget:
                        self._events[0] = type(event)(event.text[budget:])
                        event = type(event)(event.text[:budget])
                    else:
                        self._events.popleft()
                    budget -= len(event.text)
                    self._waiting -= len(event.text)
                else:
                    self._events.popleft()
                events.append(event)
        return events

    def _arrange(self, begun: float, drawn: int) -> None:
        now = perf_counter()
        seconds = now - begun
        if drawn:
            self._drew = now
        drawing = sum([pump._loop is self._loop and now - pump._drew < _RECENT for pump in self._all]) or 1
        if seconds > _SLOW / drawing:
            self._budget = max(_LEAST // drawing, self._budget // 2)
        elif drawn >= self._budget and seconds < _SLOW / drawing / 2:
            self._budget = min(_MOST, self._budget * 2)
        # Only text is held back to the next frame: what follows a mere announcement is shown at once.
        frame = _CALM_FRAME if drawn < _FEW else FRAME
        needed = max(seconds / _SHARE, drawing * seconds / _SHARE_OF_ALL if drawing > 1 else 0.0)
        pause = min(max(frame, needed), _LONGEST_FRAME) if drawn and not self._hurried else 0.0
        with self._lock:
            self._pause = pause or FRAME
            if not pause or not self._rests:
                self._due = begun + pause
            else:
                self._due = max(self._due, begun + min(needed, _LONGEST_FRAME))
            # A worker that rests announces by itself what it reads when the frame is due; its pieces are not joined.
            again = bool(self._events) or not self._rests
            self._announced = again
        if again:
            self._loop.call_later(max(0.0, self._due - now), self._look_again)
        else:
            self._loop.call_later(max(0.0, self._due - now) + _GRACE, self._look_after)

    def _look_again(self) -> None:
        with self._lock:
            self._announced = bool(self._events or self._pieces)
            announce = self._announced and not self._closed
            if announce:
                self._move_on(perf_counter())
        if announce:
            self._show()

    def _look_after(self) -> None:
        """Show what a worker that rests has left: it asked while a frame was drawn, or slept too long, or waits for
        bytes that do not come."""
        now = perf_counter()
        with self._lock:
            left = bool(self._events or self._pieces) and not self._announced and not self._closed
            if show := left and now >= self._due:
                self._announced = True
                self._move_on(now)
        if show:
            self._show()

    def _move_on(self, now: float) -> None:
        """A frame begins: the next is due a pause after this one was, though reading may have made it late."""
        self._due = max(self._due + self._pause, now + self._pause / 2)

    def _join(self) -> None:
        if self._pieces:
            self._events.append(self._kind("".join(self._pieces)))
            self._pieces.clear()

    def _post(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._show, context=self._context)
        except RuntimeError:  # the loop has closed between two lines: nobody looks any more
            self.close()
