"""Indexing that goes on: what changes in a tree is found as soon as it is looked at again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from atlas_tui.errors import ConfigError
from atlas_tui.models.base.cancel import CancelToken
from atlas_tui.retrieval.indexing import Progress, Report, bring
from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.places import given, remembered
from atlas_tui.retrieval.tree import MAX_SIZE

_POLL = 1.0
_POLL_SHARE = 10
"""Looking through a large tree that is watched takes at most one part in so many of the time."""


def watch(
    paths: Sequence[str],
    collection: Collection,
    done: Callable[[Report], None],
    *,
    max_size: int = MAX_SIZE,
    shared: bool = False,
    progress: Callable[[Progress], None] | None = None,
    cancel: CancelToken,
) -> None:
    """Index, and again about every second until cancelled; `done` is called with the first report and with each
    that tells of a change. A path that is gone meanwhile is waited for. None at all stands for all, as in `index`.

    How long reading takes, and what `done` does, has nothing to do with how soon the next change is seen.

    Raises:
        AtlasError: as `index` does, ConfigError only at first.
    """
    ended = threading.Event()
    cancel.on_cancel(ended.set)
    first = True
    while not cancel.cancelled:
        pause = _POLL
        try:
            wanted = (
                given(paths, collection, max_size, again=not first) if paths else remembered(collection, shared=shared)
            )
            report = bring(wanted, collection, progress=progress, cancel=cancel)
        except ConfigError:
            if first:
                raise
        else:
            pause = pause_after(report)
            if first or not report.quiet:
                done(report)
        first = False
        ended.wait(pause)


def pause_after(report: Report) -> float:
    """Seconds until a watched tree is looked through again."""
    return max(_POLL, _POLL_SHARE * report.looking)
