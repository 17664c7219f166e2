"""The query client, as its users call it."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from atlas_tui import AtlasError, ConfigError, ProviderError, QueryClient, create_query_client
from atlas_tui.errors import Kind
from atlas_tui.models.base import (
    Counted,
    End,
    Finish,
    ModelInfo,
    ModelMessage,
    ModelRequest,
    Provider,
    Start,
    TextDelta,
    TokenUsage,
    WireEvent,
)
from tests.clients import at_once, client_of, ignore
from tests.played import HANG, PlayedProvider, says

pytestmark = pytest.mark.usefixtures("no_leaked_threads")
ROOT = Path(__file__).parent.parent
INTERRUPTED = """
import os, signal, threading
from atlas_tui.client import QueryClient
from atlas_tui.retrieval import KnowledgeBase
from tests.played import HANG, PlayedProvider

def interrupt():
    assert provider.hanging.wait(5)
    os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
provider = PlayedProvider([HANG])
threading.Thread(target=interrupt).start()
try:
    QueryClient(provider, knowledge=KnowledgeBase()).query("Never answered")
except KeyboardInterrupt as held:  # its traceback still holds the stream: no garbage collector has closed it
    print("interrupted,", "stopped" if provider.closed.wait(2) else "still running")
"""
"""A process of its own: only the main thread of one gets a Ctrl+C."""


class TestQuery:
    def test_gives_the_answer_and_keeps_the_response(self) -> None:
        client = client_of(PlayedProvider(says("Hel", "lo", counted=Counted(TokenUsage(11, 2)))))
        assert client.last_response is None
        assert client.query("Say hello") == "Hello"
        response = client.last_response
        assert response is not None
        assert response.complete
        assert (response.content, response.provider, response.model) == ("Hello", "played", "test-model")
        assert (response.usage, response.finish_reason) == (TokenUsage(11, 2), "stop")
        assert response.request_id == "request-1"

    def test_every_query_stands_alone(self) -> None:
        provider = PlayedProvider(says("one"))
        client = client_of(provider)
        client.query("first")
        client.query("second")
        assert provider.requests[1].messages == [ModelMessage.user("second")]

    def test_takes_its_settings_to_the_model(self) -> None:
        provider = PlayedProvider(says("yes"))
        client_of(provider, system_prompt="Be brief.", max_tokens=7, temperature=0.2).query("Is it?")
        (request,) = provider.requests
        assert (request.system_prompt, request.max_tokens, request.temperature) == ("Be brief.", 7, 0.2)

    @pytest.mark.parametrize("text", ["", "  \n\t "])
    def test_refuses_an_empty_prompt_before_anything_is_sent(self, text: str) -> None:
        provider = PlayedProvider(says("never"))
        client = client_of(provider)
        for ask in (
            client.query,
            client.stream,
            client.query_with_context,
            lambda t: client.query_streaming(t, ignore),
        ):
            with pytest.raises(ConfigError, match="empty"):
                ask(text)
        assert provider.requests == []

    def test_raises_what_failed_with_the_part_that_had_arrived(self) -> None:
        client = client_of(PlayedProvider([TextDelta("Half an "), TextDelta("ans")]))
        with pytest.raises(ProviderError) as caught:
            client.query("Go on")
        assert (caught.value.kind, caught.value.provider, caught.value.model) == ("truncated", "played", "test-model")
        partial = caught.value.partial
        assert (partial.content, partial.complete) == ("Half an ans", False)
        assert client.last_response is partial

    def test_a_provider_of_one_s_own_is_two_methods(self) -> None:
        class Echo(Provider):
            async def _stream(self, request: ModelRequest) -> AsyncGenerator[WireEvent, None]:
                for word in request.messages[-1].content.split():
                    yield TextDelta(f"{word} ")
                yield Finish("stop")

            async def _list(self) -> list[ModelInfo]:
                return [ModelInfo("echo-1")]

        client = QueryClient(Echo("echo", None))
        assert client.query("Say hello") == "Say hello "
        assert client.last_response is not None
        assert (client.last_response.model, str(client.last_response.cost)) == ("echo-1", "unknown")
        assert client.list_models() == ["echo-1"]
        assert client.retrieve_only("hello") == []

    def test_answers_and_failures_can_be_given_to_another_process(self, dead_url: str) -> None:
        """What a pool of processes does with them; one that cannot be made anew there breaks the whole pool."""
        client = create_query_client("openai:gpt-4.1", delay_ms=0, mock=True, simulate_errors=1, policy=at_once())
        with pytest.raises(ProviderError) as failed:
            client.query("Why?")
        with pytest.raises(ProviderError) as refused:
            create_query_client("openai", base_url=dead_url, api_key="sk-0123456789", policy=at_once()).query("Why?")
        for error in (failed.value, refused.value):
            copied = pickle.loads(pickle.dumps(error))
            assert (copied.to_dict(), str(copied)) == (error.to_dict(), str(error))
            assert copied.partial.to_dict() == error.partial.to_dict()
        client.query("Why?")
        assert client.last_response is not None
        whole = pickle.loads(pickle.dumps(client.last_response))
        assert whole.to_dict() == client.last_response.to_dict()
        assert str(whole.cost) == str(client.last_response.cost) != "unknown"

    async def test_works_where_an_event_loop_already_runs(self) -> None:
        client = client_of(PlayedProvider(says("in", "side")))
        assert client.query("Hello") == "inside"
        assert client.query_streaming("Hello", ignore) == "inside"
        assert client.list_models() == ["test-model"]

    def test_serves_several_threads_at_once(self) -> None:
        client = create_query_client(delay_ms=0)
        prompts = [f"number {n}" for n in range(8)]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(client.query, prompts))
        assert all(f'"{prompt}"' in answer for prompt, answer in zip(prompts, answers, strict=True))

    def test_an_interrupt_while_waiting_stops_the_request(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", INTERRUPTED], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
        )
        assert done.stdout == "interrupted, stopped\n"


class TestAsync:
    """`async for`: what a program with an event loop of its own uses, a web server say."""

    async def test_gives_the_same_events(self) -> None:
        client = client_of(PlayedProvider(says("a", "b\n", "c")))
        events = [event async for event in client.stream("?")]
        assert [type(event) for event in events] == [type(event) for event in client.stream("?")]
        assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "ab\nc"
        assert client.last_response is not None

    async def test_a_silent_server_does_not_hold_up_the_loop(self) -> None:
        """Many more streams than an executor has threads, all silent, and one that speaks."""
        silent = [PlayedProvider([TextDelta("one"), HANG]) for _ in range(50)]
        seen: list[str] = []

        async def read(provider: PlayedProvider) -> None:
            async for event in client_of(provider).stream("?"):
                if isinstance(event, TextDelta):
                    seen.append(event.text)

        waiting = [asyncio.create_task(read(provider)) for provider in silent]
        while len(seen) < len(silent):
            await asyncio.sleep(0.001)
        await read(PlayedProvider(says("an answer")))
        assert seen[-1] == "an answer"
        assert not any(task.done() for task in waiting)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert all(task.cancelled() for task in waiting)
        assert all([await asyncio.to_thread(provider.closed.wait, 2) for provider in silent])

    async def test_who_leaves_stops_the_request(self) -> None:
        provider = PlayedProvider([TextDelta("one"), HANG])
        with client_of(provider).stream("?") as stream:
            async for event in stream:
                if isinstance(event, TextDelta):
                    break
        assert provider.closed.wait(2)

    async def test_close_from_another_thread_ends_it(self) -> None:
        provider = PlayedProvider([TextDelta("one"), HANG])
        stream = client_of(provider).stream("?")

        def leave() -> None:
            assert provider.hanging.wait(5)
            stream.close()

        threading.Thread(target=leave).start()
        *_, end = [event async for event in stream]
        assert isinstance(end, End)
        assert end.error is not None
        assert (end.error.kind, end.response.content) == ("cancelled", "one")


class TestQueryStreaming:
    def test_shows_each_delta_with_the_text_so_far(self) -> None:
        seen: list[tuple[str, str]] = []
        answer = client_of(PlayedProvider(says("a", "b\n", "c"))).query_streaming(
            "?", lambda *shown: seen.append(shown)
        )
        assert answer == "ab\nc"
        assert seen == [("a", "a"), ("b\n", "ab\n"), ("c", "ab\nc")]

    def test_calls_back_in_the_thread_that_asked(self) -> None:
        threads = set()
        client_of(PlayedProvider(says("a", "b"))).query_streaming("?", lambda *_: threads.add(threading.get_ident()))
        assert threads == {threading.get_ident()}

    @pytest.mark.parametrize(
        ("error_type", "kind", "begun"),
        [
            ("truncated", "truncated", True),
            ("connection", "connection", True),
            ("overloaded", "overloaded", False),
            ("auth", "auth", False),
        ],
    )
    def test_a_failed_stream_has_shown_all_of_its_partial_and_can_be_asked_again(
        self, error_type: str, kind: Kind, begun: bool
    ) -> None:
        client = create_query_client(delay_ms=0, simulate_errors=1, error_type=error_type, policy=at_once())
        shown = ""

        def callback(delta: str, full_text: str) -> None:
            nonlocal shown
            shown += delta
            assert full_text == shown

        with pytest.raises(ProviderError) as caught:
            client.query_streaming("Why?", callback)
        assert caught.value.kind == kind
        assert caught.value.partial.content == shown
        assert bool(shown) is begun
        whole = client.query("Why?")
        assert whole.startswith(shown)
        assert len(whole) > len(shown)
        assert client.last_response is not None
        assert client.last_response.complete

    @pytest.mark.parametrize("error", [RuntimeError("the screen is gone"), KeyboardInterrupt()])
    def test_an_exception_in_the_callback_stops_the_request_and_is_raised(self, error: BaseException) -> None:
        provider = PlayedProvider([TextDelta("one "), TextDelta("two "), HANG], says("again"))
        client = client_of(provider)

        def callback(delta: str, full_text: str) -> None:
            if delta == "two ":
                raise error

        with pytest.raises(type(error)) as caught:
            client.query_streaming("Count", callback)
        assert caught.value is error
        assert provider.closed.wait(2)
        assert client.last_response is not None
        assert client.last_response.content == "one two "
        assert not client.last_response.complete
        assert client.query_streaming("Again", ignore) == "again"


class TestStream:
    def test_begins_with_start_and_has_one_ending_the_last(self) -> None:
        with client_of(PlayedProvider(says("a", "b"))).stream("?") as stream:
            events = list(stream)
            assert next(stream, None) is None
        assert events[0] == Start("played", "test-model", "request-1")
        assert [event for event in events if isinstance(event, TextDelta)] == [TextDelta("a"), TextDelta("b")]
        assert [type(event) for event in events].count(End) == 1
        assert isinstance(events[-1], End)
        assert events[-1].error is None
        assert events[-1].response.content == "ab"

    def test_a_failure_is_the_ending_and_not_raised(self) -> None:
        *_, end = client_of(PlayedProvider([TextDelta("a"), ProviderError("overloaded", "busy")])).stream("?")
        assert isinstance(end, End)
        assert end.error is not None
        assert (end.error.kind, end.response.content) == ("overloaded", "a")

    def test_close_from_another_thread_ends_a_silent_stream_and_keeps_what_had_arrived(self) -> None:
        provider = PlayedProvider([TextDelta("Half"), HANG])
        client = client_of(provider)
        with client.stream("?") as stream:

            def close_when_silent() -> None:
                assert provider.hanging.wait(5)
                stream.close()

            closer = threading.Thread(target=close_when_silent)
            closer.start()
            *_, end = stream
            closer.join()
        assert isinstance(end, End)
        assert end.error is not None
        assert end.error.kind == "cancelled"
        assert end.error.partial.content == "Half"
        assert provider.closed.is_set()

    def test_leaving_the_block_early_stops_the_request(self) -> None:
        provider = PlayedProvider([TextDelta("a"), HANG])
        with client_of(provider).stream("?") as stream:
            assert TextDelta("a") in (next(stream), next(stream))
        assert provider.closed.is_set()

    def test_a_stream_that_nobody_reads_any_more_stops(self) -> None:
        provider = PlayedProvider([HANG])
        stream = client_of(provider).stream("?")
        assert provider.hanging.wait(5)
        del stream
        assert provider.closed.wait(5)

    def test_text_gives_the_deltas_alone_and_raises_a_failure_after_them(self) -> None:
        provider = PlayedProvider(says("a", "b"), [TextDelta("c")])
        client = client_of(provider)
        assert list(client.stream("?").text()) == ["a", "b"]
        deltas = client.stream("?").text()
        assert next(deltas) == "c"
        with pytest.raises(ProviderError, match="broke off"):
            next(deltas)

    def test_silence_can_be_waited_for_with_a_limit(self) -> None:
        with client_of(PlayedProvider([HANG])).stream("?") as stream:
            assert isinstance(stream.next_within(5), Start)
            assert stream.next_within(0.01) is None
            stream.close()
            assert isinstance(stream.next_within(5), End)
            with pytest.raises(StopIteration):
                stream.next_within(5)


class TestCreate:
    def test_is_the_mock_where_nobody_has_chosen(self) -> None:
        client = create_query_client(delay_ms=0)
        assert (client.provider.name, client.provider.model_name) == ("mock", "mock-standard")
        assert "mock" in client.query("Hello")

    @pytest.mark.parametrize(
        ("arguments", "provider", "model"),
        [
            (("anthropic", "claude-3-7-sonnet-20250219"), "anthropic", "claude-3-7-sonnet-20250219"),
            (("openai:gpt-4.1",), "openai", "gpt-4.1"),
            (("ollama:llama3:8b",), "ollama", "llama3:8b"),
            (("openai:gpt-4.1", "gpt-4o"), "openai", "gpt-4o"),
        ],
    )
    def test_mock_plays_any_target_without_a_key(self, arguments: tuple[str, ...], provider: str, model: str) -> None:
        client = create_query_client(*arguments, mock=True, delay_ms=0)
        assert client.query("Hello")
        response = client.last_response
        assert response is not None
        assert (response.provider, response.model, response.mock) == (provider, model, True)

    def test_a_system_prompt_comes_from_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "system.md"
        file.write_text("\ufeffAntworte kürzer.", encoding="utf-8")
        client = create_query_client(system_prompt_file=file, delay_ms=0)
        counted = self._input_tokens(client)
        assert counted > self._input_tokens(create_query_client(delay_ms=0))
        assert counted == self._input_tokens(create_query_client(system_prompt="Antworte kürzer.", delay_ms=0))

    @staticmethod
    def _input_tokens(client: QueryClient) -> int:
        client.query("Hello")
        assert client.last_response is not None
        return client.last_response.usage.input_tokens

    def test_a_system_prompt_file_that_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        binary = tmp_path / "binary.md"
        binary.write_bytes(b"\xff\xfe\x00")
        for file, reason in ((tmp_path / "absent.md", "No such file"), (tmp_path, "directory"), (binary, "UTF-8")):
            with pytest.raises(ConfigError, match=reason) as caught:
                create_query_client(system_prompt_file=str(file))
            assert str(file) in str(caught.value)
            assert "\n" not in str(caught.value)
        with pytest.raises(ConfigError, match="exclude each other"):
            create_query_client(system_prompt="a", system_prompt_file=binary)

    def test_every_mistake_is_an_atlas_error_of_one_sentence(self) -> None:
        for wrong in ({"provider_name": "gpt"}, {"colour": "red"}, {"model_name": "gpt"}, {"fallback": "nobody"}):
            with pytest.raises(AtlasError, match="use one of") as caught:
                create_query_client(**wrong)  # type: ignore[arg-type]
            assert "\n" not in str(caught.value)
