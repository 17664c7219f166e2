"""Compatible servers: their settings, their model lists; and what a real model wants besides `test_real_model`."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from atlas_tui.errors import ProviderError
from atlas_tui.models.factory import create_provider
from atlas_tui.models.openai import OpenAIProvider
from tests.models.openai_calls import provider_on, sent_by
from tests.models.wires import ending, request
from tests.servers.scripted import Body, Delta, KeepAlive, Script, ScriptedServer, ServedModel, Usage


class TestTheEnvironment:
    def test_without_a_key_it_says_what_to_do(self) -> None:
        with pytest.raises(ProviderError) as caught:
            create_provider("openai")
        assert caught.value.kind == "auth"
        assert str(caught.value) == "no API key for openai: set OPENAI_API_KEY, or use mock or ollama, which need none"

    def test_the_check_can_be_put_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SKIP_API_KEY_CHECK", "true")
        with pytest.raises(ProviderError, match="set OPENAI_API_KEY"):
            create_provider("openai").generate(request())

    def test_its_variables(self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "variable-key-123456")
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1/")
        monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Team: blue")
        monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
        sent_by(server, OpenAIProvider("gpt-test"))
        assert server.requests[0].path == "/v1/chat/completions"
        headers = server.requests[0].headers
        assert (headers["x-team"], headers["openai-organization"]) == ("blue", "org-1")
        assert server.requests[0].api_key == "variable-key-123456"

    def test_a_server_of_another_name_gets_none_of_them(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in {
            "OPENAI_API_KEY": "variable-key-123456",
            "OPENAI_ADMIN_KEY": "admin-key-123456",
            "OPENAI_ORG_ID": "org-1",
            "OPENAI_PROJECT_ID": "project-1",
            "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
            "OPENAI_CUSTOM_HEADERS": "X-Team: blue\nAuthorization: Bearer other-key-123456",
        }.items():
            monkeypatch.setenv(name, value)
        sent_by(server, OpenAIProvider("m", name="local", base_url=f"{server.url}/v1"))
        sent = str(server.requests[0].headers)
        for secret in ("variable-key", "admin-key", "other-key", "org-1", "project-1", "blue"):
            assert secret not in sent
        assert server.requests[0].api_key == "none"

    def test_another_account_at_openai_needs_a_key_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "variable-key-123456")
        with pytest.raises(ProviderError, match=r"set api_key_env of \[providers.work\]"):
            OpenAIProvider("gpt-test", name="work")

    def test_the_package_is_imported_at_the_first_request_only(self) -> None:
        program = (
            "import sys; from atlas_tui.models.openai import OpenAIProvider; OpenAIProvider('m', api_key='k' * 20); "
            "sys.exit([m for m in ('openai', 'httpx2', 'pydantic', 'genai_prices') if m in sys.modules] or 0)"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


class TestStreams:
    @pytest.mark.parametrize("kind", ["text/plain; charset=utf-8", "application/octet-stream", ""])
    @pytest.mark.parametrize("split", [None, 1])
    def test_a_stream_that_is_called_something_else(self, server: ScriptedServer, kind: str, split: int | None) -> None:
        """Small servers forget what it is called, and OpenAI's own package does not look."""
        steps: list[Any] = [KeepAlive(), Delta("One "), Delta("two."), Usage(9, 3)]
        server.play(Script(steps, headers={"content-type": kind}, split=split))
        response = ending(provider_on(server)).response
        assert (response.content, response.complete, response.usage.output_tokens) == ("One two.", True, 3)

    @pytest.mark.parametrize(
        ("body", "kind", "words"),
        [
            (b'{"choices": [{"message": {"content": "whole"}}]}', "application/json", "use a server that streams"),
            (b'{"error": "no such deployment"}', "text/plain", "failed (no such deployment)"),
            (b"data is what I like", "text/plain", "answered with text/plain instead of a stream: check"),
            (b"", "text/plain", "answered with text/plain instead of a stream: check"),
        ],
    )
    def test_what_is_no_stream(self, server: ScriptedServer, body: bytes, kind: str, words: str) -> None:
        server.play(Body(body, content_type=kind))
        assert words in str(ending(provider_on(server)).error)


class TestModels:
    @pytest.mark.parametrize(
        ("extra", "window"),
        [
            ({"meta": {"n_ctx": 4096, "n_ctx_train": 8192}}, 4096),
            ({"meta": {"n_ctx_train": 8192}}, 8192),
            ({"max_model_len": 16384}, 16384),
            ({"context_length": 131072}, 131072),
            ({"context_window": 32768}, 32768),
            ({"context_length": "many", "meta": 7}, None),
        ],
    )
    def test_the_window_wherever_a_server_puts_it(
        self, server: ScriptedServer, extra: dict[str, Any], window: int | None
    ) -> None:
        server.models = [ServedModel("some-model", extra=extra)]
        (model,) = provider_on(server).list_models()
        assert (model.id, model.context_window) == ("some-model", window)

    def test_the_price_that_a_server_names(self, server: ScriptedServer) -> None:
        priced = {"pricing": {"prompt": "0.0000025", "completion": "0.00001"}}
        router = {"pricing": {"prompt": "-1", "completion": "-1"}}
        server.models = [ServedModel("a", extra=priced), ServedModel("b", extra=router), ServedModel("c")]
        assert [model.price for model in provider_on(server).list_models()] == [(2.5, 10.0), None, None]

    def test_size_and_end_of_life(self, server: ScriptedServer) -> None:
        server.models = [
            ServedModel("a", extra={"meta": {"n_params": 134_515_008}}),
            ServedModel("b", extra={"shutdown_date": "2026-12-11"}),
            ServedModel("c", extra={"shutdown_date": 1_797_000_000}),
        ]
        details = [model.detail for model in provider_on(server).list_models()]
        assert details == ["135M parameters", "retires 2026-12-11", "retires 2026-12-11"]

    def test_a_list_without_a_frame(self, server: ScriptedServer) -> None:
        """As Together gives it."""
        server.routes["/v1/models"] = Body(json.dumps([{"id": "a", "context_length": 8192}, {"id": "b"}]).encode())
        assert [(model.id, model.context_window) for model in provider_on(server).list_models()] == [
            ("a", 8192), ("b", None)
        ]  # fmt: skip

    @pytest.mark.parametrize("body", [b"<html>", b"7", json.dumps({"object": "list"}).encode()])
    def test_what_is_no_list(self, server: ScriptedServer, body: bytes) -> None:
        server.routes["/v1/models"] = Body(body)
        if body.startswith(b"{"):
            assert provider_on(server).list_models() == []
        else:
            with pytest.raises(ProviderError, match="where a model list should be"):
                provider_on(server).list_models()


@pytest.mark.real_model
@pytest.mark.parametrize("api", ["chat", "responses"])
class TestARealModel:
    def test_a_prompt_too_long_is_told(self, real_model: str, api: str) -> None:
        provider = OpenAIProvider("smollm2-135m", name="local", base_url=f"{real_model}/v1", api=api)
        error = ending(provider, request("word " * 4000, max_tokens=4)).error
        assert error is not None
        assert error.kind == "context_length"

    def test_its_list_has_the_window(self, real_model: str, api: str) -> None:
        (model,) = OpenAIProvider(name="local", base_url=f"{real_model}/v1", api=api).list_models()
        assert model.context_window
        assert model.detail.endswith("M parameters")
