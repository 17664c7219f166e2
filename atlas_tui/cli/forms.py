"""The JSON forms of `--json` and `--events`. ASCII only, so no control character reaches a terminal."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from atlas_tui.errors import ProviderError
from atlas_tui.text import redact

if TYPE_CHECKING:
    from atlas_tui.models.base import Event


def to_json(value: object) -> str:
    """One line of JSON; what JSON has no form for becomes text."""
    # DEL is the one control character that JSON lets stand.
    return json.dumps(value, ensure_ascii=True, default=str).replace("\x7f", "\\u007f")


def event_line(event: Event) -> str:
    """The line of `--events`: the event's type and fields."""
    from atlas_tui.models.base import event_to_dict

    form = event_to_dict(event)
    if form.get("error"):
        form["error"]["message"] = redact(form["error"]["message"])
    return to_json(form)


def error_only(error: Exception, options: argparse.Namespace) -> str | None:
    """The form of an error before any answer, or None where stdout is for people."""
    if getattr(options, "json", False):
        return to_json({"error": error_form(error)})
    if getattr(options, "events", False):
        return to_json({"type": "end", "response": None, "error": error_form(error)})
    return None


def error_form(error: Exception) -> dict[str, Any]:
    """An error; one of configuration has the kind `config`."""
    form = error.to_dict() if isinstance(error, ProviderError) else {"kind": "config", "message": str(error)}
    return {**form, "message": redact(form["message"])}
