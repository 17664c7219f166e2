"""Finding text in the messages."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import NamedTuple

from atlas_tui.tui.widgets.markdown_log.message import Message
from atlas_tui.tui.widgets.markdown_log.stream import Stream

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
        matches = [
            Match(found, stream, start, end)
            for found in self._messages
            for stream in (found.reasoning, found.answer)
            for start, end in self._found.get(stream, ())
        ]
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
