"""What a collection is made of: the files and folders that were taken into it, and what was taken out of those.

So that all of it can be brought up to date without being named again, with what is new in its folders.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from atlas_tui.errors import AtlasError
from atlas_tui.retrieval.library import Collection
from atlas_tui.retrieval.tree import MAX_SIZE
from atlas_tui.retrieval.values import Place, SourceState
from atlas_tui.text import sound


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where to look."""

    places: list[Place]
    without: frozenset[str] = frozenset()
    """Sources that were taken out of them."""
    named: Mapping[str, str] = field(default_factory=dict)
    """Those places that somebody names now, so that they should be there, and how they were named."""


def given(paths: Sequence[str], collection: Collection, max_size: int, *, again: bool = False) -> Wanted:
    """These files and folders, and those within them that were taken in by themselves, whoever ignores them.

    Args:
        again: they were looked at before, and what has been taken out of them since stays out.
    """
    before = _before(collection)
    named = {os.path.realpath(path): path for path in paths}
    inner = [place for place in before if place.max_size is not None and _within(os.path.dirname(place.path), named)]
    places = [Place(path, max_size) for path in named]
    return Wanted(places + inner, _taken_out(before) if again else frozenset(), named)


def remembered(collection: Collection, *, shared: bool = False) -> Wanted:
    """All that was ever taken in here, with the limits of then. What was indexed before that was kept in mind stands
    for itself; where the collection is shared it may be another person's, and is left as it is.
    """
    before = _before(collection)
    places = [place for place in before if place.max_size is not None]
    known = {sound(place.path) for place in places}
    sources = [] if shared else collection.sources()
    alone = [Place(source, MAX_SIZE) for source in sources if not _within(source, known)]
    return Wanted(places + alone, _taken_out(before))


def keep(wanted: Wanted, collection: Collection) -> None:
    """Keep what is named in mind, if that is news; what was taken out of it, and is wanted now, is in again."""
    before = {place.path: place for place in collection.places()}
    after = {
        path: place
        for path, place in before.items()
        if place.max_size is not None or sound(path) in wanted.without or not _within(path, wanted.named)
    }
    after |= {place.path: place for place in wanted.places if place.path in wanted.named}
    if after != before:
        collection.set_places(after.values())


def take_out(paths: Iterable[str], collection: Collection) -> int:
    """Take out what was indexed at and below the paths, whether or not it is still on disk; how many documents.

    It stays out until it is named again, also where a folder that it stands in is brought up to date.
    """
    tops = {there(path) for path in paths for there in (os.path.realpath, os.path.abspath)}  # it may be a link by now
    gone = {source for top in tops for source in indexed(collection, top)}
    before = {place.path: place for place in collection.places()}
    after = {path: place for path, place in before.items() if not _within(path, tops)}
    folders = {path for path, place in after.items() if place.max_size is not None}
    after |= {top: Place(top, None) for top in tops if _within(top, folders)}
    if after != before:
        collection.set_places(after.values())
    if gone:
        collection.remove(gone)
    return len(gone)


def indexed(collection: Collection, top: str) -> dict[str, SourceState]:
    """What is indexed at and below a path."""
    source = sound(top)
    states = collection.sources(source)
    return {name: state for name, state in states.items() if _within(name, {source})}


def _before(collection: Collection) -> list[Place]:
    try:
        return collection.places()
    except AtlasError:
        collection.touch(())  # who writes sets a damaged library aside; then there is an empty one to read
        return collection.places()


def _taken_out(places: Iterable[Place]) -> frozenset[str]:
    return frozenset(sound(place.path) for place in places if place.max_size is None)


def _within(path: str, tops: Container[str]) -> bool:
    """Whether it is one of them or stands below one."""
    while path not in tops:
        path, below = os.path.dirname(path), path
        if path == below:
            return False
    return True
