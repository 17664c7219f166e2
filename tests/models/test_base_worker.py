"""The worker: pace between the reading and the consumer, callbacks, one ending whatever happens."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import (
    CancelToken,
    Emit,
    End,
    Event,
    EventStream,
    ModelResponse,
    TextDelta,
    Worker,
    settle_cancel,
    undisturbed,
)
from atlas_tui.models.mock import MockProvider
from tests.models.wires import make, request
from tests.played import Sink
from tests.servers.scripted import Delta, Flood, Script, ScriptedServer, Stall, Usage


def delivered(stream: EventStream) -> list[Event]:
    with stream:
        return list(stream)


class TestPace:
    def test_a_slow_consumer_pauses_the_reading(self) -> None:
        total, limit = 20_000, 4096
        emitted = 0
        paused = threading.Event()

        async def source(emit: Emit, cancel: CancelToken) -> End:
            nonlocal emitted

            def look() -> None:
                # Between two turns of the loop nothing is emitted, unless the reading goes on.
                if emitted >= limit:
                    paused.set()
                elif not cancel.cancelled:
                    loop.call_soon(look)

            loop = asyncio.get_running_loop()
            loop.call_soon(look)
            for _ in range(total):
                await emit(TextDelta("x"))
                emitted += 1
            return End(ModelResponse())

        stream = EventStream(source)
        assert paused.wait(5)
        taken: list[Event] = []
        for event in stream:
            assert emitted <= len(taken) + limit + 2
            taken.append(event)
        assert len(taken) == total + 1
        assert type(taken[-1]) is End

    def test_a_paused_reading_can_be_stopped(self, server: ScriptedServer) -> None:
        server.play(Script([Flood(1_000_000)]))
        with make("anthropic", server.url).stream(request()) as stream:
            server.wait_sent(10_000)
            stream.close()
            *_, end = stream
        assert isinstance(end, End)
        assert end.error is not None
        assert end.error.kind == "cancelled"
        server.wait_disconnect(timeout=1)


class Behind(Sink):
    """A sink whose reader never comes."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()

    def full(self) -> bool:
        self.asked.set()
        return True


class TestStops:
    def test_what_follows_a_stop_waits_for_no_reader(self) -> None:
        async def source(emit: Emit, cancel: CancelToken) -> End:
            with suppress(asyncio.CancelledError):
                await emit(TextDelta("before"))
            settle_cancel()
            await emit(TextDelta("after"))
            return End(ModelResponse())

        sink = Behind()
        worker = Worker(source, sink).start()
        assert sink.asked.wait(5)
        worker.cancel()
        assert worker.join(5)
        assert [type(event) for event in sink.events] == [TextDelta, TextDelta, End]

    def test_a_stop_that_nobody_deals_with_is_an_ending_too(self) -> None:
        waiting = threading.Event()

        async def source(emit: Emit, cancel: CancelToken) -> End:
            waiting.set()
            await asyncio.Event().wait()
            raise AssertionError

        stream = EventStream(source)
        assert waiting.wait(5)
        stream.close()
        (end,) = stream
        assert isinstance(end, End)
        assert end.error is not None
        assert end.error.kind == "cancelled"

    def test_a_stop_in_the_tail_of_an_answer_does_not_lose_it(self) -> None:
        tail = threading.Event()

        async def source(emit: Emit, cancel: CancelToken) -> End:
            turns = 0

            async def write_down() -> None:
                nonlocal turns
                turns += 1
                tail.set()
                if turns == 1:
                    await asyncio.Event().wait()

            await undisturbed(cancel, write_down)
            return End(ModelResponse(content="whole"))

        stream = EventStream(source)
        assert tail.wait(5)
        stream.close()
        (end,) = stream
        assert isinstance(end, End)
        assert (end.error, end.response.content) == (None, "whole")

    def test_nothing_is_left_under_way(self, caplog: pytest.LogCaptureFixture) -> None:
        ended = threading.Event()

        async def other() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        async def source(emit: Emit, cancel: CancelToken) -> End:
            task = asyncio.create_task(other())
            await asyncio.sleep(0)
            return End(ModelResponse(content=task.get_name()))

        delivered(EventStream(source))
        assert ended.is_set()
        assert caplog.records == []


class TestEndings:
    def test_a_bug_of_ours_is_an_ending_too(self) -> None:
        async def source(emit: Emit, cancel: CancelToken) -> End:
            await emit(TextDelta("x"))
            raise ZeroDivisionError

        *_, end = delivered(EventStream(source))
        assert isinstance(end, End)
        assert end.error is not None
        assert "Atlas itself failed (ZeroDivisionError)" in str(end.error)
        assert end.error.partial is end.response

    def test_where_no_more_files_can_be_opened_that_is_said(self) -> None:
        code = (
            "import os, resource\n"
            "from atlas_tui import ProviderError, create_query_client\n"
            "client = create_query_client(delay_ms=0)\n"
            "client.query('what is imported at first needs files')\n"
            "resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))\n"
            "held = []\n"
            "try:\n"
            "    while True: held.append(os.dup(0))\n"
            "except OSError: pass\n"
            "for ask in (lambda: client.query('x'), client.list_models):\n"
            "    try: ask()\n"
            "    except ProviderError as error: print(error.kind, error)\n"
            "for each in held: os.close(each)\n"
            "print(client.query('x') == client.last_response.content)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
        )
        sentence = "connection too many files are open to ask a model: ask fewer at once, or raise the limit"
        assert done.stdout == f"{sentence} (`ulimit -n`)\n" * 2 + "True\n"
        assert "Atlas itself failed" not in done.stderr

    def test_after_the_ending_there_is_nothing(self) -> None:
        stream = MockProvider(delay_ms=0).stream(request())
        list(stream)
        with pytest.raises(StopIteration):
            next(stream)

    def test_a_response_can_be_had_without_reading(self) -> None:
        stream = MockProvider(delay_ms=0).stream(request())
        assert stream.response().complete
        assert stream.response().content

    def test_text_is_the_deltas_and_raises_what_failed(self) -> None:
        failing = MockProvider(delay_ms=0, simulate_errors=True, error_type="truncated").stream(request())
        pieces: list[str] = []
        with pytest.raises(ProviderError) as caught:
            pieces.extend(failing.text())
        assert caught.value.kind == "truncated"
        assert "".join(pieces) == caught.value.partial.content != ""


class TestCallbacks:
    def test_each_delta_comes_with_the_response_so_far(self, server: ScriptedServer) -> None:
        server.play(Script([Delta("One "), Delta("two "), Delta("three."), Usage(9, 3)]))
        calls: list[tuple[str, str, int]] = []
        threads = set()

        def note(delta: str, sofar: ModelResponse) -> None:
            calls.append((delta, sofar.content, sofar.usage.output_tokens))
            threads.add(threading.current_thread())

        response = make("anthropic", server.url).stream_with_callback(request(), note)
        assert [call[:2] for call in calls] == [("One ", "One "), ("two ", "One two "), ("three.", "One two three.")]
        assert 0 < calls[0][2] <= calls[-1][2]
        assert threads == {threading.current_thread()}
        assert (response.content, response.usage.output_tokens) == ("One two three.", 3)

    def test_a_failure_is_raised_with_what_had_come(self, server: ScriptedServer) -> None:
        server.play(Script([Delta("Half"), Stall()]))
        got = []
        with pytest.raises(ProviderError) as caught:
            make("chat", server.url, timeout=0.3).stream_with_callback(request(), lambda delta, _: got.append(delta))
        assert (caught.value.kind, caught.value.partial.content, got) == ("timeout", "Half", ["Half"])

    def test_inside_a_running_loop(self, server: ScriptedServer) -> None:
        server.play(Script.text("ok"))

        async def main() -> str:
            return make("chat", server.url).generate(request()).content

        assert asyncio.run(main()) == "ok"


def test_many_at_once_do_not_mix(server: ScriptedServer) -> None:
    server.always(lambda asked: Script([Flood(300, f"{asked.model} ")]))
    provider_of = {f"model-{number}": make("chat", server.url, f"model-{number}") for number in range(6)}
    streams = {name: provider.stream(request()) for name, provider in provider_of.items()}
    for name, stream in streams.items():
        assert stream.response().content == f"{name} " * 300
