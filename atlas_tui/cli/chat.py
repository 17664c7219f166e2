"""`atlas-tui`: the chat screen."""

from __future__ import annotations

import argparse
import sys

from atlas_tui.config import Config
from atlas_tui.errors import ConfigError


def chat(options: argparse.Namespace, config: Config) -> int:
    """Open the chat screen; its exit status.

    Raises:
        ConfigError: there is no terminal to open it in, or no such collection.
    """
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout and sys.stdout.isatty()):
        raise ConfigError("the chat screen needs a terminal: use `atlas-tui ask` in pipes and scripts")
    if options.context is not None:
        from atlas_tui.cli.knowledge import with_documents

        config = with_documents(options, config)
    from atlas_tui.tui.app import run

    target = options.provider[0] if options.provider else None
    return run(config, target=target, model=options.model, mock=options.mock)
