"""Where the Ollama provider looks for its server, and when it loads the package."""

from __future__ import annotations

import subprocess
import sys

import pytest

from atlas_tui.errors import ConfigError, ProviderError
from atlas_tui.models.ollama import OllamaProvider
from atlas_tui.models.ollama.connection import server_url
from tests.models.ollama_calls import answer, asked, provider
from tests.servers.scripted import Answer, Request, Script, ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaked_threads")


class TestAddress:
    @pytest.mark.parametrize(
        ("host", "url"),
        [
            ("", "http://127.0.0.1:11434"),
            ("box", "http://box:11434"),
            ("box:99", "http://box:99"),
            (":99", "http://127.0.0.1:99"),
            ("0.0.0.0", "http://127.0.0.1:11434"),
            ("http://box", "http://box:80"),
            ("https://box/", "https://box:443"),
            ("https://box:99/path/", "https://box:99/path"),
            ("[::1]:99", "http://[::1]:99"),
        ],
    )
    def test_what_the_variable_may_hold(self, host: str, url: str) -> None:
        assert server_url(host) == url

    @pytest.mark.parametrize("host", ["ftp://box", "box:port", "http://[::1"])
    def test_what_is_no_address(self, host: str) -> None:
        with pytest.raises(ConfigError):
            server_url(host)

    def test_the_variable_is_honoured_and_an_option_wins(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, dead_url: str
    ) -> None:
        server.always(Script.text("x"))
        monkeypatch.setenv("OLLAMA_HOST", server.url.removeprefix("http://"))
        assert OllamaProvider("llama3").generate(asked()).complete
        monkeypatch.setenv("OLLAMA_HOST", dead_url)
        assert provider(server).generate(asked()).complete

    def test_a_proxy_is_not_asked_for_this_machine(
        self, server: ScriptedServer, dead_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", dead_url)
        assert answer(server, Script.text("x")).complete

    def test_a_proxy_is_asked_for_another_machine(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def to_the_proxy(request: Request) -> Answer:
            return Script.text("by proxy")

        server.always(to_the_proxy)
        monkeypatch.setenv("HTTP_PROXY", server.url)
        with pytest.raises(ProviderError):
            OllamaProvider("llama3", base_url="http://ollama.example:11434").generate(asked())
        # Through a proxy the whole address stands in the request line.
        assert server.requests[0].path == "http://ollama.example:11434/api/show"


def test_the_package_is_imported_at_the_first_request_only() -> None:
    code = (
        "import sys; from atlas_tui.models.factory import create_provider; create_provider('ollama', 'm');"
        "print(sorted({'ollama', 'httpx', 'httpx2', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_proxy_that_keeps_the_package_from_loading_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:1")
    code = (
        "from atlas_tui.models.base import *; from atlas_tui.models.ollama import OllamaProvider;"
        "request = ModelRequest(messages=[ModelMessage.user('Hi')]);"
        "print(list(OllamaProvider('m').stream(request))[-1].error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "the ollama package cannot be loaded" in done.stdout
    assert done.stdout.rstrip().endswith("check the proxy variables")
