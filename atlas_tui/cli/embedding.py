"""The second half of `atlas-tui index`: vectors for what was indexed, so that it is also found by its meaning."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, NoReturn

from atlas_tui.cli.console import Console, complain, is_terminal
from atlas_tui.cli.progress import bar, clock
from atlas_tui.config import Config
from atlas_tui.errors import AtlasError
from atlas_tui.models.base.cancel import CancelToken
from atlas_tui.retrieval import KnowledgeBase
from atlas_tui.retrieval.embedders import Embedder, default_embedder, embedder_for, minilm
from atlas_tui.retrieval.tree import size_words
from atlas_tui.retrieval.vectors import open_index
from atlas_tui.text import counted, one_line

if TYPE_CHECKING:
    from atlas_tui.retrieval.filling import Filled

_MANY = 500
"""Texts from which on embedding takes long enough to say what goes without it."""


class Embedding:
    """Fills in the vectors of a collection. Whatever fails is one line: the words are indexed, and found.

    Args:
        options: `embedder` names one, or `none`; None takes the collection's, the settings', or what is at hand.
        download: gets MiniLM; None takes `minilm_download.download`.
    """

    def __init__(
        self,
        knowledge: KnowledgeBase,
        options: argparse.Namespace,
        config: Config,
        console: Console,
        cancel: CancelToken,
        download: Callable[..., None] | None = None,
    ) -> None:
        self._collection = knowledge.collection
        self._knowledge = knowledge
        self._named: str | None = options.embedder
        self._quiet: bool = options.json
        self._watching: bool = options.watch
        self._config = config
        self._console = console
        self._cancel = cancel
        self._download = download
        self._begun = 0.0
        self._first = 0
        self._chosen: Embedder | None = None
        self.filled: Filled | None = None
        """What `run` did; None where there was no embedder."""

    def prepare(self) -> None:
        """Before anything is indexed: an embedder that was named is there, or is refused at once.

        Raises:
            AtlasError: it cannot be used; what was stopped while it was being downloaded is only said.
        """
        if not self._named or self._named == "none":
            return
        try:
            self._chosen = self._embedder()
        except AtlasError as error:
            if not self._cancel.cancelled:
                raise
            self._console.finish()
            complain(str(error))

    def run(self) -> None:
        """Embed what has no vector yet, and have it searchable.

        Raises:
            AtlasError: an embedder that was named cannot be used.
        """
        self.filled = None
        if self._cancel.cancelled or self._named == "none":
            return
        try:
            embedder = self._chosen or self._embedder()
            try:
                self._fill(embedder)
            finally:
                if embedder is not None:
                    embedder.close()
        except AtlasError as error:
            self._console.finish()
            if self._named and not self._cancel.cancelled:
                raise
            complain(f"passages are found by words alone: {error}")

    def _embedder(self) -> Embedder | None:
        name = self._named
        if not name and not self._config.retrieval.embedder and (have := self._collection.embedder):
            name = have.rpartition(":")[0]
        if not name or name == minilm.NAME:
            self._offer(by_name=self._named == minilm.NAME)
        with self._hearing("interrupted while the embedder was looked for: the same command does the rest"):
            return embedder_for(name, self._config) if name else default_embedder(self._config)

    def _offer(self, *, by_name: bool) -> None:
        """Ask whether MiniLM may be downloaded, where it could be used and is not here; once, unless it was named."""
        from atlas_tui.retrieval.embedders import minilm_download, offer

        if self._quiet or not (is_terminal(sys.stdin) and self._console.live):
            return
        if not (offer.possible() if by_name else offer.due(self._config)):
            return
        self._console.finish()
        print(f"{offer.QUESTION} [y/N] ", end="", file=sys.stderr, flush=True)
        if self._typed().strip().lower() not in ("y", "yes"):
            offer.decline()
            return
        self._start()
        download = self._download or minilm_download.download
        download(partial(self._show, "downloading", many=size_words), cancel=self._cancel)

    def _typed(self) -> str:
        """The answer to a question.

        Raises:
            AtlasError: a signal came instead.
        """
        try:
            with self._hearing("interrupted: nothing was downloaded, the question comes again"):
                return sys.stdin.readline()
        except AtlasError:
            print(file=sys.stderr)
            raise

    @contextmanager
    def _hearing(self, words: str) -> Iterator[None]:
        """A signal ends what waits in here, where Python would wait on: an AtlasError with these words."""
        try:
            self._cancel.on_cancel(_interrupt)
            yield
        except KeyboardInterrupt:
            raise AtlasError(words) from None
        finally:
            self._cancel.forget(_interrupt)

    def _fill(self, embedder: Embedder | None) -> None:
        from atlas_tui.retrieval.filling import fill

        if embedder is not None:
            self._start()
            filled = self.filled = fill(
                self._collection,
                embedder,
                progress=self._embedded,
                cancel=self._cancel,
                change=bool(self._named),
            )
            self._console.finish()
            if filled.refused:
                complain(f"{filled.refused:,} passages are found by words alone: {embedder.name} does not take them")
            if not filled.complete:
                if not self._watching:
                    complain("interrupted while embedding: words find everything, the same command does the rest")
                return
            if filled.embedded and not self._quiet:
                seconds = monotonic() - self._begun
                texts = counted(filled.embedded, "text")
                self._console.answer(f"embedded {texts} with {one_line(embedder.name)} in {seconds:.1f} s\n")
        elif not self._knowledge.served:
            return
        index = open_index(self._collection, self._knowledge.place, embedder, vectors=self._config.retrieval.vectors)
        try:
            self._start()
            index.build(partial(self._show, "ordering", what=" vectors"), self._cancel)
        finally:
            index.close()

    def _embedded(self, done: int, total: int) -> None:
        if not done and total > _MANY and not self._quiet:
            # What follows may take an hour, and nobody needs to wait for it.
            self._console.answer(
                f"words find all of it from now on; embedding {total:,} texts, so that meaning does too"
                " (Ctrl+C leaves the rest to the next time)\n"
            )
            self._console.finish()
        self._show("embedding", done, total, what=" texts")

    def _start(self) -> None:
        self._begun, self._first = monotonic(), -1

    def _show(
        self, doing: str, done: int, total: int, *, what: str = "", many: Callable[[int], str] = "{:,}".format
    ) -> None:
        if not self._console.live or not total:
            return
        if self._first < 0:
            self._first = done
        parts = [f"{doing} {bar(done / total)}", f"{many(done)} of {many(total)}{what}"]
        seconds = monotonic() - self._begun
        rate = (done - self._first) / seconds if seconds > 0.2 else 0
        if rate > 0:
            parts += [f"{many(round(rate))}/s", f"{clock((total - done) / rate)} left"]
        self._console.state(" · ".join(parts))


def _interrupt() -> NoReturn:
    raise KeyboardInterrupt
