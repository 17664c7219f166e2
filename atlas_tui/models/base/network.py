"""Connections of the HTTP libraries straight on asyncio.

Their own way goes through anyio, where each piece of a stream costs two more turns of the event loop, two more
system calls and a cancel scope: twice the processor time of a blocking socket. This way costs no more than that
one. The libraries (httpcore and httpcore2) take such a backend in their public interface; that it reaches them
through a client of httpx is not, so `speed_up` leaves a client alone that it does not know.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from itertools import zip_longest
from types import ModuleType
from typing import Any

_PIECE = 65_536
_HIGH_WATER = 1 << 20
"""Bytes that may wait to be read before the server is made to wait."""

_REST = 16_384
"""Bytes that may come during a rest: a fourth of what a server sends unasked, so that it never has to wait for us."""
_SHORT = 0.002
"""Seconds that are not worth a rest."""
_HEAD_START = 0.25
"""Seconds that an address of a host has before the next is tried too (RFC 8305)."""

resting: ContextVar[Callable[[], float] | None] = ContextVar("resting", default=None)
"""Asked before a wait for bytes: for how many seconds nobody needs more, so that what comes may stay in the socket and
be read in one go. To wake up for each token costs several times what the token does."""


def speed_up(client: Any, core: ModuleType) -> None:
    """Have an `AsyncClient` of httpx or httpx2 connect by asyncio; `core` is its httpcore. Proxies stay as they are."""
    pool: Any = getattr(getattr(client, "_transport", None), "_pool", None)
    if type(pool) is getattr(core, "AsyncConnectionPool", None) and hasattr(pool, "_network_backend"):
        pool._network_backend = AsyncioBackend(core)


class AsyncioBackend:
    """Opens connections; `core` names the errors to raise."""

    def __init__(self, core: ModuleType) -> None:
        self._core = core

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[tuple[Any, ...]] | None = None,
    ) -> Connection:
        """Connect to the first address of the host that answers."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                sock = await _connected(await _addresses(host, port), local_address)
                _, connection = await loop.create_connection(lambda: Connection(self._core), sock=sock)
        except TimeoutError as error:
            raise self._core.ConnectTimeout("connecting took too long") from error
        except OSError as error:
            raise self._core.ConnectError(str(error)) from error
        for option in socket_options or ():
            sock.setsockopt(*option)
        return connection

    async def connect_unix_socket(self, path: str, timeout: float | None = None, **_: Any) -> Connection:
        """Not used: no provider listens on a path."""
        raise self._core.UnsupportedProtocol("unix sockets")

    async def sleep(self, seconds: float) -> None:
        """Wait between attempts to connect."""
        await asyncio.sleep(seconds)


class Connection(asyncio.BufferedProtocol):
    """One connection, plain or TLS: asyncio's protocol and httpcore's network stream at once."""

    def __init__(self, core: ModuleType) -> None:
        self._core = core
        self._transport: Any = None
        self._buffer = memoryview(bytearray(_PIECE))
        self._received = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._paused = False
        self._rest = resting.get()
        self._counted = 0
        self._since = 0.0

    # What asyncio calls

    def connection_made(self, transport: Any) -> None:
        """The connection stands."""
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go: one buffer for all, because a new one of that size costs more than the read. A
        view, because asyncio's TLS fills slices of it."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have come."""
        self._received += self._buffer[:nbytes]
        if len(self._received) > _HIGH_WATER and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> bool:
        """The server has said all; ours stays open until `aclose`."""
        self._ended = True
        _wake(self._reader)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._ended = True
        self._error = exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        """The server does not take more for now."""
        self._writer = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """It does again."""
        _wake(self._writer)
        self._writer = None

    # What httpcore calls

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The bytes that have come, at least one; none at the end."""
        if self._rest is not None:
            await self._pause(self._rest)
        if not self._received and not self._ended:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                if timeout is None:
                    await self._reader
                else:
                    async with asyncio.timeout(timeout):
                        await self._reader
            except TimeoutError as error:
                raise self._core.ReadTimeout("no answer in time") from error
            finally:
                self._reader = None
        if not self._received:
            if self._error is not None:
                raise self._core.ReadError(str(self._error)) from self._error
            return b""
        if len(self._received) <= max_bytes:
            piece = bytes(self._received)
            self._received.clear()
        else:
            piece = bytes(self._received[:max_bytes])
            del self._received[:max_bytes]
        if self._paused and len(self._received) < _HIGH_WATER // 2:
            self._paused = False
            self._transport.resume_reading()
        self._counted += len(piece)
        return piece

    async def _pause(self, rest: Callable[[], float]) -> None:
        loop = asyncio.get_running_loop()
        while (seconds := rest()) > 0 and not (self._received or self._ended):
            now = loop.time()
            span = now - self._since
            seconds = min(seconds, _REST * span / max(self._counted, 1))
            if seconds < _SHORT:
                if span > 1.0:  # what came long ago says nothing about now
                    self._since, self._counted = now - span / 2, self._counted // 2
                return
            self._since, self._counted = now, 0
            self._transport.pause_reading()
            try:
                await asyncio.sleep(seconds)
            finally:
                self._transport.resume_reading()
            for _ in range(2):  # turns until the loop has seen that there is something, and read it
                await asyncio.sleep(0)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of the bytes."""
        if self._ended and self._error is not None:
            raise self._core.WriteError(str(self._error)) from self._error
        if buffer:
            self._transport.write(buffer)
        if self._writer is not None:
            try:
                async with asyncio.timeout(timeout):
                    await self._writer
            except TimeoutError as error:
                raise self._core.WriteTimeout("the request was not taken in time") from error

    async def aclose(self) -> None:
        """Close now: nothing that could still come is wanted."""
        self._transport.abort()
        await asyncio.sleep(0)  # asyncio closes the socket in the loop's next turn

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Connection:
        """Go over to TLS, with the server's certificate checked."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                self._transport = await loop.start_tls(
                    self._transport, self, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError as error:
            raise self._core.ConnectTimeout("the TLS handshake took too long") from error
        except OSError as error:  # an SSLError is one
            raise self._core.ConnectError(str(error)) from error
        return self

    def get_extra_info(self, info: str) -> Any:
        """What httpcore wants to know of the connection, by its names."""
        if info == "is_readable":
            return self._ended or bool(self._received)
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._transport.get_extra_info(names.get(info, info))


async def _addresses(host: str, port: int) -> list[Any]:
    """What `getaddrinfo` says of the host, its families by turns; an address in digits needs no look-up."""
    try:
        version = ipaddress.ip_address(host).version if "%" not in host else None
    except ValueError:
        version = None
    if version is not None:
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    families: dict[int, list[Any]] = {}
    for address in found:
        families.setdefault(address[0], []).append(address)
    return [address for turn in zip_longest(*families.values()) for address in turn if address is not None]


async def _connected(addresses: list[Any], local: str | None) -> socket.socket:
    """A socket to the first of these addresses that answers.

    asyncio has such a race of its own, but when it is cancelled just as one has won, it forgets that socket.
    """
    left = addresses[:]
    racing: set[asyncio.Task[socket.socket]] = set()
    errors: list[BaseException] = []
    try:
        while left or racing:
            if left:
                racing.add(asyncio.create_task(_connect(left.pop(0), local)))
            done, _ = await asyncio.wait(
                racing, timeout=_HEAD_START if left else None, return_when=asyncio.FIRST_COMPLETED
            )
            for attempt in done:
                racing.discard(attempt)
                error = attempt.exception()
                if error is None:
                    return attempt.result()
                errors.append(error)
        refused = [error for error in errors if isinstance(error, ConnectionRefusedError)]
        raise (refused or errors)[0]  # that a host is there and refuses says the most
    finally:
        for attempt in racing:
            attempt.cancel()
            attempt.add_done_callback(_discard)


async def _connect(address: Any, local: str | None) -> socket.socket:
    family, kind, protocol, _, place = address
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        if local is not None:
            sock.bind((local, 0))
        await asyncio.get_running_loop().sock_connect(sock, place)
    except BaseException:
        sock.close()
        raise
    return sock


def _discard(attempt: asyncio.Task[socket.socket]) -> None:
    """Close what a connection that is no longer wanted has come to."""
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
