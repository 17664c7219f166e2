"""The arguments: what there is, in words that `--help` shows."""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
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
    def __init__(self, *, fill: Callable[[argparse.ArgumentParser], None] | None = None, **settings: Any) -> None:
        """A parser that gets its arguments from `fill`, when it is used: of all commands one is, and the arguments of
        the others would cost a start five milliseconds."""
        super().__init__(**settings)
        self._fill = fill

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """What is not known is an error here, in the parser of the command, which knows what was meant."""
        if self._fill is not None:
            fill, self._fill = self._fill, None
            fill(self)
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}{self._nearest(unknown[0])}")
        return found, []

    def error(self, message: str) -> NoReturn:
        """One line: what is wrong, and where help is."""
        from atlas_tui.cli.console import complain

        wrong = re.match(r"argument (COMMAND|ACTION): invalid choice: '(.*)' \(choose from", message, re.DOTALL)
        if wrong:
            message = f"there is no {wrong[1].lower()} {wrong[2]!r}{self._nearest(wrong[2])}"
            if wrong[1] == "COMMAND":
                message += ' (a prompt goes after ask: atlas-tui ask "...")'
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
    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser(
        prog="atlas-tui", description=_DESCRIPTION, epilog=examples.ATLAS, formatter_class=raw,
        allow_abbrev=False,
    )  # fmt: skip
    _add_context(parser)
    _add_common(parser)
    title = "commands (without one, the chat screen opens)"
    _add_commands(parser.add_subparsers(title=title, dest="command", metavar="COMMAND", required=False))
    return parser


def _add_commands(commands: Any) -> None:
    """All commands; each gets its arguments when it is used."""
    raw = argparse.RawDescriptionHelpFormatter
    commands.add_parser(
        "ask", fill=_add_ask, help="stream one answer to stdout",
        description="Ask one question; the answer streams to stdout.",
        epilog=examples.ASK, formatter_class=raw, allow_abbrev=False,
    )  # fmt: skip
    commands.add_parser(
        "compare", fill=_add_compare, help="one prompt to several targets, side by side",
        description="Ask several targets the same. Without an output flag the comparison screen opens; in a pipe the\n"
        "output is Markdown.",
        epilog=examples.COMPARE, formatter_class=raw, allow_abbrev=False,
    )  # fmt: skip
    commands.add_parser(
        "models", fill=_add_models, help="list models with context window and price",
        description="List the models of one provider (-p) or of all that can be used now. Prices are US dollars per\n"
        "million tokens.",
        formatter_class=raw, allow_abbrev=False,
    )  # fmt: skip
    commands.add_parser(
        "history", fill=_add_history, help="list, search, show, export and delete conversations",
        description="What was asked and answered before. Without an action, conversations are listed.",
        epilog=examples.HISTORY, formatter_class=raw, allow_abbrev=False,
    )  # fmt: skip
    commands.add_parser(
        "index", fill=_add_index, help="take documents into the knowledge base",
        description="Take files and folders into the knowledge base: text, Markdown, reStructuredText, HTML, source\n"
        "code, PDF, DOCX, CSV, JSON, notebooks. What has not changed costs nothing; what is gone is taken out.",
        epilog=examples.INDEX, formatter_class=raw, allow_abbrev=False,
    )  # fmt: skip
    commands.add_parser(
        "search", fill=_add_search, help="find passages in the knowledge base",
        description="Find the passages of the indexed documents that answer best. No model is asked, no key needed.",
        epilog=examples.SEARCH, formatter_class=raw, allow_abbrev=False,
    )  # fmt: skip
    commands.add_parser(
        "serve", fill=_add_serve, help="answer over HTTP: server-sent events, and a page that shows them",
        description="Serve POST /stream, which answers with server-sent events, and a page at /. Every query stands\n"
        "alone. On another address than this machine's own, the printed token is needed.",
        epilog=examples.SERVE, formatter_class=raw, allow_abbrev=False,
    )  # fmt: skip
    commands.add_parser(
        "doctor", fill=_add_doctor, help="check settings, keys, hosts, files and terminal",
        description="Check what Atlas needs and say what to do about each problem. Exit status 1 if something fails.",
        allow_abbrev=False,
    )  # fmt: skip


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


def _add_models(models: argparse.ArgumentParser) -> None:
    _add_json(models)
    _add_common(models)


def _add_doctor(doctor: argparse.ArgumentParser) -> None:
    doctor.add_argument("--offline", action="store_true", help="ask no server")
    _add_json(doctor)
    _add_common(doctor, everywhere=True)


def _add_ask(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("prompt", metavar="PROMPT", nargs="*", help="the question; piped standard input follows it")
    form = ask.add_argument_group("output").add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object at the end")
    form.add_argument("--events", action="store_true", help="JSON lines, one an event, as they come")
    form.add_argument("--no-stream", dest="stream", action="store_false", help="print the answer when it is whole")
    meters = ask.add_mutually_exclusive_group()
    meters.add_argument("-v", "--verbose", action="store_true", help="print the final figures in a pipe too")
    meters.add_argument("-q", "--quiet", action="store_true", help="print no state, reasoning or figures")
    _add_request(ask)
    ask.add_argument(
        "--fallback", metavar="TARGET", action="append", default=[],
        help="ask this target when the one before fails before its first token; repeatable",
    )  # fmt: skip
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
    _add_common(ask)


def _add_request(parser: argparse.ArgumentParser) -> None:
    """What a request is made of, besides its prompt."""
    add = parser.add_argument
    add("--system", metavar="TEXT", help="an instruction that stands above the prompt")
    add("--max-tokens", metavar="N", type=_count, help="the most tokens to write")
    add("--temperature", metavar="T", type=_number, help="how freely the model chooses, from 0")
    add("--timeout", metavar="SECONDS", type=_positive, help="the longest that a whole answer may take")
    _add_context(parser)
    _add_collection(parser)


def _add_context(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--context", action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS,
        help="send passages from the knowledge base along",
    )  # fmt: skip


def _add_compare(compare: argparse.ArgumentParser) -> None:
    add = compare.add_argument
    add("prompt", metavar="PROMPT", nargs="*", help="the question; piped standard input follows it")
    add("--line-up", metavar="NAME", help="the targets of a line-up that was kept, instead of -p")
    add("--prompts", metavar="FILE", help="many prompts, one a line, or JSON lines: see below")
    add("--repeat", metavar="N", type=_count, default=1, help="ask everything N times: p50 and p95 of TTFT and tok/s")
    add("--concurrency", metavar="N", type=_count, help="so many requests at a time (default: one for each target)")
    add("--max-cost", metavar="DOLLARS", type=_number, help="ask nothing more when the whole run has cost so much")
    output = compare.add_argument_group("output")
    form = output.add_mutually_exclusive_group()
    for name, words in (
        ("json", "one JSON object: prompt, responses, summary"),
        ("csv", "one line for each answer"),
        ("markdown", "tables and texts, to read"),
        ("html", "one page, to read anywhere"),
    ):
        form.add_argument(f"--{name}", dest="form", action="store_const", const=name, help=words)
    kept = output.add_mutually_exclusive_group()
    kept.add_argument("--out", metavar="FILE", help="write each answer to a new file as it comes")
    kept.add_argument("--resume", metavar="FILE", help="go on with such a file: what it has is not asked again")
    recordings = compare.add_argument_group("recordings")
    played = recordings.add_mutually_exclusive_group()
    played.add_argument("--record", metavar="FILE", help="write what comes, with its timing")
    played.add_argument("--replay", metavar="FILE", help="play a recording in place of asking")
    recordings.add_argument(
        "--speed", metavar="X", type=_number, default=1.0, help="of the replay; 0 does not wait (default 1)"
    )
    votes = compare.add_argument_group("votes")
    votes.add_argument("--leaderboard", action="store_true", help="print who won your votes, and ask nothing")
    votes.add_argument("--topic", metavar="NAME", help="only the votes on this topic")
    _add_request(compare)
    _add_common(compare)


def _add_history(history: argparse.ArgumentParser) -> None:
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
            _add_json(parser)
        _add_common(parser, everywhere=True)


def _add_index(index: argparse.ArgumentParser) -> None:
    index.add_argument("paths", metavar="PATH", nargs="*", help="a file or a folder")
    what = index.add_mutually_exclusive_group()
    what.add_argument("--watch", action="store_true", help="go on, and index what changes, until Ctrl+C")
    what.add_argument("--again", action="store_true", help="read every file, also what has not changed")
    what.add_argument(
        "--remove", action="store_true", help="take out what was indexed at and below PATH, or all of --collection"
    )
    what.add_argument(
        "--list", action="store_true", help="list the collections; with --collection, the documents of that one"
    )
    index.add_argument("--max-size", metavar="SIZE", type=_size, help="skip larger files (default 20MB)")
    vectors = index.add_mutually_exclusive_group()
    vectors.add_argument(
        "--embedder", metavar="NAME",
        help="what makes the vectors by which passages are found by their meaning: minilm, ollama[:MODEL], "
        "openai[:MODEL], PROVIDER:MODEL; another one than before embeds all again",
    )  # fmt: skip
    vectors.add_argument(
        "--no-vectors", dest="embedder", action="store_const", const="none",
        help="index the words alone; a later run makes the vectors",
    )  # fmt: skip
    _add_collection(index)
    _add_json(index)
    _add_common(index, everywhere=True)


def _add_search(search: argparse.ArgumentParser) -> None:
    search.add_argument("query", metavar="QUERY", nargs="+", help="a question, or words")
    search.add_argument("-k", metavar="N", type=_count, default=5, help="at most so many passages (default 5)")
    search.add_argument(
        "--in", dest="within", metavar="GLOB", action="append", default=[],
        help="only in this file or folder, or what fits a pattern such as '*.md'; repeatable",
    )  # fmt: skip
    _add_collection(search)
    _add_json(search)
    _add_common(search, everywhere=True)


def _add_collection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--collection", metavar="NAME", default=argparse.SUPPRESS,
        help="this collection of documents, instead of the usual one",
    )  # fmt: skip


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object")


def _add_serve(serve: argparse.ArgumentParser) -> None:
    add = serve.add_argument
    add("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")
    add("--port", metavar="PORT", type=_port, default=8000, help="the port (default 8000); 0 takes a free one")
    add(
        "--name",
        metavar="HOST",
        action="append",
        default=[],
        help="with --host: another name under which it is reached; repeatable",
    )
    add("--system", metavar="TEXT", help="an instruction that stands above every query")
    add("--max-tokens", metavar="N", type=_count, help="the most tokens to write")
    add("--fallback", metavar="TARGET", action="append", default=[], help="ask this target next; repeatable")
    add("--max-cost", metavar="DOLLARS", type=_number, help="stop an answer that would cost more")
    _add_common(serve)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError("must be a whole number above 0")
    return int(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise argparse.ArgumentTypeError("must be a whole number from 0 to 65535")
    return int(text)


def _size(text: str) -> int:
    number, unit = text.rstrip("bBiI"), 1
    if number[-1:].upper() in ("K", "M", "G"):
        number, unit = number[:-1], 1000 ** ("KMG".index(number[-1].upper()) + 1)
    if not (number.isascii() and number.isdigit() and int(number)):
        raise argparse.ArgumentTypeError("must be a size such as 500kB, 20MB or 1GB")
    return int(number) * unit


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
