"""The README tells the truth where a program can tell."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from atlas_tui.config import load_config
from atlas_tui.models.factory import DEFAULT_MODELS
from atlas_tui.tui.commands import markdown_table, resolve_keys

README = Path(__file__).parent.parent / "README.md"


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
