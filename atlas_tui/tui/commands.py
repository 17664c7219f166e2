"""What is made of the table of actions: who owns which key, the bindings, the footer, the help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from textual.binding import Binding
from textual.dom import DOMNode

from atlas_tui.errors import ConfigError
from atlas_tui.tui.actions import ACTIONS, Action, Scope, State
from atlas_tui.tui.keys import key_names, show_key, types_text

KeyTable = Mapping[str, tuple[str, ...]]
"""The keys of each action, by id, in the names that Textual gives them."""


def resolve_keys(overrides: Mapping[str, str] | None = None, actions: Sequence[Action] = ACTIONS) -> KeyTable:
    """The keys of every action, with the user's own instead of the defaults.

    A letter may mean one thing on one screen and another on another, where it says something about what is seen there.
    Every other key means one thing in the whole program, so that nobody has to think about where he is.

    Raises:
        ConfigError: an id or a key is unknown, or two actions want one key; the message names them.
    """
    overrides = overrides or {}
    known = {action.id: action for action in actions}
    for name in overrides:
        if name not in known:
            near = get_close_matches(name, known, 1)
            meant = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(known)}"
            raise ConfigError(f"[keys] has no action {name!r}: {meant}")
    table = {action.id: key_names(action.id, overrides.get(action.id, action.keys)) for action in actions}
    owners: dict[str, list[str]] = {}
    for name, keys in table.items():
        for key in keys:
            for other in owners.setdefault(key, []):
                if other != name and (not types_text(key) or known[other].together(known[name])):
                    raise ConfigError(
                        f"[keys] gives {show_key(key)} to both {other!r} and {name!r}:"
                        " choose another key for one of them"
                    )
            owners[key].append(name)
    return table


def bindings(scope: Scope, keys: KeyTable) -> Iterator[Binding]:
    """The bindings of a scope. A key that types nothing works wherever the focus is, text fields included, with the
    two exceptions that a text field has its own good use for."""
    for action in ACTIONS:
        if scope not in action.on:
            continue
        for key in keys[action.id]:
            everywhere = not types_text(key) and key not in ("escape", "ctrl+c")
            # The program's own actions also work while another screen lies over the chat.
            where = "app" if scope == "app" else "screen"
            yield Binding(key, f"{where}.act('{action.id}')", action.text, show=False, priority=everywhere)


def bind(node: DOMNode, scope: Scope, keys: KeyTable) -> None:
    """Give a screen or a widget the keys of a scope; each means this alone there."""
    for binding in bindings(scope, keys):
        node._bindings.key_to_bindings[binding.key] = [binding]


def offered(scope: Scope) -> list[Action]:
    """What can be asked for by name on a screen: the slash commands, and the entries of the palette."""
    return [action for action in ACTIONS if action.slash and {scope, "app"} & set(action.on)]


def hints(
    state: State, keys: KeyTable, *, scope: Scope = "chat", without: frozenset[str] = frozenset()
) -> list[tuple[str, str, str]]:
    """The footer of a screen in a state: key, word and action id, the most useful first."""
    return [
        (show_key(_best_key(keys[action.id], state), short=True), action.hint, action.id)
        for action in ACTIONS
        if state in action.states and {scope, "app", "prompt"} & set(action.on) and action.id not in without
    ]


def helped(scope: Scope) -> list[Action]:
    """The actions that a screen's help tells of: its own, and those of what is opened from it."""
    places = {scope, "app", "prompt", "passages", *(["conversations"] if scope == "chat" else [])}
    return [action for action in ACTIONS if places & set(action.on)]


def help_groups(keys: KeyTable, scope: Scope) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """The help of a screen: for each group its rows of keys, slash command and text."""
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for action in helped(scope):
        shown = "  ".join(show_key(key) for key in keys[action.id])
        groups.setdefault(action.group, []).append((shown, action.slash, action.text))
    return list(groups.items())


def markdown_table() -> str:
    """The key table of the README."""
    rows = ["| Key | Command | Does | `[keys]` id |", "| --- | --- | --- | --- |"]
    for action in ACTIONS:
        keys = " ".join(f"`{show_key(key)}`" for key in key_names(action.id, action.keys))
        slash = f"`{action.slash}`" if action.slash else ""
        rows.append(f"| {keys} | {slash} | {action.text} | `{action.id}` |")
    return "\n".join(rows) + "\n"


def _best_key(keys: tuple[str, ...], state: State) -> str:
    """In the transcript a letter is the shortest way; in the prompt a letter would only be typed."""
    wanted = [key for key in keys if types_text(key) == (state in ("transcript", "passages"))]
    return (wanted or list(keys))[0]
