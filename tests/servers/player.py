"""One exchange of a scripted server: the request as it came, the answer as it is written."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.servers import listings
from tests.servers.responses import ResponsesWire
from tests.servers.script import (
    Answer,
    Beat,
    Body,
    CutBody,
    Delta,
    EndWithoutTerminal,
    ErrorEvent,
    Finish,
    Flood,
    Hangup,
    HttpError,
    InvalidUtf8,
    Json,
    JsonErrorWith200,
    KeepAlive,
    MalformedLine,
    NoHeaders,
    Ping,
    Raw,
    RawBytes,
    Reasoning,
    Redirect,
    Refusal,
    Reset,
    Script,
    Stall,
    Step,
    Wait,
)
from tests.servers.wire import NOT_UTF8, AnthropicWire, ChatWire, OllamaWire, Wire, to_bytes

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
        self.finished = False
        """The last event is on its way: a client that stops there has not left early."""

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
            case Raw():
                await self._raw(answer)
        return False

    async def _raw(self, answer: Raw) -> None:
        for piece in answer.pieces:
            self._write(piece)
            await self._drain()
            await asyncio.sleep(0)  # so that the next one is read by itself
        if answer.then == "stall":
            await self._silence()
        if answer.then == "reset":
            self._reset()

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
        self._write(self._head(status, {**own, **headers}) + data)
        await self._drain()
        return True

    def _write(self, data: bytes) -> None:
        if self.writer.is_closing():  # the client has left in the middle of many small pieces
            self.lost = True
            raise ConnectionResetError("the client has left")
        self.writer.write(data)

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
        hints = b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n" if script.hints else b""
        self._write(hints + self._head(200, {**headers, **script.headers}))
        await self._send(self.wire.start())
        for step in script.stream:
            self.finished = isinstance(step, Finish | ErrorEvent) and not script.leave_open
            match step:
                case Stall():
                    await self._silence()
                case Beat():
                    while True:
                        await self._send(self.wire.keep_alive())
                        await asyncio.sleep(step.every)
                case Reset():
                    self._reset()
                    return False
                case CutBody():
                    # A chunk that is announced longer than it is.
                    self._write(b"ff\r\ndata: {")
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
        self._write(b"0\r\n\r\n")
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
                data = wire.finish(step.reason, step.terminal)
                return data.rstrip(b"\n") if self.script.unclosed else data
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
                await asyncio.sleep(max(0.0, begun + done / step.rate - time.monotonic()))

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
            self._write(b"%x\r\n%b\r\n" % (len(data), data))


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
