"""The examples, run as a reader would run them."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


streaming = load("streaming_example")


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mock answers within some hundredths of a second, by a setting of the user's."""
    settings = tmp_path / "config.toml"
    settings.write_text("[providers.mock]\ndelay_ms = 0.2\n")
    monkeypatch.setenv("ATLAS_CONFIG", str(settings))


@pytest.mark.usefixtures("quick")
class TestStreamingExample:
    @pytest.mark.parametrize(
        ("name", "model", "cost"),
        [
            ("anthropic", "claude-3-7-sonnet-20250219", r"0\.0\d+"),
            ("openai", "gpt-4.1", r"0\.0\d+"),
            ("ollama", "llama3", r"0\.000000"),
            ("mock", "mock-standard", r"0\.000000"),
        ],
    )
    def test_any_provider_can_be_played(
        self, name: str, model: str, cost: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert streaming.main(["--provider", name, "--mock"]) == 0
        out = capsys.readouterr().out
        assert re.search(r"no model was asked\. \[\d+ tokens so far\]", out)
        assert re.search(
            rf"\n\nModel: {model}\nProvider: {name}\nLength: \d+ characters\n"
            rf"Tokens: \d+ input, \d+ output\nCost: \${cost}\nFinish reason: stop\n$",
            out,
        )

    def test_is_the_mock_provider_without_arguments(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert streaming.main([]) == 0
        assert "The mock provider (mock-standard)" in capsys.readouterr().out

    def test_takes_a_model(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert streaming.main(["-p", "openai", "-m", "gpt-4o", "--mock"]) == 0
        assert "Model: gpt-4o\n" in capsys.readouterr().out

    def test_the_client_retrieves_streams_and_counts(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert streaming.main(["-p", "client"]) == 0
        first, second = capsys.readouterr().out.split("A callback that counts")
        assert "Passages found in the knowledge base: 0" in first
        assert re.search(r"\n\nLength: \d+ characters\nTokens: \d+ input, \d+ output\nCost: \$0\.000000\n", first)
        assert re.search(r"\n    \[\d+ tokens, \d+ words, \d+ tokens/s\]\n", second)
        assert re.search(r"Counted while streaming: about \d+ tokens, \d+ words\nSpeed: [\d.]+ tokens/s\n$", second)

    def test_all_goes_on_when_providers_fail_and_says_why(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, dead_url: str
    ) -> None:
        monkeypatch.setenv("OLLAMA_HOST", dead_url)
        assert streaming.main(["-p", "all"]) == 0
        out, err = capsys.readouterr()
        assert "Provider: mock\n" in out
        told = err.strip().splitlines()[::2]
        assert [line.partition(": ")[0] for line in told] == ["anthropic failed", "openai failed", "ollama failed"]
        assert "ANTHROPIC_API_KEY" in told[0]
        assert "OPENAI_API_KEY" in told[1]
        assert dead_url in told[2]

    def test_a_failure_alone_is_one_sentence_and_exit_status_1(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert streaming.main(["-p", "anthropic"]) == 1
        assert capsys.readouterr().err.count("\n") == 2

    def test_a_stream_that_breaks_off_is_asked_again_the_regular_way(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = tmp_path / "failing.toml"
        settings.write_text('[providers.mock]\ndelay_ms = 0.2\nsimulate_errors = 1\nerror_type = "truncated"\n')
        monkeypatch.setenv("ATLAS_CONFIG", str(settings))
        streaming.demonstrate_client()
        out = capsys.readouterr().out
        broken, regular = re.split(r"\n\nThe stream failed after \d+ characters: .*\n.*\n\n", out)
        shown = broken.partition("knowledge base: 0\n\n")[2]
        assert shown
        assert regular.startswith(shown)

    def test_what_a_model_writes_is_cleaned_before_it_is_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        handler = streaming.StreamingHandler()
        hostile = "\x1b]0;owned\x07\x9b2J\u202e\n"
        streaming.type_out(hostile, hostile)
        handler.stream_callback(hostile, hostile)
        assert capsys.readouterr().out == "␛]0;owned␇2J\n" * 2

    def test_runs_as_a_script(self) -> None:
        done = subprocess.run(
            [sys.executable, EXAMPLES / "streaming_example.py", "-p", "everything"],
            capture_output=True,
            text=True,
            timeout=30,
            env=os.environ | {"PYTHONWARNINGS": "error"},
        )
        assert done.returncode == 2
        assert "'anthropic', 'openai', 'ollama', 'mock', 'all', 'client'" in done.stderr


class TestWebExample:
    @pytest.mark.parametrize("server", ["flask", "starlette"])
    def test_a_framework_that_is_not_there_is_named_in_one_sentence(self, server: str, tmp_path: Path) -> None:
        for name in ("flask", "starlette", "uvicorn"):
            (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError('no {name}', name='{name}')\n")
        done = subprocess.run(
            [sys.executable, EXAMPLES / "web_sse.py", "--server", server, "--mock", "--port", "0"],
            capture_output=True,
            text=True,
            timeout=30,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert re.fullmatch(r"\w+ is not installed: run `pip install [\w ]+`\n", done.stderr)
        assert server in done.stderr

    def test_a_provider_without_a_key_is_told_before_anything_is_served(self) -> None:
        done = subprocess.run(
            [sys.executable, EXAMPLES / "web_sse.py", "-p", "anthropic"], capture_output=True, text=True, timeout=30
        )
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert "ANTHROPIC_API_KEY" in done.stderr
