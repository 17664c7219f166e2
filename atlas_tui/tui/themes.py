"""Colour themes: one file each, those that come with Atlas and the user's own, all checked before they are used."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from textual.color import ColorParseError
from textual.theme import Theme

from atlas_tui.errors import ConfigError

DARK, LIGHT = "atlas-dark", "atlas-light"
ANSI_DARK, ANSI_LIGHT = "ansi-dark", "ansi-light"
"""Textual's own."""
_FIELDS = {field.name: field for field in fields(Theme)}
_FLAGS = {"dark", "ansi"}
_NUMBERS = {"luminosity_spread", "text_alpha"}
_opaque = re.compile("#[0-9A-Fa-f]{6}").fullmatch
_CUBE = (0, 95, 135, 175, 215, 255)
_GREYS = range(8, 239, 10)
"""The shades that a terminal of 256 colours has of each primary colour, and of grey."""
_TINT = 20
"""From the darkest to the brightest primary colour: what has less of a hue is grey to the eye."""


def default_theme(colours: str | None = None) -> str:
    """The theme where the user has chosen none: the one that fits the terminal, if that says how bright it is.

    Args:
        colours: what the terminal can show, in Rich's words. One with 16 has its own: ours would be greys there.
    """
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    bright = background in ("7", "15")
    if colours == "standard":
        return ANSI_LIGHT if bright else ANSI_DARK
    return LIGHT if bright else DARK


def shipped_folder() -> Path:
    """Where Atlas keeps its own themes: in the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "themes"
    return inside if inside.is_dir() else package.parent / "themes"


def load_theme(path: Path) -> Theme:
    """A theme from its file; its name is the file's.

    Raises:
        ConfigError: the file cannot be read, or something in it is no theme.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"the theme {path.name} cannot be read: {error}") from error
    for name, value in values.items():
        _check(path, name, value)
    missing = [
        name
        for name, field in _FIELDS.items()
        if name not in values and name != "name" and field.default is MISSING and field.default_factory is MISSING
    ]
    if missing:
        raise ConfigError(f"the theme {path.name} lacks {', '.join(missing)}")
    theme = Theme(name=path.stem, **values)
    try:
        theme.to_color_system().generate()
    except ColorParseError as error:
        raise ConfigError(f"the theme {path.name} has a bad colour: {error}") from error
    return theme


def load_themes(*folders: Path) -> tuple[list[Theme], list[str]]:
    """The themes of some folders, later ones replacing earlier ones of the same name, and what was wrong with the
    files that were refused."""
    themes: dict[str, Theme] = {}
    problems: list[str] = []
    for path in _files(folders):
        try:
            themes[path.stem] = load_theme(path)
        except ConfigError as error:
            problems.append(str(error))
    return list(themes.values()), problems


def _files(folders: tuple[Path, ...]) -> Iterator[Path]:
    for folder in folders:
        if folder.is_dir():
            yield from sorted(folder.glob("*.toml"))


def _check(path: Path, name: str, value: Any) -> None:
    if name == "name" or name not in _FIELDS:
        known = ", ".join(key for key in _FIELDS if key != "name")
        raise ConfigError(f"the theme {path.name} has an unknown key {name!r}: use {known}")
    if name in _FLAGS:
        fits = isinstance(value, bool)
    elif name in _NUMBERS:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    elif name == "variables":
        fits = isinstance(value, dict) and all(isinstance(entry, str) for entry in value.values())
    else:
        fits = isinstance(value, str)
    if not fits:
        raise ConfigError(f"the theme {path.name} has a value for {name!r} that does not fit: {value!r}")


def in_256_colours(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a theme with every opaque colour as near as a terminal of 256 colours comes to it.

    Rich would take a dark grey with a touch of blue for navy, and paper for yellow: such a terminal is what most get
    through SSH and tmux.
    """
    return {
        name: _near(value, coloured=name.startswith("text-")) if _opaque(value) else value
        for name, value in variables.items()
    }


@lru_cache(maxsize=512)
def _near(value: str, *, coloured: bool) -> str:
    """The nearest colour; a dark one that is to be told from others is not to become grey."""
    rgb = bytes.fromhex(value[1:])
    cube = [min(_CUBE, key=lambda shade: abs(shade - part)) for part in rgb]
    number = min(range(len(_GREYS)), key=lambda number: abs(_GREYS[number] - sum(rgb) / 3))
    tinted = coloured and max(rgb) - min(rgb) > _TINT
    if not tinted and _distance(rgb, [_GREYS[number]] * 3) < _distance(rgb, cube):
        cube = [round((number + 1) * 255 / 25)] * 3  # what Rich takes for this grey: it counts 25 even steps
    return f"#{bytes(cube).hex()}"


def _distance(one: Sequence[int], other: Sequence[int]) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
