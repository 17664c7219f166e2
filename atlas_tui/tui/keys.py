"""The names of keys: as they are written in the configuration, as Textual has them, and as a person reads them."""

from __future__ import annotations

from textual.binding import Binding, BindingError, InvalidBinding
from textual.keys import Keys

from atlas_tui.errors import ConfigError

_MODIFIERS = {"ctrl", "shift", "alt", "meta", "super", "hyper"}
_NAMES = {key.value for key in Keys if not key.value.startswith("<")}
_SIGNS = {"comma": ",", "space": " "} | {
    binding.key: sign
    for sign in map(chr, range(0x21, 0x7F))
    if sign != ","
    for binding in Binding.make_bindings([Binding(sign, "")])
}
"""The names that Textual has for keys that type a character."""
_LONG = {"escape": "Esc", "pageup": "PgUp", "pagedown": "PgDn", "delete": "Del"}


def key_names(action: str, keys: str) -> tuple[str, ...]:
    """The keys of an action as Textual names them, from a text like `ctrl+r, f5, y`.

    Raises:
        ConfigError: there is no such key.
    """
    names = []
    for key in keys.split(","):
        key = key.strip()
        key = key.lower() if len(key) > 1 else key  # Ctrl+R as people write it; Y and y are two keys
        *modifiers, last = key.split("+") if len(key) > 1 else [key]
        known = len(last) == 1 or last in _NAMES or last in _SIGNS
        try:
            (binding,) = Binding.make_bindings([Binding(key, action)])
        except (BindingError, InvalidBinding, ValueError):
            known = False
        if not known or not set(modifiers) <= _MODIFIERS:
            raise ConfigError(f"[keys] {action} = {keys!r}: there is no key {key!r} (write it like ctrl+r, f5 or y)")
        names.append(binding.key)
    return tuple(names)


def types_text(key: str) -> bool:
    """True for a key that puts a character into a text field."""
    return len(key) == 1 or key in _SIGNS


def show_key(key: str, *, short: bool = False) -> str:
    """A key as a person writes it: `Ctrl+R`, short `^R`."""
    *modifiers, name = key.split("+")
    if not modifiers and name in _SIGNS and name != "space":
        return _SIGNS[name]
    name = _LONG.get(name, name.title())
    if short and modifiers == ["ctrl"]:
        return f"^{name.upper()}"
    return "+".join([*(modifier.title() for modifier in modifiers), name])
