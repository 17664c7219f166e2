"""A scripted HTTP server on 127.0.0.1 that speaks the wire formats of Anthropic, OpenAI and Ollama.

    server.play(Script.text("Hel", "lo"), HttpError(429, headers={"retry-after": "2"}))
    server.always(Script([Delta("half an"), Stall()]))      # when the queue is empty; also a function of the request
    server.exchanges[-1].sent[0]                            # when the first delta went out (time.monotonic)
    server.wait_disconnect(timeout=1)                       # the client has gone

The base URL is `server.url` for anthropic and ollama, `server.url + "/v1"` for openai. Model lists come from
`server.models`; an answer (or a function of the request) under a path in `server.routes` goes before everything
else. As its own process, for benchmarks: `python -m tests.servers.scripted --flood 100000 --rate 20000` prints its
URL and ends with its stdin.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType

from tests.servers import listings
from tests.servers.player import STREAMS, Exchange, Player, Request, client_gone, read_request
from tests.servers.script import (
    Answer,
    Beat,
    Body,
    CutBody,
    Delta,
    EmptyBody,
    EndWithoutTerminal,
    ErrorEvent,
    Finish,
    Flood,
    Hangup,
    HtmlPage,
    HttpError,
    InvalidUtf8,
    Json,
    JsonErrorWith200,
    KeepAlive,
    MalformedLine,
    NoHeaders,
    NoUsage,
    Ping,
    Raw,
    RawBytes,
    Reasoning,
    Redirect,
    Refusal,
    Reset,
    Script,
    ServedModel,
    Stall,
    Step,
    Usage,
    Wait,
)

__all__ = [
    "Answer", "Beat", "Body", "CutBody", "Delta", "EmptyBody", "EndWithoutTerminal", "ErrorEvent", "Exchange", "Finish",
    "Flood", "Hangup", "HtmlPage", "HttpError", "InvalidUtf8", "Json", "JsonErrorWith200", "KeepAlive",
    "MalformedLine", "NoHeaders", "NoUsage", "Ping", "Raw", "RawBytes", "Reasoning", "Redirect", "Refusal", "Request",
    "Reset", "Script", "ScriptedServer", "ServedModel", "Stall", "Usage", "Wait", "refusing_url", "scripted_process",
    "silent_url",
]  # fmt: skip

PATIENCE = 30.0
"""Seconds in which something must come that a test only waits for: that a client goes is looked at more strictly."""
Responder = Callable[[Request], Answer]


class ScriptedServer:
    """The server in a thread of its own; a context manager. Every method may be called from any thread."""

    def __init__(self, port: int = 0) -> None:
        self.models: list[ServedModel] = [ServedModel("test-model"), ServedModel("llama3:latest")]
        self.routes: dict[str, Answer | Responder] = {}
        self.tokens = 42
        """The answer of both token counting routes."""
        self.exchanges: list[Exchange] = []
        self.connections = 0
        self._queue: deque[Answer] = deque()
        self._otherwise: Answer | Responder | None = None
        self._changed = threading.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)
        self._port = port
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scripted-server", daemon=True)

    # --- For tests ---

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def requests(self) -> list[Request]:
        return [exchange.request for exchange in self.exchanges]

    def play(self, *answers: Answer) -> None:
        """Queue answers, one for each request of a stream."""
        self._queue.extend(answers)

    def always(self, answer: Answer | Responder) -> None:
        """The answer (or a function that makes it from the request) whenever the queue is empty."""
        self._otherwise = answer

    def wait_request(self, count: int = 1, timeout: float = PATIENCE) -> Exchange:
        """Wait until so many requests of streams have come; the last of them."""
        return self._wait(lambda: self._nth([e for e in self.exchanges if e.answer], count), timeout, "request")

    def wait_connection(self, count: int = 1, timeout: float = PATIENCE) -> None:
        """Wait until so many connections have been accepted, whatever came or came not over them."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.connections >= count, timeout):
                raise TimeoutError(f"no connection within {timeout} s")

    def wait_disconnect(self, count: int = 1, timeout: float = 5) -> Exchange:
        """Wait until so many clients left before their answer was complete; the last of those exchanges."""
        gone = lambda: self._nth([e for e in self.exchanges if e.disconnected is not None], count)  # noqa: E731
        return self._wait(gone, timeout, "disconnect")

    def wait_ended(self, count: int = 1, timeout: float = PATIENCE) -> Exchange:
        """Wait until so many answers are over on this side too; the last of them."""
        over = lambda: self._nth([e for e in self.exchanges if e.answer and e.ended is not None], count)  # noqa: E731
        return self._wait(over, timeout, "end")

    def wait_sent(self, count: int = 1, timeout: float = PATIENCE) -> Exchange:
        """Wait until so many deltas of the last stream have been written; a listing may have come since."""

        def sent() -> Exchange | None:
            last = next((exchange for exchange in reversed(self.exchanges) if exchange.answer), None)
            return last if last is not None and len(last.sent) >= count else None

        return self._wait(sent, timeout, "delta")

    @staticmethod
    def _nth(exchanges: Sequence[Exchange], count: int) -> Exchange | None:
        return exchanges[count - 1] if len(exchanges) >= count else None

    def _wait(self, found: Callable[[], Exchange | None], timeout: float, what: str) -> Exchange:
        with self._changed:
            if not self._changed.wait_for(lambda: found() is not None, timeout):
                raise TimeoutError(f"no {what} within {timeout} s")
            exchange = found()
            assert exchange is not None
            return exchange

    # --- The thread ---

    def start(self) -> ScriptedServer:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the scripted server did not start")
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    def __enter__(self) -> ScriptedServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        # No asyncio server: one that is closed while it accepts a connection leaks that.
        with socket.create_server(("127.0.0.1", self._port), backlog=512) as listener:
            listener.setblocking(False)
            self._port = listener.getsockname()[1]
            self._loop.add_reader(listener, self._accept, listener)
            self._ready.set()
            await self._stopping.wait()
            self._loop.remove_reader(listener)
        await asyncio.sleep(0)  # every task has begun, and will clean up
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(BlockingIOError, ConnectionError):
            accepted, _ = listener.accept()
            task = self._loop.create_task(self._connection(accepted))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _connection(self, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=accepted)
        with self._changed:
            self.connections += 1
            self._changed.notify_all()
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._exchange(reader, writer):
                    pass
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        finally:
            # What a client that has left did not read would keep the connection open.
            writer.transport.abort() if reader.at_eof() else writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection can take another."""
        request = await read_request(reader)
        exchange = Exchange(request, f"req_{next(self._numbers):06}")
        answer, is_stream = self._choose(request)
        with self._changed:
            # Whether it was a stream is told by `answer`: listings are recorded, but not waited for.
            exchange.answer = answer if is_stream else None
            self.exchanges.append(exchange)
            self._changed.notify_all()
        gone = asyncio.ensure_future(client_gone(reader))
        player = Player(writer, exchange, self._changed)
        playing = asyncio.ensure_future(player.play(answer))
        try:
            await asyncio.wait([gone, playing], return_when=asyncio.FIRST_COMPLETED)
            left = not playing.done()
            if left:
                playing.cancel()
            kept = False
            with suppress(asyncio.CancelledError, ConnectionError):
                kept = await playing
            left = (left or player.lost) and not player.finished
        finally:
            playing.cancel()
            gone.cancel()
            await asyncio.wait([gone, playing])
        with self._changed:
            exchange.ended = time.monotonic()
            if left:
                exchange.disconnected = exchange.ended
            self._changed.notify_all()
        return kept and not left

    def _choose(self, request: Request) -> tuple[Answer, bool]:
        if answer := self.routes.get(request.path):
            return answer(request) if callable(answer) else answer, request.path in STREAMS
        if request.method == "POST" and request.path in STREAMS:
            if self._queue:
                return self._queue.popleft(), True
            if callable(self._otherwise):
                return self._otherwise(request), True
            if self._otherwise is not None:
                return self._otherwise, True
            return HttpError(418, f"no answer is queued for request {len(self.exchanges) + 1}"), True
        if (request.method, request.path) == ("GET", "/"):
            return Body(b"Ollama is running", content_type="text/plain; charset=utf-8"), False
        body = request.json if request.method == "POST" else None
        found = listings.listing(request.method, request.path, request.headers, body, self.models, self.tokens)
        if found is None:
            return HttpError(404, f"no such path: {request.path}"), False
        return Body(json.dumps(found[1]).encode(), found[0]), False


@contextmanager
def refusing_url() -> Iterator[str]:
    """A URL where nothing listens: connections are refused. The port is held, so that nobody else gets it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@contextmanager
def silent_url() -> Iterator[str]:
    """A URL where connecting takes for ever: the backlog of the listener is full, so packets are swallowed."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(listener.getsockname())
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            for filler in fillers:
                filler.close()


# --- As a process of its own ----------------------------------------------------------------------------------------


def script_of(options: argparse.Namespace) -> Script:
    """The script that the command line describes."""
    steps: list[Step] = [Reasoning("thinking ")] * options.reasoning
    if options.first:
        steps.append(Wait(options.first))
    steps.append(Flood(options.flood, options.text, options.rate))
    if options.stall:
        steps.append(Stall())
    steps.append(Usage(options.input, options.flood + options.reasoning))
    return Script(steps)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.servers.scripted", description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--flood", type=int, default=100, help="deltas in every answer")
    parser.add_argument("--rate", type=float, help="deltas a second; as fast as the client reads if absent")
    parser.add_argument("--text", default="token ", help="the text of a delta")
    parser.add_argument("--first", type=float, default=0, help="seconds before the first delta")
    parser.add_argument("--reasoning", type=int, default=0, help="reasoning deltas before the answer")
    parser.add_argument("--input", type=int, default=11, help="input tokens to report")
    parser.add_argument("--stall", action="store_true", help="fall silent instead of finishing")
    parser.add_argument("--model", action="append", help="a model for the lists; repeatable")
    options = parser.parse_args(arguments)
    server = ScriptedServer(options.port)
    server.always(script_of(options))
    if options.model:
        server.models = [ServedModel(name) for name in options.model]
    with server:
        print(server.url, flush=True)
        sys.stdin.read()


@contextmanager
def scripted_process(*arguments: str) -> Iterator[str]:
    """The server as a process of its own with these command-line options; its URL."""
    command = [sys.executable, "-m", "tests.servers.scripted", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"the server ended with status {process.wait()}")
        yield url
        # Leaving the block closes its stdin, which ends it.


if __name__ == "__main__":
    main()
