"""The document that the library began from: its code blocks, run in their order as a reader would.

`tests/data/streaming_example.md` holds them unchanged but for the package's name; nothing in them waits here.
"""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import time
from types import SimpleNamespace
from typing import Any

import pytest

from tests.servers.scripted import Script, ScriptedServer

DOCUMENT = Path(__file__).parent / "data" / "streaming_example.md"
BLOCKS = dict(re.findall(r"^## (.+?)\n\n```python\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.S | re.M))
COMPLETE = "Complete Example with Multiple Providers"
TUTORIAL = [title for title in BLOCKS if title != COMPLETE]
QUERY = "What is the trimodal methodology in Atlas?"
Run = Callable[[str], dict[str, Any]]


def unhurried_import(
    name: str,
    globals: Mapping[str, object] | None = None,
    locals: Mapping[str, object] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> Any:
    """`import` as the blocks see it: the time they get does not sleep between two characters."""
    if name == "time":
        return SimpleNamespace(time=time, sleep=lambda seconds: None)
    return builtins.__import__(name, globals, locals, fromlist or (), level)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a block in the one namespace of the test, as a script: no model delays, no arguments."""
    settings = tmp_path / "config.toml"
    settings.write_text("[providers.mock]\ndelay_ms = 0\n")
    monkeypatch.setenv("ATLAS_CONFIG", str(settings))
    monkeypatch.setattr(sys, "argv", ["streaming_example.py"])
    monkeypatch.setattr(sys, "path", [*sys.path])  # a block adds the folder above its own
    namespace: dict[str, Any] = {
        "__name__": "__main__",
        "__file__": str(tmp_path / "examples" / "streaming_example.py"),
        "__builtins__": {**vars(builtins), "__import__": unhurried_import},
    }

    def run(title: str) -> dict[str, Any]:
        block = BLOCKS[title].replace('"delay_ms": 50', '"delay_ms": 1')  # of its mock: eight seconds
        exec(compile(block, title, "exec"), namespace)
        return namespace

    return run


def test_the_document_is_all_there() -> None:
    assert TUTORIAL == [
        "Setup",
        "Creating a Streaming Callback",
        "Basic Streaming Query",
        "Error Handling",
        "Advanced Streaming Callback",
        "Streaming with Context",
    ]


def test_the_tutorial_runs_from_its_first_block_to_its_last(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    printed: dict[str, str] = {}
    for title in TUTORIAL:
        namespace = run(title)
        printed[title] = capsys.readouterr().out
    answer = namespace["client"].query(QUERY)
    assert printed["Basic Streaming Query"] == (
        f"Query: {QUERY}\nStreaming Response:\n{answer}\n\nTotal response length: {len(answer)}\n"
    )
    assert printed["Error Handling"].endswith(f"Streaming completed with result length: {len(answer)}\n")
    assert "Error in streaming" not in printed["Error Handling"]
    assert re.search(r"\[Generated 20 tokens at \d+\.\d tokens/sec\]", printed["Advanced Streaming Callback"])
    assert namespace["handler"].tokens > namespace["handler"].words > 20
    assert printed["Streaming with Context"] == f"Retrieved 0 relevant documents\n\nStreaming Response:\n{answer}"


def test_a_stream_that_fails_is_asked_again_as_the_document_does(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    from atlas_tui import create_query_client

    for title in TUTORIAL[:3]:
        namespace = run(title)
    namespace["client"] = create_query_client(simulate_errors=1, error_type="truncated")
    capsys.readouterr()
    run("Error Handling")
    out = capsys.readouterr().out
    assert "\nError in streaming: mock broke off" in out
    fallback = out.partition("Falling back to regular query...\n")[2]
    assert fallback == f"Regular query result:\n{namespace['client'].query(QUERY)}\n"


STATISTICS = r"""
Streaming completed!
Model: {model}
Provider: {provider}
Content length: \d+ characters
Tokens: \d+ input, \d+ output
Estimated cost: {cost}
Finish reason: stop
"""


def statistics(provider: str, model: str, cost: str) -> re.Pattern[str]:
    return re.compile(STATISTICS.format(provider=provider, model=re.escape(model), cost=cost))


def test_the_complete_example_demonstrates_the_client(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["streaming_example.py", "--provider", "client"])
    run(COMPLETE)
    out = capsys.readouterr().out
    assert re.search(
        r"Streaming completed with result length: \d+\n"
        r"\nToken Usage: \d+ input, \d+ output tokens\nEstimated Cost: \$0\.000000\n$",
        out,
    )


@pytest.mark.parametrize(
    ("provider", "model"),
    [("anthropic", "claude-3-7-sonnet-20250219"), ("openai", "gpt-4.1"), ("ollama", "llama3")],
)
def test_the_complete_example_streams_from_a_provider(
    provider: str,
    model: str,
    run: Run,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    server: ScriptedServer,
) -> None:
    """The document's `--mock` only skips the check of the key; a server that wants none then answers."""
    monkeypatch.setenv("SKIP_API_KEY_CHECK", "false")  # the example sets it: to be restored
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url + "/v1")
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    monkeypatch.setattr(sys, "argv", ["streaming_example.py", "--provider", provider, "--mock"])
    server.play(Script.text("It has ", "three modes."))
    run(COMPLETE)
    out = capsys.readouterr().out
    assert "Error" not in out
    assert "\nStreaming Response:\nIt has three modes.\n" in out
    assert statistics(provider, model, r"(\$\d+\.\d{6}|unknown)").search(out)
    assert [exchange.request.model for exchange in server.exchanges if exchange.answer] == [model]


def test_the_complete_example_runs_to_its_end_when_providers_fail(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, dead_url: str
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", dead_url)
    monkeypatch.setattr(sys, "argv", ["streaming_example.py", "-p", "all"])
    run(COMPLETE)
    out = capsys.readouterr().out
    assert "Error creating provider anthropic: no API key for anthropic: set ANTHROPIC_API_KEY" in out
    assert "Error creating provider openai: no API key for openai: set OPENAI_API_KEY" in out
    assert re.search(rf"\nError in streaming: Ollama .*{dead_url}", out)
    demo = out.partition("DEMO 2: Direct Streaming with Mock Provider")[2]
    assert "Using model: mock-standard" in demo
    assert re.search(r"\[Progress: \d+ tokens generated so far\.\.\.\]", demo)
    assert statistics("mock", "mock-standard", r"\$0\.000000").search(demo)
