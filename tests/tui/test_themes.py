"""Theme files: what is good is taken, what is not is refused with a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from atlas_tui.errors import ConfigError
from atlas_tui.tui.themes import default_theme, load_theme, load_themes, shipped_folder


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_shipped_themes_are_good() -> None:
    themes, problems = load_themes(shipped_folder())
    assert problems == []
    assert {"atlas-dark", "atlas-light"} <= {theme.name for theme in themes}
    assert {theme.name: theme.dark for theme in themes}["atlas-light"] is False


def test_a_theme_is_named_after_its_file(tmp_path: Path) -> None:
    theme = load_theme(write(tmp_path, 'primary = "#336699"\n[variables]\nscrollbar = "red"\n'))
    assert (theme.name, theme.primary, theme.variables) == ("mine", "#336699", {"scrollbar": "red"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("primary = ", "cannot be read"),
        ('accent = "red"', "lacks primary"),
        ('primary = "no colour"', "bad colour"),
        ('primary = "red"\nprimry = "red"', "unknown key 'primry'"),
        ('primary = "red"\nname = "other"', "unknown key 'name'"),
        ("primary = 3", "'primary' that does not fit: 3"),
        ('primary = "red"\ndark = "yes"', "'dark' that does not fit"),
        ('primary = "red"\ntext_alpha = "much"', "'text_alpha' that does not fit"),
        ('primary = "red"\nvariables = ["x"]', "'variables' that does not fit"),
        ('primary = "red"\n[variables]\nscrollbar = 3', "'variables' that does not fit"),
    ],
)
def test_a_bad_file_is_refused_and_says_why(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_theme(write(tmp_path, text))
    assert "mine.toml" in str(caught.value)
    assert words in str(caught.value)


def test_one_bad_file_does_not_keep_the_others_away(tmp_path: Path) -> None:
    write(tmp_path, 'primary = "red"', "good.toml")
    write(tmp_path, "primary", "bad.toml")
    themes, problems = load_themes(tmp_path, tmp_path / "nowhere")
    assert [theme.name for theme in themes] == ["good"]
    assert len(problems) == 1


def test_the_users_own_replaces_a_shipped_one(tmp_path: Path) -> None:
    write(tmp_path, 'primary = "#123456"', "atlas-dark.toml")
    themes, _ = load_themes(shipped_folder(), tmp_path)
    assert {theme.name: theme.primary for theme in themes}["atlas-dark"] == "#123456"


@pytest.mark.parametrize(
    ("value", "theme"),
    [
        (None, "atlas-dark"),
        ("15;0", "atlas-dark"),
        ("0;15", "atlas-light"),
        ("0;default;7", "atlas-light"),
        ("x", "atlas-dark"),
    ],
)
def test_the_default_fits_the_terminal(monkeypatch: pytest.MonkeyPatch, value: str | None, theme: str) -> None:
    if value is not None:
        monkeypatch.setenv("COLORFGBG", value)
    assert default_theme() == theme
