"""Paths as a person reads and gives them."""

from __future__ import annotations

import os

from atlas_tui.text import one_line


def shown(source: str) -> str:
    """A source as briefly as it can be found: from this folder, from home, or from the root."""
    here = os.getcwd()
    if source.startswith(here.rstrip(os.sep) + os.sep):
        source = os.path.relpath(source, here)
    else:
        home = os.path.expanduser("~").rstrip(os.sep)
        if home and source.startswith(home + os.sep):
            source = "~" + source[len(home) :]
    return one_line(source)


def sources_in(wanted: str) -> list[str]:
    """What a file, a folder or a pattern means for sources. A name that is not in this folder may be in any."""
    if os.path.exists(wanted):
        return [os.path.realpath(wanted)]
    if os.path.isabs(wanted) or wanted.startswith("*"):
        return [wanted]
    name = wanted.strip("/")
    return [f"*/{name}", f"*/{name}/*"]
