"""Theme files: what is good is taken, what is not is refused with a word."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.color import Color, ColorSystem
from textual.theme import BUILTIN_THEMES

from atlas_tui.config import Config
from atlas_tui.errors import ConfigError
from atlas_tui.tui.themes import default_theme, in_256_colours, load_theme, load_themes, shipped_folder
from tests.tui.driving import make_app


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


def in_256(value: str) -> tuple[int, ...]:
    """What a terminal of 256 colours is sent for a colour."""
    return tuple(Color.parse(value).downgrade(ColorSystem.EIGHT_BIT).get_truecolor())


@pytest.mark.parametrize("name", ["atlas-dark", "atlas-light", "nord", "dracula", "tokyo-night", "gruvbox"])
def test_with_256_colours_no_surface_becomes_a_loud_one(name: str) -> None:
    themes = {theme.name: theme for theme in load_themes(shipped_folder())[0]} | BUILTIN_THEMES
    meant = themes[name].to_color_system().generate()
    near = in_256_colours(meant)
    for surface in ("background", "surface", "panel"):
        wanted, shown = Color.parse(meant[surface]).get_truecolor(), in_256(near[surface])
        assert max(abs(a - b) for a, b in zip(wanted, shown, strict=True)) <= 32, (surface, wanted, shown)
    # Rich alone makes navy of it, teal of Nord's background, and yellow of light paper.
    assert in_256(themes["atlas-dark"].panel or "") == (0, 0, 95)


def test_with_256_colours_the_shades_of_the_default_theme_stay_apart() -> None:
    for name in ("atlas-dark", "atlas-light"):
        near = in_256_colours(load_theme(shipped_folder() / f"{name}.toml").to_color_system().generate())
        assert len({in_256(near[surface]) for surface in ("background", "surface", "panel")}) == 3


def test_with_256_colours_words_that_have_a_colour_keep_one() -> None:
    for name in ("atlas-dark", "atlas-light"):
        near = in_256_colours(load_theme(shipped_folder() / f"{name}.toml").to_color_system().generate())
        for word in ("primary", "accent", "success", "warning", "error"):
            shown = in_256(near[f"text-{word}"])
            assert max(shown) - min(shown) >= 40, (name, word, shown)


def test_with_256_colours_what_is_see_through_or_chosen_later_stays_so() -> None:
    kept = {"text-muted": "auto 60%", "boost": "#00000000", "footer-background": "ansi_default", "x": "#7aa2d6 35%"}
    assert in_256_colours(kept) == kept


def test_every_colour_that_there_is_among_the_256_is_kept() -> None:
    for number in range(16, 256):
        colour = Color.from_ansi(number).get_truecolor()
        shown = in_256(in_256_colours({"x": colour.hex})["x"])
        assert max(abs(a - b) for a, b in zip(shown, colour, strict=True)) <= 7  # Rich never takes the cube's greys


@pytest.mark.parametrize(
    ("term", "colorterm", "theme", "panel"),
    [
        ("xterm-256color", "truecolor", "atlas-dark", "#1E2530"),
        ("xterm-256color", "", "atlas-dark", "#292929"),
        ("xterm", "", "ansi-dark", "transparent"),
    ],
)
def test_the_colours_are_those_that_the_terminal_has(
    monkeypatch: pytest.MonkeyPatch, term: str, colorterm: str, theme: str, panel: str
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLORTERM", colorterm)
    app = make_app()
    assert (app.theme, app.get_css_variables()["panel"].upper()) == (theme, panel.upper())
    monkeypatch.setenv("COLORFGBG", "0;15")
    assert make_app().theme == theme.replace("dark", "light")
    assert make_app(config=Config(theme="nord")).theme == "nord"
