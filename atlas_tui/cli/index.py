"""`atlas-tui index`: documents taken into the knowledge base, listed and taken out."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from atlas_tui.cli.console import Console, complain
from atlas_tui.cli.embedding import Embedding
from atlas_tui.cli.forms import to_json
from atlas_tui.cli.interruption import Interruption
from atlas_tui.cli.knowledge import knowledge_base
from atlas_tui.cli.paths import shown
from atlas_tui.cli.progress import bar, clock
from atlas_tui.cli.tables import minute, table
from atlas_tui.config import Config
from atlas_tui.errors import ConfigError
from atlas_tui.models.base.cancel import CancelToken
from atlas_tui.retrieval import KnowledgeBase
from atlas_tui.retrieval.indexing import Progress, Report
from atlas_tui.retrieval.indexing import index as bring
from atlas_tui.retrieval.places import take_out
from atlas_tui.retrieval.tree import MAX_SIZE, Skipped, size_words
from atlas_tui.retrieval.values import SourceState
from atlas_tui.retrieval.watching import watch
from atlas_tui.text import counted, one_line

if TYPE_CHECKING:
    from atlas_tui.retrieval.filling import Filled

_NAMED = 48
"""Characters of the path of the file that is being read."""
_TOLD = 20
"""Files whose trouble is told; there may be thousands of the same."""


def index(options: argparse.Namespace, config: Config, *, download: Callable[..., None] | None = None) -> int:
    """Do what is asked; the exit status.

    Args:
        download: gets MiniLM; None takes `minilm_download.download`.

    Raises:
        AtlasError: a path is not there, or the knowledge base cannot be read or written.
    """
    if options.remove and not (options.paths or options.collection):
        raise ConfigError("nothing to remove: give a file or a folder, or a whole collection (--collection NAME)")
    if "" in options.paths:  # a variable without a value, which means no file, and surely not all of this folder
        raise ConfigError("a PATH is empty: give a file or a folder (. is this one)")
    if options.max_size and not (options.paths or options.list or options.remove):
        raise ConfigError("--max-size is kept for each PATH: give the file or folder that it is for")
    knowledge = knowledge_base(options, config, begins=bool(options.paths) and not options.remove)
    console = Console()
    try:
        if options.list:
            _list(knowledge, options, console)
            status = 0
        elif options.remove:
            _remove(knowledge, options, console)
            status = 0
        else:
            if not options.paths and knowledge.info() is None:
                raise ConfigError("nothing to index: give a file or a folder (atlas-tui index PATH)")
            status = _Run(knowledge, options, config, console, download).run()
        console.finish()
        for notice in knowledge.notices:
            complain(notice)
    finally:
        knowledge.close()
    return status


def _list(knowledge: KnowledgeBase, options: argparse.Namespace, console: Console) -> None:
    """The collections; with `--collection`, the documents of that one."""
    if options.collection:
        sources = knowledge.collection.documents()
        if options.json:
            console.answer(to_json({"documents": [{"source": each.source, "size": each.size} for each in sources]}))
            return
        rows = [(size_words(each.size), _minute_of(each), shown(each.source)) for each in sources]
        console.answer(table(rows, right=(0,)))
        return
    collections = knowledge.collections()
    if options.json:
        console.answer(to_json({"collections": [_collection_form(info) for info in collections]}))
        return
    if not collections:
        complain("nothing is indexed yet: `atlas-tui index PATH` takes in files and folders")
    lines = [
        (
            one_line(info.name), counted(info.sources, "document"), counted(info.chunks, "chunk"),
            counted(info.vectors, "vector"), minute(info.updated), one_line((info.embedder or "").rpartition(":")[0]),
        )
        for info in collections
    ]  # fmt: skip
    console.answer(table(lines, right=(1, 2, 3)))


def _minute_of(state: SourceState) -> str:
    return minute(datetime.fromtimestamp(state.modified_ns / 1e9))


def _remove(knowledge: KnowledgeBase, options: argparse.Namespace, console: Console) -> None:
    """What was indexed at and below the paths; without any, all of the collection that is named."""
    if options.paths:
        count = take_out(options.paths, knowledge.collection)
        knowledge.library.compact()  # who takes a document out wants nothing of it to stay
    else:
        info = knowledge.info()
        count = info.sources if info is not None else 0
        knowledge.library.delete_collection(knowledge.collection_name)
    console.answer(to_json({"removed": count}) if options.json else f"removed {counted(count, 'document')}\n")
    if options.paths and not count:
        console.finish()
        complain("nothing was indexed there: `atlas-tui index --list --collection NAME` lists what is")


class _Run:
    """One indexing, or many of a watched tree, with their progress."""

    def __init__(
        self,
        knowledge: KnowledgeBase,
        options: argparse.Namespace,
        config: Config,
        console: Console,
        download: Callable[..., None] | None,
    ) -> None:
        self._collection = knowledge.collection
        self._shared = knowledge.served
        self._options = options
        self._console = console
        self._cancel = CancelToken()
        self._embedding = Embedding(knowledge, options, config, console, self._cancel, download)
        self._told: set[tuple[str, str]] = set()
        self._watching = ""

    def run(self) -> int:
        """Until it is done or a signal comes; the exit status."""
        with Interruption() as interruption, self._console:
            interruption.cancels(self._console.give_back, self._cancel.cancel)
            self._embedding.prepare()
            if not self._cancel.cancelled:
                self._take_in()
            self._console.finish()
        return 0 if interruption.signal is None else 128 + interruption.signal

    def _take_in(self) -> None:
        options = self._options
        if options.watch:
            watch(
                options.paths, self._collection, self._done,
                max_size=options.max_size or MAX_SIZE, shared=self._shared,
                progress=self._progress, cancel=self._cancel,
            )  # fmt: skip
        else:
            report = bring(
                options.paths, self._collection,
                max_size=options.max_size or MAX_SIZE, again=options.again, shared=self._shared,
                progress=self._progress, cancel=self._cancel,
            )  # fmt: skip
            self._done(report)

    def _done(self, report: Report) -> None:
        if not self._options.json:
            self._console.answer(summary(report) + "\n")
        self._console.finish()
        self._tell([*report.skipped, *report.notices])
        if not report.cancelled:
            self._embedding.run()
        if self._options.json:  # the one object is of all that was done
            form = report_form(report, self._collection.name, self._embedding.filled)
            self._console.answer(to_json(form) + "\n")
        self._console.finish()
        if report.cancelled and not self._options.watch:
            left = f"{counted(report.left, 'file')} left" if report.left else "before anything was read"
            complain(f"interrupted ({left}): what is done stays, the same command does the rest")
        if self._options.watch:
            self._watching = f"watching {counted(report.unchanged + report.added + report.changed, 'file')}"
            self._console.state(self._watching)

    def _tell(self, passed_over: list[Skipped]) -> None:
        """One line for each file with which something is wrong, once."""
        new = [each for each in passed_over if not each.usual and (each.source, each.reason) not in self._told]
        self._told.update((each.source, each.reason) for each in new)
        for each in new[:_TOLD]:
            complain(f"{shown(each.source)}: {each.reason}")
        if len(new) > _TOLD:
            complain(f"{len(new) - _TOLD} more are skipped: --json lists them all")

    def _progress(self, progress: Progress) -> None:
        if not self._console.live:
            return
        idle = self._watching and not progress.files
        self._console.state(self._watching if idle else progress_line(progress))


def progress_line(progress: Progress) -> str:
    """How far it is, as a bar with rate and remaining time."""
    if not progress.files:
        return f"looking · {counted(progress.found, 'file')}"
    share = progress.bytes_done / progress.bytes if progress.bytes else 1.0
    parts = [
        bar(share),
        f"{progress.files_done:,} of {counted(progress.files, 'file')}",
    ]
    if progress.rate is not None:
        parts.append(f"{size_words(int(progress.rate))}/s")
    if progress.remaining is not None:
        parts.append(f"{clock(progress.remaining)} left")
    if progress.source:
        source = shown(progress.source)
        parts.append(source if len(source) <= _NAMED else f"…{source[1 - _NAMED :]}")  # its end names the file
    return " · ".join(parts)


def summary(report: Report) -> str:
    """What was done, in one line."""
    counts = (("new", report.added), ("changed", report.changed), ("removed", report.removed))
    parts = [f"{count:,} {word}" for word, count in counts if count] + [f"{report.unchanged:,} unchanged"]
    line = ", ".join(parts)
    if report.bytes:
        rate = f", {size_words(int(report.bytes / report.seconds))}/s" if report.seconds > 0.2 else ""
        took = f"{report.seconds:.1f} s{rate}"
        line += f" · {counted(report.chunks, 'chunk')} from {size_words(report.bytes)} in {took}"
    if report.skipped:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in report.reasons.items())
        line += f" · skipped {len(report.skipped):,}: {reasons}"
    return line


def report_form(report: Report, collection: str, filled: Filled | None) -> dict[str, Any]:
    """The one object of `--json`; `filled` is what was done by meaning."""
    return {
        "collection": collection,
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "chunks": report.chunks,
        "bytes": report.bytes,
        "seconds": round(report.seconds, 3),
        "skipped": [{"source": each.source, "reason": each.reason} for each in report.skipped],
        "partial": [{"source": each.source, "reason": each.reason} for each in report.notices],
        "left": report.left,
        "embedder": filled.embedder.rpartition(":")[0] or None if filled else None,
        "embedded": filled.embedded if filled else 0,
        "refused": filled.refused if filled else 0,
        "interrupted": report.cancelled or (filled is not None and not filled.complete),
    }


def _collection_form(info: Any) -> dict[str, Any]:
    names = ("name", "embedder", "sources", "chunks", "vectors")
    return {**{name: getattr(info, name) for name in names}, "updated": info.updated.isoformat()}
