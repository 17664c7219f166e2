"""`atlas-tui history`: conversations listed, searched, shown, exported, taken in, renamed, deleted."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from atlas_tui.cli.console import Console, complain, is_terminal
from atlas_tui.cli.forms import to_json
from atlas_tui.cli.meters import cost_words
from atlas_tui.cli.tables import minute, table
from atlas_tui.config import Config, decoded, read_text
from atlas_tui.errors import ConfigError
from atlas_tui.store import ConversationInfo, Hit, Store
from atlas_tui.store.export import EXPORTS, from_json, transcript, write
from atlas_tui.text import counted, one_line

_IMPORT_LIMIT = 200_000_000


def history(options: argparse.Namespace, config: Config) -> int:
    """Do what is asked; the exit status.

    Raises:
        AtlasError: there is no such conversation, or a file is wrong.
        OSError: a file cannot be written.
    """
    store = Store(otherwise="what it holds can be neither shown nor changed")
    console = Console()
    try:
        _ACTIONS[options.action or "list"](store, options, console)
        console.finish()
        usable = store.durable()
    except ConfigError:
        if store.durable():
            raise
        usable = False  # nothing can be found in a history that cannot be read
    finally:
        store.close()
    for notice in store.notices:
        complain(notice)
    return 0 if usable else 1


def _list(store: Store, options: argparse.Namespace, console: Console) -> None:
    infos = store.conversations(options.limit, deleted=options.deleted)
    if options.json:
        console.answer(to_json({"conversations": [_info_form(info) for info in infos]}))
        return
    if not infos and is_terminal(sys.stdout):
        console.answer("nothing here yet: atlas-tui ask begins a conversation\n")
    rows = []
    for info in infos:
        mark = " (interrupted)" if info.interrupted else ""
        title = one_line(info.title) + mark
        rows.append((info.id, minute(info.updated), counted(info.turns, "turn"), cost_words(info.cost), title))
    console.answer(table(rows, right=(2, 3)))


def _search(store: Store, options: argparse.Namespace, console: Console) -> None:
    hits = store.search(" ".join(options.query), options.limit)
    if not hits and store.durable():
        complain("nothing found: try other words, or fewer")
    if options.json:
        console.answer(to_json({"hits": [_hit_form(hit) for hit in hits]}))
        return
    for hit in hits:
        who = "You" if hit.role == "user" else "Answer"
        console.answer(f"{hit.conversation}  {minute(hit.created)}  {one_line(hit.title)}\n    {who}: {hit.snippet}\n")


def _show(store: Store, options: argparse.Namespace, console: Console) -> None:
    opened = store.conversation(options.id)
    console.answer(EXPORTS["json"](opened) if options.json else transcript(opened))


def _export(store: Store, options: argparse.Namespace, console: Console) -> None:
    opened = store.conversation(options.id)
    if options.output in (None, "-"):
        console.answer(EXPORTS[options.format or "md"](opened))
    else:
        write(opened, Path(options.output), options.format)


def _import(store: Store, options: argparse.Namespace, console: Console) -> None:
    if options.file == "-":
        text = decoded(sys.stdin.buffer.read() if sys.stdin is not None else b"", "standard input")
    else:
        text = read_text(options.file, limit=_IMPORT_LIMIT)
    _say(store.add(from_json(text)), "imported", options, console)


def _delete(store: Store, options: argparse.Namespace, console: Console) -> None:
    _say(store.delete(options.id), "deleted", options, console, "; atlas-tui history undelete {} brings it back")


def _undelete(store: Store, options: argparse.Namespace, console: Console) -> None:
    _say(store.undelete(options.id), "brought back", options, console)


def _rename(store: Store, options: argparse.Namespace, console: Console) -> None:
    number = store.info(options.id).id
    store.rename(number, " ".join(options.title))
    _say(store.info(number), "renamed", options, console)


def _purge(store: Store, options: argparse.Namespace, console: Console) -> None:
    count = store.purge()
    console.answer(to_json({"removed": count}) if options.json else f"removed {count}\n")


_ACTIONS: dict[str, Callable[[Store, argparse.Namespace, Console], None]] = {
    "list": _list,
    "search": _search,
    "show": _show,
    "export": _export,
    "import": _import,
    "delete": _delete,
    "undelete": _undelete,
    "rename": _rename,
    "purge": _purge,
}


def _say(info: ConversationInfo, done: str, options: argparse.Namespace, console: Console, more: str = "") -> None:
    if options.json:
        console.answer(to_json(_info_form(info)))
    else:
        console.answer(f"{done} {info.id} ({one_line(info.title)}){more.format(info.id)}\n")


def _info_form(info: ConversationInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "title": info.title,
        "created": info.created.isoformat(),
        "updated": info.updated.isoformat(),
        "deleted": info.deleted.isoformat() if info.deleted else None,
        "target": info.target,
        "turns": info.turns,
        "cost": info.cost.to_dict(),
        "interrupted": info.interrupted,
    }


def _hit_form(hit: Hit) -> dict[str, Any]:
    return {
        "conversation": hit.conversation,
        "title": hit.title,
        "turn": hit.turn,
        "role": hit.role,
        "snippet": hit.snippet,
        "marks": hit.marks,
        "created": hit.created.isoformat(),
    }
