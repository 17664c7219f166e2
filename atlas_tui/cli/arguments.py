"""What each command takes, in words that its `--help` shows; made when it is used."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

from atlas_tui.cli.parser import add_collection, add_common, add_context


def add_models(models: argparse.ArgumentParser) -> None:
    """What `models` takes."""
    _add_json(models)
    add_common(models)


def add_doctor(doctor: argparse.ArgumentParser) -> None:
    """What `doctor` takes."""
    doctor.add_argument("--offline", action="store_true", help="ask no server")
    _add_json(doctor)
    add_common(doctor, everywhere=True)


def add_ask(ask: argparse.ArgumentParser) -> None:
    """What `ask` takes."""
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
    add_common(ask)


def _add_request(parser: argparse.ArgumentParser) -> None:
    """What a request is made of, besides its prompt."""
    add = parser.add_argument
    add("--system", metavar="TEXT", help="an instruction that stands above the prompt")
    add("--max-tokens", metavar="N", type=_count, help="the most tokens to write")
    add("--temperature", metavar="T", type=_number, help="how freely the model chooses, from 0")
    add("--timeout", metavar="SECONDS", type=_positive, help="the longest that a whole answer may take")
    add_context(parser)
    add_collection(parser)


def add_compare(compare: argparse.ArgumentParser) -> None:
    """What `compare` takes."""
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
    add_common(compare)


def add_history(history: argparse.ArgumentParser) -> None:
    """What `history` takes."""
    actions = history.add_subparsers(title="actions", dest="action", metavar="ACTION", required=False)

    def add(name: str, words: str, **named: str) -> argparse.ArgumentParser:
        action: argparse.ArgumentParser = actions.add_parser(
            name, help=words, description=f"{words[0].upper()}{words[1:]}."
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
    exported.add_argument(
        "-o", "--output", metavar="FILE", help="the file, which must not exist; stdout without it, or with -"
    )
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
        add_common(parser, everywhere=True)


def add_index(index: argparse.ArgumentParser) -> None:
    """What `index` takes."""
    index.add_argument("paths", metavar="PATH", nargs="*", help="a file or a folder; none: all that were ever given")
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
    add_collection(index)
    _add_json(index)
    add_common(index, everywhere=True)


def add_search(search: argparse.ArgumentParser) -> None:
    """What `search` takes."""
    search.add_argument("query", metavar="QUERY", nargs="+", help="a question, or words")
    search.add_argument("-k", metavar="N", type=_count, default=5, help="at most so many passages (default 5)")
    search.add_argument(
        "--in", dest="within", metavar="GLOB", action="append", default=[],
        help="only in this file or folder, or what fits a pattern such as '*.md'; repeatable",
    )  # fmt: skip
    add_collection(search)
    _add_json(search)
    add_common(search, everywhere=True)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object")


def add_serve(serve: argparse.ArgumentParser) -> None:
    """What `serve` takes."""
    add = serve.add_argument
    add("--host", type=lambda host: host or _HOST, default=_HOST, help="the address to listen on (default 127.0.0.1)")
    add("--port", metavar="PORT", type=_port, default=8000, help="the port (default 8000); 0 takes a free one")
    add(
        "--name", metavar="HOST", action="append", default=[],
        help="another name under which it is reached, which then asks for the token; repeatable",
    )  # fmt: skip
    add("--system", metavar="TEXT", help="an instruction that stands above every query")
    add("--max-tokens", metavar="N", type=_count, help="the most tokens to write")
    add("--fallback", metavar="TARGET", action="append", default=[], help="ask this target next; repeatable")
    add("--max-cost", metavar="DOLLARS", type=_number, help="stop an answer that would cost more")
    add_common(serve)


_HOST = "127.0.0.1"


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
