"""A key never comes out: not in an error, an answer, a log, a representation, and never at another host."""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path

import pytest

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import CancelToken, End, Provider, event_to_dict
from tests.models.wires import KEY, WIRES, ending, events_of, make, request
from tests.servers.scripted import (
    Answer,
    Body,
    Delta,
    ErrorEvent,
    HttpError,
    Json,
    Reasoning,
    Redirect,
    Script,
    ScriptedServer,
)

pytestmark = pytest.mark.parametrize("wire", WIRES)

ECHOES: dict[str, Answer] = {
    "an error": HttpError(401, "invalid key {key}, try again"),
    "a page": HttpError(500, body=b"You sent {key}", content_type="text/plain"),
    "an error in the stream": Script([Delta("a"), ErrorEvent("api_error", "bad key {key}", "server_error")]),
    "an event of another form": Script([Delta("a"), Json([KEY])]),
    "an answer": Script([Delta(f"Your key is {KEY}.")]),
    "its thinking": Script([Reasoning(f"The key is {KEY}."), Delta("ok")]),
    "single characters": Script([Delta(character) for character in f"It is {KEY}, right?"]),
    "two halves": Script([Delta(f"It is {KEY[:11]}"), Delta(f"{KEY[11:]}, right?")]),
    "an odd redirect": Redirect(f"http://127.0.0.1:9/?key={KEY}"),
    "another body": Body(json.dumps({"message": KEY}).encode()),
}


@pytest.mark.parametrize("echo", ECHOES)
def test_an_echoed_key_stays_inside(
    server: ScriptedServer, wire: str, echo: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.play(ECHOES[echo])
    events = events_of(make(wire, server.url))
    assert server.requests[0].api_key == KEY
    end = events[-1]
    assert isinstance(end, End)
    # The SDKs' own traces show a response's headers as they came: those the log's formatter redacts.
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("atlas_tui")]
    out = [json.dumps([event_to_dict(event) for event in events]), repr(events), *logged]
    if end.error is not None:
        out += [str(end.error), repr(end.error), json.dumps(end.error.to_dict()), end.error.partial.content]
    for text in out:
        assert KEY not in text
        assert KEY[-12:] not in text


@pytest.mark.parametrize("where", ["two halves", "single characters"])
def test_the_rest_of_the_answer_is_kept(server: ScriptedServer, wire: str, where: str) -> None:
    server.play(ECHOES[where])
    content = ending(make(wire, server.url)).response.content
    assert content.startswith("It is ")
    assert content.endswith(", right?")


def test_what_only_begins_like_a_key_is_shown(server: ScriptedServer, wire: str) -> None:
    server.play(Script([Delta("Keys begin with "), Delta(KEY[:10])]))
    assert ending(make(wire, server.url)).response.content == f"Keys begin with {KEY[:10]}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_carries_nothing_to_another_host(server: ScriptedServer, wire: str, status: int) -> None:
    with ScriptedServer() as other:
        server.play(Redirect(f"{other.url}/v1/messages", status))
        error = ending(make(wire, server.url)).error
        assert error is not None
        assert (error.kind, error.retryable) == ("protocol", False)
        assert other.url in str(error)
        assert other.connections == 0


def test_a_list_of_models_is_not_redirected_either(server: ScriptedServer, wire: str) -> None:
    with ScriptedServer() as other:
        server.routes["/v1/models"] = Redirect(other.url, 302)
        with pytest.raises(ProviderError, match="redirects"):
            make(wire, server.url).list_models()
        assert other.connections == 0


def test_a_traceback_does_not_show_it(server: ScriptedServer, wire: str) -> None:
    server.play(HttpError(401, "no"))
    with pytest.raises(ProviderError) as caught:
        make(wire, server.url).generate(request())
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_a_password_in_the_address_stays_inside(server: ScriptedServer, wire: str) -> None:
    url = server.url.replace("//", "//user:open-sesame-1@")
    server.play(HttpError(500, "open-sesame-1 is wrong"))
    provider = make(wire, url)
    error = ending(provider).error
    assert "open-sesame-1" not in f"{error} {provider.server} {provider.base_url}"


class TestWhereAKeyComesFrom:
    def _sent(self, provider: Provider, server: ScriptedServer) -> str:
        server.play(Script.text("ok"))
        assert ending(provider).error is None
        return server.requests[-1].api_key

    def test_a_variable_of_its_own(self, server: ScriptedServer, wire: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WORK_KEY", "work-key-123456\n")
        provider = make(wire, server.url, api_key=None, api_key_env="WORK_KEY", name="work")
        assert self._sent(provider, server) == "work-key-123456"

    def test_a_missing_variable_is_named(self, wire: str, server: ScriptedServer) -> None:
        with pytest.raises(ProviderError, match="set WORK_KEY") as caught:
            make(wire, server.url, api_key=None, api_key_env="WORK_KEY", name="work")
        assert caught.value.kind == "auth"

    def test_a_command_runs_once(self, server: ScriptedServer, wire: str, tmp_path: Path) -> None:
        runs = tmp_path / "runs"
        command = f"echo run >> {runs}; echo command-key-123456; echo and more"
        provider = make(wire, server.url, api_key=None, api_key_cmd=command)
        assert not runs.exists()
        assert self._sent(provider, server) == "command-key-123456"
        assert self._sent(provider, server) == "command-key-123456"
        assert runs.read_text() == "run\n"

    def test_a_key_from_a_command_is_kept_out_too(self, server: ScriptedServer, wire: str) -> None:
        key = f"command-{wire}-key-987654"
        server.play(Script([Delta(f"It is {key[:9]}"), Delta(key[9:])]))
        end = ending(make(wire, server.url, api_key=None, api_key_cmd=f"echo {key}"))
        assert end.response.content == "It is [key]"

    @pytest.mark.parametrize(
        ("command", "words"),
        [
            ("echo secret-output-42; exit 3", "failed (exit status 3)"),
            ("true", "printed nothing"),
            ("echo 'two words'", "characters that no key has"),
        ],
    )
    def test_a_command_that_fails_says_so_and_shows_nothing(
        self, server: ScriptedServer, wire: str, command: str, words: str
    ) -> None:
        error = ending(make(wire, server.url, api_key=None, api_key_cmd=command)).error
        assert error is not None
        assert error.kind == "auth"
        assert words in str(error)
        assert "secret-output-42" not in str(error)
        assert server.requests == []

    def test_a_command_that_hangs_can_be_stopped(self, server: ScriptedServer, wire: str) -> None:
        token = CancelToken()
        provider = make(wire, server.url, api_key=None, api_key_cmd="sleep 5")
        with provider.stream(request(), cancel=token) as stream:
            token.cancel()
            *_, end = stream
        assert isinstance(end, End)
        assert end.error is not None
        assert end.error.kind == "cancelled"

    def test_a_server_of_its_own_needs_no_key(self, server: ScriptedServer, wire: str) -> None:
        assert self._sent(make(wire, server.url, api_key=None), server) == "none"

    def test_a_key_with_odd_characters_is_refused(self, server: ScriptedServer, wire: str) -> None:
        with pytest.raises(ProviderError, match="characters that no key has") as caught:
            make(wire, server.url, api_key="ключ-от-дома")
        assert "ключ" not in str(caught.value)
