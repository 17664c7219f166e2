"""Reading the settings: the file, overridden by the environment, overridden by flags."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from atlas_tui.config.document import (
    COUNT,
    DOLLARS,
    KIND,
    SECONDS,
    SHARE,
    SWITCH,
    TABLE,
    TEXT,
    TEXTS,
    VECTORS,
    WAIT,
    Document,
    check,
    dotted,
    refuse_key,
    tables,
    unknown,
)
from atlas_tui.config.places import config_path, decoded, variable
from atlas_tui.config.values import (
    PROVIDER_KINDS,
    Budget,
    Config,
    Price,
    ProviderConfig,
    RetrievalSettings,
    RetrySettings,
    Timeouts,
)
from atlas_tui.errors import ConfigError
from atlas_tui.text import one_line

_KEYS = {
    "default_provider": TEXT,
    "default_model": TEXT,
    "max_tokens": COUNT,
    "system_prompt": TEXT,
    "theme": TEXT,
    "fallback": TEXTS,
    "collection_name": TEXT,
    "db_path": TEXT,
    "history": SWITCH,
    "retrieval": TABLE,
    "budget": TABLE,
    "timeouts": TABLE,
    "retries": TABLE,
    "providers": TABLE,
    "prices": TABLE,
    "keys": TABLE,
}
_TIMEOUT_KEYS = dict.fromkeys(("connect", "first_token", "between_tokens", "total"), SECONDS)
_RETRY_KEYS = {
    **dict.fromkeys(("attempts", "budget"), COUNT),
    **dict.fromkeys(("first_wait", "longest_wait", "longest_retry_after", "total_wait", "cooldown"), WAIT),
}
_BUDGET_KEYS = {**dict.fromkeys(("answer", "conversation", "day"), DOLLARS), "warn": SHARE}
_RETRIEVAL_KEYS = {"embedder": TEXT, "vectors": VECTORS, "context": SWITCH, "wait": SWITCH}
_PRICE_KEYS = dict.fromkeys(("input", "output", "cache_read", "cache_write"), DOLLARS)
_PROVIDER_KEYS = {
    "kind": KIND,
    "base_url": TEXT,
    "api_key_env": TEXT,
    "api_key_cmd": TEXT,
    "model": TEXT,
    "timeout": SECONDS,
}
_VARIABLES = {
    "ATLAS_DB_PATH": "db_path",
    "ATLAS_COLLECTION_NAME": "collection_name",
    "ATLAS_DEFAULT_PROVIDER": "default_provider",
    "ATLAS_DEFAULT_MODEL": "default_model",
    "ATLAS_MAX_TOKENS": "max_tokens",
    "ATLAS_THEME": "theme",
}


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
        if path or variable(environ, "ATLAS_CONFIG"):
            raise ConfigError(f"there is no file {one_line(str(file))}: check --config and ATLAS_CONFIG") from None
        config = Config()
    except OSError as error:
        raise ConfigError(f"{one_line(str(file))} cannot be read ({error.strerror}): check the file") from error
    return _override(config, environ)


def _override(config: Config, environ: Mapping[str, str] | None) -> Config:
    changes: dict[str, Any] = {}
    for name, key in _VARIABLES.items():
        value: Any = variable(environ, name)
        if value is None:
            continue
        expected = _KEYS[key]
        if expected is COUNT:
            value = int(value) if value.isascii() and value.isdigit() else None
        if not expected.fits(value):
            raise ConfigError(f"{name} must be {expected.words}: change it or unset it")
        changes[key] = value
    if embedder := variable(environ, "ATLAS_EMBEDDER"):
        changes["retrieval"] = replace(config.retrieval, embedder=embedder)
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
        text = decoded(file.read_bytes(), name)
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).rpartition(" (at ")
        line = where.partition("line ")[2].partition(",")[0] or str(max(1, len(text.splitlines())))
        raise ConfigError(f"{name}, line {line}: {one_line(what)}: correct the TOML there") from error
    return _expanded(_read(Document(name, text), tree))


def _read(doc: Document, tree: Mapping[str, Any]) -> Config:
    values = check(doc, (), tree, _KEYS)
    values["fallback"] = tuple(values.get("fallback", ()))
    values["budget"] = Budget(**check(doc, ("budget",), values.get("budget", {}), _BUDGET_KEYS))
    limits = check(doc, ("timeouts",), values.get("timeouts", {}), _TIMEOUT_KEYS)
    values["timeouts"] = Timeouts(**{key: None if value is False else value for key, value in limits.items()})
    values["retries"] = RetrySettings(**check(doc, ("retries",), values.get("retries", {}), _RETRY_KEYS))
    retrieval = check(doc, ("retrieval",), values.get("retrieval", {}), _RETRIEVAL_KEYS)
    values["retrieval"] = RetrievalSettings(**retrieval)
    providers = tables(doc, ("providers",), values.get("providers", {}))
    values["providers"] = {name: _read_provider(doc, name, table) for name, table in providers.items()}
    prices = tables(doc, ("prices",), values.get("prices", {}))
    values["prices"] = {target: _read_price(doc, target, table) for target, table in prices.items()}
    keys = values.get("keys", {})
    values["keys"] = check(doc, ("keys",), keys, dict.fromkeys(keys, TEXT))
    return Config(**values)


def _read_provider(doc: Document, name: str, table: Mapping[str, Any]) -> ProviderConfig:
    import difflib

    path = ("providers", name)
    if not name or ":" in name:
        raise doc.error(path, f"a provider cannot be named {name!r}: use a name without a colon")
    options = {}
    for key in table.keys() - _PROVIDER_KEYS.keys():
        # The provider judges its own options; what looks like a slip in one of the common keys is judged here.
        if difflib.get_close_matches(key, _PROVIDER_KEYS, 1, 0.8):
            raise unknown(doc, (*path, key), _PROVIDER_KEYS)
        refuse_key(doc, (*path, key))
        options[key] = table[key]
    known = check(doc, path, {key: value for key, value in table.items() if key not in options}, _PROVIDER_KEYS)
    if "kind" not in known and name not in PROVIDER_KINDS:
        raise doc.error(path, f"[{dotted(path)}] does not say what it speaks: add kind = {KIND.words}")
    timeout = known.pop("timeout", None)
    if timeout is not None:
        options["timeout"] = Timeouts(None, None, None, None) if timeout is False else timeout
    return ProviderConfig(**{"kind": name, **known}, options=options)


def _read_price(doc: Document, target: str, table: Mapping[str, Any]) -> Price:
    path = ("prices", target)
    values = check(doc, path, table, _PRICE_KEYS)
    if not {"input", "output"} <= values.keys():
        raise doc.error(path, f"[{dotted(path)}] needs input and output, in US dollars per million tokens")
    return Price(**values)
