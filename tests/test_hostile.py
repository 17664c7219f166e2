"""Hostile text through every way out: what a model, a server or a file name says never acts on a terminal or a page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from atlas_tui.config import log_dir
from tests.command import Result, Terminal, run, settings
from tests.servers.script import Step
from tests.servers.scripted import (
    Delta,
    Finish,
    HttpError,
    Reasoning,
    Script,
    ScriptedServer,
    ServedModel,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
KEY = "lab-secret-0123456789"
ATTACKS = [
    "\x1b]0;OWNED\x07",  # a window title
    "\x1b]52;c;T1dORUQ=\x1b\\",  # the clipboard
    "\x1b[2J\x1b[31m",
    "\x9b31m\x9d0;OWNED\x9c",  # the same in 8 bits
    "\u202eOWNED\u202c\u2066\u200b",  # text that reads otherwise than it is
    "[bold red]OWNED[/] [@click=app.quit]OWNED[/]",  # markup of Textual and Rich
    "\x08\x7f\r",
]
HOSTILE = "begin" + "".join(ATTACKS) + "end"
ONE_LINE = HOSTILE.replace("\r", "")
OBEYED = re.compile(
    rb"\x1b\]0;OWNED|\x1b\]52;c;T1dORUQ|\x1b\[2J\x1b\[31m|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xaf]|\xe2\x81[\xa0-\xaf]"
    rb"|\xe2\x80\x8b|\x08|\x7f"
)
"""Bytes that a terminal obeys or a reader cannot see, and that only the attacks contain."""


def assert_harmless(raw: bytes) -> None:
    found = OBEYED.search(raw)
    assert found is None, raw[max(0, found.start() - 60) : found.end() + 60]
    assert KEY.encode() not in raw


@pytest.fixture
def lab(server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A settings file with a provider whose every word is hostile."""
    monkeypatch.setenv("LAB_KEY", KEY)
    server.models = [ServedModel("model"), ServedModel(ONE_LINE)]
    return settings(
        tmp_path,
        'default_provider = "lab"\n'
        f'[providers.lab]\nkind = "openai"\nbase_url = "{server.url}/v1"\nmodel = "model"\napi_key_env = "LAB_KEY"\n'
        "[retries]\nattempts = 1\n",
    )


def hostile_answer() -> Script:
    steps: list[Step] = [
        Reasoning(HOSTILE),
        Delta(f"# {HOSTILE}\n\n{HOSTILE}\n\n```{ONE_LINE}\n{HOSTILE} {KEY}\n```\n"),
        Finish(),
    ]
    return Script(steps, model=ONE_LINE, headers={"x-request-id": "req-[bold]OWNED[/]"})


class TestCommands:
    @pytest.mark.parametrize("form", [[], ["-v"], ["--json"], ["--events"], ["--no-stream"]])
    def test_an_answer(self, server: ScriptedServer, lab: str, form: list[str]) -> None:
        server.play(hostile_answer())
        done = run("ask", "--config", lab, *form, "hello")
        assert done.status == 0
        assert_harmless(_raw(done))
        if "--json" not in form and "--events" not in form:
            assert "begin␛]0;OWNED␇␛]52;c;T1dORUQ=␛\\␛[2J␛[31m31m0;OWNEDOWNED[bold red]OWNED[/]" in done.out

    @pytest.mark.parametrize("form", [[], ["--json"], ["--debug"]])
    @pytest.mark.parametrize("status", [400, 401, 404, 500])
    def test_an_error_and_the_log(self, server: ScriptedServer, lab: str, form: list[str], status: int) -> None:
        server.always(HttpError(status, f"{HOSTILE} {KEY}"))
        done = run("ask", "--config", lab, *form, "hello")
        assert done.status == 1
        assert_harmless(_raw(done))
        assert len(done.err.splitlines()) == 1 or "--debug" in form
        if "--debug" in form:
            assert_harmless(b"".join(path.read_bytes() for path in log_dir().iterdir()))

    def test_what_is_kept_and_exported(self, server: ScriptedServer, lab: str, tmp_path: Path) -> None:
        server.play(hostile_answer())
        assert run("ask", "--config", lab, "--", ONE_LINE.replace("\x9b", "").replace("\x9d", "")).status == 0
        for action in (["list"], ["show", "last"], ["search", "OWNED"], ["export", "last"]):
            done = run("history", *action)
            assert done.status == 0, done.err
            assert "OWNED" in done.out
            assert_harmless(_raw(done))
        for form in ("md", "json", "html"):
            file = tmp_path / f"export.{form}"
            assert run("history", "export", "last", "-o", str(file)).status == 0
            assert_harmless(file.read_bytes())
        page = (tmp_path / "export.html").read_text()
        assert "default-src &#x27;none&#x27;" in page

    def test_models_and_file_names(self, server: ScriptedServer, lab: str, tmp_path: Path) -> None:
        done = run("models", "--config", lab, "-p", "lab")
        assert "OWNED" in done.out
        assert_harmless(_raw(done))
        for arguments in (["--config", str(tmp_path / "no\x1b]0;OWNED\x07.toml")], ["-p", "no\x1b]0;OWNED\x07"]):
            done = run("ask", *arguments, "hello")
            assert (done.status, done.out) == (2, "")
            assert_harmless(_raw(done))


def _raw(done: Result) -> bytes:
    return (done.out + done.err).encode()


class TestChatScreen:
    def test_answers_errors_titles_lists_and_notes(self, server: ScriptedServer, lab: str) -> None:
        """Everything that can show foreign text is opened once; not one byte of it reaches the terminal as it came."""
        server.play(hostile_answer(), HttpError(400, f"{HOSTILE} {KEY}"))
        here = Terminal("--config", lab, columns=120, rows=40)
        send = here.process.send
        try:
            here.shows("Ask anything", "lab:model")
            send(f"\x1b[200~{HOSTILE}\x1b[201~")
            here.shows("]0;OWNED␇")
            send("\r")
            here.shows("[bold red]OWNED[/]", "✓ done")
            send("\x14")  # the reasoning
            send("again\r")
            here.shows("bad request", "asks again")
            send("\x1bOR")  # F3: models with hostile names
            here.shows("Provider or model")
            here.shows("▌  lab:begin␛")
            send("\x1b")
            here.shows_no("Provider or model")
            send("\x1bOQ")  # F2: conversations with hostile titles
            here.shows("Search titles, prompts and answers")
            send("OWNED")
            here.shows("▌  OWNED", "In prompts and answers")
            send("\x1b")
            here.shows_no("▌  OWNED")
            send("/theme [bold red]OWNED[/]\u202e\r")
            here.shows("no theme")
            send("\x11")
            assert here.end() == 0
        finally:
            here.close()
        assert_harmless(here.raw)

    def test_in_an_ordinary_terminal_stdout_and_stderr_of_a_command_are_as_safe(
        self, server: ScriptedServer, lab: str
    ) -> None:
        server.play(hostile_answer())
        here = Terminal("ask", "--config", lab, "hello", columns=120, rows=40)
        try:
            assert here.end() == 0
        finally:
            here.close()
        # The line of state below the answer moves the cursor by sequences of our own; none of them are in the attacks.
        assert_harmless(here.raw)


def test_events_over_http(server: ScriptedServer, lab: str) -> None:
    from atlas_tui import create_query_client
    from atlas_tui.config import load_config
    from atlas_tui.web import frames

    server.play(hostile_answer())
    client = create_query_client(config=load_config(lab))
    sent = "".join(frames(client.stream("hello")))
    assert_harmless(sent.encode())
    texts = [json.loads(line[6:]) for line in sent.splitlines() if line.startswith("data: ")]
    # What JSON escapes is cleaned too: a page gets the picture of an escape, not the escape.
    assert_harmless(json.dumps(texts, ensure_ascii=False).encode())
    assert "␛]0;OWNED␇" in texts[-1]["response"]["content"]
