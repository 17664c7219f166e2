"""Where the requests of the matrix go, and what must hold in each of its cells."""

from __future__ import annotations

import logging
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from atlas_tui.models.base import transport
from tests.faults.table import Fault
from tests.models.test_base_network import TlsFront
from tests.servers.scripted import ScriptedServer, refusing_url, silent_url

Place = Callable[[Fault], str]


@contextmanager
def plain_url() -> Iterator[str]:
    """A URL that asks for TLS where a server answers in plain words, whatever it is sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with suppress(OSError):  # closed: the test is over
                while True:
                    with listener.accept()[0] as client:
                        client.recv(65536)
                        client.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")

        thread = threading.Thread(target=answer, name="scripted-server", daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.fixture
def place(server: ScriptedServer, tmp_path: Path) -> Iterator[Place]:
    """Has the server do what the fault says; gives the URL to ask."""

    def open_place(fault: Fault) -> str:
        server.always(fault.response)
        match fault.place:
            case "the server":
                return server.url
            case "the black hole":
                return opened.enter_context(silent_url())
            case "the dead port":
                return opened.enter_context(refusing_url())
            case "the unknown host":
                return "http://no-such-host.invalid"
            case "the silent port by TLS":
                return server.url.replace("http:", "https:")  # it waits for the end of a head that never comes
            case "the plain port by TLS":
                return opened.enter_context(plain_url())
            case "the untrusted host":
                if shutil.which("openssl") is None:
                    pytest.skip("needs openssl to make a certificate")
                return opened.enter_context(TlsFront(server.url, tmp_path)).url
        raise AssertionError(f"no such place: {fault.place}")

    transport._tls.cache_clear()
    with ExitStack() as opened:
        yield open_place
    transport._tls.cache_clear()


@pytest.fixture
def nothing_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails the test where a traceback or a complaint of the event loop went to the log."""
    yield
    complaints = [
        f"{record.name}: {record.getMessage()}"
        for when in ("setup", "call")
        for record in caplog.get_records(when)
        if record.levelno >= logging.WARNING and record.name.partition(".")[0] in ("asyncio", "concurrent", "atlas_tui")
    ]
    assert complaints == []
