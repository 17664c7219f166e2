"""The connections under the HTTP clients: plain and TLS, and the libraries' own way where ours does not fit."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import socket
import ssl
import subprocess
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import perf_counter

import httpcore2
import httpx2
import pytest

from atlas_tui.config import Timeouts
from atlas_tui.models.base import CancelToken, Emit, End, Event, Provider, TextDelta, Worker, transport
from atlas_tui.models.base.network import AsyncioBackend, _addresses, _connected, speed_up
from tests.models.wires import ending, events_of, make, request, text_of
from tests.played import Sink
from tests.servers.scripted import Delta, Flood, HttpError, Reset, Script, ScriptedServer, Stall, Wait

CURVE = ["-pkeyopt", "ec_paramgen_curve:prime256v1"]
"""A key that is made in no time: one for RSA takes a fifth of a second."""
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")


class TlsFront:
    """A TLS server on loopback that hands everything on to a plain one."""

    def __init__(self, target: str, folder: Path) -> None:
        self._target = int(target.rpartition(":")[2])
        self.certificate, key = folder / "certificate.pem", folder / "key.pem"
        names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        command = ["openssl", "req", "-x509", "-newkey", "ec", *CURVE, "-nodes", "-days", "2", *names]
        subprocess.run([*command, "-keyout", key, "-out", self.certificate], check=True, capture_output=True)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.certificate, key)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="scripted-server", daemon=True)

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0, ssl=self._context)
        self.url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._over.wait()
        server.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(self._copy(reader, inner_writer), self._copy(inner_reader, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65536):
                writer.write(piece)
                await writer.drain()
        except (ConnectionError, ssl.SSLError):
            return  # the client left
        finally:
            writer.close()

    def __enter__(self) -> TlsFront:
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(5)


@pytest.fixture
def tls(server: ScriptedServer, tmp_path: Path) -> Iterator[TlsFront]:
    """The scripted server behind TLS. The process's TLS context is made anew before and after."""
    transport._tls.cache_clear()
    with TlsFront(server.url, tmp_path) as front:
        yield front
    transport._tls.cache_clear()


@needs_openssl
class TestTls:
    def test_a_long_answer_arrives_whole(
        self, server: ScriptedServer, tls: TlsFront, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", os.fspath(tls.certificate))
        server.play(Script([Delta("Begin. "), Flood(20_000, "word "), Delta("End.")]))
        assert text_of(events_of(make("anthropic", tls.url))) == "Begin. " + "word " * 20_000 + "End."

    def test_a_stop_takes_effect_at_once(
        self, server: ScriptedServer, tls: TlsFront, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", os.fspath(tls.certificate))
        server.play(Script([Delta("Half"), Stall()]))
        with make("chat", tls.url).stream(request()) as stream:
            assert any(isinstance(event, TextDelta) for event in stream)
            stream.close()
            *_, end = stream
        assert isinstance(end, End)
        assert end.error is not None
        assert end.error.kind == "cancelled"
        server.wait_disconnect(timeout=1)

    def test_a_certificate_that_nobody_signed_is_refused(self, server: ScriptedServer, tls: TlsFront) -> None:
        error = ending(make("chat", tls.url)).error
        assert error is not None
        assert error.kind == "connection"
        assert "certificate that this machine does not trust" in str(error)
        assert server.requests == []


class TestConnecting:
    def test_a_stop_at_any_moment_leaves_no_socket_behind(self) -> None:
        gc.freeze()  # only what comes from here on is looked through again and again
        with socket.create_server(("127.0.0.1", 0)) as listener, warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", ResourceWarning)
            turns = 0
            while not asyncio.run(self._connects_within(turns, listener.getsockname()[1])):
                turns += 1
                gc.collect()
            gc.collect()
        gc.unfreeze()
        assert 3 < turns < 100
        assert [str(warning.message) for warning in said] == []

    @staticmethod
    async def _connects_within(turns: int, port: int) -> bool:
        """Whether so many turns of the event loop were enough to connect; if not, it is stopped there."""
        connecting = asyncio.create_task(AsyncioBackend(httpcore2).connect_tcp("127.0.0.1", port))
        for _ in range(turns):
            await asyncio.sleep(0)
        connected = connecting.done()
        connecting.cancel()
        with suppress(asyncio.CancelledError):
            await (await connecting).aclose()
        return connected

    async def test_the_next_address_is_tried_when_one_refuses(self, dead_url: str) -> None:
        refusing = int(dead_url.rpartition(":")[2])
        with socket.create_server(("127.0.0.2", refusing)):
            addresses = [
                (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, refusing))
                for host in ("127.0.0.1", "127.0.0.2")
            ]
            with await _connected(addresses, None) as connected:
                assert connected.getpeername() == ("127.0.0.2", refusing)
        with pytest.raises(ConnectionRefusedError, match=r"127\.0\.0\.1"):
            await _connected(addresses, None)

    async def test_one_that_is_silent_does_not_hold_the_next_up(self, black_hole_url: str) -> None:
        silent = int(black_hole_url.rpartition(":")[2])
        with socket.create_server(("127.0.0.2", silent)):
            addresses = [
                (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, silent))
                for host in ("127.0.0.1", "127.0.0.2")
            ]
            async with asyncio.timeout(5):
                with await _connected(addresses, None) as connected:
                    assert connected.getpeername() == ("127.0.0.2", silent)

    async def test_a_host_is_known_by_its_name_or_its_digits(self) -> None:
        assert [address[-1] for address in await _addresses("127.0.0.1", 80)] == [("127.0.0.1", 80)]
        assert [address[-1][:2] for address in await _addresses("::1", 80)] == [("::1", 80)]
        assert ("127.0.0.1", 80) in [address[-1] for address in await _addresses("localhost", 80)]


class TestTheLibrariesOwnWay:
    def test_ours_is_used_where_it_fits(self) -> None:
        client = transport.http_client("http://127.0.0.1:9", Timeouts())
        pool = getattr(client._transport, "_pool", None)
        assert isinstance(getattr(pool, "_network_backend", None), AsyncioBackend)

    def test_an_unknown_client_is_left_alone(self) -> None:
        mocked = httpx2.AsyncClient(transport=httpx2.MockTransport(lambda request: httpx2.Response(204)))
        speed_up(mocked, httpcore2)
        speed_up(object(), httpcore2)

    def test_a_proxy_is_asked_in_the_library_s_own_way(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", server.url)
        server.routes["http://provider.invalid/v1/messages"] = HttpError(503, "said by the proxy")
        error = ending(make("anthropic", "http://provider.invalid")).error
        assert [asked.path for asked in server.requests] == ["http://provider.invalid/v1/messages"]
        assert error is not None
        assert "said by the proxy" in str(error)

    def test_a_proxy_that_cannot_be_used_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ALL_PROXY", "nonsense://127.0.0.1:9")
        error = ending(make("chat", "http://provider.invalid")).error
        assert error is not None
        assert (error.kind, error.retryable) == ("connection", False)
        assert str(error).endswith("check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY")


class RestingSink(Sink):
    """Looks at what it was given every 20 ms, and counts the bursts in which it came."""

    FRAME = 0.02

    def __init__(self) -> None:
        super().__init__()
        self.bursts = 0
        self._new = False
        self._due = 0.0

    def put(self, event: Event) -> None:
        super().put(event)
        self._new = True

    def rest(self) -> float:
        now = perf_counter()
        if self._new:
            self._new = False
            self.bursts += 1
            self._due = now + self.FRAME
        return max(0.0, self._due - now)


def rested(provider: Provider) -> RestingSink:
    sink = RestingSink()

    async def source(emit: Emit, token: CancelToken) -> End:
        return await provider.run(request(), emit, token)

    assert Worker(source, sink).start().join(30)
    return sink


class TestRests:
    """What comes while nobody looks is left in the socket, and read in one go."""

    def test_a_steady_answer_is_read_in_bursts(self, server: ScriptedServer) -> None:
        server.play(Script([Flood(200, "word ", rate=1000)]))
        provider = make("chat", server.url)
        provider.list_models()  # imports the SDK
        begun = perf_counter()
        sink = rested(provider)
        took = perf_counter() - begun  # 0.2 s, or what a busy server makes of it
        assert sink.text == "word " * 200
        assert sink.bursts <= took / RestingSink.FRAME + 20

    def test_a_flood_is_not_slowed_down(self, server: ScriptedServer) -> None:
        server.play(Script([Delta("Begin. "), Flood(20_000, "word "), Delta("End.")]))
        begun = perf_counter()
        sink = rested(make("chat", server.url))
        assert sink.text == "Begin. " + "word " * 20_000 + "End."
        assert perf_counter() - begun < 15

    def test_what_is_followed_by_silence_is_handed_on(self, server: ScriptedServer) -> None:
        server.play(Script([Delta("a"), Delta("b"), Wait(0.2), Delta("c"), Reset()]))
        sink = rested(make("chat", server.url))
        assert sink.text == "abc"
        end = sink.events[-1]
        assert isinstance(end, End)
        assert end.error is not None

    @needs_openssl
    def test_it_is_the_same_over_tls(
        self, server: ScriptedServer, tls: TlsFront, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", os.fspath(tls.certificate))
        server.play(Script([Flood(200, "word ", rate=1000), Wait(0.1), Flood(5000, "more ")]))
        assert rested(make("anthropic", tls.url)).text == "word " * 200 + "more " * 5000
