"""Taking documents into the knowledge base while the screen goes on: in a thread, one after the other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from atlas_tui.config import Config
from atlas_tui.errors import AtlasError
from atlas_tui.models.base import CancelToken
from atlas_tui.retrieval import KnowledgeBase
from atlas_tui.text import one_line

if TYPE_CHECKING:
    from atlas_tui.retrieval.embedders import Embedder

log = logging.getLogger(__name__)
_TOLD = 12
"""Files of which it is told why they were skipped."""


@dataclass
class Advanced(Message):
    """How far an indexing is: a message when it begins, when what it has done can be used, and when it has ended."""

    bubble = False
    collection: str
    doing: str
    """What is being done; empty at the end."""
    share: float | None = None
    """How much of it is done."""
    done: str = ""
    """What was done, and can be used."""
    skipped: tuple[str, ...] = ()
    """What was not taken in, and why, a line each."""
    offer: bool = False
    """MiniLM could be downloaded, which the user has not been asked yet."""


class Indexing:
    """One indexing at a time, which goes on whatever screen is looked at.

    Args:
        download: gets MiniLM; None takes `minilm_download.download`.
    """

    def __init__(self, config: Config, *, download: Callable[..., None] | None = None) -> None:
        self._config = config
        self._download = download
        self.listeners: list[MessagePump] = []
        """Who is told of it."""
        self.latest: Advanced | None = None
        """How far it is."""
        self._cancel: CancelToken | None = None

    @property
    def running(self) -> bool:
        """Whether anything is under way."""
        return self._cancel is not None

    def start(self, path: str, collection: str) -> bool:
        """Take a file or folder into a collection, and embed what is new; False while another indexing runs."""
        return self._begin(Advanced(collection, "looking"), partial(self._take_in, path))

    def renew(self, collection: str) -> bool:
        """Bring a collection to what its files and folders are now; False while another indexing runs."""
        return self._begin(Advanced(collection, "looking"), partial(self._take_in, None))

    def answer(self, collection: str, *, yes: bool) -> None:
        """The user has said whether MiniLM may be downloaded; with it, the collection is embedded."""
        from atlas_tui.retrieval.embedders import offer

        if self.latest is not None:
            self.latest.offer = False
        if yes:
            self._begin(Advanced(collection, "downloading"), self._get_minilm)
        else:
            offer.decline()

    def _begin(self, first: Advanced, do: Callable[[KnowledgeBase], Advanced]) -> bool:
        if self._cancel is not None:
            return False
        self._cancel = CancelToken()
        self._tell(first)
        work = partial(self._work, first.collection, do)
        threading.Thread(target=work, name="atlas-indexing", daemon=True).start()
        return True

    def cancel(self) -> bool:
        """Stop: what is done stays. False if there is nothing to stop."""
        cancel = self._cancel
        if cancel is not None:
            cancel.cancel()
        return cancel is not None

    def _work(self, collection: str, do: Callable[[KnowledgeBase], Advanced]) -> None:
        knowledge = KnowledgeBase(self._config.db_path, collection, config=self._config)
        ended = Advanced(collection, "")
        try:
            ended = do(knowledge)
        except AtlasError as error:
            ended.done = one_line(str(error))
        except Exception as error:  # the border of a thread: it is said, and the screen goes on
            log.exception("an indexing that fails")
            ended.done = f"indexing failed ({type(error).__name__}): the log has details"
        finally:
            knowledge.close()
            self._cancel = None
        self._tell(ended)

    def _take_in(self, path: str | None, knowledge: KnowledgeBase) -> Advanced:
        from atlas_tui.retrieval.embedders import offer

        words, skipped = self._index(path, knowledge)
        stopped = self._cancel is None or self._cancel.cancelled
        due = not stopped and knowledge.collection.embedder is None and offer.due(self._config)
        if not due:
            known = f"{one_line(words)} · words find all of it"
            words += self._embed(knowledge, Advanced(knowledge.collection_name, "", None, known, skipped))
        return Advanced(knowledge.collection_name, "", None, one_line(words), skipped, due)

    def _get_minilm(self, knowledge: KnowledgeBase) -> Advanced:
        from atlas_tui.retrieval.embedders import minilm_download

        name = knowledge.collection_name

        def progress(done: int, total: int) -> None:
            share = done / total if total else None
            self.latest = Advanced(name, f"downloading · {done / 1e6:.0f} of {total / 1e6:.0f} MB", share)

        (self._download or minilm_download.download)(progress, cancel=self._cancel)
        words = self._embed(knowledge, Advanced(name, "")).removeprefix(" · ")
        return Advanced(name, "", None, one_line(words or "the model is here: what is added from now on is embedded"))

    def _index(self, path: str | None, knowledge: KnowledgeBase) -> tuple[str, tuple[str, ...]]:
        from atlas_tui.citations import shown
        from atlas_tui.retrieval.indexing import Progress, index
        from atlas_tui.retrieval.tree import size_words

        name = knowledge.collection_name

        def progress(now: Progress) -> None:
            if not now.files:
                self.latest = Advanced(name, f"looking · {now.found:,} files")
                return
            parts = [f"{now.files_done:,} of {now.files:,} files"]
            parts += [f"{size_words(int(now.rate))}/s"] if now.rate is not None else []
            parts += [f"{_clock(now.remaining)} left"] if now.remaining is not None else []
            parts += [shown(now.source)] if now.source else []
            self.latest = Advanced(name, " · ".join(parts), now.bytes_done / now.bytes if now.bytes else 1.0)

        paths = [path] if path is not None else []
        report = index(paths, knowledge.collection, shared=knowledge.served, progress=progress, cancel=self._cancel)
        counts = (("new", report.added), ("changed", report.changed), ("removed", report.removed))
        parts = [f"{count:,} {word}" for word, count in counts if count] + [f"{report.unchanged:,} unchanged"]
        words = ", ".join(parts)
        if report.skipped:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in report.reasons.items())
            words += f" · skipped {len(report.skipped):,}: {reasons}"
        if report.cancelled:
            words += " · stopped: what is done stays, renewing does the rest"
        told = [each for each in (*report.skipped, *report.notices) if not each.usual]
        lines = [f"{shown(each.source)}: {one_line(each.reason, 120)}" for each in told[:_TOLD]]
        lines += [f"and {len(told) - _TOLD:,} more"] if len(told) > _TOLD else []
        return words, tuple(lines)

    def _embed(self, knowledge: KnowledgeBase, meanwhile: Advanced) -> str:
        """Vectors behind the words, where an embedder is at hand; how it went.

        Args:
            meanwhile: what the words find until then.
        """
        from atlas_tui.retrieval.embedders import default_embedder, embedder_for
        from atlas_tui.retrieval.filling import fill

        cancel, collection = self._cancel, knowledge.collection
        if cancel is None or cancel.cancelled:
            return ""
        have, begun = collection.embedder, monotonic()
        config = self._config
        if have and not config.retrieval.embedder:
            embedder = embedder_for(have.rpartition(":")[0], config)
        elif (found := default_embedder(config)) is not None:
            embedder = found
        else:
            return ""

        def progress(doing: str) -> Callable[[int, int], None]:
            def tell(done: int, total: int) -> None:
                if not total:
                    return
                seconds = monotonic() - begun
                left = f" · {_clock(seconds / done * (total - done))} left" if done and seconds > 1 else ""
                share = done / total
                self.latest = replace(meanwhile, doing=f"{doing} · {done:,} of {total:,}{left}", share=share)

            return tell

        self._tell(replace(meanwhile, doing="finding meanings"))
        try:
            filled = fill(collection, embedder, progress=progress("finding meanings"), cancel=cancel)
            if filled.complete:
                self._order(knowledge, embedder, progress("ordering them"), cancel)
        except AtlasError as error:
            return f" · found by words alone: {error}"
        finally:
            embedder.close()
        return f" · {filled.embedded:,} embedded" if filled.embedded else ""

    def _order(
        self, knowledge: KnowledgeBase, embedder: Embedder, progress: Callable[[int, int], None], cancel: CancelToken
    ) -> None:
        from atlas_tui.retrieval.vectors import open_index

        index = open_index(knowledge.collection, knowledge.place, embedder, vectors=self._config.retrieval.vectors)
        try:
            index.build(progress, cancel)
        finally:
            index.close()

    def _tell(self, message: Advanced) -> None:
        self.latest = message
        for listener in list(self.listeners):
            try:
                listener.post_message(message)
            except RuntimeError:  # its loop has closed: the program is ending
                self.listeners.remove(listener)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
