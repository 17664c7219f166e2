"""`atlas-tui ask`: what it is asked, and what for."""

from __future__ import annotations

import argparse

from atlas_tui.cli.knowledge import passages
from atlas_tui.cli.prompt import read_prompt
from atlas_tui.config import Config


def ask(options: argparse.Namespace, config: Config) -> int:
    """Ask, print the answer as it comes, and give the exit status.

    Raises:
        AtlasError: nothing could be sent.
    """
    knowledge = passages(options, config)  # a model takes longer to load than all that is still to be imported
    prompt = read_prompt(options.prompt)
    from atlas_tui.cli.answering import answer

    return answer(prompt, knowledge, options, config)
