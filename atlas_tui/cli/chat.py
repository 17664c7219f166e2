"""`atlas-tui`: the chat screen."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from atlas_tui.config import Config
from atlas_tui.errors import ConfigError


def chat(options: argparse.Namespace, config: Config) -> int:
    """Open the chat screen; its exit status.

    Raises:
        ConfigError: there is no terminal to open it in.
    """
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout and sys.stdout.isatty()):
        raise ConfigError("the chat screen needs a terminal: use `atlas-tui ask` in pipes and scripts")
    from atlas_tui.tui.app import run

    target = options.provider[0] if options.provider else None
    if options.context is not None:
        config = replace(config, retrieval=replace(config.retrieval, context=options.context))
    return run(config, target=target, model=options.model, mock=options.mock)
