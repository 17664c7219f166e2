"""The arguments: what there is, in words that `--help` shows."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn

from atlas_tui import __version__

_DESCRIPTION = "Ask language models from the terminal: streamed live, from any provider, metered."
_EXAMPLES = """\
examples:
  atlas-tui                                   open the chat screen
  atlas-tui ask "Why is the sky blue?"        an answer on stdout, its figures on stderr
  atlas-tui -p anthropic ask "Hello"          from a provider; -p openai:gpt-6.1-sol also names the model
  git diff | atlas-tui ask "Review this"      standard input follows the prompt
  atlas-tui models -p ollama                  what a provider offers, with prices
  atlas-tui history search "blue sky"         what was asked and answered before
  atlas-tui serve                             answers over HTTP, with a page
  atlas-tui doctor                            checks settings, keys, hosts, files and terminal

Nothing is needed to try it: the default provider `mock` has no key, no server and no model.
"""
_ASK_EXAMPLES = """\
examples:
  atlas-tui ask "Why is the sky blue?"
  cat notes.md | atlas-tui ask "Summarise this" > summary.md
  atlas-tui ask -p anthropic --fallback openai --timeout 60 --max-cost 0.05 "Plan a week in Rome"
  atlas-tui ask -c "And in Venice?"
  atlas-tui ask --json "Name a colour" | jq -r .content
  atlas-tui ask --events "Name a colour" | jq -c 'select(.type == "usage")'

stdout carries the answer and nothing else. stderr carries one line if something went wrong and, on a terminal,
the state while it streams and the figures at the end: in a pipe only with -v, with -q never.

exit status: 0 done; 1 the provider failed or the answer is incomplete (what had arrived stays on stdout);
2 usage or configuration; 130 interrupted by Ctrl+C; 143 ended by SIGTERM; 141 the reader of the pipe has gone.
"""
_HISTORY_EXAMPLES = """\
examples:
  atlas-tui history                           the last conversations, with their ids
  atlas-tui history search "blue sky"         all prompts and answers with these words
  atlas-tui history show last
  atlas-tui history export 7kq2 -o sky.html   the beginning of an id is enough
"""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of a command; ends the process for `--help`, `--version` and a wrong argument (status 2)."""
    options = _parser().parse_args(arguments, argparse.Namespace(**_DEFAULTS))
    if len(options.provider) > 1:
        _Parser(prog="atlas-tui").error("one -p/--provider is enough here; give one target")
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
}
"""The common options, and those of the actions; no parser has defaults of its own for them, so that `-p x ask` and
`ask -p x` mean the same."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line: what is wrong, and where help is."""
        from atlas_tui.cli.console import complain

        if message.startswith("argument COMMAND: invalid choice"):
            message = message.replace("argument COMMAND: invalid choice:", "there is no command")
            message += ' (a prompt goes after ask: atlas-tui ask "...")'
        complain(f"{message}: `{self.prog} --help` shows how")
        sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser(
        prog="atlas-tui", description=_DESCRIPTION, epilog=_EXAMPLES, formatter_class=raw,
        allow_abbrev=False,
    )  # fmt: skip
    _add_common(parser)
    commands = parser.add_subparsers(
        title="commands (without one, the chat screen opens)", dest="command", metavar="COMMAND", required=False
    )
    ask = commands.add_parser(
        "ask", help="stream one answer to stdout", description="Ask one question; the answer streams to stdout.",
        epilog=_ASK_EXAMPLES, formatter_class=raw, allow_abbrev=False,
    )  # fmt: skip
    _add_ask(ask)
    _add_common(ask)
    models = commands.add_parser(
        "models", help="list models with context window and price",
        description="List the models of one provider (-p) or of all that can be used now. Prices are US dollars per "
        "million tokens.",
        formatter_class=raw, allow_abbrev=False,
    )  # fmt: skip
    models.add_argument("--json", action="store_true", help="one JSON object")
    _add_common(models)
    _add_history(commands)
    _add_serve(commands)
    doctor = commands.add_parser(
        "doctor", help="check settings, keys, hosts, files and terminal",
        description="Check what Atlas needs and say what to do about each problem. Exit status 1 if something fails.",
        allow_abbrev=False,
    )  # fmt: skip
    doctor.add_argument("--offline", action="store_true", help="ask no server")
    doctor.add_argument("--json", action="store_true", help="one JSON object")
    _add_common(doctor, everywhere=True)
    return parser


def _add_common(parser: argparse.ArgumentParser, *, everywhere: bool = False) -> None:
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


def _add_ask(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("prompt", metavar="PROMPT", nargs="*", help="the question; piped standard input follows it")
    form = ask.add_argument_group("output").add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object at the end")
    form.add_argument("--events", action="store_true", help="JSON lines, one an event, as they come")
    form.add_argument("--no-stream", dest="stream", action="store_false", help="print the answer when it is whole")
    meters = ask.add_mutually_exclusive_group()
    meters.add_argument("-v", "--verbose", action="store_true", help="print the final figures in a pipe too")
    meters.add_argument("-q", "--quiet", action="store_true", help="print no state, reasoning or figures")
    ask.add_argument("--system", metavar="TEXT", help="an instruction that stands above the prompt")
    ask.add_argument("--max-tokens", metavar="N", type=_count, help="the most tokens to write")
    ask.add_argument("--temperature", metavar="T", type=_number, help="how freely the model chooses, from 0")
    ask.add_argument(
        "--context", action=argparse.BooleanOptionalAction, default=False,
        help="send passages from the knowledge base along",
    )  # fmt: skip
    ask.add_argument(
        "--fallback", metavar="TARGET", action="append", default=[],
        help="ask this target when the one before fails before its first token; repeatable",
    )  # fmt: skip
    ask.add_argument("--timeout", metavar="SECONDS", type=_positive, help="the longest that the whole answer may take")
    ask.add_argument("--max-cost", metavar="DOLLARS", type=_number, help="stop an answer that would cost more")
    ask.add_argument(
        "--max-cost-conversation", metavar="DOLLARS", type=_number, help="and one whose conversation would (see -c)"
    )
    ask.add_argument(
        "--max-cost-day", metavar="DOLLARS", type=_number,
        help="and one with which everything since midnight would, other processes included",
    )  # fmt: skip
    ask.add_argument(
        "--estimate", action="store_true", help="send nothing: print how many tokens it has and what it would cost"
    )
    kept = ask.add_mutually_exclusive_group()
    kept.add_argument(
        "-c", "--continue", dest="go_on", action="store_true", help="go on with the conversation that was used last"
    )
    kept.add_argument("--no-history", dest="history", action="store_false", help="leave no trace of it on disk")


def _add_history(commands: Any) -> None:
    raw = argparse.RawDescriptionHelpFormatter
    history = commands.add_parser(
        "history", help="list, search, show, export and delete conversations",
        description="What was asked and answered before. Without an action, conversations are listed.",
        epilog=_HISTORY_EXAMPLES, formatter_class=raw, allow_abbrev=False,
    )  # fmt: skip
    actions = history.add_subparsers(title="actions", dest="action", metavar="ACTION", required=False)

    def add(name: str, words: str, **named: str) -> argparse.ArgumentParser:
        action: argparse.ArgumentParser = actions.add_parser(
            name, help=words, description=f"{words[0].upper()}{words[1:]}.", allow_abbrev=False
        )
        for argument, meaning in named.items():
            many = {"nargs": "+"} if argument in ("query", "title") else {}
            action.add_argument(argument, metavar=argument.upper(), help=meaning, **many)  # type: ignore[arg-type]
        return action

    listed = add("list", "list conversations, the last used first")
    listed.add_argument("--deleted", action="store_true", help="those that were deleted in the last 30 days")
    which = "the conversation's id, its beginning, or `last`"
    found = add("search", "find prompts and answers that hold all these words", query='words, or "words in a row"')
    add("show", "print a conversation", id=which)
    exported = add("export", "write a conversation as Markdown, JSON or HTML", id=which)
    exported.add_argument(
        "--format", choices=("md", "json", "html"), help="by the ending of FILE if not given, else md"
    )
    exported.add_argument("-o", "--output", metavar="FILE", help="the file, which must not exist; stdout without it")
    add("import", "take in a conversation that was exported as JSON", file="the file, or - for standard input")
    add("delete", "delete a conversation; for 30 days it can be brought back", id=which)
    add("undelete", "bring a deleted conversation back", id="its id; `last` is the one deleted last")
    add("rename", "give a conversation another title", id=which, title="the title")
    add("purge", "remove deleted conversations for good, now")
    for parser in (history, listed, found):
        parser.add_argument(
            "-n", "--limit", metavar="N", type=_count, default=argparse.SUPPRESS, help="at most so many (default 20)"
        )
    for parser in (history, *actions.choices.values()):
        if parser is not exported:
            parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object")
        _add_common(parser, everywhere=parser is not history)


def _add_serve(commands: Any) -> None:
    serve = commands.add_parser(
        "serve", help="answer over HTTP: server-sent events, and a page that shows them",
        description="Serve POST /stream, which answers with server-sent events, and a page at /. Every query stands "
        "alone. On another address than this machine's own, the printed token is needed.",
        allow_abbrev=False,
    )  # fmt: skip
    add = serve.add_argument
    add("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")
    add("--port", type=int, default=8000, help="the port (default 8000); 0 takes a free one")
    add("--name", metavar="HOST", action="append", default=[], help="another host name that leads here; repeatable")
    add("--system", metavar="TEXT", help="an instruction that stands above every query")
    add("--max-tokens", metavar="N", type=_count, help="the most tokens to write")
    add("--fallback", metavar="TARGET", action="append", default=[], help="ask this target next; repeatable")
    add("--max-cost", metavar="DOLLARS", type=_number, help="stop an answer that would cost more")
    _add_common(serve)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError("must be a whole number above 0")
    return int(text)


def _real(fits: Callable[[float], bool], words: str) -> Callable[[str], float]:
    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and fits(value)):
            raise argparse.ArgumentTypeError(f"must be a number {words}")
        return value

    return convert


_number = _real(lambda value: value >= 0, "from 0 on")
_positive = _real(lambda value: value > 0, "above 0")
