"""The prompt of a command: its arguments, and what is piped in."""

from __future__ import annotations

import select
import sys
from contextlib import suppress
from typing import BinaryIO

from atlas_tui.errors import ConfigError

_LARGEST = 100_000_000
"""Bytes that may be piped in: what never ends must not fill the memory."""
_PATIENCE = 3.0
"""Seconds without any input after which it is said that it is waited for."""


def read_prompt(words: list[str]) -> str:
    """The prompt: the arguments, then what is piped in.

    Raises:
        ConfigError: there is none, or the input is no text, or more than any model reads.
    """
    parts = [as_text(" ".join(words), "prompt")]
    if sys.stdin is not None and not sys.stdin.isatty():
        try:
            parts.append(_piped(sys.stdin.buffer, waits=any(words)).decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise ConfigError(f"the piped input is not UTF-8 text (byte {error.start}): pipe in text") from error
    prompt = "\n\n".join(part.strip("\r\n") for part in parts if part.strip())
    if not prompt:
        raise ConfigError('the prompt is empty: give one (atlas-tui ask "...") or pipe it in')
    return prompt


def _piped(stdin: BinaryIO, *, waits: bool) -> bytes:
    """What is piped in.

    Args:
        waits: there is a prompt already, so that nobody may know that it waits for more.
    """
    if waits and sys.stderr is not None and sys.stderr.isatty() and _silent(stdin):
        from atlas_tui.cli.console import complain

        complain("waiting for the end of standard input, which follows the prompt (`< /dev/null` gives none)")
    piped = stdin.read(_LARGEST + 1)
    if len(piped) > _LARGEST:
        raise ConfigError(f"more than {_LARGEST // 1_000_000} MB are piped in, which no model reads: pipe in a part")
    return piped


def _silent(stdin: BinaryIO) -> bool:
    """Whether nothing comes for a while."""
    with suppress(OSError, ValueError):  # what is no socket cannot be waited for everywhere
        return not select.select([stdin], [], [], _PATIENCE)[0]
    return False


def as_text(argument: str, name: str) -> str:
    """The argument, if it is text: bytes that are none in the terminal's encoding arrive as lone surrogates.

    Raises:
        ConfigError: it is none.
    """
    try:
        argument.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"the {name} is not UTF-8 text (character {error.start}): convert it first") from error
    return argument
