"""The command `atlas-tui`: commands, exit status; the only reader of the arguments.

Exit status: 0 done, 1 the provider failed or the answer is incomplete, 2 usage or configuration, 128 + n ended by
signal n (130 for Ctrl+C, 143 for SIGTERM), 141 the reader of a pipe has gone.

What a command needs is imported when it runs: `--help` costs little more than a bare interpreter.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

from atlas_tui.cli.parser import parse

FAILED, USAGE, INTERRUPTED, PIPE_CLOSED = 1, 2, 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit status; without arguments it is the process's own command, and ends it."""
    gc.disable()  # a start makes objects that stay: to look among them for garbage costs a tenth of it
    try:
        options = parse(arguments)
        status = _status(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        gc.enable()
    if arguments is None and options.command != "chat":
        _leave(status)
    return status


def _status(options: argparse.Namespace) -> int:
    from atlas_tui.errors import AtlasError

    try:
        return _run(options)
    except BrokenPipeError:
        _forget_stdout()
        return PIPE_CLOSED
    except AtlasError as error:
        return _report(error, options)
    except OSError as error:
        _forget_stdout()
        return _fail(error, f"cannot write ({error.strerror or error}): check the disk and the output", options)
    except Exception as error:
        import logging

        logging.getLogger(__name__).exception("a defect")
        words = f"Atlas itself failed ({type(error).__name__}: {error}): the log has details, --debug shows them"
        return _fail(error, words, options)


def _run(options: argparse.Namespace) -> int:
    from atlas_tui.cli.logs import start_logging
    from atlas_tui.config import load_config

    start_logging(debug=options.debug)
    config = load_config(options.config)
    # Each command is the function of its name in the module of its name, imported only when it runs.
    command = getattr(import_module(f"atlas_tui.cli.{options.command}"), options.command)
    if options.command != "chat":  # its screen turns the collector on again, once it is painted
        gc.enable()
    status: int = command(options, config)
    return status


def _report(error: Exception, options: argparse.Namespace) -> int:
    """An error before any answer: one line, in `--json` and `--events` its form on stdout too, and the status."""
    from atlas_tui.cli.forms import error_only
    from atlas_tui.errors import ProviderError

    form = error_only(error, options)
    if form is not None:
        with suppress(OSError):
            print(form, flush=True)
    # A key that is missing is a matter of configuration: nothing was sent, so no server has given a status.
    unsent = isinstance(error, ProviderError) and error.kind == "auth" and error.status is None
    failed = isinstance(error, ProviderError) and not unsent
    return _fail(error, str(error), options, FAILED if failed else USAGE)


def _fail(error: Exception, words: str, options: argparse.Namespace, status: int = FAILED) -> int:
    from atlas_tui.cli.console import complain

    complain(words, error if options.debug else None)
    return status


def _leave(status: int) -> NoReturn:
    """End the process now. To take the SDKs' modules apart first takes the interpreter up to a quarter of a second,
    for which Ctrl+C and every script would wait; a command has closed by then whatever it had opened."""
    import logging

    logging.shutdown()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError):
            stream.flush()
    os._exit(status)


def _forget_stdout() -> None:
    """Nobody takes the output any more: what is still buffered must not fail once more when the process ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
