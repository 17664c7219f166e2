"""Which parts of a Microsoft document belong to which: the relationships beside each part."""

from __future__ import annotations

import posixpath

from atlas_tui.retrieval.reading.archive import Archive, Elements


class _Targets(Elements):
    def __init__(self) -> None:
        self.found: dict[str, tuple[str, str]] = {}

    def begin(self, tag: str, values: dict[str, str]) -> None:
        if tag == "Relationship" and values.get("TargetMode") != "External":
            kind = values.get("Type", "").rpartition("/")[2]
            self.found[values.get("Id", "")] = kind, values.get("Target", "")


def relations(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """The kind (`slide`, `notesSlide` …) and the name of each part that this one refers to, by the id it uses."""
    folder, name = posixpath.split(part)
    beside = f"{folder}/_rels/{name}.rels"
    if beside not in archive.names:
        return {}
    targets = _Targets()
    archive.parse(beside, targets)
    return {
        id_: (kind, posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/"))
        for id_, (kind, target) in targets.found.items()
    }


def related(archive: Archive, part: str, ids: list[str]) -> list[str]:
    """The parts with these ids that are there, in this order."""
    found = relations(archive, part)
    return [name for id_ in ids if (name := found.get(id_, ("", ""))[1]) in archive.names]
