"""Settings: the file, overridden by the environment, overridden by flags; and the places on disk."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from atlas_tui.errors import ConfigError
from atlas_tui.text import one_line

APP = "atlas-tui"
"""The name of the program's folders in the platform's places."""
PROVIDER_KINDS = ("anthropic", "openai", "ollama", "mock")
"""The wire formats; each is also a provider that needs no table."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Time limits of a request, in seconds; None means no limit."""

    connect: float | None = 10.0
    """To reach the server."""
    first_token: float | None = 300.0
    """From the request to the first sign of an answer; a local model may have to load first."""
    between_tokens: float | None = 120.0
    """Silence inside an answer."""
    total: float | None = 3600.0
    """The whole request."""

    @classmethod
    def within(cls, seconds: float) -> Timeouts:
        """Every limit so low that the whole request ends within `seconds`."""
        base = cls()
        return cls(
            min(base.connect or seconds, seconds),
            min(base.first_token or seconds, seconds),
            min(base.between_tokens or seconds, seconds),
            seconds,
        )


@dataclass(frozen=True, slots=True)
class Price:
    """A price that the user set, in US dollars per million tokens; None where the input's holds."""

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One provider's table, `[providers.NAME]`."""

    kind: str
    """Which wire format it speaks: `anthropic`, `openai`, `ollama` or `mock`."""
    base_url: str | None = None
    api_key_env: str | None = None
    """The environment variable that holds the key."""
    api_key_cmd: str | None = None
    """A command that prints the key (a password manager's, say); run at the first request."""
    model: str | None = None
    """The default model."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What else `create_provider` takes for this kind (`api`, `num_ctx`, `keep_alive`, `delay_ms` …)."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, each with its default."""

    default_provider: str = "mock"
    default_model: str | None = None
    max_tokens: int | None = None
    system_prompt: str | None = None
    theme: str | None = None
    fallback: tuple[str, ...] = ()
    """Targets to fall back to, in order."""
    max_cost: float | None = None
    """US dollars that one answer may cost at most."""
    collection_name: str | None = None
    db_path: str | None = None
    history: bool = True
    """Whether conversations are kept on disk."""
    timeouts: Timeouts = Timeouts()
    providers: Mapping[str, ProviderConfig] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    """The user's own prices by target."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Key bindings by the id of the action."""


# Places on disk. platformdirs is imported at first use: it costs as much as a quarter of the start.


def config_path(environ: Mapping[str, str] | None = None) -> Path:
    """The settings file: `ATLAS_CONFIG`, else `config.toml` in the platform's configuration folder."""
    named = _variable(environ, "ATLAS_CONFIG")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_config_path(APP, appauthor=False) / "config.toml"


def data_dir(environ: Mapping[str, str] | None = None) -> Path:
    """The folder of the history and the knowledge base: `ATLAS_DATA_DIR`, else the platform's data folder."""
    named = _variable(environ, "ATLAS_DATA_DIR")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_data_path(APP, appauthor=False)


def log_dir() -> Path:
    """The folder of the log files, in the platform's place for logs."""
    import platformdirs

    return platformdirs.user_log_path(APP, appauthor=False)


def make_private_folder(path: Path) -> Path:
    """Create a folder, with what is missing above it, for its owner alone (0700); one that exists stays as it is.

    Raises:
        OSError: it cannot be created.
    """
    missing = [path]
    while not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    return path


def private_opener(path: str, flags: int) -> int:
    """For `open(..., opener=private_opener)`: a file that is created is for its owner alone (0600)."""
    return os.open(path, flags, 0o600)


def _variable(environ: Mapping[str, str] | None, name: str) -> str | None:
    """A variable's value; one that is set to nothing counts as not set."""
    return (os.environ if environ is None else environ).get(name, "").strip() or None


# Reading the settings


def load_config(path: str | Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """The settings in force: the file, overridden by the environment.

    The file is read again only when it has changed, so this can be called wherever settings are needed.

    Args:
        path: the file; None takes `config_path()`, which may be absent unless `ATLAS_CONFIG` names it.
        environ: the variables; None takes those of the process.

    Raises:
        ConfigError: the file cannot be read, or a setting is wrong; the message names the key and the line.
    """
    file = Path(path).expanduser() if path else config_path(environ)
    try:
        status = file.stat()
        config = _read_file(file, (status.st_mtime_ns, status.st_size, status.st_ino))
    except (FileNotFoundError, NotADirectoryError):
        if path or _variable(environ, "ATLAS_CONFIG"):
            raise ConfigError(f"there is no file {one_line(str(file))}: check --config and ATLAS_CONFIG") from None
        config = Config()
    except OSError as error:
        raise ConfigError(f"{one_line(str(file))} cannot be read ({error.strerror}): check the file") from error
    return _override(config, environ)


def _override(config: Config, environ: Mapping[str, str] | None) -> Config:
    changes: dict[str, Any] = {}
    for name, key in _VARIABLES.items():
        value: Any = _variable(environ, name)
        if value is None:
            continue
        expected = _KEYS[key]
        if expected is _COUNT:
            value = int(value) if value.isascii() and value.isdigit() else None
        if not expected.fits(value):
            raise ConfigError(f"{name} must be {expected.words}: change it or unset it")
        changes[key] = value
    if not changes:
        return config
    if "default_model" in changes:
        # The variable also wins over the model in the provider's own table, as over everything in the file.
        name = changes.get("default_provider", config.default_provider)
        if name in config.providers:
            own = replace(config.providers[name], model=changes["default_model"])
            changes["providers"] = {**config.providers, name: own}
    elif changes.get("default_provider", config.default_provider) != config.default_provider:
        changes["default_model"] = None  # the file's default model belongs to the file's default provider
    return _expanded(replace(config, **changes))


def _expanded(config: Config) -> Config:
    path = config.db_path
    return replace(config, db_path=os.path.expanduser(path)) if path and path.startswith("~") else config


@lru_cache(maxsize=8)
def _read_file(file: Path, stamp: tuple[int, int, int]) -> Config:
    import tomllib

    name = one_line(str(file))
    try:
        text = file.read_bytes().decode("utf-8-sig")
        tree = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is not UTF-8 text (byte {error.start}): save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).rpartition(" (at ")
        line = where.partition("line ")[2].partition(",")[0] or str(max(1, len(text.splitlines())))
        raise ConfigError(f"{name}, line {line}: {one_line(what)}: correct the TOML there") from error
    return _expanded(_read(_Document(name, text), tree))


class _Expected(NamedTuple):
    words: str
    fits: Callable[[Any], bool]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


_TEXT = _Expected("a text in quotes", _is_text)
_TEXTS = _Expected("a list of texts in quotes", lambda v: isinstance(v, list) and all(map(_is_text, v)))
_COUNT = _Expected("a whole number above 0", lambda v: type(v) is int and v > 0)
_SWITCH = _Expected("true or false", lambda v: isinstance(v, bool))
_DOLLARS = _Expected("a number of US dollars, 0 or more", _is_number)
_SECONDS = _Expected(
    "a number of seconds above 0, or false for no limit", lambda v: v is False or (_is_number(v) and v > 0)
)
_KIND = _Expected("one of " + ", ".join(f'"{kind}"' for kind in PROVIDER_KINDS), lambda v: v in PROVIDER_KINDS)
_TABLE = _Expected("a table", lambda v: isinstance(v, dict))

_KEYS = {
    "default_provider": _TEXT,
    "default_model": _TEXT,
    "max_tokens": _COUNT,
    "system_prompt": _TEXT,
    "theme": _TEXT,
    "fallback": _TEXTS,
    "max_cost": _DOLLARS,
    "collection_name": _TEXT,
    "db_path": _TEXT,
    "history": _SWITCH,
    "timeouts": _TABLE,
    "providers": _TABLE,
    "prices": _TABLE,
    "keys": _TABLE,
}
_TIMEOUT_KEYS = dict.fromkeys(("connect", "first_token", "between_tokens", "total"), _SECONDS)
_PRICE_KEYS = dict.fromkeys(("input", "output", "cache_read", "cache_write"), _DOLLARS)
_PROVIDER_KEYS = {
    "kind": _KIND,
    "base_url": _TEXT,
    "api_key_env": _TEXT,
    "api_key_cmd": _TEXT,
    "model": _TEXT,
    "timeout": _SECONDS,
}
_VARIABLES = {
    "ATLAS_DB_PATH": "db_path",
    "ATLAS_COLLECTION_NAME": "collection_name",
    "ATLAS_DEFAULT_PROVIDER": "default_provider",
    "ATLAS_DEFAULT_MODEL": "default_model",
    "ATLAS_MAX_TOKENS": "max_tokens",
    "ATLAS_THEME": "theme",
}
_Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Document:
    """The file's text, in which a wrong key is looked up again: the parser gives values without their lines."""

    name: str
    text: str

    def error(self, path: _Path, words: str) -> ConfigError:
        """`words` about the key at `path`, with file and line."""
        line = self.line_of(path)
        return ConfigError(f"{self.name}{f', line {line}' if line else ''}: {words}")

    def line_of(self, path: _Path) -> int | None:
        """The line on which a key begins: before it the file parses without the key, after it with the key."""
        lines = self.text.splitlines(keepends=True)
        for number, line in enumerate(lines):
            if path[-1] in line and _holds("".join(lines[:number]), path) is False:
                ends = range(number + 1, len(lines) + 1)
                held = next((held for end in ends if (held := _holds("".join(lines[:end]), path)) is not None), None)
                if held:
                    return number + 1
        return None


def _holds(text: str, path: _Path) -> bool | None:
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


def _check(doc: _Document, path: _Path, table: Mapping[str, Any], known: Mapping[str, _Expected]) -> dict[str, Any]:
    """The table's values, once every key is known and every value fits."""
    for key, value in table.items():
        at = (*path, key)
        if key not in known:
            raise _unknown(doc, at, known)
        if not known[key].fits(value):
            raise doc.error(at, f"{_dotted(at)} must be {known[key].words}")
    return dict(table)


def _unknown(doc: _Document, path: _Path, known: Mapping[str, _Expected]) -> ConfigError:
    import difflib

    _refuse_key(doc, path)
    near = difflib.get_close_matches(path[-1], known, 1, 0.5)
    advice = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(known)}"
    return doc.error(path, f"unknown key {_dotted(path)!r}: {advice}")


def _refuse_key(doc: _Document, path: _Path) -> None:
    if path[-1].lower().replace("-", "_").replace("apikey", "api_key").endswith(("api_key", "auth_token")):
        advice = 'name its variable with api_key_env = "..." or a command that prints it with api_key_cmd = "..."'
        raise doc.error(path, f"a key does not belong into this file ({_dotted(path)}): {advice}")


def _dotted(path: _Path) -> str:
    return one_line(".".join(path), 80)


def _tables(doc: _Document, path: _Path, table: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """A table of tables, `[providers.NAME]`."""
    return _check(doc, path, table, dict.fromkeys(table, _TABLE))


def _read(doc: _Document, tree: Mapping[str, Any]) -> Config:
    values = _check(doc, (), tree, _KEYS)
    values["fallback"] = tuple(values.get("fallback", ()))
    limits = _check(doc, ("timeouts",), values.get("timeouts", {}), _TIMEOUT_KEYS)
    values["timeouts"] = Timeouts(**{key: None if value is False else value for key, value in limits.items()})
    providers = _tables(doc, ("providers",), values.get("providers", {}))
    values["providers"] = {name: _read_provider(doc, name, table) for name, table in providers.items()}
    prices = _tables(doc, ("prices",), values.get("prices", {}))
    values["prices"] = {target: _read_price(doc, target, table) for target, table in prices.items()}
    keys = values.get("keys", {})
    values["keys"] = _check(doc, ("keys",), keys, dict.fromkeys(keys, _TEXT))
    return Config(**values)


def _read_provider(doc: _Document, name: str, table: Mapping[str, Any]) -> ProviderConfig:
    import difflib

    path = ("providers", name)
    if not name or ":" in name:
        raise doc.error(path, f"a provider cannot be named {name!r}: use a name without a colon")
    options = {}
    for key in table.keys() - _PROVIDER_KEYS.keys():
        # The provider judges its own options; what looks like a slip in one of the common keys is judged here.
        if difflib.get_close_matches(key, _PROVIDER_KEYS, 1, 0.8):
            raise _unknown(doc, (*path, key), _PROVIDER_KEYS)
        _refuse_key(doc, (*path, key))
        options[key] = table[key]
    known = _check(doc, path, {key: value for key, value in table.items() if key not in options}, _PROVIDER_KEYS)
    if "kind" not in known and name not in PROVIDER_KINDS:
        raise doc.error(path, f"[{_dotted(path)}] does not say what it speaks: add kind = {_KIND.words}")
    timeout = known.pop("timeout", None)
    if timeout is not None:
        options["timeout"] = Timeouts(None, None, None, None) if timeout is False else timeout
    return ProviderConfig(**{"kind": name, **known}, options=options)


def _read_price(doc: _Document, target: str, table: Mapping[str, Any]) -> Price:
    path = ("prices", target)
    values = _check(doc, path, table, _PRICE_KEYS)
    if not {"input", "output"} <= values.keys():
        raise doc.error(path, f"[{_dotted(path)}] needs input and output, in US dollars per million tokens")
    return Price(**values)
