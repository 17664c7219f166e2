"""`atlas-tui doctor`: what is there, what is missing, and what to do about it."""

from __future__ import annotations

import argparse
import locale
import os
import platform
import shlex
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from atlas_tui import __version__
from atlas_tui.cli.console import Console, is_terminal
from atlas_tui.cli.forms import to_json
from atlas_tui.cli.together import together
from atlas_tui.config import Config, config_path, data_dir, log_dir
from atlas_tui.errors import AtlasError, ConfigError, ProviderError
from atlas_tui.models.factory import check_providers, create_provider
from atlas_tui.text import counted, one_line

State = Literal["ok", "note", "problem"]
_MARKS: dict[State, str] = {"ok": "✓", "note": "·", "problem": "✗"}
_ASCII_MARKS: dict[State, str] = {"ok": "+", "note": "-", "problem": "!"}
_PACKAGES = ("textual", "anthropic", "openai", "ollama", "genai-prices", "chromadb", "starlette", "uvicorn")
_LISTING_PATIENCE = 12.0
"""Seconds that the providers together may take to answer."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    group: str
    what: str
    state: State
    words: str
    """What was found, and for a problem what to do."""


def doctor(options: argparse.Namespace, config: Config) -> int:
    """Look at everything and say it; 1 if there is a problem."""
    findings = [
        *_program(),
        *_files(options.config),
        *_keys(config),
        *_history(config),
        *_documents(config, offline=options.offline),
        *_providers(config, offline=options.offline),
        *_terminal(),
    ]
    console = Console()
    if options.json:
        console.answer(to_json({"version": __version__, "findings": [asdict(finding) for finding in findings]}))
    else:
        console.answer("\n".join(_lines(findings)) + "\n")
    console.finish()
    return 1 if any(finding.state == "problem" for finding in findings) else 0


def _lines(findings: Iterable[Finding]) -> Iterator[str]:
    marks = _MARKS if "utf" in _encoding() else _ASCII_MARKS
    group = ""
    for finding in findings:
        if finding.group != group:
            yield finding.group if not group else f"\n{finding.group}"
            group = finding.group
        yield f"  {marks[finding.state]} {finding.what}: {one_line(finding.words, 400)}"


def _program() -> Iterator[Finding]:
    python = f"{platform.python_implementation()} {platform.python_version()} on {platform.system()}"
    yield Finding("Program", "atlas-tui", "ok", f"{__version__}, {python}")
    there, missing = [], []
    for name in _PACKAGES:
        try:
            there.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    yield Finding("Program", "packages", "ok", ", ".join(there))
    extras = {"chromadb": ("vectors", "search by meaning"), "starlette": ("web", "`atlas-tui serve`")}
    for name, (extra, purpose) in extras.items():
        if name in missing:
            yield Finding("Program", name, "note", f"not installed; {purpose} needs `pip install 'atlas-tui[{extra}]'`")


def _files(given: str | None) -> Iterator[Finding]:
    # The settings have been read by now, or the command had ended with the reason.
    settings = Path(given).expanduser() if given else config_path()
    exists = settings.is_file()
    yield Finding("Files", "settings", "ok", f"{settings}" if exists else f"none yet; they would be in {settings}")
    for what, folder in {"data": data_dir(), "log": log_dir()}.items():
        yield _folder(what, folder)


def _keys(config: Config) -> Iterator[Finding]:
    """Without them the chat does not open."""
    from atlas_tui.tui.commands import resolve_keys

    try:
        resolve_keys(config.keys)
    except ConfigError as error:
        yield Finding("Files", "keys", "problem", str(error))


def _folder(what: str, folder: Path) -> Finding:
    try:
        if not folder.exists():
            return Finding("Files", what, "ok", f"{folder} (made when it is needed)")
    except OSError as error:
        return _unreadable(what, folder, error)
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding("Files", what, "problem", f"{folder} cannot be written: allow it, or set ATLAS_DATA_DIR")
    free = shutil.disk_usage(folder).free
    if free < 100_000_000:
        return Finding("Files", what, "problem", f"{folder} has {free // 1_000_000} MB left: make room")
    if stat.S_IMODE(folder.stat().st_mode) & 0o077 and os.name == "posix":
        return Finding("Files", what, "problem", f"{folder} is open to other users: chmod 700 closes it")
    return Finding("Files", what, "ok", f"{folder}, {free / 1e9:.1f} GB free")


def _unreadable(what: str, path: Path, error: OSError) -> Finding:
    return Finding("Files", what, "problem", f"{path} cannot be read ({error.strerror}): check the folder above it")


def _history(config: Config) -> Iterator[Finding]:
    from atlas_tui.store import Store

    if not config.history:
        yield Finding("Files", "history", "note", "off (`history = false`): conversations are not kept")
        return
    store = Store(otherwise="conversations cannot be kept")
    try:
        if not store.path.exists():
            yield Finding("Files", "history", "ok", "none yet")
            return
        count = len(store.conversations(1_000_000))
    except OSError as error:
        yield _unreadable("history", store.path, error)
        return
    except AtlasError as error:
        yield Finding("Files", "history", "problem", str(error))
        return
    finally:
        store.close()
    if store.notices:
        yield Finding("Files", "history", "problem", " ".join(store.notices))
    else:
        yield Finding("Files", "history", "ok", f"{count:,} conversations")


def _documents(config: Config, *, offline: bool) -> Iterator[Finding]:
    """The knowledge base, and what could make its vectors."""
    from atlas_tui.retrieval import KnowledgeBase

    knowledge = KnowledgeBase(config.db_path, config.collection_name, config=config)
    try:
        counts = [(info.name, info.sources, info.chunks, info.vectors) for info in knowledge.collections()]
    except AtlasError as error:
        yield Finding("Documents", "knowledge base", "problem", str(error))
        return
    finally:
        knowledge.close()
    if not counts:
        yield Finding("Documents", "knowledge base", "ok", "none yet; `atlas-tui index PATH` begins it")
    for name, sources, chunks, vectors in counts:
        words = f"{counted(sources, 'document')}, {counted(chunks, 'chunk')}, {counted(vectors, 'vector')}"
        missing = bool(vectors) and vectors < chunks
        which = "" if name == config.collection_name else f" --collection {one_line(shlex.quote(name), 60)}"
        if missing:
            words += f": `atlas-tui index{which}` makes the rest, without which words alone find them"
        yield Finding("Documents", one_line(name, 60), "note" if missing else "ok", words)
    if not offline:
        yield _embedder(config)


def _embedder(config: Config) -> Finding:
    from atlas_tui.retrieval.embedders import embedder_for
    from atlas_tui.retrieval.embedders.choice import look_around

    what = "search by meaning"
    named = config.retrieval.embedder
    if named == "none":
        return Finding("Documents", what, "ok", "off, as the settings say")
    if named:
        try:
            embedder_for(named, config).close()
        except AtlasError as error:
            return Finding("Documents", what, "problem", str(error))
        return Finding("Documents", what, "ok", f"with {named}")
    found = look_around(config)
    usable = next((status for status in found if status.available), None)
    if usable is not None:
        return Finding("Documents", what, "ok", f"with {usable.name}")
    return Finding("Documents", what, "note", "; ".join(status.reason for status in found))


def _providers(config: Config, *, offline: bool) -> list[Finding]:
    """Every provider that can be used is asked for its models, all at the same time: that tries host and key."""
    answers: dict[str, Finding] = {}
    asking = []
    for status in check_providers(config):
        name = status.name
        standard = name in ("anthropic", "openai", "ollama") and name != config.default_provider
        if not status.available:
            # What nobody has set up is no fault.
            answers[name] = Finding("Providers", name, "note" if standard else "problem", status.reason)
        elif offline or name == "mock":
            answers[name] = Finding("Providers", name, "ok", "can be used")
        else:
            answers[name] = Finding("Providers", name, "problem", f"no answer within {_LISTING_PATIENCE:.0f} s")
            asking.append(partial(_ask, name, config, answers))
    together(asking, _LISTING_PATIENCE)
    said = {finding.words for finding in answers.values()}
    return [*answers.values(), *(finding for finding in _named(config) if finding.words not in said)]


def _named(config: Config) -> Iterator[Finding]:
    """The targets in the settings that do not exist."""
    for key, targets in {"default_provider": (config.default_provider,), "fallback": config.fallback}.items():
        for target in targets:
            try:
                create_provider(target, config=config)
            except ConfigError as error:
                yield Finding("Providers", key, "problem", str(error))
            except ProviderError:  # it has no key, and stands among the providers
                continue


def _ask(name: str, config: Config, answers: dict[str, Finding]) -> None:
    try:
        provider = create_provider(name, config=config)
        models = provider.list_models()
    except AtlasError as error:
        answers[name] = Finding("Providers", name, "problem", str(error))
        return
    words = f"{len(models)} models; answers with {provider.model_name or 'the first of them'}"
    if not models:
        answers[name] = Finding("Providers", name, "problem", "it has no model: install or load one there")
    elif provider.model_name and provider.model_name not in {model.id for model in models}:
        answers[name] = Finding("Providers", name, "note", f"{words}, which is not in its list")
    else:
        answers[name] = Finding("Providers", name, "ok", words)


def _terminal() -> Iterator[Finding]:
    group = "Terminal"
    size = _size()
    yield Finding(group, "size", "ok" if size else "note", size or "no terminal here; the chat screen needs one")
    term = os.environ.get("TERM", "")
    usable = term not in ("", "dumb")
    advice = f"{term or 'not set'}: set it to xterm-256color"
    yield Finding(group, "TERM", "ok" if usable else "problem", term if usable else advice)
    encoding = _encoding()
    usable = "utf" in encoding
    advice = f"{encoding}: set LANG to a UTF-8 locale, such as C.UTF-8"
    yield Finding(group, "encoding", "ok" if usable else "problem", encoding if usable else advice)
    colours = os.environ.get("COLORTERM", "")
    if os.environ.get("NO_COLOR"):
        yield Finding(group, "colour", "note", "off (NO_COLOR)")
    elif colours in ("truecolor", "24bit"):
        yield Finding(group, "colour", "ok", "16 million colours")
    else:
        yield Finding(group, "colour", "note", "256 colours or fewer, as COLORTERM is not `truecolor`")
    if os.environ.get("TMUX"):
        yield Finding(group, "tmux", "note", "copying needs tmux 3.2 or newer, else `set -g set-clipboard on`")


def _encoding() -> str:
    return (getattr(sys.stdout, "encoding", None) or locale.getpreferredencoding()).lower()


def _size() -> str:
    if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        return ""
    size = shutil.get_terminal_size()
    return f"{size.columns}x{size.lines}"
