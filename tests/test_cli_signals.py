"""How `atlas-tui ask` ends before its answer does: signals, and a reader that leaves."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.command import settings, start
from tests.servers.scripted import Delta, Flood, NoHeaders, Script, ScriptedServer, Stall

WIRES = ["anthropic", "openai", "ollama"]
PROMPT = "A long and winding question?"
AT_ONCE = 0.5
"""Seconds within which it must have ended: generous, because others may compute at the same time."""


def asking(server: ScriptedServer, provider: str, *arguments: str) -> subprocess.Popen[str]:
    """The command, once its request is with the server."""
    environ = {
        "ANTHROPIC_API_KEY": "sk-ant-test-0123456789abcdef",
        "ANTHROPIC_BASE_URL": server.url,
        "OPENAI_API_KEY": "sk-test-0123456789abcdef",
        "OPENAI_BASE_URL": f"{server.url}/v1",
        "OLLAMA_HOST": server.url,
    }
    process = start("ask", "-p", provider, "-m", "test-model", PROMPT, *arguments, environ=environ)
    assert process.stdin
    process.stdin.close()
    process.stdin = None  # so that communicate() leaves it alone
    server.wait_request(timeout=20)
    return process


def end(process: subprocess.Popen[str], number: int) -> tuple[int, str, str, float]:
    """Send a signal; status, what is on stdout and stderr, and the seconds it took."""
    begun = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    return process.returncode, out, err, time.monotonic() - begun


@pytest.mark.parametrize("provider", WIRES)
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_on_a_stalled_stream(server: ScriptedServer, provider: str, number: int, status: int) -> None:
    server.play(Script([Delta("half an ans"), Stall()]))
    process = asking(server, provider)
    assert process.stdout
    assert process.stdout.read(11) == "half an ans"
    returned, out, err, took = end(process, number)
    assert (returned, out) == (status, "\n")
    assert err == "atlas-tui: interrupted (what had arrived is on stdout): ask again for a whole answer\n"
    assert took < AT_ONCE
    server.wait_disconnect()


def test_before_the_first_token(server: ScriptedServer) -> None:
    server.play(NoHeaders())
    status, out, err, took = end(asking(server, "openai"), signal.SIGINT)
    assert (status, out) == (130, "")
    assert "nothing had arrived" in err
    assert took < AT_ONCE
    server.wait_disconnect()


def test_the_json_form_keeps_what_had_arrived(server: ScriptedServer) -> None:
    server.play(Script([Delta("half"), Stall()]))
    process = asking(server, "ollama", "--events")
    assert process.stdout
    lines = [process.stdout.readline(), process.stdout.readline()]
    assert '"text": "half"' in lines[1]
    status, out, _, _ = end(process, signal.SIGINT)
    assert status == 130
    assert '"type": "end"' in out
    assert '"kind": "cancelled"' in out
    assert '"content": "half"' in out


def test_while_the_prompt_is_read() -> None:
    with start("ask", "Review", "--debug") as process:
        assert process.stdin
        process.stdin.write("x" * 200_000)  # more than a pipe holds: once it is written, the command reads
        status, out, err, _ = end_reading(process)
    assert (status, out, err) == (130, "", "")


def end_reading(process: subprocess.Popen[str]) -> tuple[int, str, str, float]:
    return end(process, signal.SIGINT)


def test_a_reader_that_leaves_cancels_the_request(server: ScriptedServer) -> None:
    server.play(Script([Flood(1_000_000, "line\n", rate=2000)]))
    process = asking(server, "openai")
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline() == "line\n"
    process.stdout.close()
    assert process.wait(20) == 141
    assert process.stderr.read() == ""
    process.stderr.close()
    server.wait_disconnect()


def test_in_a_shell(tmp_path: Path) -> None:
    quick = settings(tmp_path, "[providers.mock]\ndelay_ms = 1\n")
    import sys

    script = f'"{sys.executable}" -m atlas_tui ask hi --config "{quick}" | head -n 1; echo "${{PIPESTATUS[0]}}"'
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=30, check=False)
    first, status = result.stdout.splitlines()
    assert first.startswith("This is a rehearsed answer")
    assert status == "141"
    assert result.stderr == ""
