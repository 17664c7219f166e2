"""A redirect is told and never followed: neither the key nor the conversation goes to another host, or stays in words.

The two hosts are two servers under the names 127.0.0.1 and localhost.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from atlas_tui.errors import ProviderError
from tests.faults.providers import WIRES, provider
from tests.models.wires import KEY, request
from tests.servers.scripted import Redirect, Script, ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaked_threads")
PATHS = ("/v1/messages", "/v1/chat/completions", "/v1/responses", "/api/chat", "/api/show", "/v1/models", "/api/tags")


@pytest.fixture
def elsewhere() -> Iterator[ScriptedServer]:
    """The server to which the first one points; it would answer."""
    with ScriptedServer() as server:
        server.always(Script.text("You should not be here."))
        yield server


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("wire", WIRES)
class TestRedirects:
    def test_another_host_gets_nothing(
        self, server: ScriptedServer, elsewhere: ScriptedServer, wire: str, status: int
    ) -> None:
        there = elsewhere.url.replace("127.0.0.1", "localhost")
        for path in PATHS:
            server.routes[path] = Redirect(f"{there}{path}?key={KEY}", status)
        asked = provider(wire, server.url)
        with pytest.raises(ProviderError, match="redirects to http://localhost") as caught:
            asked.generate(request())
        assert caught.value.kind == "protocol"
        with pytest.raises(ProviderError):
            asked.list_models()
        assert elsewhere.connections == 0
        assert server.requests[0].api_key == KEY
        assert KEY not in f"{caught.value!r} {caught.value} {caught.value.to_dict()}"

    def test_nor_does_the_same_host_by_another_way(self, server: ScriptedServer, wire: str, status: int) -> None:
        for path in PATHS:
            server.routes[path] = Redirect(f"{server.url}/elsewhere", status)
        with pytest.raises(ProviderError, match="redirects to"):
            provider(wire, server.url).generate(request())
        assert [asked.path for asked in server.requests if asked.path == "/elsewhere"] == []
        assert len(server.requests) == 1
