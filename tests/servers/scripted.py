"""A scripted HTTP server on 127.0.0.1 that speaks the wire formats of Anthropic, OpenAI and Ollama.

    server.play(Script.text("Hel", "lo"), HttpError(429, headers={"retry-after": "2"}))
    server.always(Script([Delta("half an"), Stall()]))      # when the queue is empty; also a function of the request
    server.exchanges[-1].sent[0]                            # when the first delta went out (time.monotonic)
    server.wait_disconnect(timeout=1)                       # the client has gone

The base URL is `server.url` for anthropic and ollama, `server.url + "/v1"` for openai. Model lists come from
`server.models`; an answer under a path in `server.routes` goes before everything else. As its own process, for
benchmarks: `python -m tests.servers.scripted --flood 100000 --rate 20000` prints its URL and ends with its stdin.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import Any

from tests.servers import listings
from tests.servers.responses import ResponsesWire
from tests.servers.script import (
    Answer,
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
from tests.servers.wire import NOT_UTF8, AnthropicWire, ChatWire, OllamaWire, Wire, to_bytes

__all__ = [
    "Answer", "Body", "CutBody", "Delta", "EmptyBody", "EndWithoutTerminal", "ErrorEvent", "Exchange", "Finish",
    "Flood", "Hangup", "HtmlPage", "HttpError", "InvalidUtf8", "Json", "JsonErrorWith200", "KeepAlive",
    "MalformedLine", "NoHeaders", "NoUsage", "Ping", "RawBytes", "Reasoning", "Redirect", "Refusal", "Request",
    "Reset", "Script", "ScriptedServer", "ServedModel", "Stall", "Usage", "Wait", "refusing_url", "scripted_process",
    "silent_url",
]  # fmt: skip

STREAMS: dict[str, tuple[str, Callable[[Mapping[str, Any], Script], Wire]]] = {
    "/v1/messages": ("anthropic", AnthropicWire),
    "/v1/chat/completions": ("openai", ChatWire),
    "/v1/responses": ("openai", ResponsesWire),
    "/api/chat": ("ollama", OllamaWire),
}
REQUEST_ID = {"anthropic": "request-id", "openai": "x-request-id"}
FLOOD_BATCH = 256
"""Deltas in one write when a flood has no rate: few system calls, and a slow reader is still noticed soon."""


@dataclass(frozen=True)
class Request:
    """A request as it arrived; `time` is `time.monotonic()`."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    time: float

    @cached_property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def model(self) -> str:
        return str(self.json["model"])

    @property
    def api_key(self) -> str:
        """The key it carried, or an empty string."""
        return self.headers.get("authorization", "").removeprefix("Bearer ") or self.headers.get("x-api-key", "")

    @property
    def service(self) -> str:
        """ "anthropic", "openai" or "ollama", by its path and headers."""
        if self.path.startswith("/api/"):
            return "ollama"
        anthropic = self.path.startswith("/v1/messages") or "anthropic-version" in self.headers
        return "anthropic" if anthropic else "openai"


@dataclass
class Exchange:
    """One request and what became of it. Times are `time.monotonic()`, comparable across processes."""

    request: Request
    request_id: str
    answer: Answer | None = None
    sent: list[float] = field(default_factory=list)
    """When each delta (of text or reasoning) was written to the socket."""
    ended: float | None = None
    """When the server was done with it: answered in full, or stopped by a disconnect."""
    disconnected: float | None = None
    """When the client closed the connection before the answer was complete."""


Responder = Callable[[Request], Answer]


class ScriptedServer:
    """The server in a thread of its own; a context manager. Every method may be called from any thread."""

    def __init__(self, port: int = 0) -> None:
        self.models: list[ServedModel] = [ServedModel("test-model"), ServedModel("llama3:latest")]
        self.routes: dict[str, Answer] = {}
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

    def wait_request(self, count: int = 1, timeout: float = 5) -> Exchange:
        """Wait until so many requests of streams have come; the last of them."""
        return self._wait(lambda: self._nth([e for e in self.exchanges if e.answer], count), timeout, "request")

    def wait_disconnect(self, count: int = 1, timeout: float = 5) -> Exchange:
        """Wait until so many clients left before their answer was complete; the last of those exchanges."""
        gone = lambda: self._nth([e for e in self.exchanges if e.disconnected is not None], count)  # noqa: E731
        return self._wait(gone, timeout, "disconnect")

    def wait_sent(self, count: int = 1, timeout: float = 5) -> Exchange:
        """Wait until so many deltas of the last exchange have been written."""
        sent = lambda: (  # noqa: E731
            self.exchanges[-1] if self.exchanges and len(self.exchanges[-1].sent) >= count else None
        )
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
        listener = await asyncio.start_server(self._accept, "127.0.0.1", self._port, backlog=512)
        self._port = listener.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own instead of the one that start_server makes for a coroutine: that one reports a cancel.
        task = asyncio.ensure_future(self._connection(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._exchange(reader, writer):
                    pass
            writer.close()
        except asyncio.CancelledError:
            writer.transport.abort()
            raise

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
            left = left or player.lost
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
            return answer, request.path in STREAMS
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


class Player:
    """Writes one answer to one connection."""

    def __init__(
        self,
        writer: asyncio.StreamWriter,
        exchange: Exchange,
        changed: threading.Condition,
    ) -> None:
        self.writer = writer
        self.exchange = exchange
        self.changed = changed
        self.lost = False

    async def play(self, answer: Answer) -> bool:
        """Whether the connection can be kept."""
        match answer:
            case Script():
                return await self._stream(answer)
            case HttpError():
                return await self._whole(answer.status, self._error(answer), answer.content_type, answer.headers)
            case JsonErrorWith200():
                error = HttpError(200, answer.message, answer.type or "api_error", answer.code)
                return await self._whole(200, self._error(error), "application/json", {})
            case Redirect():
                return await self._whole(answer.status, b"", "text/plain", {"location": answer.location})
            case Body():
                return await self._whole(answer.status, answer.data, answer.content_type, answer.headers)
            case NoHeaders():
                await self._silence()
            case Hangup():
                if answer.reset:
                    self._reset()
        return False

    def _error(self, answer: HttpError) -> bytes:
        if answer.body is not None:
            return answer.body.replace(b"{key}", self.exchange.request.api_key.encode())
        service = self.exchange.request.service
        message = answer.message.replace("{key}", self.exchange.request.api_key)
        body = listings.error_body(service, answer.status, message, answer.type, answer.code)
        return to_bytes(json.dumps(body, ensure_ascii=False))

    def _head(self, status: int, headers: Mapping[str, str]) -> bytes:
        service = self.exchange.request.service
        given = {"date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())}
        if service in REQUEST_ID:
            given[REQUEST_ID[service]] = self.exchange.request_id
        lines = [f"HTTP/1.1 {status} Scripted", *(f"{k}: {v}" for k, v in {**given, **headers}.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def _whole(self, status: int, data: bytes, content_type: str, headers: Mapping[str, str]) -> bool:
        own = {"content-type": content_type}
        if status != 204:
            own["content-length"] = str(len(data))
        self.writer.write(self._head(status, {**own, **headers}) + data)
        await self._drain()
        return True

    async def _drain(self) -> None:
        try:
            await self.writer.drain()
        except ConnectionError:
            self.lost = True
            raise

    async def _silence(self) -> None:
        """Until the client leaves; the exchange then cancels this, as it does when the server stops."""
        await asyncio.Event().wait()

    def _reset(self) -> None:
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def _stream(self, script: Script) -> bool:
        self.script = script
        self.wire = STREAMS[self.exchange.request.path][1](self.exchange.request.json, script)
        self.packer = zlib.compressobj(wbits=31) if script.gzip else None
        if script.headers_after:
            await asyncio.sleep(script.headers_after)
        headers = {"content-type": self.wire.content_type, "transfer-encoding": "chunked"}
        if script.gzip:
            headers["content-encoding"] = "gzip"
        self.writer.write(self._head(200, {**headers, **script.headers}))
        await self._send(self.wire.start())
        for step in script.stream:
            match step:
                case Stall():
                    await self._silence()
                case Reset():
                    self._reset()
                    return False
                case CutBody():
                    # A chunk that is announced longer than it is.
                    self.writer.write(b"ff\r\ndata: {")
                    await self._drain()
                    return False
                case Wait():
                    await asyncio.sleep(step.seconds)
                case Flood():
                    await self._flood(step)
                case EndWithoutTerminal():
                    break
                case _:
                    await self._send(self._event(step), raw=isinstance(step, RawBytes))
                    if isinstance(step, Delta | Reasoning | Refusal):
                        self._count(1)
                    if isinstance(step, Finish | ErrorEvent):
                        break
        if script.leave_open:
            await self._silence()
        if self.packer:
            self._chunk(self.packer.flush())
        self.writer.write(b"0\r\n\r\n")
        await self._drain()
        return True

    def _event(self, step: Step) -> bytes:
        wire = self.wire
        match step:
            case Delta():
                return wire.text(step.text)
            case Reasoning():
                return wire.reasoning(step)
            case Refusal():
                return wire.refusal(step.text)
            case RawBytes():
                return step.data
            case Json():
                return wire.json(step.value, step.event)
            case MalformedLine():
                return wire.malformed()
            case InvalidUtf8():
                return wire.text(f"caf{NOT_UTF8}")
            case ErrorEvent():
                message = step.message.replace("{key}", self.exchange.request.api_key)
                return wire.error(ErrorEvent(step.type, message, step.code, step.failed))
            case Ping():
                return wire.ping()
            case KeepAlive():
                return wire.keep_alive()
            case Finish():
                return wire.finish(step.reason, step.terminal)
        raise AssertionError(f"not an event: {step}")

    async def _flood(self, step: Flood) -> None:
        begun = time.monotonic()
        done = 0
        while done < step.count:
            due = step.count if step.rate is None else int((time.monotonic() - begun) * step.rate) + 1
            batch = min(due - done, step.count - done, FLOOD_BATCH)
            if batch > 0:
                await self._send(b"".join([self.wire.text(step.text) for _ in range(batch)]))
                self._count(batch)
                done += batch
            if step.rate is not None:
                await asyncio.sleep(0.001)

    def _count(self, deltas: int) -> None:
        with self.changed:
            self.exchange.sent.extend([time.monotonic()] * deltas)
            self.changed.notify_all()

    async def _send(self, data: bytes, raw: bool = False) -> None:
        if self.script.crlf and not raw:
            data = data.replace(b"\n", b"\r\n")
        if self.packer:
            data = self.packer.compress(data) + self.packer.flush(zlib.Z_SYNC_FLUSH)
        size = self.script.split or len(data)
        for start in range(0, len(data), size or 1):
            self._chunk(data[start : start + size])
        await self._drain()

    def _chunk(self, data: bytes) -> None:
        if data:
            self.writer.write(b"%x\r\n%b\r\n" % (len(data), data))


async def read_request(reader: asyncio.StreamReader) -> Request:
    """One HTTP/1.1 request, with a body of known length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target.partition("?")[0], headers, body, time.monotonic())


async def client_gone(reader: asyncio.StreamReader) -> None:
    """Until the client closes: it sends nothing while it is being answered, so any end of this read is that."""
    with suppress(ConnectionError):
        await reader.read(1)


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
