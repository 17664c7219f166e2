"""Paths as a person reads and gives them."""

from __future__ import annotations

import os

from atlas_tui.citations import shown

__all__ = ["shown", "sources_in"]


def sources_in(wanted: str) -> list[str]:
    """What a file, a folder or a pattern means for sources. A name that is not in this folder may be in any."""
    if os.path.exists(wanted):
        return [os.path.realpath(wanted)]
    if os.path.isabs(wanted) or wanted.startswith("*"):
        return [wanted]
    name = wanted.strip("/")
    return [f"*/{name}", f"*/{name}/*"]
