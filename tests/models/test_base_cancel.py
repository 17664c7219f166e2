"""A stop takes effect at once, in every state of a request, and the server is told by the closed connection."""

from __future__ import annotations

import threading
import time

import pytest

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import CancelToken, End, Provider, TextDelta
from tests.models.wires import WIRES, events_of, make, request
from tests.servers.scripted import Answer, Delta, Flood, NoHeaders, Reasoning, Script, ScriptedServer, Stall

AT_ONCE = 0.1
"""Seconds from the stop to the ending."""

pytestmark = [pytest.mark.parametrize("wire", WIRES), pytest.mark.usefixtures("no_leaked_threads")]

WAITING: dict[str, Answer] = {
    "for the headers": NoHeaders(),
    "for the first token": Script([Stall()]),
    "while it thinks": Script([Reasoning("Hm"), Stall()]),
    "between two tokens": Script([Delta("Half an answer"), Stall()]),
    "in a compressed body": Script([Delta("Half an answer"), Stall()], gzip=True),
}


def stopped(provider: Provider, when: threading.Event | None = None) -> End:
    """The ending of a request that is stopped at an event of the test, or at its first delta."""
    with provider.stream(request()) as stream:
        if when is not None:
            assert when.wait(5)
        else:
            assert any(isinstance(event, TextDelta) for event in stream)
        begun = time.perf_counter()
        stream.close()
        *_, end = stream
        spent = time.perf_counter() - begun
    assert isinstance(end, End)
    assert end.error is not None
    assert (end.error.kind, end.error.retryable) == ("cancelled", False)
    assert spent < AT_ONCE
    return end


@pytest.mark.parametrize("state", WAITING)
def test_it_stops(server: ScriptedServer, wire: str, state: str) -> None:
    make(wire, server.url).list_models()  # imports the SDK, which is no part of the wait
    server.play(WAITING[state])
    arrived = threading.Event()

    def watch() -> None:
        exchange = server.wait_request()
        if isinstance(exchange.answer, Script) and len(exchange.answer.steps) > 1:
            server.wait_sent()
        arrived.set()

    threading.Thread(target=watch).start()
    end = stopped(make(wire, server.url), arrived)
    server.wait_disconnect(timeout=1)
    assert end.response.complete is False


def test_what_had_come_is_kept(server: ScriptedServer, wire: str) -> None:
    server.play(Script([Delta("Half an answer"), Stall()]))
    end = stopped(make(wire, server.url))
    assert end.response.content == "Half an answer"
    assert end.error is not None
    assert end.error.partial is end.response
    assert end.response.usage.estimated
    server.wait_disconnect(timeout=1)


def test_in_a_flood(server: ScriptedServer, wire: str) -> None:
    server.play(Script([Flood(1_000_000)]))
    stopped(make(wire, server.url))
    exchange = server.wait_disconnect(timeout=1)
    assert len(exchange.sent) < 1_000_000


def test_while_connecting(black_hole_url: str, server: ScriptedServer, wire: str) -> None:
    make(wire, server.url).list_models()
    begun = threading.Event()
    begun.set()
    stopped(make(wire, black_hole_url), begun)


def test_before_it_began(server: ScriptedServer, wire: str) -> None:
    token = CancelToken()
    token.cancel()
    end = events_of(make(wire, server.url), cancel=token)[-1]
    assert isinstance(end, End)
    assert end.error is not None
    assert end.error.kind == "cancelled"
    assert server.requests == []


def test_twice_is_once(server: ScriptedServer, wire: str) -> None:
    server.play(Script([Delta("Half"), Stall()]))
    with make(wire, server.url).stream(request()) as stream:
        assert any(isinstance(event, TextDelta) for event in stream)
        stream.close()
        stream.close()
        assert [type(event) for event in stream][-1] is End


def test_the_callback_s_own_error_stops_the_request(server: ScriptedServer, wire: str) -> None:
    server.play(Script([Delta("Half"), Stall()]))

    def fail(delta: str, response: object) -> None:
        raise LookupError(delta)

    with pytest.raises(LookupError, match="Half"):
        make(wire, server.url).stream_with_callback(request(), fail)
    server.wait_disconnect(timeout=1)


def test_a_token_stops_what_it_was_given_to_and_is_not_used_up(server: ScriptedServer, wire: str) -> None:
    server.always(Script.text("whole"))
    provider, token = make(wire, server.url), CancelToken()
    for _ in range(2):
        with provider.stream(request(), cancel=token) as stream:
            assert stream.response().complete
    assert not token.cancelled
    server.always(Script([Delta("Half"), Stall()]))
    streams = [provider.stream(request(), cancel=token) for _ in range(2)]
    server.wait_request(4)
    token.cancel()
    for stream in streams:
        *_, end = stream
        assert isinstance(end, End)
        assert end.error is not None
        assert end.error.kind == "cancelled"


def test_generate_is_stopped_by_its_token(server: ScriptedServer, wire: str) -> None:
    server.play(Script([Delta("Half"), Stall()]))
    token = CancelToken()

    def stop() -> None:
        server.wait_sent()
        token.cancel()

    threading.Thread(target=stop).start()
    with pytest.raises(ProviderError) as caught:
        make(wire, server.url).generate(request(), cancel=token)
    assert caught.value.kind == "cancelled"


def test_a_stream_that_nobody_holds_any_more_is_stopped(server: ScriptedServer, wire: str) -> None:
    server.play(Script([Flood(1_000_000)]))
    stream = make(wire, server.url).stream(request())
    next(stream)
    del stream
    server.wait_disconnect(timeout=2)
