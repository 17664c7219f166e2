"""What every test gets: a clean environment; and what many want: a history, and the servers."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from atlas_tui.store import Store
from tests.servers.real_model import real_embeddings, real_model, real_ollama
from tests.servers.scripted import ScriptedServer, refusing_url, silent_url

__all__ = ["real_embeddings", "real_model", "real_ollama"]

LEAKY_PREFIXES = (
    "ATLAS_", "ANTHROPIC_", "OPENAI_", "OLLAMA_", "MOCK_", "AZURE_", "TEXTUAL_", "XDG_", "SKIP_API_KEY_CHECK",
    "SSL_CERT_", "REQUESTS_CA_BUNDLE", "PYTHONASYNCIODEBUG", "OTEL_",
)  # fmt: skip
LEAKY_NAMES = {
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE",
    "COLORTERM", "COLORFGBG", "COLUMNS", "LINES", "EDITOR", "VISUAL", "PAGER", "BROWSER", "TMUX", "STY",
    "TERM_PROGRAM", "SSH_TTY", "SSH_CONNECTION", "CI", "DISPLAY", "WAYLAND_DISPLAY",
}  # fmt: skip
LEAKY_SUFFIXES = ("_API_KEY", "_BASE_URL", "_AUTH_TOKEN")


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """With `-n auto`, half as many processes again as there are cores: a third of the time the tests only wait."""
    cores = yield
    return cores + (cores + 1) // 2


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, proxy, terminal setting or file of the person who runs the tests reaches them."""
    for name in list(os.environ):
        upper = name.upper()
        if upper.startswith("TEXTUAL_SNAPSHOT_"):
            continue  # how the snapshot plug-in talks to itself
        if upper in LEAKY_NAMES or upper.startswith(LEAKY_PREFIXES) or upper.endswith(LEAKY_SUFFIXES):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    places = {
        "HOME": home,
        "XDG_CONFIG_HOME": home / "config",
        "XDG_DATA_HOME": home / "data",
        "XDG_STATE_HOME": home / "state",
        "XDG_CACHE_HOME": home / "cache",
        "ATLAS_DATA_DIR": home / "atlas",
    }
    for name, place in places.items():
        monkeypatch.setenv(name, str(place))
    monkeypatch.setenv("ATLAS_EMBEDDER", "none")  # a test says so where it wants one: they take a second to load
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A history, which must have all of it when it closes."""
    store = Store(tmp_path / "history.db", on_notice=lambda sentence: None)
    yield store
    assert store.close()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A scripted server: `server.url` for anthropic and ollama, `server.url + "/v1"` for openai."""
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def dead_url() -> Iterator[str]:
    """Connections to this URL are refused."""
    with refusing_url() as url:
        yield url


@pytest.fixture
def black_hole_url() -> Iterator[str]:
    """Connections to this URL are neither accepted nor refused."""
    with silent_url() as url:
        yield url


@pytest.fixture
def no_leaked_threads() -> Iterator[None]:
    """Fails the test when a thread that it started lives on 10 s after its end (the servers' own excepted)."""
    before = set(threading.enumerate())
    yield
    started = [t for t in threading.enumerate() if t not in before and t.name != "scripted-server"]
    for thread in started:
        thread.join(10)
    leaked = [thread.name for thread in started if thread.is_alive()]
    assert not leaked, f"still running: {leaked}"
