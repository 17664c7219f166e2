"""Finding text in the messages, and walking what was found."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import NamedTuple

from atlas_tui.tui.widgets.markdown_log.blocks import Chrome
from atlas_tui.tui.widgets.markdown_log.message import Message
from atlas_tui.tui.widgets.markdown_log.paint import Mark
from atlas_tui.tui.widgets.markdown_log.reader import Reader
from atlas_tui.tui.widgets.markdown_log.stream import Stream
from atlas_tui.tui.widgets.markdown_log.view import Seen

# Signs that Markdown may put between two letters that stand side by side on the screen.
_BETWEEN = r"[*_~`]{0,3}"


class Match(NamedTuple):
    """Where something was found in the source of a message's answer or reasoning."""

    message: Message
    stream: Stream
    start: int
    end: int


class Finder:
    """All places where a query stands. Letters match in either case, any white space matches any, and marks for
    bold and the like may stand between: what is found is what one reads."""

    def __init__(self, query: str, messages: list[Message]) -> None:
        self.query = query
        words = [_BETWEEN.join(map(re.escape, word)) for word in query.split()]
        self._pattern = re.compile(rf"{_BETWEEN}\s+[>\s]*{_BETWEEN}".join(words), re.IGNORECASE)
        self._found: dict[Stream, list[tuple[int, int]]] = {}
        self._messages = messages
        self.current: Match | None = None
        for message in messages:
            self.read(message)

    def __len__(self) -> int:
        return sum([len(places) for places in self._found.values()])

    def read(self, message: Message) -> None:
        """Search a message that is new or changed."""
        for stream in (message.reasoning, message.answer):
            found = [match.span() for match in self._pattern.finditer(stream.source)]
            if found:
                self._found[stream] = found
            else:
                self._found.pop(stream, None)

    def drop(self, message: Message) -> None:
        """Forget a message."""
        self._found.pop(message.reasoning, None)
        self._found.pop(message.answer, None)
        if self.current is not None and self.current.message is message:
            self.current = None

    def within(self, stream: Stream, start: int, end: int) -> list[tuple[int, int]]:
        """The matches that touch a stretch of a text's source."""
        places = self._found.get(stream)
        if not places:
            return []
        first = max(bisect_left(places, (start, 0)) - 1, 0)
        return [place for place in places[first : bisect_right(places, (end, 0))] if place[1] > start]

    def step(self, direction: int, message: int) -> Match | None:
        """The next match in a direction; the first time, from the message of this number on."""
        matches = self._matches()
        if not matches:
            return None
        if self.current in matches:
            place = matches.index(self.current) + direction
        else:
            here = set(map(id, self._messages[message:]))
            place = next((place for place, match in enumerate(matches) if id(match.message) in here), 0)
            place -= direction < 0
        self.current = matches[place % len(matches)]
        return self.current

    @property
    def place(self) -> int:
        """Which of all matches the current one is, from 1; 0 without one."""
        matches = self._matches()
        return matches.index(self.current) + 1 if self.current in matches else 0

    def _matches(self) -> list[Match]:
        """All of them, in their order."""
        return [
            Match(message, stream, start, end)
            for message in self._messages
            for stream in (message.reasoning, message.answer)
            for start, end in self._found.get(stream, ())
        ]


class Finding(Reader):
    """Text can be found in the log, which knows at which match one is."""

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._finder: Finder | None = None

    def find(self, query: str) -> int:
        """Highlight all places where this stands, go to the first in sight or below, and tell how many."""
        self._finder = Finder(query, self._messages) if query.strip() else None
        self._changed()
        if self._finder is None or not len(self._finder):
            return 0
        self._draw()
        self._go_to_match(1)
        return len(self._finder)

    def find_next(self) -> None:
        """Go to the next match, from the last to the first."""
        self._go_to_match(1)

    def find_previous(self) -> None:
        """Go to the match before, from the first to the last."""
        self._go_to_match(-1)

    def found(self) -> tuple[int, int]:
        """At which match one is, from 1 (0: at none), and how many there are."""
        finder = self._finder
        return (finder.place, len(finder)) if finder is not None else (0, 0)

    def clear_find(self) -> None:
        """Take the highlights away."""
        self._finder = None
        self._changed()

    def _go_to_match(self, direction: int) -> None:
        match = self._finder.step(direction, self._view.top.message) if self._finder is not None else None
        if match is None:
            return
        self._set_folded(match.message, False)
        if match.stream is match.message.reasoning and not match.message.reasoning_open:
            with self._reshaping(match.message):
                match.message.reasoning_shown = True
        if self.size:
            self._draw()
            place = self._view.locate(self._messages.index(match.message), match.stream, match.start)
            if not self._view.sees(place):
                self._view.go(place, self.size.height // 3)
        self._changed()

    def _touched(self, message: Message) -> None:
        if self._finder is not None:
            self._finder.read(message)
        super()._touched(message)

    @property
    def _marking(self) -> bool:
        return self._finder is not None or super()._marking

    def _marks(self, line: Seen) -> tuple[Mark, ...]:
        marks = super()._marks(line)
        finder, message, block = self._finder, line.message, line.block
        if finder is None or message is None or block is None or isinstance(block, Chrome):
            return marks
        runs = [run for run in line.row.runs if run[2] >= 0]
        if not runs:
            return marks
        current = finder.current
        here = None if current is None or current.stream is not block.stream else (current.start, current.end)
        found = finder.within(block.stream, runs[0][2], runs[-1][2] + len(runs[-1][0]))
        return (*((*place, "find-current" if place == here else "find") for place in found), *marks)
