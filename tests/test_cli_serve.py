"""`atlas-tui serve`: what a person who starts it sees, and who is let in."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

from tests.browser import QUESTION, asked, events, got
from tests.command import QUICK, run, settings, start
from tests.servers.scripted import Delta, Script, ScriptedServer, Stall


def quick(folder: Path) -> dict[str, str]:
    return {"ATLAS_CONFIG": settings(folder, QUICK)}


def test_answers_until_it_is_interrupted(tmp_path: Path) -> None:
    with start("serve", "--mock", "-p", "openai:gpt-4o", "--port", "0", environ=quick(tmp_path)) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("openai:gpt-4o answers at http://127.0.0.1:")
        port = int(line.rstrip("/\n").rpartition(":")[2])
        with asked(port, QUESTION) as response:
            name, _ = list(events(response))[-1]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (name, process.returncode, err) == ("done", 130, "")


def test_who_reads_an_answer_hears_that_the_server_ends(server: ScriptedServer) -> None:
    server.play(Script([Delta("half an answer"), Stall()]))
    environ = {"OLLAMA_HOST": server.url}
    with start("serve", "-p", "ollama:test-model", "--port", "0", "--host", "", environ=environ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().rpartition(" ")[2].strip()
        assert address.startswith("http://127.0.0.1:")
        with asked(int(address.rstrip("/").rpartition(":")[2]), QUESTION) as response:
            told = events(response)
            assert next(data for name, data in told if name == "text") == {"text": "half an answer"}
            process.send_signal(signal.SIGINT)
            name, data = list(told)[-1]
        _, err = process.communicate(timeout=20)
    assert (name, data["kind"], data["response"]["content"]) == ("error", "cancelled", "half an answer")
    assert (process.returncode, err) == (130, "")
    server.wait_disconnect()


def test_another_name_is_taken_with_the_token(tmp_path: Path) -> None:
    """A proxy's, say, in front of this machine's own address."""
    name = "atlas.example"
    with start("serve", "--mock", "--name", name, "--port", "0", environ=quick(tmp_path)) as process:
        assert process.stdout is not None
        head, _, token = process.stdout.readline().rpartition(" ")[2].strip().partition("/#token=")
        port = int(head.rpartition(":")[2])
        for host in (name, f"localhost:{port}"):
            headers = {"Host": host, "Content_Type": "application/json"}
            assert got(port, "POST", "/stream", QUESTION, **headers)[0].status == 401
            assert got(port, "POST", "/stream", QUESTION, Authorization=f"Bearer {token}", **headers)[0].status == 200
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def test_a_token_stands_before_other_addresses(tmp_path: Path) -> None:
    with start("serve", "--mock", "--host", "0.0.0.0", "--port", "0", environ=quick(tmp_path)) as process:
        assert process.stdout is not None
        address = process.stdout.readline().rpartition(" ")[2].strip()
        head, _, token = address.partition("/#token=")
        port = int(head.rpartition(":")[2])
        headers = {"Host": f"{socket.gethostname()}:{port}", "Content_Type": "application/json"}
        assert got(port, "POST", "/stream", QUESTION, **headers)[0].status == 401
        assert head == f"http://{socket.gethostname().lower()}:{port}"
        for host, status in (("10.1.2.3", 401), ("[fe80::1]", 401), ("elsewhere.example", 403), ("10.1.2", 403)):
            named = {**headers, "Host": f"{host}:{port}"}
            assert got(port, "POST", "/stream", QUESTION, **named)[0].status == status
        assert got(port, "POST", "/stream", QUESTION, Authorization=f"Bearer {token}", **headers)[0].status == 200
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def test_an_address_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("serve", "--mock", "--port", str(taken.getsockname()[1]))
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert "choose another --host or --port" in done.err


def test_a_provider_without_a_key_is_told_before_anything_is_served() -> None:
    done = run("serve", "-p", "anthropic")
    assert (done.status, done.out) == (2, "")
    assert "ANTHROPIC_API_KEY" in done.err


def test_without_its_packages_it_names_the_extra(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError('no uvicorn', name='uvicorn')\n")
    done = run("serve", "--mock", environ={"PYTHONPATH": str(tmp_path)})
    assert (done.status, done.out) == (2, "")
    assert done.err == "atlas-tui: uvicorn is not installed: run `pip install 'atlas-tui[web]'`\n"
