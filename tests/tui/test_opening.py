"""What answers comes after the first paint: nothing typed before it is lost, and refusals still come before."""

from __future__ import annotations

import threading

import pytest

from atlas_tui.config import Config, ProviderConfig
from atlas_tui.errors import ConfigError
from atlas_tui.models.mock import MockProvider
from atlas_tui.session import Session
from atlas_tui.tui.app import AtlasApp, run
from atlas_tui.tui.opening import Opened, Opening
from atlas_tui.tui.screens.catalogue import Catalogue
from tests.clock import Clock
from tests.tui.driving import PATIENCE, Driver, once


class Slow(Opening):
    """An opening that a test lets go on."""

    def __init__(self) -> None:
        super().__init__(Config())
        self.go_on = threading.Event()
        self.error: Exception | None = None

    def open(self) -> Opened:
        assert self.go_on.wait(PATIENCE)
        if self.error is not None:
            raise self.error
        session = Session(MockProvider("mock-basic", delay_ms=0), policy=once())
        return Opened(session, Catalogue(self.config, mock=False))


async def test_a_prompt_that_is_sent_before_there_is_a_session_is_answered() -> None:
    opening = Slow()
    driver = Driver(AtlasApp(opening, clock=Clock()), Clock())
    async with driver.app.run_test(size=(120, 40), message_hook=driver.hook) as pilot:
        driver.pilot = pilot
        await driver.ask("an early question")
        await driver.press("ctrl+b")
        await driver.shows("an early question", "mock:mock-standard rehearses answers")
        assert not driver.app.chat.opened
        opening.go_on.set()
        await driver.answered()
        assert [turn.prompt for turn in driver.session.turns] == ["an early question"]
        assert driver.app.chat.prompt.text == ""
        assert not driver.app.chat.sidebar.display  # the key before that was not lost either


async def test_what_is_refused_after_all_ends_the_program_with_its_own_error() -> None:
    opening = Slow()
    opening.error = ConfigError("an option has no meaning")
    opening.go_on.set()
    app = AtlasApp(opening, clock=Clock())
    with pytest.raises(Exception, match="an option has no meaning"):
        await _run_to_its_end(app)
    assert app.defect is opening.error


async def _run_to_its_end(app: AtlasApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        while app.is_running:
            await pilot.pause(0.01)


REFUSED = [
    Config(default_provider="nobody"),
    Config(default_provider="mock", default_model="no-such-model"),
    Config(default_provider="openai", fallback=("nobody",)),
    Config(default_provider="a", providers={"a": ProviderConfig("openai", options={"effrot": "high"})}),
    Config(default_provider="a", providers={"a": ProviderConfig("openai", options={"api": "none"})}),
    *(
        Config(default_provider="a", providers={"a": ProviderConfig(kind, base_url=url)})
        for kind in ("openai", "anthropic", "ollama")
        for url in (
            "localhost/v1",
            "http://host:99999/v1",
            "http://:8000",
            "ftp://host",
            "http://[::1",
            "http://h:0/v1",
        )
    ),
    Config(default_provider="mock", providers={"mock": ProviderConfig("mock", options={"delay": 1})}),
]


@pytest.mark.parametrize("config", REFUSED)
def test_wrong_settings_are_refused_before_the_screen(config: Config) -> None:
    opening = Opening(config)
    try:
        opening.open()
    except ConfigError as error:
        assert opening.may_be_refused()
        with pytest.raises(ConfigError, match=str(error)[:20].replace("(", ".")):
            run(config)  # there is no terminal here: a screen would fail otherwise
    finally:
        opening.close()


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(default_provider="openai"),
        Config(default_provider="anthropic"),
        Config(default_provider="ollama"),
        Config(default_provider="a", providers={"a": ProviderConfig("openai", base_url="http://127.0.0.1:43210/v1")}),
        Config(default_provider="a", providers={"a": ProviderConfig("ollama", base_url="https://ai.example.org")}),
    ],
)
def test_plain_settings_wait_for_the_first_paint_and_are_named_right_before(config: Config) -> None:
    opening = Opening(config)
    assert not opening.may_be_refused()
    opened = opening.open()
    if opened.problem is None:
        assert opened.session.provider.target == opening.target
        assert opened.session.provider.is_mock == opening.is_mock
    opening.close()


async def test_a_fallback_without_its_key_is_left_out_and_said() -> None:
    opening = Opening(Config(fallback=("openai", "mock:mock-basic")))
    opened = opening.open()
    assert [provider.target for provider in opened.session.fallback] == ["mock:mock-basic"]
    app = AtlasApp(opening)
    async with app.run_test(size=(120, 40)) as pilot:
        while not app.chat.opened:
            await pilot.pause()
        assert "the fallback openai is left out: no API key for openai" in app.chat.status.notice
    opening.close()
