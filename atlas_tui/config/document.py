"""The settings file as text: what each key takes, and where in the file a wrong one stands."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from atlas_tui.config.values import PROVIDER_KINDS
from atlas_tui.errors import ConfigError
from atlas_tui.text import one_line


class Expected(NamedTuple):
    """What a key takes, in words and as a test."""

    words: str
    fits: Callable[[Any], bool]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


TEXT = Expected("a text in quotes", _is_text)
TEXTS = Expected("a list of texts in quotes", lambda v: isinstance(v, list) and all(map(_is_text, v)))
COUNT = Expected("a whole number above 0", lambda v: type(v) is int and v > 0)
SWITCH = Expected("true or false", lambda v: isinstance(v, bool))
DOLLARS = Expected("a number of US dollars, 0 or more", _is_number)
SECONDS = Expected(
    "a number of seconds above 0, or false for no limit", lambda v: v is False or (_is_number(v) and v > 0)
)
WAIT = Expected("a number of seconds, 0 or more", _is_number)
SHARE = Expected("a number from 0 to 1", lambda v: _is_number(v) and v <= 1)
VECTORS = Expected('"auto", "exact" or "chroma"', lambda v: v in ("auto", "exact", "chroma"))
KIND = Expected("one of " + ", ".join(f'"{kind}"' for kind in PROVIDER_KINDS), lambda v: v in PROVIDER_KINDS)
TABLE = Expected("a table", lambda v: isinstance(v, dict))

KeyPath = tuple[str, ...]
"""Where a key stands: the tables it is in, then its name."""


class Document(NamedTuple):
    """The file's text, in which a wrong key is looked up again: the parser gives values without their lines."""

    name: str
    text: str

    def error(self, path: KeyPath, words: str) -> ConfigError:
        """`words` about the key at `path`, with file and line."""
        line = self.line_of(path)
        return ConfigError(f"{self.name}{f', line {line}' if line else ''}: {words}")

    def line_of(self, path: KeyPath) -> int | None:
        """The line on which a key begins: before it the file parses without the key, after it with the key."""
        lines = self.text.splitlines(keepends=True)
        for number, line in enumerate(lines):
            if path[-1] in line and _holds("".join(lines[:number]), path) is False:
                ends = range(number + 1, len(lines) + 1)
                held = next((held for end in ends if (held := _holds("".join(lines[:end]), path)) is not None), None)
                if held:
                    return number + 1
        return None


def _holds(text: str, path: KeyPath) -> bool | None:
    """Whether the key is in this beginning of the file; None where it stops in the middle of a value."""
    import tomllib

    try:
        tree: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    for name in path:
        if not isinstance(tree, dict) or name not in tree:
            return False
        tree = tree[name]
    return True


def check(doc: Document, path: KeyPath, table: Mapping[str, Any], known: Mapping[str, Expected]) -> dict[str, Any]:
    """The table's values, once every key is known and every value fits.

    Raises:
        ConfigError: a key or a value is wrong; it names the line.
    """
    for key, value in table.items():
        at = (*path, key)
        if key not in known:
            raise unknown(doc, at, known)
        if not known[key].fits(value):
            raise doc.error(at, f"{dotted(at)} must be {known[key].words}")
    return dict(table)


def unknown(doc: Document, path: KeyPath, known: Mapping[str, Expected]) -> ConfigError:
    """The error about a key that is not known, with the nearest that is."""
    import difflib

    refuse_key(doc, path)
    near = difflib.get_close_matches(path[-1], known, 1, 0.5)
    advice = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(known)}"
    return doc.error(path, f"unknown key {dotted(path)!r}: {advice}")


def refuse_key(doc: Document, path: KeyPath) -> None:
    """An API key has no place in the file.

    Raises:
        ConfigError: the name is that of one.
    """
    if path[-1].lower().replace("-", "_").replace("apikey", "api_key").endswith(("api_key", "auth_token")):
        advice = 'name its variable with api_key_env = "..." or a command that prints it with api_key_cmd = "..."'
        raise doc.error(path, f"a key does not belong into this file ({dotted(path)}): {advice}")


def dotted(path: KeyPath) -> str:
    """The key as a person writes it."""
    return one_line(".".join(path), 80)


def tables(doc: Document, path: KeyPath, table: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """A table of tables, `[providers.NAME]`."""
    return check(doc, path, table, dict.fromkeys(table, TABLE))
