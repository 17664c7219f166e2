"""The command line: which commands there are, what all of them take, and what is said when something is wrong."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any, NoReturn

from atlas_tui import __version__
from atlas_tui.cli import examples

_DESCRIPTION = "Ask language models from the terminal: streamed live, from any provider, metered."


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of a command; ends the process for `--help`, `--version` and a wrong argument (status 2)."""
    options = _parser().parse_args(arguments, argparse.Namespace(**_DEFAULTS))
    if options.context is None and options.collection is not None:
        options.context = True
    options.json = options.json or options.form == "json"
    if len(options.provider) > 1 and options.command != "compare":
        _Parser(prog=f"atlas-tui {options.command}".removesuffix(" chat")).error(
            "one -p/--provider is enough here; give one target"
        )
    return options


_DEFAULTS: dict[str, Any] = {
    "command": "chat",
    "provider": [],
    "model": None,
    "mock": False,
    "config": None,
    "debug": False,
    "action": None,
    "deleted": False,
    "limit": 20,
    "json": False,
    "form": None,
    "context": None,
    "collection": None,
}
"""The common options, and those of the actions; no parser has defaults of its own for them, so that `-p x ask` and
`ask -p x` mean the same."""


class _Parser(argparse.ArgumentParser):
    def __init__(self, *, fill: str = "", **settings: Any) -> None:
        """A parser that gets its arguments from the function `fill` of `cli.arguments`, when it is used: of all
        commands one is, and the arguments of the others would cost every start five milliseconds."""
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **settings)
        self._fill = fill

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """What is not known is an error here, in the parser of the command, which knows what was meant."""
        if self._fill:
            getattr(import_module("atlas_tui.cli.arguments"), self._fill)(self)
            self._fill = ""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown and not self._take_in(unknown, found):
            self.error(f"unrecognized arguments: {' '.join(unknown)}{self._nearest(unknown[0])}")
        return found, []

    def _take_in(self, unknown: list[str], found: argparse.Namespace) -> bool:
        """Words after an option belong to those before it, which argparse does not see; False if they are no words."""
        many = [each.dest for each in self._actions if not each.option_strings and each.nargs in ("*", "+")]
        if not many or any(word.startswith("-") for word in unknown):
            return False
        setattr(found, many[0], [*getattr(found, many[0]), *unknown])
        return True

    def error(self, message: str) -> NoReturn:
        """One line: what is wrong, and where help is."""
        from atlas_tui.cli.console import complain

        wrong = re.match(r"argument (COMMAND|ACTION): invalid choice: '(.*)' \(choose from", message, re.DOTALL)
        if wrong:
            message = f"there is no {wrong[1].lower()} {wrong[2]!r}{self._nearest(wrong[2])}"
            if wrong[1] == "COMMAND":
                message += ' (a prompt goes after ask: atlas-tui ask "..."; without a command the chat opens)'
        complain(f"{message}: `{self.prog} --help` shows how")
        sys.exit(2)

    def _nearest(self, word: str) -> str:
        """A question for what was meant, where one of the parser's own words is near."""
        from difflib import get_close_matches

        if word.startswith("--"):
            known = [name for action in self._actions for name in action.option_strings if name.startswith("--")]
        else:
            known = [str(name) for action in self._actions for name in action.choices or ()]
        near = get_close_matches(word, known, 1, 0.72 if word.startswith("-") else 0.6)
        return f" (did you mean {near[0]}?)" if near else ""


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="atlas-tui", description=_DESCRIPTION, epilog=examples.ATLAS)
    add_context(parser)
    add_collection(parser)
    add_common(parser)
    title = "commands (without one, the chat screen opens)"
    _add_commands(parser.add_subparsers(title=title, dest="command", metavar="COMMAND", required=False))
    return parser


def _add_commands(commands: Any) -> None:
    """All commands; each gets its arguments when it is used."""
    commands.add_parser(
        "ask", fill="add_ask", help="stream one answer to stdout",
        description="Ask one question; the answer streams to stdout.",
        epilog=examples.ASK,
    )  # fmt: skip
    commands.add_parser(
        "compare", fill="add_compare", help="one prompt to several targets, side by side",
        description="Ask several targets the same. Without an output flag the comparison screen opens; in a pipe the\n"
        "output is Markdown.",
        epilog=examples.COMPARE,
    )  # fmt: skip
    commands.add_parser(
        "models", fill="add_models", help="list models with context window and price",
        description="List the models of one provider (-p) or of all that can be used now. Prices are US dollars per\n"
        "million tokens.",
    )  # fmt: skip
    commands.add_parser(
        "history", fill="add_history", help="list, search, show, export and delete conversations",
        description="What was asked and answered before. Without an action, conversations are listed.",
        epilog=examples.HISTORY,
    )  # fmt: skip
    commands.add_parser(
        "index", fill="add_index", help="take documents into the knowledge base",
        description="Take files and folders into the knowledge base: text, Markdown, reStructuredText, HTML, source\n"
        "code, PDF, DOCX, PPTX, XLSX, ODT, ODS, ODP, EPUB, CSV, JSON, notebooks. What has not changed costs nothing;\n"
        "what is gone is taken out.",
        epilog=examples.INDEX,
    )  # fmt: skip
    commands.add_parser(
        "search", fill="add_search", help="find passages in the knowledge base",
        description="Find the passages of the indexed documents that answer best. No model is asked, no key needed.",
        epilog=examples.SEARCH,
    )  # fmt: skip
    commands.add_parser(
        "serve", fill="add_serve", help="answer over HTTP: server-sent events, and a page that shows them",
        description="Serve POST /stream, which answers with server-sent events, and a page at /. Every query stands\n"
        "alone. On another address than this machine's own, the printed token is needed.",
        epilog=examples.SERVE,
    )  # fmt: skip
    commands.add_parser(
        "doctor", fill="add_doctor", help="check settings, keys, hosts, files and terminal",
        description="Check what Atlas needs and say what to do about each problem.\n"
        "Exit status 1 if something fails.",
    )  # fmt: skip


def add_common(parser: argparse.ArgumentParser, *, everywhere: bool = False) -> None:
    """The common options, or with `everywhere` only those that mean something whatever is done."""
    group = parser.add_argument_group("common options")
    add = partial(group.add_argument, default=argparse.SUPPRESS)
    if not everywhere:
        add(
            "-p", "--provider", metavar="TARGET", action="append",
            help="who answers: anthropic, openai, ollama, mock, a name from the configuration, or PROVIDER:MODEL",
        )  # fmt: skip
        add("-m", "--model", help="the model; the provider's default without it")
        add("--mock", action="store_true", help="play the target without network and without a key")
    add("--config", metavar="FILE", help="the settings file, instead of the usual one")
    add("--debug", action="store_true", help="show tracebacks, write a detailed log")
    add("--version", action="version", version=f"atlas-tui {__version__}")


def add_context(parser: argparse.ArgumentParser) -> None:
    """`--context` and `--no-context`."""
    parser.add_argument(
        "--context", action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS,
        help="send passages from the knowledge base along",
    )  # fmt: skip


def add_collection(parser: argparse.ArgumentParser) -> None:
    """`--collection`."""
    parser.add_argument(
        "--collection", metavar="NAME", default=argparse.SUPPRESS,
        help="this collection of documents, instead of the usual one",
    )  # fmt: skip
