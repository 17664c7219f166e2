"""`atlas-tui search`: passages of the knowledge base on stdout."""

from __future__ import annotations

import argparse
import re
import textwrap
from shutil import get_terminal_size

from atlas_tui.citations import found_words, place_of
from atlas_tui.cli.console import Console, complain
from atlas_tui.cli.forms import to_json
from atlas_tui.cli.knowledge import knowledge_base
from atlas_tui.cli.paths import sources_in
from atlas_tui.config import Config
from atlas_tui.retrieval import Document
from atlas_tui.text import clean, one_line

_LINES = 4
"""Those of a passage that are shown."""
_INDENT = "    "


def search(options: argparse.Namespace, config: Config) -> int:
    """Print the passages that answer best; the exit status.

    Raises:
        AtlasError: the knowledge base cannot be read.
    """
    console = Console()
    knowledge = knowledge_base(options, config)
    try:
        within = [source for wanted in options.within for source in sources_in(wanted)] or None
        documents = knowledge.search(" ".join(options.query), options.k, within=within)
        known = bool(documents) or any(info.sources for info in knowledge.collections())
        notices = knowledge.notices
    finally:
        knowledge.close()
    if options.json:
        console.answer(to_json({"documents": documents}) + "\n")
    else:
        for number, document in enumerate(documents):
            _show(document, console, first=not number)
    console.finish()
    for notice in notices:
        complain(notice)
    if not known:
        complain("nothing is indexed yet: `atlas-tui index PATH` takes in files and folders")
    elif not documents:
        complain("nothing found: try other words" + (", or leave out --in" if within else ""))
    return 0


def _show(document: Document, console: Console, *, first: bool) -> None:
    """Where it stands, how well it fits, its headings, and what it says about it."""
    if not first:
        console.answer("\n")
    metadata = document["metadata"]
    console.strong(place_of(document, short=True))
    title = f"  {one_line(str(metadata['title']))}" if metadata.get("title") else ""
    console.answer(f"  {document['relevance_score']:.2f}{title}\n")
    words = found_words(document)
    for line in excerpt(document["content"], words, min(get_terminal_size((100, 24)).columns, 120) - len(_INDENT)):
        console.answer(_INDENT)
        at = 0
        for match in words.finditer(line) if words else ():
            console.answer(line[at : match.start()])
            console.strong(match[0])
            at = match.end()
        console.answer(line[at:] + "\n")


def excerpt(content: str, words: re.Pattern[str] | None, width: int) -> list[str]:
    """The lines of a passage with the most of the words, none wider than `width` characters."""
    lines = [
        piece
        for line in textwrap.dedent(clean(content).expandtabs(4)).split("\n")
        for piece in textwrap.wrap(line.rstrip(), width, drop_whitespace=False) or ()
        if piece.strip()
    ]
    if len(lines) > _LINES:
        counts = [len({match[0].lower() for match in words.finditer(line)}) if words else 0 for line in lines]
        begin = max(range(len(lines) - _LINES + 1), key=lambda first: sum(counts[first : first + _LINES]))
        lines = lines[begin : begin + _LINES]
    return textwrap.dedent("\n".join(lines)).split("\n")
