"""The README tells the truth where a program can tell."""

from __future__ import annotations

import re
import shlex
import tomllib
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from atlas_tui.cli import examples
from atlas_tui.cli.parser import parse
from atlas_tui.config import load_config
from atlas_tui.models.factory import DEFAULT_MODELS
from atlas_tui.tui.commands import markdown_table, resolve_keys

README = Path(__file__).parent.parent / "README.md"


def commands(text: str) -> list[list[str]]:
    """The arguments of every `atlas-tui` in the lines of a shell."""
    found = []
    for line in text.splitlines():
        tokens = shlex.shlex(line, posix=True, punctuation_chars=True)
        tokens.whitespace_split, tokens.commenters = True, "#"
        words = list(tokens)
        if "atlas-tui" in words:
            words = words[words.index("atlas-tui") + 1 :]
            found.append(list(takewhile(lambda word: not set(word) <= set("|<>();&"), words)))
    return found


@pytest.fixture
def every_command(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """All that `--help` lists, and the chat."""
    with pytest.raises(SystemExit):
        parse(["--help"])
    listed = capsys.readouterr().out.partition("  COMMAND\n")[2].partition("\n\n")[0]
    return {"chat", *re.findall(r"^ {4}(\w+)", listed, re.M)}


def test_every_command_that_is_shown_is_one(every_command: set[str]) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    shown = [arguments for block in blocks for arguments in commands(block)]
    assert {parse(arguments).command for arguments in shown} == every_command


def test_every_command_in_the_help_is_one(every_command: set[str]) -> None:
    texts = [text for name, text in vars(examples).items() if name.isupper()]
    # What stands behind two spaces is explained, not typed.
    lines = [line for text in texts for line in re.findall(r"^  (\S.*?)(?: {2,}.*)?$", text, re.M)]
    shown = commands("\n".join(lines))
    assert len(shown) > 30
    assert {parse(arguments).command for arguments in shown} == every_command


def test_the_key_table_is_the_one_of_the_program() -> None:
    table = README.read_text("utf-8").partition("<!-- keys -->\n")[2].partition("<!-- /keys -->")[0]
    assert table.strip() == markdown_table().strip()


def test_the_providers_begin_with_the_models_that_are_named() -> None:
    text = README.read_text("utf-8")
    for provider, model in DEFAULT_MODELS.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{provider}` |"))
        assert (f"`{model}`" if model else "the first that the server has") in row


def test_the_settings_that_are_shown_are_accepted(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 2
    for number, block in enumerate(blocks):
        assert tomllib.loads(block)
        file = tmp_path / f"{number}.toml"
        file.write_text(block, encoding="utf-8")
        resolve_keys(load_config(file).keys)


def test_every_picture_and_file_that_is_linked_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README.read_text("utf-8"))
    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []


def test_the_program_with_documents_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "guide.md").write_text("# Install\n\nTo install it, run the installer.\n")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    (program,) = (block for block in blocks if "index([" in block)
    done: dict[str, Any] = {}
    exec(program, done)
    assert done["report"].added == 1
    assert "run the installer" in done["found"][0]["content"]
    assert done["answer"]["context"]["documents"] == done["found"]
    done["client"].close()
