"""The worker thread: one event loop for one request, off the caller's thread.

The SDKs' blocking clients cannot be stopped from another thread: closing a response does not wake a read that
waits. A task on an event loop can, in every state, within milliseconds. So each request runs as a task on a loop
of its own in a daemon thread, and neither a stalled server nor a hanging name look-up keeps the process alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import queue
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Protocol, TypeVar, runtime_checkable

from atlas_tui.errors import ProviderError
from atlas_tui.models.base.cancel import CancelToken
from atlas_tui.models.base.events import End, Event, TextDelta
from atlas_tui.models.base.faults import no_files
from atlas_tui.models.base.network import resting
from atlas_tui.models.base.response import ModelResponse

T = TypeVar("T")
log = logging.getLogger(__name__)

Emit = Callable[[Event], Awaitable[None]]
"""Hands an event on; waits while the consumer is behind, which pauses the reading, and so the server."""
EventSource = Callable[[Emit, CancelToken], Awaitable[End]]
"""Runs one request on the worker's loop: emits its events and returns its one ending."""


class Sink(Protocol):
    """Where a worker puts its events; both methods are called on the worker thread."""

    def put(self, event: Event) -> None:
        """Take an event; must not block."""

    def full(self) -> bool:
        """True while the consumer is behind."""


@runtime_checkable
class Resting(Protocol):
    """A sink that looks at what it was given only now and then."""

    def rest(self) -> float:
        """All that had come has been put; the seconds that more may be left with the server."""


class _DaemonExecutor(ThreadPoolExecutor):
    """Runs a loop's blocking calls (name look-ups) in daemon threads.

    The standard executor's threads are joined when the process ends, so one hanging look-up would keep it alive.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - handed on to whoever awaits the future
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=run, name="atlas-blocking", daemon=True).start()
        return future


async def in_thread(function: Callable[..., T], *args: Any) -> T:
    """Run a blocking call (an SDK import) beside the loop, so that a cancel is not kept waiting by it."""
    return await asyncio.get_running_loop().run_in_executor(None, function, *args)


def run_loop(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end on a new event loop in this thread, without waiting for look-ups left behind.

    Raises:
        ProviderError: of kind `connection`, where the system has no files left for a loop.
    """
    try:
        loop = asyncio.new_event_loop()
    except OSError as error:
        raise no_files("a model") from error
    loop.set_default_executor(_DaemonExecutor(max_workers=1))
    try:
        return loop.run_until_complete(main())
    finally:
        loop.run_until_complete(_leave_nothing())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _leave_nothing() -> None:
    """End what a stopped request left under way: the second address of a host that was being tried, say."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def call_in_worker(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in a worker thread and wait for its result; usable where a loop already runs."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(run_loop(make))
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            outcome.set_exception(error)

    thread = threading.Thread(target=run, name="atlas-call", daemon=True)
    thread.start()
    result = outcome.result()
    thread.join()
    return result


class Worker:
    """One request under way: its thread, its loop, and the token that stops it.

    Args:
        source: makes the request.
        sink: where its events go.
        cancel: stops it too; it may be that of several requests.
    """

    def __init__(self, source: EventSource, sink: Sink, cancel: CancelToken | None = None) -> None:
        self.cancel_token = CancelToken(cancel)  # its own: that this request is over says nothing of others
        self._caller = cancel or self.cancel_token
        self._source = source
        self._sink = sink
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="atlas-worker", daemon=True)

    def start(self) -> Worker:
        """Begin the request."""
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Stop the request from any thread; its `End` follows at once."""
        self.cancel_token.cancel()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the thread; True if it has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def call(self, function: Callable[[], object]) -> None:
        """Call `function` on the worker's loop, if it still runs."""
        loop = self._loop
        with contextlib.suppress(RuntimeError):  # the loop has closed: the request is over
            if loop is not None:
                loop.call_soon_threadsafe(function)

    def _run(self) -> None:
        try:
            end = run_loop(self._drive)
        except asyncio.CancelledError:
            end = _unanswered(ProviderError("cancelled", "stopped"))
        except ProviderError as error:
            end = _unanswered(error)
        except Exception as error:
            log.exception("the worker failed")
            words = f"Atlas itself failed ({type(error).__name__}); the log has details"
            end = _unanswered(ProviderError("protocol", words, remedy="retry"))
        self._sink.put(end)

    async def _drive(self) -> End:
        self._loop = asyncio.get_running_loop()
        if isinstance(self._sink, Resting):
            resting.set(self._sink.rest)
        task = asyncio.current_task()
        assert task is not None
        stop = functools.partial(self.call, task.cancel)
        self.cancel_token.on_cancel(stop)
        self._caller.on_cancel(self.cancel)
        try:
            return await self._source(self._emit, self.cancel_token)
        finally:
            self._caller.forget(self.cancel)
            self.cancel_token.forget(stop)

    async def _emit(self, event: Event) -> None:
        self._sink.put(event)
        # Nobody may read any more after a stop: then what little follows is not held up. But the stop comes in here,
        # for of a flood there may be a megabyte more to read without any waiting.
        if self.cancel_token.cancelled:
            await asyncio.sleep(0)
        else:
            while self._sink.full() and not self.cancel_token.cancelled:
                await asyncio.sleep(0.002)


def _unanswered(error: ProviderError) -> End:
    """The ending of a request that did not come to an attempt, or was given up by a defect of ours."""
    error.partial = ModelResponse()
    return End(error.partial, error)


class _QueueSink:
    LIMIT = 4096

    def __init__(self) -> None:
        self.queue: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.wake: Callable[[], object] | None = None
        """Told of the next event, once: an event loop awaits it."""

    def put(self, event: Event) -> None:
        self.queue.put(event)
        if self.wake is not None:
            wake, self.wake = self.wake, None
            wake()

    def full(self) -> bool:
        return self.queue.qsize() > self.LIMIT


class EventStream(Iterator[Event]):
    """The events of one request: an iterator and a context manager.

    The request begins when the stream is made. The last event is `End`; a failure is in its `error`, not raised.

        with client.stream("Why is the sky blue?") as stream:
            for event in stream:
                if isinstance(event, TextDelta):
                    print(event.text, end="")

    A program with an event loop of its own takes them with `async for`, which blocks nothing; cancelling the task that
    waits there cancels the request.
    """

    def __init__(self, source: EventSource, cancel: CancelToken | None = None) -> None:
        self._sink = _QueueSink()
        self._ended: End | None = None
        self._worker = Worker(source, self._sink, cancel).start()

    def __next__(self) -> Event:
        if self._ended is not None:
            raise StopIteration
        return self._given(self._sink.queue.get())

    def next_within(self, seconds: float) -> Event | None:
        """The next event, or None after so many seconds of silence, in which a server keeps its connections alive.

        Raises:
            StopIteration: `End` has been given.
        """
        if self._ended is not None:
            raise StopIteration
        try:
            return self._given(self._sink.queue.get(timeout=seconds))
        except queue.Empty:
            return None

    async def __aiter__(self) -> AsyncIterator[Event]:
        try:
            while self._ended is None:
                try:
                    event = self._sink.queue.get_nowait()
                except queue.Empty:
                    await self._something()
                else:
                    yield self._given(event)
        finally:
            self.close()

    async def _something(self) -> None:
        """Wait in the running loop until an event is there."""
        loop = asyncio.get_running_loop()
        there = asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits there any more
                loop.call_soon_threadsafe(there.set)

        self._sink.wake = wake
        if self._sink.queue.empty():  # else it came before the sink knew
            await there.wait()

    def _given(self, event: Event) -> Event:
        if type(event) is End:
            self._ended = event
            self._worker.join(1.0)
        return event

    def close(self) -> None:
        """Cancel the request at once, from any thread. The iterator still gives what had arrived, and its `End`."""
        self._worker.cancel()

    def response(self) -> ModelResponse:
        """Wait for the ending and give the response.

        Raises:
            ProviderError: the request failed or was stopped; `error.partial` holds what had arrived.
        """
        with self:  # an interrupt while waiting must not leave the request running
            for _ in self:
                pass
        assert self._ended is not None
        if self._ended.error is not None:
            raise self._ended.error
        return self._ended.response

    def text(self) -> Iterator[str]:
        """Only the deltas of the answer.

        Raises:
            ProviderError: at the end, if the request failed or was stopped.
        """
        for event in self:
            if isinstance(event, TextDelta):
                yield event.text
        self.response()

    def __enter__(self) -> EventStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._worker.join(1.0)

    def __del__(self) -> None:
        # A stream that nobody reads any more must not go on costing money.
        worker = getattr(self, "_worker", None)
        if worker is not None:
            worker.cancel()
